"""Write-offs on staff's screens: asked for by one person, decided by another; sums typed by mistake are cancelled."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit
from wem.accounts.rules import StaffRole
from wem.billing import writing_off
from wem.billing.models import Receivable
from wem.billing.staff_payment_views import NOT_POSSIBLE
from wem.billing.wording import NOT_PAID, WRITE_OFFS
from wem.billing.write_off_forms import CancelForm, DecisionForm, WriteOffForm
from wem.billing.write_off_models import WriteOff, write_offs_of
from wem.billing.write_off_rules import WriteOffAction, WriteOffState
from wem.contracts.state_rules import Illegal
from wem.contracts.wording import ASKED
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint("staff_write_offs", __name__, roles=frozenset({StaffRole.billing}), url_prefix="/staff")
Answer = str | tuple[str, int] | Response


@blueprint.route("/receivables/<int:id>/write-off", methods=["GET", "POST"])
def show(id: int) -> Answer:
    """Show a sum with what was asked for of it, and ask for its write-off."""
    row = _held(id)
    form = WriteOffForm()
    if not form.validate_on_submit():
        return _page(row, 422 if form.is_submitted() else 200, form=form)
    try:
        writing_off.propose(row, form.chosen, form.on_day.data, (form.reason.data or "").strip(), by=me().id)
    except Illegal:
        return _denied(id, "propose")
    return _done(id, str(ASKED))


@blueprint.post("/receivables/<int:id>/cancellation")
def cancel(id: int) -> Answer:
    row, form = _held(id), CancelForm()
    if not form.validate():
        return _page(row, 422, cancellation=form)
    try:
        writing_off.cancel(row, (form.mistake.data or "").strip(), by=me().id)
    except Illegal:
        return _denied(id, "cancel")
    return _done(id, gettext("It is cancelled and owed no more."))


@blueprint.post("/write-offs/<int:id>")
def decide(id: int) -> Answer:
    """Approve, refuse or withdraw a write-off."""
    found = found_or_404(WriteOff, id)
    row, form = _held(found.receivable_id), DecisionForm()
    db.session.refresh(found)
    decision = request.form.get("decision", "")
    if decision not in WriteOffAction.__members__:
        abort(400)
    if not form.validate():
        return _page(row, 422, decision=form)
    try:
        writing_off.decide(found, WriteOffAction[decision], (form.note.data or "").strip(), by=me().id)
    except Illegal:
        return _denied(row.id, decision)
    return _done(row.id, str(WRITE_OFFS[found.state][0]))


def _held(id: int) -> Receivable:
    row = db.session.get(Receivable, id, with_for_update=request.method == "POST", populate_existing=True)
    if row is None:
        abort(404)
    return row


def _page(row: Receivable, status: int = 200, **forms: Any) -> tuple[str, int]:
    asked = write_offs_of(row.id)
    page = render_template(
        "billing/staff/write_off.html",
        row=row,
        asked=asked,
        waits=any(each.state is WriteOffState.proposed for each in asked),
        states=WRITE_OFFS,
        kinds=NOT_PAID,
        mine=me().id,
        form=forms.get("form") or WriteOffForm(formdata=None),
        cancellation=forms.get("cancellation") or CancelForm(formdata=None),
        decision=forms.get("decision") or DecisionForm(formdata=None),
    )
    return page, status


def _done(id: int, said: str, kind: str = "success") -> Response:
    db.session.commit()
    flash(said, kind)
    return see_other(url_for("staff_write_offs.show", id=id))


def _denied(id: int, act: str) -> Response:
    db.session.rollback()
    row = db.session.get_one(Receivable, id)
    audit.record(f"write_off.denied_{act}", by=me().id, customer_id=row.customer_id, subject=row)
    return _done(id, str(NOT_POSSIBLE), "error")
