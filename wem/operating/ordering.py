"""An order to operate for a customer, the work on it, and what the customer is told of both (9-4)."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import audit, clock
from wem.accounts.models import Account, SignIn
from wem.accounts.order_models import OperationOrder, OperationWork, OrderWay
from wem.accounts.rules import OPERATORS, staff_may
from wem.audit import AuditEvent
from wem.contracts import addressing
from wem.contracts.describing import in_japanese
from wem.contracts.models import Contract, contract_in_force
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.notices import telling
from wem.notices.rules import NoticeKind, Words
from wem.operating.rules import order_problem
from wem.settings import settings


def enter(
    contract: Contract,
    ordered_by: str,
    ordered_at: datetime,
    way: OrderWay,
    scope: str,
    begins_at: datetime,
    ends_at: datetime,
    *,
    by: int,
) -> OperationOrder:
    """Write an order down and tell the customer, who would know of a false one. Raises Illegal for impossible times."""
    if problem := order_problem(ordered_at, begins_at, ends_at, clock.now()):
        raise Illegal(problem)
    row = OperationOrder(
        customer_id=contract.customer_id,
        ordered_by=ordered_by,
        ordered_at=ordered_at,
        way=way,
        scope=scope,
        begins_at=begins_at,
        ends_at=ends_at,
        entered_by=by,
    )
    db.session.add(row)
    db.session.flush()
    audit.record("operation.order", by=by, customer_id=contract.customer_id, subject=row, note=scope)
    with force_locale("ja"):
        before = gettext("We have received the following order to operate the service for you (Art. 9-4).")
        after = gettext("You stay the sender. If you did not order this, please tell us at once.")
        _tell(contract, gettext("Your order to operate the service"), before, _facts(row), [after], by)
    return row


def end_order(row: OperationOrder, *, by: int) -> None:
    """End an order before its time; nobody works on it from now on. Raises Illegal when it is over."""
    at = clock.now()
    if row.ended_at is not None or row.ends_at <= at:
        raise Illegal("the order is over")
    row.ended_at, row.ended_by = at, by
    audit.record("operation.end_order", by=by, customer_id=row.customer_id, subject=row)


def begin(row: OperationOrder, account: Account, sign_in: SignIn) -> OperationWork:
    """Begin to work for the customer, in this sign-in. Raises Illegal outside the order's time, and for other roles."""
    role = account.staff_role
    if role is None or not staff_may(role, OPERATORS) or not row.open(clock.now()):
        raise Illegal("no work on this order")
    if contract_in_force(row.customer_id) is None:
        raise Illegal("the contract is over")
    work = OperationWork(order_id=row.id, account_id=account.id, sign_in_id=sign_in.id, began_at=clock.now())
    db.session.add(work)
    db.session.flush()
    audit.record("operation.begin", by=account.id, customer_id=row.customer_id, subject=row)
    return work


def end(work: OperationWork, at: datetime, *, by: int | None) -> None:
    """Note that the work is over; nothing happens when it was already."""
    if work.ended_at is None:
        work.ended_at = at
        audit.record("operation.end", by=by, customer_id=work.order.customer_id, subject=work.order)


def end_over() -> int:
    """Note the end of works whose order or sign-in is over; returns how many. The caller commits."""
    at, done = clock.now(), 0
    config = settings()
    idle, longest = timedelta(minutes=int(config.LOGIN_IDLE_MINUTES)), timedelta(hours=int(config.LOGIN_HOURS))
    for work in db.session.scalars(sa.select(OperationWork).where(OperationWork.ended_at.is_(None))):
        if work.order.open(at) and work.sign_in.good(at, idle, longest):
            continue
        ends = (work.order.ended_at, work.order.ends_at, work.sign_in.ended_at, work.sign_in.seen_at + idle, at)
        end(work, max(work.began_at, min(each for each in ends if each is not None)), by=None)
        done += 1
    return done


def tell_ended() -> int:
    """Tell customers of works that are over, with the number of acts; returns how many. The caller commits."""
    found = db.session.scalars(
        sa.select(OperationWork).where(OperationWork.told_at.is_(None), OperationWork.ended_at.is_not(None))
    ).all()
    for work in found:
        work.told_at = clock.now()
        contract = contract_in_force(work.order.customer_id)
        if contract is None:
            continue
        with force_locale("ja"):
            facts = _facts(work.order)
            facts += [
                (gettext("Worked from"), in_japanese(work.began_at)),
                (gettext("Worked until"), in_japanese(work.ended_at)),
                (gettext("Acts"), str(acts(work))),
            ]
            before = gettext("Our staff have worked for you on your order.")
            after = gettext("Each act stands on the page “Work on your order” after you sign in.")
            _tell(contract, gettext("Work on your order is done"), before, facts, [after], work.account_id)
    return len(found)


def acts(work: OperationWork) -> int:
    """Return how many acts of a work are on record."""
    found = sa.select(sa.func.count()).select_from(AuditEvent).where(
        AuditEvent.on_behalf_of == work.order_id,
        AuditEvent.account_id == work.account_id,
        AuditEvent.at >= work.began_at,
        AuditEvent.at <= (work.ended_at or clock.now()),
    )  # fmt: skip
    return db.session.scalar(found) or 0


def _facts(row: OperationOrder) -> list[tuple[str, str]]:
    return [
        (gettext("Order no."), str(row.id)),
        (gettext("Ordered by"), row.ordered_by),
        (gettext("Ordered on"), in_japanese(row.ordered_at)),
        (gettext("Work that is ordered"), row.scope),
        (gettext("From when"), in_japanese(row.begins_at)),
        (gettext("Until when"), in_japanese(row.ends_at)),
    ]


def _tell(contract: Contract, title: str, before: str, facts: list[tuple[str, str]], after: list[str], by: int) -> None:
    telling.tell(
        addressing.addressee(contract),
        Words(title, [before], facts, after),
        NoticeKind.general,
        customer_id=contract.customer_id,
        about=addressing.about(contract),
        terms_version=contract.terms_version,
        by=by,
    )
