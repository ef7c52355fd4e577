"""Staff's answer to a request: looking into it, accepting, refusing with a reason."""

from __future__ import annotations

from datetime import date

from wem import audit, clock
from wem.contracts import agreed, date_rules, life_rules, mandating, notifying, taking_effect
from wem.contracts.date_rules import month_start
from wem.contracts.request_models import ContractRequest, RequestKind, open_requests
from wem.contracts.state_rules import Illegal, RequestAction

CHANGES = (RequestKind.course, RequestKind.options)
BY_MONTHS = (*CHANGES, RequestKind.early_exit)


def check(row: ContractRequest, *, by: int) -> None:
    """Note that somebody looks into it. Raises Illegal."""
    row.move(RequestAction.check)
    audit.record("request.check", by=by, customer_id=row.customer_id, subject=row, request=row.kind.value)


def earliest(row: ContractRequest) -> date | None:
    """Return from when an accepted request can hold: never in the past, changes of fees from a 1st."""
    # Who is let go early has this day as the last one: the end itself cannot be today.
    last_day = clock.today() if row.kind is RequestKind.early_exit else clock.today() - date_rules.DAY
    if row.effective_on is None or row.effective_on > last_day:
        return row.effective_on
    return month_start(clock.today(), 1) if row.kind in BY_MONTHS else clock.today()


def by_sending(row: ContractRequest) -> date | None:
    """Return from when a change could hold if the time of sending counted: staff may grant it (A-20)."""
    if row.sent_at is None or row.kind not in CHANGES:
        return None
    sent = row.sent_at.astimezone(clock.JAPAN)
    found = date_rules.change_effective(sent, row.wanted_on, row.contract.start_date)
    return found if found >= clock.today() else None


def accept(row: ContractRequest, *, by: int, on: date | None = None) -> None:
    """Accept a request from its day, or from another: later (11-4), or as if sending counted (A-20). Raises Illegal.

    What changes fees holds from a 1st, and before the end of the contract.

    Lifting a suspension is not accepted here: `billing.lifting` looks at the conditions first. Nor is another account:
    `mandating.register` carries it out.
    """
    if row.kind is RequestKind.resume:
        raise Illegal("lifting has its own conditions")
    if row.kind is RequestKind.bank:
        raise Illegal("the bank registers the mandate")
    first = earliest(row)
    lowest = min((day for day in (first, by_sending(row)) if day), default=None)
    if on is not None and (lowest is None or on < lowest or (row.kind in BY_MONTHS and on.day != 1)):
        raise Illegal("not from this day")
    over, holds = row.contract.life.over_on, on or first
    if row.kind in CHANGES and over is not None and holds is not None and over <= holds:
        raise Illegal("the contract is over by then: nobody is told that it will hold")
    row.move(RequestAction.accept)
    row.effective_on = on or first
    closed = _let_go(row) if row.kind is RequestKind.early_exit else []
    _decided(row, by, "")
    audit.record(
        "request.accept",
        by=by,
        customer_id=row.customer_id,
        subject=row,
        request=row.kind.value,
        effective=str(row.effective_on or ""),
    )
    notifying.request(row, "accepted", closed)
    if row.effective_on is not None and row.effective_on <= clock.today():
        taking_effect.apply(row, by=by)


def _let_go(row: ContractRequest) -> list[ContractRequest]:
    """End the contract earlier than the cancellation would (A-04); returns the changes that can no longer come."""
    assert row.effective_on is not None
    row.contract.take(life_rules.leave_early(row.contract.life, clock.today(), row.effective_on))
    for cancellation in open_requests(row.contract_id, RequestKind.cancel):
        cancellation.effective_on = row.effective_on
    closed = [each for each in agreed.coming(row.contract) if (each.effective_on or date.max) >= row.effective_on]
    for change in closed:
        change.move(RequestAction.lapse)
    return closed


def refuse(row: ContractRequest, reason: str, *, by: int) -> None:
    """Refuse a request with its reason (11-4, 13-2). Raises Illegal."""
    if row.kind is RequestKind.bank:
        mandating.drop(row, by=by)
    row.move(RequestAction.refuse)
    _decided(row, by, reason)
    audit.record("request.refuse", by=by, customer_id=row.customer_id, subject=row, request=row.kind.value, note=reason)
    notifying.request(row, "refused")


def _decided(row: ContractRequest, by: int, reason: str) -> None:
    row.decided_by, row.decided_at, row.reason = by, clock.now(), reason
