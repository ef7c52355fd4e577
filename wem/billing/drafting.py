"""The dry run of a month's close: who is going to pay what and why, and what somebody should look at first."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date

import sqlalchemy as sa

from wem import audit, clock
from wem.billing import closing, issuing, monthly
from wem.billing.invoice_models import Invoice
from wem.billing.month_models import ContractMonth, MonthClose, MonthDraft
from wem.billing.monthly import Bill
from wem.billing.rules import CloseState, Occasion
from wem.contracts.date_rules import month_start
from wem.contracts.mandate_models import Mandate
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import MandateState
from wem.db import db
from wem.lists.count_models import CountSnapshot

log = logging.getLogger("wem.billing")
AT_ONCE = 100
# From this share of the month before on a change is one to look at.
MUCH = 0.5


def begin(month: date, *, by: int) -> MonthClose:
    """Have a dry run worked out, anew when there is one already; the caller commits and rings.

    A close that runs or is done stays as it is.
    """
    close = db.session.get(MonthClose, month, with_for_update=True)
    if close is None:
        close = MonthClose(month=month)
        db.session.add(close)
    elif close.state is not CloseState.drafted:
        return close
    db.session.execute(sa.delete(MonthDraft).where(MonthDraft.month == month))
    close.state, close.contracts = CloseState.drafting, 0
    audit.record("month.draft", by=by, day=month.isoformat())
    return close


def pieces(close: MonthClose) -> Iterator[None]:
    """Write the dry run down piece by piece; whoever iterates commits each."""
    while close.state is CloseState.drafting:
        found = _left(close.month)
        for contract in found:
            db.session.add(drafted(contract, close.month))
        close.contracts += len(found)
        if not found:
            close.state, close.drafted_at = CloseState.drafted, clock.now()
        yield


def _left(month: date) -> list[Contract]:
    drafted_already = sa.select(MonthDraft.contract_id).where(MonthDraft.month == month)
    ending = sa.or_(Contract.leaves_on <= month, Contract.expires_on <= month)
    opened = sa.select(ContractMonth.contract_id).where(
        ContractMonth.month == month, ContractMonth.invoiced_at.is_(None)
    )
    found = sa.select(Contract).where(
        sa.or_(
            Contract.id.in_(closing.to_open(month)),
            Contract.id.in_(opened),
            sa.and_(Contract.state.in_((ContractState.leaving, ContractState.expiring)), ending),
        ),
        Contract.id.not_in(drafted_already),
    )
    return list(db.session.scalars(found.order_by(Contract.id).limit(AT_ONCE)))


def drafted(contract: Contract, month: date) -> MonthDraft:
    """Return a contract's line of the dry run; changes nothing else."""
    before = _before(contract.id, month)
    try:
        with db.session.begin_nested():
            bill = worked_out(contract, month)
    except Exception:
        log.exception("the dry run of contract %s failed", contract.id)
        return _row(contract, month, Bill(), before, ["fault"])
    return _row(contract, month, bill, before, _look_at(contract, month, bill, before))


def worked_out(contract: Contract, month: date) -> Bill:
    """Return the bill that the close is going to make of a contract's month, as things stand."""
    over = contract.life.over_on
    with db.session.no_autoflush:
        rows = {row.month: row for row in monthly.open_months(contract.id, month)}
        now = rows.pop(month, None)
        if now is None:
            now = monthly.opened(contract, month) if over is None or over > month else None
        elif now.invoiced_at is not None:
            now = None
        elif now.held is not None:
            now = monthly.beside(now)
            monthly.price_anew(now, contract)
        closed = [_as_closed(row, contract) for row in rows.values()]
    return monthly.bill(now, closed)


def _as_closed(row: ContractMonth, contract: Contract) -> ContractMonth:
    """Return a month as its closing is going to make it, beside the session."""
    copy = monthly.beside(row)
    monthly.fix(copy, contract)
    return copy


def _before(contract_id: int, month: date) -> int:
    found = sa.select(sa.func.sum(Invoice.total)).where(
        Invoice.contract_id == contract_id,
        Invoice.month == month_start(month, -1),
        Invoice.occasion != Occasion.third_party,
    )
    return db.session.scalar(found) or 0


def _look_at(contract: Contract, month: date, bill: Bill, before: int) -> list[str]:
    found = []
    if bill.held:
        found.append("no_price")
    if bill.back:
        found.append("returned")
    if before and abs(bill.total - before) > before * MUCH:
        found.append("changed")
    if contract.suspended:
        found.append("suspended")
    has_mandate = sa.select(Mandate.id).where(
        Mandate.contract_id == contract.id, Mandate.state == MandateState.registered
    )
    if bill.total and db.session.scalar(has_mandate.limit(1)) is None:
        found.append("no_mandate")
    differs = sa.select(CountSnapshot.day).where(
        CountSnapshot.customer_id == contract.customer_id,
        CountSnapshot.registered != CountSnapshot.recounted,
        CountSnapshot.seen_at.is_(None),
    )
    if db.session.scalar(differs.limit(1)) is not None:
        found.append("count_differs")
    last = month_start(month, -1)
    begun = contract.start_date is not None and month_start(contract.start_date) < last
    if begun and db.session.get(ContractMonth, (contract.id, last)) is None:
        found.append("no_month")
    return found


def _row(contract: Contract, month: date, bill: Bill, before: int, look_at: list[str]) -> MonthDraft:
    lines = [*bill.lines, *(line for _, lines in bill.back for line in lines)]
    return MonthDraft(
        month=month,
        contract_id=contract.id,
        total=max(bill.total, 0),
        given_back=bill.given_back,
        before=before,
        change=abs(bill.total - bill.given_back - before),
        lines=[issuing.as_written(line) for line in lines],
        look_at=look_at,
        looks=len(look_at),
    )


def sums(month: date) -> dict[str, int]:
    """Return what a dry run comes to: contracts, yen with tax, given back, the month before, to look at."""
    row = db.session.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(MonthDraft.total), 0),
            sa.func.coalesce(sa.func.sum(MonthDraft.given_back), 0),
            sa.func.coalesce(sa.func.sum(MonthDraft.before), 0),
            sa.func.count().filter(MonthDraft.looks > 0),
            sa.func.count().filter(MonthDraft.total > 0),
        ).where(MonthDraft.month == month)
    ).one()
    names = ("contracts", "total", "given_back", "before", "look_at", "paying")
    return {name: int(value) for name, value in zip(names, row, strict=True)}


def differing(month: date) -> int:
    """Return how many contracts were charged another sum than the dry run said."""
    charged = (
        sa.select(Invoice.contract_id, sa.func.sum(Invoice.total).label("total"))
        .where(Invoice.done_once.like("monthly %"), Invoice.month == month)
        .group_by(Invoice.contract_id)
        .subquery()
    )
    found = (
        sa.select(sa.func.count())
        .select_from(MonthDraft)
        .join(charged, charged.c.contract_id == MonthDraft.contract_id)
        .where(MonthDraft.month == month, charged.c.total != MonthDraft.total)
    )
    return db.session.scalar(found) or 0
