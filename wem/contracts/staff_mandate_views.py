"""Mandates for direct debit as staff see them: what has not come, what goes to the bank, what was registered."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit
from wem.accounts.rules import StaffRole
from wem.contracts import mandating
from wem.contracts.application_wording import ACCOUNT_TYPES
from wem.contracts.mandate_models import Mandate
from wem.contracts.models import Contract
from wem.contracts.staff_forms import GiveBackForm
from wem.contracts.state_rules import MANDATE, UNREGISTERED, Illegal, MandateAction
from wem.contracts.wording import MANDATE_ACTS, MANDATES
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_mandates",
    __name__,
    roles=frozenset({StaffRole.contracts, StaffRole.billing}),
    url_prefix="/staff/mandates",
)
revealing_blueprint = StaffBlueprint(
    "staff_mandate_numbers", __name__, roles=frozenset({StaffRole.billing}), url_prefix="/staff/mandates"
)
Answer = str | tuple[str, int] | Response


@blueprint.get("")
def index() -> Answer:
    only = request.args.get("state", "open")
    found = sa.select(Mandate)
    if only == "open":
        found = found.where(Mandate.state.in_(UNREGISTERED))
    return render_template("contracts/staff/mandates.html", page=page_of(found, Mandate.id), only=only, states=MANDATES)


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    return _page(found_or_404(Mandate, id), GiveBackForm(formdata=None))


def _page(row: Mandate, form: GiveBackForm, status: int = 200, number: str = "") -> tuple[str, int]:
    possible = {action for state, action in MANDATE if state is row.state}
    page = render_template(
        "contracts/staff/mandate.html",
        row=row,
        state=MANDATES[row.state],
        account_types=ACCOUNT_TYPES,
        acts=[(action.name, *MANDATE_ACTS[action]) for action in mandating.ACTS if action in possible],
        may_give_back=MandateAction.give_back in possible,
        form=form,
        number=number,
        may_reveal=_may_reveal(),
    )
    return page, status


def _may_reveal() -> bool:
    role = me().staff_role
    return role in (StaffRole.admin, StaffRole.billing)


def _held(id: int) -> Mandate:
    """Return the mandate with its contract's row held; 404."""
    row = found_or_404(Mandate, id)
    db.session.get(Contract, row.contract_id, with_for_update=True, populate_existing=True)
    db.session.refresh(row)
    return row


def _done(id: int, said: str, kind: str = "success") -> Response:
    flash(said, kind)
    return see_other(url_for("staff_mandates.show", id=id))


def _denied(id: int, act: str) -> Response:
    """Say that the table has no such line, and write down that it was tried."""
    db.session.rollback()
    row = db.session.get_one(Mandate, id)
    audit.record("mandate.not_allowed", by=me().id, customer_id=row.customer_id, subject=row, act=act)
    db.session.commit()
    return _done(id, gettext("This is not possible any more, or not allowed."), "error")


@blueprint.post("/<int:id>/<any(receive,send,register,stop):act>")
def do(id: int, act: str) -> Answer:
    row, action = _held(id), MandateAction[act]
    try:
        mandating.act(row, action, by=me().id)
    except Illegal:
        return _denied(id, act)
    db.session.commit()
    return _done(id, str(MANDATE_ACTS[action][1]))


@blueprint.post("/<int:id>/give-back")
def give_back(id: int) -> Answer:
    row, form = _held(id), GiveBackForm()
    if not form.validate():
        return _page(row, form, 422)
    try:
        mandating.give_back(row, (form.note.data or "").strip(), by=me().id)
    except Illegal:
        return _denied(id, "give_back")
    db.session.commit()
    return _done(id, gettext("The customer is asked to send the form again."))


@revealing_blueprint.post("/<int:id>/number")
def number(id: int) -> Answer:
    """Show the account number whole; that it was looked at is on record."""
    row = found_or_404(Mandate, id)
    whole = mandating.reveal(row, by=me().id)
    db.session.commit()
    return _page(row, GiveBackForm(formdata=None), number=whole)
