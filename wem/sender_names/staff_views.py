"""Sender's names that customers ask for: looked at with the contract's facts, approved, refused, withdrawn later."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.models import Account
from wem.accounts.rules import StaffRole
from wem.contracts.models import contract_in_force
from wem.db import db
from wem.domains.models import SenderDomain
from wem.domains.rules import DomainState
from wem.mailings import naming
from wem.sender_names import deciding
from wem.sender_names.forms import NoForm
from wem.sender_names.imitation_rules import imitated
from wem.sender_names.models import AlreadyDecided, SenderName
from wem.sender_names.rules import OPEN
from wem.sender_names.wording import STATES
from wem.sequences import bearing
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

LOOKERS = frozenset({StaffRole.contracts, StaffRole.support})
blueprint = StaffBlueprint("staff_sender_names", __name__, roles=LOOKERS, url_prefix="/staff/sender-names")
Answer = str | tuple[str, int] | Response


@blueprint.get("")
def index() -> Answer:
    """Those that wait for us; with `?approved=1` those that hold."""
    holding = request.args.get("approved") == "1"
    page = page_of(deciding.in_use() if holding else deciding.pending(), SenderName.id)
    return render_template("sender_names/staff/names.html", page=page, holding=holding)


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    return _page(found_or_404(SenderName, id), NoForm(formdata=None), 200)


@blueprint.post("/<int:id>/approve")
def approve(id: int) -> Answer:
    row = found_or_404(SenderName, id)
    try:
        deciding.approve(row, by=me().id)
    except AlreadyDecided:
        return _too_late()
    return _decided(gettext("Approved. The customer can choose the name from now on and is told so by mail."))


@blueprint.post("/<int:id>/refuse")
def refuse(id: int) -> Answer:
    row, form = found_or_404(SenderName, id), NoForm()
    if not form.validate_on_submit():
        return _page(row, form, 422)
    try:
        deciding.refuse(row, (form.note.data or "").strip(), by=me().id)
    except AlreadyDecided:
        return _too_late()
    return _decided(gettext("Refused. The customer’s people are told why by mail."))


@blueprint.post("/<int:id>/withdraw")
def withdraw(id: int) -> Answer:
    row, form = found_or_404(SenderName, id), NoForm()
    if not form.validate_on_submit():
        return _page(row, form, 422)
    waiting, under = _waiting(row), _sequences(row)
    try:
        deciding.withdraw(row, (form.note.data or "").strip(), by=me().id, waiting=waiting, sequences=under)
    except AlreadyDecided:
        return _too_late()
    return _decided(gettext("Withdrawn. Nothing starts under this name any more; the customer’s people are told why."))


def _decided(said: str) -> Answer:
    db.session.commit()
    flash(said, "success")
    return see_other(url_for("staff_sender_names.index"))


def _too_late() -> Answer:
    db.session.rollback()
    flash(gettext("Somebody else has decided, or the customer has taken the request back."), "info")
    return see_other(url_for("staff_sender_names.index"))


def _page(row: SenderName, form: NoForm, status: int) -> Answer:
    others = sa.select(SenderName).where(SenderName.customer_id == row.customer_id, SenderName.id != row.id)
    domains = sa.select(SenderDomain).where(
        SenderDomain.customer_id == row.customer_id, SenderDomain.state == DomainState.proven
    )
    page = render_template(
        "sender_names/staff/name.html",
        row=row,
        states=STATES,
        contract=contract_in_force(row.customer_id),
        domains=db.session.scalars(domains.order_by(SenderDomain.id)).all(),
        others=db.session.scalars(others.order_by(SenderName.id.desc()).limit(20)).all(),
        alike=deciding.alike_elsewhere(row) if row.state in OPEN else [],
        imitated=imitated(row.name) if row.state in OPEN else [],
        people=_people(row),
        waiting=_waiting(row),
        sequences=_sequences(row),
        form=form,
    )
    return page, status


def _waiting(row: SenderName) -> int:
    return naming.unstarted([row.id]).get(row.id, 0)


def _sequences(row: SenderName) -> int:
    return bearing.under_names(row.customer_id, [row.id]).get(row.id, 0)


def _people(row: SenderName) -> dict[int, str]:
    """Return who asked and who decided, by number."""
    numbers = [number for number in (row.asked_by, row.decided_by, row.withdrawn_by) if number is not None]
    found = db.session.execute(sa.select(Account.id, Account.name).where(Account.id.in_(numbers)))
    return dict(iter(found))
