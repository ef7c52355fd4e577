"""The customer's contract: where it stands, what it costs by now, what mails show of the customer."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort, render_template
from werkzeug.wrappers import Response

from wem import clock
from wem.billing import arrears, ways_to_pay
from wem.contracts import addressing, costing, describing, ending, life_rules, request_views, rules
from wem.contracts.agreed import fee_of_month
from wem.contracts.catalogue_models import samples_on
from wem.contracts.date_rules import DAY, month_end, month_start
from wem.contracts.mandate_models import mandates
from wem.contracts.models import Contract, contract_in_force
from wem.contracts.request_models import ContractRequest, open_requests
from wem.contracts.rules import Use
from wem.contracts.state_rules import OPEN
from wem.contracts.wording import LEGAL_ITEMS, MANDATES, PROSPECTS, REQUESTS, STANDINGS, state_of
from wem.db import db
from wem.lists import counting
from wem.lists.count_models import MonthPeak
from wem.notices.masking_rules import masked
from wem.notices.models import Notice
from wem.notices.rules import NoticeState
from wem.notices.wording import KINDS as NOTICE_KINDS
from wem.web.blueprints import CustomerBlueprint
from wem.web.session import current_customer

blueprint = CustomerBlueprint("contract", __name__, use=Use.contract)
Answer = str | tuple[str, int] | Response
REQUESTS_SHOWN = 20
NOTICES_SHOWN = 5


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
        prospect=PROSPECTS.get(contract.state),
        registered=counting.registered(contract.customer_id),
        peak=peak,
        peak_reached=reached.reached_at if reached else None,
        tiers=tiers(contract, peak),
        samples=samples_on(clock.today()),
        missing=[LEGAL_ITEMS[item] for item in contract.missing_legal_items],
        **_life(contract, peak),
    )


def _life(contract: Contract, peak: int) -> dict[str, Any]:
    """Return term and renewal, what cancelling now would mean, and what was asked for."""
    today = clock.today()
    overdue = arrears.overdue(contract.id, today)
    closed = db.session.scalars(
        sa.select(ContractRequest)
        .where(ContractRequest.contract_id == contract.id, ContractRequest.state.not_in(OPEN))
        .order_by(ContractRequest.id.desc())
        .limit(REQUESTS_SHOWN)
    ).all()
    return {
        "day_long": DAY,
        "dates": life_rules.dates(contract.life, today),
        "outlook": costing.leaving_today(contract, clock.now(), peak),
        "options": contract.options_seen(today),
        "still_charged": [
            each for each in contract.options_charged(month_start(today)) if each not in contract.options_seen(today)
        ],
        "month_ends": month_end(today),
        "terminated": describing.terminated(contract.id),
        "fee": fee_of_month(contract, peak, month_start(today)),
        "with_tax": rules.with_tax,
        "open_requests": open_requests(contract.id)[::-1],
        "requests": closed,
        "early_months": request_views.early_months(contract),
        "rest_owed": contract.rest_owed,
        "by_mail": addressing.by_mail(contract),
        "notices": db.session.scalars(
            sa.select(Notice)
            .where(Notice.customer_id == contract.customer_id, Notice.state != NoticeState.withdrawn)
            .order_by(Notice.id.desc())
            .limit(NOTICES_SHOWN)
        ).all(),
        "notice_kinds": NOTICE_KINDS,
        "mandates": [row for row in mandates(contract.id) if row.ended_on is None],
        "mandate_states": MANDATES,
        "masked": masked,
        "request_names": REQUESTS,
        "request_state": state_of,
        "overdue_sums": overdue,
        # What is overdue stands in a notice of its own, with where to pay it.
        "open_sums": [each for each in ways_to_pay.open_of(contract.id) if each[0] not in overdue],
        "lifting": arrears.conditions(contract, today),
        "demands": ending.demands(contract.id),
        **describing.restricted(contract),
    }


def tiers(contract: Contract, count: int) -> list[dict[str, Any]]:
    """Return the course's tiers with prices including tax; `here` marks the one that the count falls into."""
    here = rules.tier(contract.tiers, count)
    return [
        {"up_to": up_to, "net": fee, "fee": rules.with_tax(fee), "here": here is not None and here[0] == up_to}
        for up_to, fee in contract.tiers
    ]
