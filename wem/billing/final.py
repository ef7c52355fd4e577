"""The last account of a contract that is over: all is due the same day, nothing is charged after it (14-3, 15-2)."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import audit, clock
from wem.billing import correcting, invoice_rules, issuing, monthly
from wem.billing.invoice_models import Invoice, following
from wem.billing.invoice_wording import receivable_text
from wem.billing.issuing import Reason
from wem.billing.models import Receivable
from wem.billing.month_models import ContractMonth, FinalAccount
from wem.billing.monthly import Bill
from wem.billing.rules import InvoiceKind, Occasion, ReceivableKind
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
    """Make the last account, once; returns its invoice, None when nothing was left to charge. The caller commits."""
    if contract.ended_on is None or db.session.get(FinalAccount, contract.id) is not None:
        return None
    row = FinalAccount(contract_id=contract.id)
    db.session.add(row)
    db.session.flush()
    last = month_start(contract.ended_on - DAY)
    if contract.end_reason is not EndReason.void:
        _close_months(contract, last)
        invoice = _invoice(contract, last)
        row.invoice_id = invoice.id if invoice else None
    else:
        _give_all_back(contract)
    _all_due(contract)
    audit.record("contract.final_account", by=None, customer_id=contract.customer_id, subject=contract)
    return db.session.get(Invoice, row.invoice_id) if row.invoice_id else None


def _give_all_back(contract: Contract) -> None:
    """Issue returns of all that was charged: a contract that is void charges nothing (4-3)."""
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


def _close_months(contract: Contract, last: date) -> None:
    """Open the last month when its close has not come yet (the first fee paid the first), and close what is open."""
    begun = month_start(contract.start_date) if contract.start_date else None
    known = {row.month for row in _months(contract)}
    # Without any month WeM has never charged this contract.
    if begun is not None and begun < last and known and last not in known:
        db.session.add(monthly.opened(contract, last))
        db.session.flush()
    for month in _months(contract):
        if month.closed_at is None:
            monthly.close(month, contract)
            month.closed_at = clock.now()


def _months(contract: Contract) -> list[ContractMonth]:
    found = sa.select(ContractMonth).where(ContractMonth.contract_id == contract.id)
    return list(db.session.scalars(found.order_by(ContractMonth.month)))


def _invoice(contract: Contract, last: date) -> Invoice | None:
    """Issue what the months come to, and the rest of the minimum term where it is owed."""
    assert contract.ended_on is not None
    found = Bill()
    for row in _months(contract):
        each = monthly.bill(row if row.invoiced_at is None else None, [row] if row.settled_at is None else [])
        if each.held is not None:
            # Staff agree on a price; the month is charged then.
            continue
        found.lines += each.lines
        found.back += each.back
        row.invoiced_at = row.invoiced_at or clock.now()
        row.settled_at = row.settled_at or clock.now()
    newest = db.session.get(ContractMonth, (contract.id, last))
    first_exit = contract.life.first_exit
    leaves_early = contract.end_reason is EndReason.cancelled and contract.rest_owed and first_exit
    if leaves_early and first_exit and newest is not None and newest.held is None:
        found.lines += invoice_rules.rest_of_term(contract.ended_on, first_exit, newest.basis, newest.count)
    for row, lines in found.back:
        give_back(contract, row, lines)
    if found.total <= 0:
        return None
    due = max(contract.ended_on, clock.today())
    invoice = issuing.issue(
        contract,
        found.lines,
        Reason(
            f"final {contract.id}", Occasion.final, month_start(clock.today()), due, (last, contract.ended_on - DAY)
        ),
    )
    issuing.owe(invoice, ReceivableKind.monthly, receivable_text(last, final=True))
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
