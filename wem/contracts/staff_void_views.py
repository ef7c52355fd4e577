"""Refusing an application after all on staff's screens, before the service has begun (4-3, A-03)."""

from __future__ import annotations

from flask import flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.billing import first_fee_return, paying
from wem.contracts import addressing, voiding
from wem.contracts.application_rules import RefusalReason
from wem.contracts.application_staff_forms import RefusalForm
from wem.contracts.describing import as_read
from wem.contracts.models import Contract
from wem.contracts.staff_views import CHANGERS, contract_to_change, decided, denied
from wem.contracts.state_rules import Illegal
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.session import me

blueprint = StaffBlueprint("staff_voids", __name__, roles=CHANGERS, url_prefix="/staff/contracts")
Answer = str | tuple[str, int] | Response


@blueprint.route("/<int:id>/void", methods=["GET", "POST"])
def void(id: int) -> Answer:
    contract, form = contract_to_change(id), RefusalForm()
    if not voiding.possible(contract):
        if form.is_submitted():
            return denied(contract, "void")
        flash(gettext("The service has begun. Its end follows the terms of service now."), "info")
        return see_other(url_for("staff_contracts.show", id=id))
    if form.validate_on_submit():
        try:
            voiding.void(contract, RefusalReason(form.reason.data), (form.note.data or "").strip(), by=me())
            first_fee_return.prepare(contract)
        except Illegal:
            return denied(contract, "void")
        return decided(id, gettext("The application is refused, the contract is void, and the customer is told."))
    page = render_template(
        "contracts/staff/act.html",
        title=gettext("Refuse the application of %(name)s after all", name=contract.customer.name),
        back_url=url_for("staff_contracts.show", id=id),
        back_label=contract.customer.name,
        form=form,
        label=gettext("Refuse and make the contract void"),
        kind="danger",
        notes=_notes(contract),
    )
    return page, 422 if form.is_submitted() else 200


def _notes(contract: Contract) -> list[str]:
    """Say what will happen, with the numbers."""
    touched, owed = voiding.reach(contract), len(paying.open_sums(contract.id))
    start = as_read(contract.start_date) if contract.start_date else ""
    notes = [
        gettext(
            "1 contract, %(number)s, that was to start on %(day)s, is void from the beginning (Art. 4-3). "
            "This cannot be undone.",
            number=contract.number,
            day=start,
        ),
        gettext("The customer gets the refusal with its reason by mail.")
        if addressing.by_mail(contract)
        else gettext("The customer gets the refusal with its reason by letter."),
        gettext(
            "Invitations that end: %(invitations)s. People who signed in and can use nothing any more: %(people)s.",
            invitations=f"{touched.invitations:,}",
            people=f"{touched.people:,}",
        ),
        gettext("Mandates for direct debit that end: %(count)s.", count=f"{touched.mandates:,}"),
    ]
    if touched.paid:
        notes.append(
            gettext(
                "%(amount)s yen came in as the first fee. They go back by a refund, which stands on the work list.",
                amount=f"{touched.paid:,}",
            )
        )
    if owed:
        notes.append(gettext("Sums that stay open: %(count)s. Please look at what is owed.", count=f"{owed:,}"))
    return notes
