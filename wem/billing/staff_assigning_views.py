"""Saying on staff's screens whose a payment is: a contract's, which it settles, or an application's (7-1b, 4-3)."""

from __future__ import annotations

from flask import flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.rules import StaffRole
from wem.billing import first_payments, paying, refunding
from wem.billing.payment_forms import AssignForm
from wem.billing.payment_models import Payment
from wem.billing.staff_payment_views import NOBODYS, application_numbered, denied, done, held, numbered, payment_page
from wem.contracts.application_models import Application
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_assignments", __name__, roles=frozenset({StaffRole.billing}), url_prefix="/staff/payments"
)
Answer = str | tuple[str, int] | Response


@blueprint.post("/<int:id>/contract")
def assign(id: int) -> Answer:
    """Say whose a payment is, and settle what that contract owes: all of it, or what is marked."""
    row, form = held(id), AssignForm()
    typed = (form.contract.data or "").strip()
    contract, application = numbered(typed), application_numbered(typed)
    if not form.validate() or (contract is None and application is None):
        form.contract.errors = form.contract.errors or [NOBODYS]
        return payment_page(row, 422, assign=form)
    if contract is None:
        assert application is not None
        return _of_refused(row, application) if refunding.returnable(application) else _in_progress(row, application)
    marked = [number for each in request.form.getlist("sum") if (number := row_number(each)) is not None]
    try:
        settled = paying.settle(row, contract, marked or None, by=me().id)
    except Illegal:
        return denied(id, "assign")
    db.session.commit()
    return done(id, gettext("%(amount)s yen are settled by it.", amount=f"{settled:,}"))


def _in_progress(row: Payment, application: Application) -> Answer:
    db.session.refresh(application, with_for_update=True)
    id = row.id
    try:
        full = first_payments.assign(row, application, by=me().id)
    except Illegal:
        return denied(id, "assign")
    db.session.commit()
    said = gettext("The first fee is here.") if full else gettext("It is noted as a part of the first fee.")
    flash(said, "success")
    return see_other(url_for("staff_payments.show", id=first_payments.of(application)[-1].id))


def _of_refused(row: Payment, application: Application) -> Answer:
    try:
        paying.of_refused(row, application, by=me().id)
    except Illegal:
        return denied(row.id, "assign")
    db.session.commit()
    return done(row.id, gettext("It is noted. Please ask for its refund."))
