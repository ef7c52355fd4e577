"""The close of a month as one chain: each piece is committed by itself and done once, so it goes on after a kill."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import date

import sqlalchemy as sa

from wem import audit, clock
from wem.billing import falling_due, final, issuing, monthly, telling
from wem.billing.invoice_wording import receivable_text
from wem.billing.issuing import Reason
from wem.billing.month_models import ContractMonth, MonthClose
from wem.billing.rules import CloseState, CloseStep, Held, Occasion, ReceivableKind
from wem.contracts import due
from wem.contracts.date_rules import month_start
from wem.contracts.due_rules import What
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db

log = logging.getLogger("wem.billing")
AT_ONCE = 50  # contracts in one transaction
STEPS = list(CloseStep)


def pieces(close: MonthClose) -> Iterator[CloseStep]:
    """Do the next pieces of a close one after another; whoever iterates commits each before the next."""
    while close.state is CloseState.running:
        step = close.step
        for _ in WORK[step](close.month):
            yield step
        place = STEPS.index(step) + 1
        if close.step is not step or close.state is not CloseState.running:
            pass  # another worker has gone on meanwhile
        elif place < len(STEPS):
            close.step = STEPS[place]
        else:
            close.state, close.done_at = CloseState.done, clock.now()
            audit.record("month.close", by=None, day=close.month.isoformat())
        yield step


def _in_portions(
    ids: Callable[[int], list[int]], act: Callable[[int], None], month: date | None = None, *, contracts: bool = True
) -> Iterator[None]:
    """Do something for each row of a list, in its order; a fault in one keeps no other from its turn.

    `month`: that of the contract which staff are to look at then. The contracts of a portion are held before anything
    is written for one of them: who makes last accounts meanwhile holds one, and then wants a number too.
    """
    last = 0
    while found := ids(last):
        if contracts:
            held = sa.select(Contract.id).where(Contract.id.in_(found)).order_by(Contract.id)
            db.session.execute(held.with_for_update(key_share=True)).all()
        for id in found:
            last = id
            try:
                with db.session.begin_nested():
                    act(id)
            except sa.exc.OperationalError:
                raise  # the database is away, not this row at fault
            except Exception:
                log.exception("a piece of the close failed for %s; staff see it", id)
                if month is not None:
                    db.session.execute(
                        sa.update(ContractMonth)
                        .where(
                            ContractMonth.contract_id == id,
                            ContractMonth.month == month,
                            ContractMonth.settled_at.is_(None),
                        )
                        .values(held=Held.fault)
                    )
        yield


def _settle(month: date) -> Iterator[None]:
    """Fix the peak and the usable days of the months that are over."""
    before = month_start(month, -1)
    # What was held before is tried again, however long ago: a price may be agreed on since.
    waits = sa.and_(
        ContractMonth.month <= before,
        sa.or_(ContractMonth.closed_at.is_(None), ContractMonth.held.is_not(None)),
        ContractMonth.settled_at.is_(None),
    )

    def ids(last: int) -> list[int]:
        found = sa.select(ContractMonth.contract_id).where(waits, ContractMonth.contract_id > last).distinct()
        return list(db.session.scalars(found.order_by(ContractMonth.contract_id).limit(AT_ONCE)))

    def act(id: int) -> None:
        found = sa.select(ContractMonth).where(waits, ContractMonth.contract_id == id)
        for row in list(db.session.scalars(found.order_by(ContractMonth.month))):
            monthly.fix(row, row.contract)

    return _in_portions(ids, act, before)


def _due(month: date, *what: What) -> Iterator[None]:
    """Carry out what falls due by the 1st; what the daily job has done already does not happen twice."""
    for act in due.plan(month):
        if act.what in what:
            due.carry_out(act, month)
            yield


def _end(month: date) -> Iterator[None]:
    yield from _due(month, What.end)
    yield from _in_portions(lambda last: final.waiting(AT_ONCE, last), _final)


def _final(id: int) -> None:
    final.account(db.session.get_one(Contract, id))


def _terms(month: date) -> Iterator[None]:
    return _due(month, What.renew)


def _changes(month: date) -> Iterator[None]:
    return _due(month, What.begin, What.change)


def to_open(month: date) -> sa.Select[int]:
    """Select the contracts that are charged for a month: in use on its 1st, and not in their first month (4-5)."""
    opened = sa.select(ContractMonth.contract_id).where(ContractMonth.month == month)
    return sa.select(Contract.id).where(
        Contract.state.in_((ContractState.active, ContractState.leaving, ContractState.expiring)),
        Contract.start_date < month,
        sa.or_(Contract.leaves_on.is_(None), Contract.leaves_on > month),
        sa.or_(Contract.expires_on.is_(None), Contract.expires_on > month),
        Contract.id.not_in(opened),
    )


def _open(month: date) -> Iterator[None]:
    def ids(last: int) -> list[int]:
        found = to_open(month).where(Contract.id > last).order_by(Contract.id).limit(AT_ONCE)
        return list(db.session.scalars(found))

    def act(id: int) -> None:
        db.session.add(monthly.opened(db.session.get_one(Contract, id), month))

    def held(last: int) -> list[int]:
        found = sa.select(ContractMonth.contract_id).where(
            ContractMonth.month == month, ContractMonth.held.is_not(None), ContractMonth.contract_id > last
        )
        return list(db.session.scalars(found.order_by(ContractMonth.contract_id).limit(AT_ONCE)))

    def price(id: int) -> None:
        row = db.session.get_one(ContractMonth, (id, month))
        monthly.price_anew(row, row.contract)

    yield from _in_portions(ids, act)
    yield from _in_portions(held, price)


def _invoice(month: date) -> Iterator[None]:
    def ids(last: int) -> list[int]:
        found = sa.select(ContractMonth.contract_id).join(Contract, Contract.id == ContractMonth.contract_id).distinct()
        found = found.where(
            ContractMonth.month <= month,
            ContractMonth.invoiced_at.is_(None),
            ContractMonth.contract_id > last,
            Contract.state != ContractState.ended,
        )
        return list(db.session.scalars(found.order_by(ContractMonth.contract_id).limit(AT_ONCE)))

    return _in_portions(ids, lambda id: charge(id, month), month)


def charge(contract_id: int, month: date) -> None:
    """Issue one invoice of all months up to this one that no invoice was issued for, and of what months before left.

    A month without a price is held by itself; what months before left waits for the next one that is invoiced.
    """
    contract = db.session.get_one(Contract, contract_id, with_for_update={"key_share": True}, populate_existing=True)
    if contract.state is ContractState.ended:
        return  # its last account charges what is left
    rows = {row.month: row for row in monthly.open_months(contract_id, month)}
    now = rows.get(month)
    closed = [row for row in rows.values() if row.month < month and row.closed_at is not None]
    found = monthly.bill(now if now and now.invoiced_at is None else None, closed)
    for row in found.held:
        row.held = Held.no_price
    if not found.opened:
        return
    for before, lines in found.back:
        final.give_back(contract, before, lines)
    for before in found.done:
        before.settled_at, before.held = clock.now(), None
    newest, invoice = max(found.opened), None
    if found.total > 0:
        period = (min(found.opened), issuing.whole_month(newest)[1])
        once = f"monthly {contract_id} {newest:%Y-%m}"
        why = Reason(once, Occasion.monthly, month, falling_due.of_month(contract, month), period)
        invoice = issuing.issue(contract, found.lines, why)
        issuing.owe(invoice, ReceivableKind.monthly, receivable_text(newest))
    monthly.note(found, rows, invoice)


def _tell(month: date) -> Iterator[None]:
    return _in_portions(telling.untold, telling.tell_of, contracts=False)


WORK: dict[CloseStep, Callable[[date], Iterator[None]]] = {
    CloseStep.settle: _settle,
    CloseStep.end: _end,
    CloseStep.terms: _terms,
    CloseStep.changes: _changes,
    CloseStep.open: _open,
    CloseStep.invoice: _invoice,
    CloseStep.tell: _tell,
}


def start(close: MonthClose, *, by: int) -> None:
    """Begin the chain after the dry run was seen; a second time does nothing. The caller commits and rings."""
    taken = db.session.execute(
        sa.update(MonthClose)
        .where(MonthClose.month == close.month, MonthClose.state == CloseState.drafted)
        .values(state=CloseState.running, started_at=clock.now(), started_by=by)
        .execution_options(synchronize_session="fetch")
    )
    if taken.rowcount:  # type: ignore[attr-defined]
        audit.record("month.start", by=by, day=close.month.isoformat())


def again(close: MonthClose, *, by: int) -> None:
    """Run a finished chain once more, for what was held: what is done already is not done twice."""
    taken = db.session.execute(
        sa.update(MonthClose)
        .where(MonthClose.month == close.month, MonthClose.state == CloseState.done)
        .values(state=CloseState.running, step=CloseStep.settle)
        .execution_options(synchronize_session="fetch")
    )
    if taken.rowcount:  # type: ignore[attr-defined]
        audit.record("month.again", by=by, day=close.month.isoformat())


def held() -> list[ContractMonth]:
    """Return the months that wait for staff, of every close and of contracts that are over: no price, or a fault."""
    found = sa.select(ContractMonth).where(ContractMonth.held.is_not(None), ContractMonth.settled_at.is_(None))
    return list(db.session.scalars(found.order_by(ContractMonth.contract_id, ContractMonth.month).limit(200)))


def next_month(today: date) -> date:
    """Return the month that is to be closed next: that after the last close, at the latest the present one."""
    last = db.session.scalar(sa.select(sa.func.max(MonthClose.month)).where(MonthClose.state == CloseState.done))
    present = month_start(today)
    return present if last is None else min(month_start(last, 1), present)


def charged(month: date) -> bool:
    """Return whether a month's fees stand on invoices; always where WeM closes no months at all."""
    close = db.session.get(MonthClose, month)
    if close is not None:
        return close.state is CloseState.done
    return db.session.scalar(sa.select(ContractMonth.month).limit(1)) is None


def closes(limit: int = 24) -> list[MonthClose]:
    """Return the closes so far, the newest first."""
    return list(db.session.scalars(sa.select(MonthClose).order_by(MonthClose.month.desc()).limit(limit)))
