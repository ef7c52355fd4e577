"""The first invoice of a contract (4-1): what the applicant transferred before the start, and what it was for."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import clock
from wem.billing import invoice_rules, issuing
from wem.billing.invoice_models import Invoice
from wem.billing.invoice_rules import Fees
from wem.billing.invoice_wording import receivable_text
from wem.billing.issuing import Reason
from wem.billing.month_models import ContractMonth
from wem.billing.rules import Occasion, ReceivableKind
from wem.contracts.application_models import Application
from wem.contracts.catalogue import offered_options
from wem.contracts.date_rules import days_in_month, month_start
from wem.contracts.models import Contract
from wem.db import db


def waiting(limit: int = 50) -> list[int]:
    """Return applications that have become contracts and have no first invoice yet."""
    month = sa.select(ContractMonth.contract_id).where(ContractMonth.first)
    found = sa.select(Application.id).where(Application.contract_id.is_not(None), Application.contract_id.not_in(month))
    return list(db.session.scalars(found.order_by(Application.id).limit(limit)))


def account(application: Application) -> Invoice | None:
    """Issue the first invoice with its settled receivable, and write the first month down; the caller commits.

    None where a campaign left nothing to pay.
    """
    contract = application.contract
    assert contract is not None and contract.start_date is not None
    month, fee, entries = month_start(contract.start_date), application.fee, application.entries
    told = application.fee_told_on or application.created_at.date()
    prices = {option.name: yen for option, yen in offered_options(told)}
    names = [str(name) for name in entries.get("option_names", ())]
    # What was told stays told: where prices cannot be told apart any more, the options are one line.
    options = [(name, prices.get(name, 0)) for name in names]
    if sum(yen for _, yen in options) != fee.options:
        options = [("、".join(names), fee.options)] if fee.options else []
    row = ContractMonth(
        contract_id=contract.id,
        month=month,
        course=str(entries["course_name"]),
        tiers=[list(tier) for tier in contract.tiers_on(month)],
        options=[list(pair) for pair in options],
        first=True,
        count=0,
        opening_days=days_in_month(month),
        invoiced_at=clock.now(),
    )
    row.charge(Fees(fee.monthly, tuple(yen for _, yen in options)))
    db.session.add(row)
    lines = invoice_rules.initial(row.basis, fee.initial, row.charged)
    if not lines:
        return None
    paid = application.paid_on or clock.today()
    invoice = issuing.issue(
        contract,
        lines,
        Reason(f"initial {contract.id}", Occasion.initial, month_start(clock.today()), paid, _period(contract)),
    )
    row.invoice_id = invoice.id
    issuing.owe(invoice, ReceivableKind.initial, receivable_text(month, first=True), settled_on=application.paid_on)
    return invoice


def _period(contract: Contract) -> tuple[date, date]:
    assert contract.start_date is not None
    return contract.start_date, issuing.whole_month(month_start(contract.start_date))[1]
