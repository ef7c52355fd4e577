"""The last account of a contract that is over: all is due the same day, nothing is charged after it (14-3, 15-2)."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import audit, clock
from wem.billing import correcting, invoice_rules, issuing, monthly, paying
from wem.billing.invoice_models import Invoice, following
from wem.billing.invoice_rules import Fees
from wem.billing.invoice_wording import receivable_text
from wem.billing.issuing import Reason
from wem.billing.models import Receivable
from wem.billing.month_models import ContractMonth, FinalAccount
from wem.billing.monthly import Bill
from wem.billing.rules import Held, InvoiceKind, Occasion, ReceivableKind
from wem.contracts.date_rules import DAY, month_start
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState, EndReason
from wem.db import db


def waiting(limit: int = 100, after: int = 0) -> list[int]:
    """Return contracts that are over without their last account."""
    found = sa.select(Contract.id).where(
        Contract.state == ContractState.ended,
        Contract.id > after,
        Contract.id.not_in(sa.select(FinalAccount.contract_id)),
    )
    return list(db.session.scalars(found.order_by(Contract.id).limit(limit)))


def account(contract: Contract) -> Invoice | None:
    """Make the last account, once; returns its invoice, None when nothing was left to charge. The caller commits.

    None too while a month waits for a price: the account is made, and readers erased, when staff have agreed on one.
    """
    db.session.flush()
    # Two workers may have found the same contract: who comes second sees what the first has done.
    db.session.refresh(contract, with_for_update={"key_share": True})
    if contract.ended_on is None or db.session.get(FinalAccount, contract.id) is not None:
        return None
    invoice = None
    if contract.end_reason is EndReason.void:
        _give_all_back(contract)
    else:
        last = month_start(contract.ended_on - DAY)
        _give_back_after_end(contract, contract.ended_on)
        _close_months(contract, last)
        found = monthly.bill(None, _months(contract))
        if found.held:
            for row in found.held:
                row.held = Held.no_price
            _all_due(contract)
            return None
        invoice = _invoice(contract, last, found)
    db.session.add(FinalAccount(contract_id=contract.id, invoice_id=invoice.id if invoice else None))
    _all_due(contract)
    audit.record("contract.final_account", by=None, customer_id=contract.customer_id, subject=contract)
    return invoice


def _give_back_after_end(contract: Contract, ended_on: date) -> None:
    """Issue returns of what was charged for months that the contract did not reach (15-2): it ended with effect for
    a time of which the close knew nothing yet. The first fee is not given back (4-7)."""
    for row in _months(contract):
        if row.month < ended_on or row.first:
            continue
        original = db.session.get(Invoice, row.invoice_id) if row.invoice_id else None
        lines = correcting.left_of_month(original, row.month) if original else []
        if original and lines:
            standing = correcting.standing(original)
            back = issuing.issue(
                contract,
                correcting.negated(lines),
                Reason(
                    f"after the end {contract.id} {row.month:%Y-%m}", Occasion.final, month_start(clock.today()),
                    period=issuing.whole_month(row.month), corrects=standing, recipient=standing.recipient,
                ),
            )  # fmt: skip
            issuing.set_off(back)
        row.charge(Fees(0, (0,) * len(row.options)))
        row.peak, row.usable_days, row.held = row.count, 0, None
        row.invoiced_at = row.invoiced_at or clock.now()
        row.closed_at = row.settled_at = clock.now()


def _give_all_back(contract: Contract) -> None:
    """Issue returns of all that was charged: a contract that is void charges nothing (4-3).

    They are taken off what was charged, not paid out: what came in goes back out of the payments, and nowhere else.
    """
    paying.let_go(contract)
    found = sa.select(Invoice).where(Invoice.contract_id == contract.id, Invoice.kind == InvoiceKind.invoice)
    for row in list(db.session.scalars(found.order_by(Invoice.id))):
        if row.third_party or correcting.left(row) <= 0:
            continue
        given = [each for each in following(row.id) if each.kind is InvoiceKind.give_back]
        back = issuing.issue(
            contract,
            correcting.negated([line for each in (row, *given) for line in correcting.lines_of(each)]),
            Reason(
                f"void {row.id}", Occasion.final, month_start(clock.today()), period=correcting.period_of(row),
                corrects=row, recipient=row.recipient,
            ),
        )  # fmt: skip
        issuing.set_off(back)
    for credit in issuing.open_credits(contract.id):
        issuing.set_off(credit)


def _close_months(contract: Contract, last: date) -> None:
    """Open the last month when its close has not come yet (the first fee paid the first), and close what is open."""
    begun = month_start(contract.start_date) if contract.start_date else None
    # Without any month WeM has never charged this contract.
    any_month = sa.select(ContractMonth.month).where(ContractMonth.contract_id == contract.id).limit(1)
    charged = begun is not None and begun < last and db.session.scalar(any_month) is not None
    if charged and db.session.get(ContractMonth, (contract.id, last)) is None:
        db.session.add(monthly.opened(contract, last))
        db.session.flush()
    for row in _months(contract):
        monthly.fix(row, contract)


def _months(contract: Contract) -> list[ContractMonth]:
    return monthly.open_months(contract.id, date.max)


def _invoice(contract: Contract, last: date, found: Bill) -> Invoice | None:
    """Issue what the months come to, and the rest of the minimum term where it is owed."""
    assert contract.ended_on is not None
    newest = db.session.get(ContractMonth, (contract.id, last))
    first_exit = contract.life.first_exit
    leaves_early = contract.end_reason is EndReason.cancelled and contract.rest_owed and first_exit
    if leaves_early and first_exit and newest is not None:
        found.lines += invoice_rules.rest_of_term(contract.ended_on, first_exit, newest.basis, newest.count)
    for row, lines in found.back:
        give_back(contract, row, lines)
    for row in found.done:
        row.settled_at, row.held = clock.now(), None
    invoice = None
    if found.total > 0:
        due = max(contract.ended_on, clock.today())
        invoice = issuing.issue(
            contract,
            found.lines,
            Reason(
                f"final {contract.id}", Occasion.final, month_start(clock.today()), due, (last, contract.ended_on - DAY)
            ),
        )
        issuing.owe(invoice, ReceivableKind.monthly, receivable_text(last, final=True))
    monthly.note(found, {row.month: row for row in found.done}, invoice)
    return invoice


def give_back(contract: Contract, row: ContractMonth, lines: list[invoice_rules.Line]) -> Invoice:
    """Return the return invoice for what a closed month was charged too much, taken off what is owed (A-29)."""
    original = db.session.get(Invoice, row.invoice_id) if row.invoice_id else None
    credit = issuing.issue(
        contract,
        lines,
        Reason(
            f"settlement {contract.id} {row.month:%Y-%m}",
            Occasion.settlement,
            month_start(clock.today()),
            period=issuing.whole_month(row.month),
            corrects=original,
        ),
    )
    issuing.set_off(credit)
    return credit


def _all_due(contract: Contract) -> None:
    """Bring forward what was to be paid later: it is due with the end (14-3, 15-2)."""
    assert contract.ended_on is not None
    found = sa.select(Receivable).where(
        Receivable.contract_id == contract.id, Receivable.settled_on.is_(None), Receivable.due_on > contract.ended_on
    )
    on = max(contract.ended_on, clock.today())
    for row in db.session.scalars(found):
        row.due_on = min(row.due_on, on)
