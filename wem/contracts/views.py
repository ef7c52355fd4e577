"""The customer's contract: where it stands, what it costs by now, what mails show of the customer."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock
from wem.contracts import rules
from wem.contracts.forms import DetailsForm
from wem.contracts.models import Contract, contract_in_force
from wem.contracts.rules import Use
from wem.contracts.wording import LEGAL_ITEMS, STANDINGS
from wem.db import db
from wem.lists import counting
from wem.lists.models import MonthPeak
from wem.web.blueprints import CustomerBlueprint, owners_only
from wem.web.htmx import see_other
from wem.web.session import current_account, current_customer

blueprint = CustomerBlueprint("contract", __name__, use=Use.contract)
Answer = str | tuple[str, int] | Response


def _contract() -> Contract | None:
    """Return the contract in force, else the one that ended last."""
    customer = current_customer()
    if customer is None:
        abort(404)
    return contract_in_force(customer.id) or db.session.scalar(
        sa.select(Contract).where(Contract.customer_id == customer.id).order_by(Contract.id.desc()).limit(1)
    )


@blueprint.get("/contract")
def show() -> Answer:
    contract = _contract()
    if contract is None:
        return render_template("contracts/contract.html", contract=None)
    month = clock.today().replace(day=1)
    reached = db.session.get(MonthPeak, (contract.customer_id, month))
    peak = counting.month_peak(contract.customer_id)
    return render_template(
        "contracts/contract.html",
        contract=contract,
        standing=STANDINGS[contract.standing],
        registered=counting.registered(contract.customer_id),
        peak=peak,
        peak_reached=reached.reached_at if reached else None,
        tiers=tiers(contract, peak),
        missing=[LEGAL_ITEMS[item] for item in contract.missing_legal_items],
    )


def tiers(contract: Contract, count: int) -> list[dict[str, Any]]:
    """Return the course's tiers with prices including tax; `here` marks the one that the count falls into."""
    here = rules.tier(contract.course.tiers, count)
    return [
        {"up_to": up_to, "net": fee, "fee": rules.with_tax(fee), "here": here is not None and here[0] == up_to}
        for up_to, fee in contract.course.tiers
    ]


@blueprint.route("/contract/details", methods=["GET", "POST"])
@owners_only
def details() -> Answer:
    contract, account = _contract(), current_account()
    if contract is None or account is None or contract.state is rules.ContractState.ended:
        abort(404)
    form = DetailsForm(obj=contract)
    if not form.validate_on_submit():
        status = 422 if form.is_submitted() else 200
        return render_template("contracts/details.html", contract=contract, form=form), status
    changed = contract.change_details(form.details(), by=account.id)
    db.session.commit()
    flash(gettext("Saved. Mails show it from now on.") if changed else gettext("Nothing was different."), "success")
    return see_other(url_for("contract.show"))
