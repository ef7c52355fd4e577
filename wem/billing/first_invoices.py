"""The first invoice of a contract (4-1): what the applicant transferred before the start, and what it was for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from wem import clock
from wem.billing import first_payments, invoice_rules, issuing, paying
from wem.billing.invoice_models import Invoice
from wem.billing.invoice_rules import Fees
from wem.billing.invoice_wording import receivable_text
from wem.billing.issuing import Reason
from wem.billing.models import Receivable
from wem.billing.month_models import ContractMonth
from wem.billing.payment_models import Payment
from wem.billing.payment_rules import PaymentWay
from wem.billing.rules import Occasion, ReceivableKind
from wem.contracts.agreed import agreed_on
from wem.contracts.application_models import Application
from wem.contracts.catalogue import offered_options
from wem.contracts.catalogue_models import course_price, option_price
from wem.contracts.date_rules import days_in_month, month_start
from wem.contracts.models import Contract
from wem.contracts.rules import EndReason
from wem.db import db


@dataclass(frozen=True)
class FirstFee:
    """What the first fee is made of: yen, net; options as (name, yen a month)."""

    course: str
    initial: int
    monthly: int
    options: Sequence[tuple[str, int]]


def waiting(limit: int = 50) -> list[int]:
    """Return applications that have become contracts and have no first invoice yet.

    Those that were customers before WeM wrote invoices are left out: their first fee was charged otherwise. So are
    contracts that are void: they charge nothing.
    """
    month = sa.select(ContractMonth.contract_id).where(ContractMonth.first)
    void = sa.select(Contract.id).where(Contract.end_reason == EndReason.void)
    found = sa.select(Application.id).where(
        Application.contract_id.is_not(None),
        Application.invoiced_elsewhere.is_(False),
        Application.contract_id.not_in(month),
        Application.contract_id.not_in(void),
    )
    return list(db.session.scalars(found.order_by(Application.id).limit(limit)))


def account(application: Application) -> Invoice | None:
    """Issue the first invoice of what the applicant was told, and write the first month down; the caller commits.

    None where a campaign left nothing to pay.
    """
    contract = application.contract
    assert contract is not None
    first_payments.hand_over(application)
    fee, entries = application.fee, application.entries
    told = application.fee_told_on or application.created_at.date()
    prices = {option.name: yen for option, yen in offered_options(told)}
    names = [str(name) for name in entries.get("option_names", ())]
    # What was told stays told: where prices cannot be told apart any more, the options are one line.
    options = [(name, prices.get(name, 0)) for name in names]
    if sum(yen for _, yen in options) != fee.options:
        options = [("、".join(names), fee.options)] if fee.options else []
    due = application.paid_on or clock.today()
    return issue(
        contract,
        FirstFee(str(entries["course_name"]), fee.initial, fee.monthly, options),
        due,
        paid_on=application.paid_on,
        paid=application.paid_amount,
    )


def may_issue(contract: Contract) -> bool:
    """Return whether a contract has no first invoice and can have one."""
    known = sa.select(ContractMonth.contract_id).where(ContractMonth.contract_id == contract.id, ContractMonth.first)
    begins = contract.start_date is not None and contract.end_reason is not EndReason.void
    return begins and db.session.scalar(known.limit(1)) is None


def by_table(contract: Contract) -> FirstFee | None:
    """Return the first fee by the price list, or the contract's own price, of its first day; None without a price.

    For contracts that came without an application. The first month is that of the lowest tier (4-1).
    """
    assert contract.start_date is not None
    day = contract.start_date
    agreed = agreed_on(contract, day)
    if not agreed.tiers:
        return None
    price = course_price(agreed.course.id, day)
    initial = int(agreed.own_price["initial"]) if agreed.own_price else price.initial if price else 0
    monthly = agreed.tiers[0][1]
    campaign = None if agreed.own_price else contract.campaign
    if campaign is not None:
        initial = 0 if campaign.initial_free else initial
        monthly = 0 if campaign.free_months else monthly
    found = [(option.name, option_price(option.id, day)) for option in contract.options_charged(day)]
    return FirstFee(agreed.course.name, initial, monthly, [(name, row.monthly) for name, row in found if row])


def issue(
    contract: Contract,
    fee: FirstFee,
    due: date,
    *,
    paid_on: date | None,
    paid: int | None = None,
    by: int | None = None,
) -> Invoice | None:
    """Return the first invoice with its receivable, settled when it was paid; None when there is nothing to pay.

    `paid`: yen that came in, the invoice's own sum unless given. What is over stays with the payment.
    """
    assert contract.start_date is not None
    month = month_start(contract.start_date)
    row = db.session.get(ContractMonth, (contract.id, month)) or ContractMonth(contract_id=contract.id, month=month)
    row.course, row.first, row.count = fee.course, True, 0
    row.tiers = [list(tier) for tier in agreed_on(contract, month).tiers]
    row.options = [list(pair) for pair in fee.options]
    row.opening_days, row.invoiced_at, row.held = days_in_month(month), clock.now(), None
    row.charge(Fees(fee.monthly, tuple(yen for _, yen in fee.options)))
    db.session.add(row)
    lines = invoice_rules.initial(row.basis, fee.initial, row.charged)
    if not lines:
        return None
    invoice = issuing.issue(
        contract,
        lines,
        Reason(f"initial {contract.id}", Occasion.initial, month_start(clock.today()), due, period(contract)),
        by=by,
    )
    row.invoice_id = invoice.id
    owed = issuing.owe(invoice, ReceivableKind.initial, receivable_text(month, first=True))
    if owed is not None and paid_on is not None:
        _settle(owed, paid_on, invoice.total if paid is None else paid, by)
    return invoice


def _settle(owed: Receivable, paid_on: date, amount: int, by: int | None) -> None:
    """Settle the first fee with the payments that brought it: those noted for its application, that which the bank's
    file named, or one of its own."""
    known = sa.select(Payment).where(
        Payment.contract_id == owed.contract_id, Payment.settled == 0, Payment.refunded == 0, Payment.paid_on <= paid_on
    )
    came = list(db.session.scalars(known.order_by(Payment.paid_on, Payment.id)))
    brought = [each for each in came if (each.paid_on, each.amount) == (paid_on, amount)][:1]
    if not brought and sum(each.amount for each in came) == amount:
        brought = came  # it came in parts
    for payment in brought or [paying.take(PaymentWay.transfer, paid_on, amount, owed.contract, by=by)]:
        paying.settle(payment, owed.contract, [owed.id], by=by)


def period(contract: Contract) -> tuple[date, date]:
    """Return the first and last day that the first fee is for."""
    assert contract.start_date is not None
    return contract.start_date, issuing.whole_month(month_start(contract.start_date))[1]
