"""Staff lend a customer another dedicated URL: after a report, or in an emergency stop (8-3)."""

from __future__ import annotations

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.rules import StaffRole
from wem.contracts.emergency_models import EmergencyStop
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db
from wem.lists import page_reissuing
from wem.lists.page_forms import PageForm
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import current_account

ROLES = frozenset({StaffRole.contracts, StaffRole.support, StaffRole.operations})
blueprint = StaffBlueprint("staff_page_reissue", __name__, roles=ROLES)
Answer = str | tuple[str, int] | Response


@blueprint.route("/staff/contracts/<int:id>/page", methods=["GET", "POST"])
def reissue(id: int) -> Answer:
    contract, account = found_or_404(Contract, id), current_account()
    if contract.state is ContractState.ended or account is None:
        abort(404)
    stop, customer = _stop(contract), contract.customer
    back = url_for("staff_emergency.show", id=stop.id) if stop else url_for("staff_contracts.show", id=id)
    form, moved = PageForm(), page_reissuing.moved(customer)
    # After misuse the old address leads nobody to the new one.
    form.begin(customer, leads_on=stop is None)
    if form.lend(contract, by=account.id, stop=stop):
        db.session.commit()
        flash(gettext("Another dedicated URL is lent, and the customer is told."), "success")
        return see_other(back)
    page = render_template(
        "contracts/staff/act.html",
        title=gettext("Another dedicated URL for %(name)s", name=customer.name),
        back_url=back,
        back_label=customer.name,
        form=form,
        label=gettext("Take the old URL back and lend this one"),
        kind="danger",
        notes=[
            gettext("Lent now: %(url)s", url=moved.url),
            gettext(
                "The home page and the sign-up pages of %(count)s lists get another address at once. Printed codes, "
                "links and embedded forms with the old one register nobody any more.",
                count=moved.lists,
            ),
            gettext(
                "The sender address %(address)s changes with it, where the customer has no domain of its own.",
                address=moved.sender,
            ),
            gettext("Readers' links for stopping and changing in mails that were sent work as before."),
            gettext("The old name is nobody's again. The customer is told by a notice."),
        ],
    )
    return page, 422 if form.is_submitted() else 200


def _stop(contract: Contract) -> EmergencyStop | None:
    """Return the emergency stop from whose page this is, if it is one of this contract; 404."""
    number = request.args.get("stop", "")
    if not number:
        return None
    stop = db.session.get(EmergencyStop, int(number)) if number.isascii() and number.isdigit() else None
    if stop is None or stop.contract_id != contract.id:
        abort(404)
    return stop
