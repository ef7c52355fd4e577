"""Takes requests back: the customer their own, staff what they had entered by mistake."""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit, clock
from wem.contracts import life_rules, mandating, notifying
from wem.contracts.request_models import Channel, ContractRequest, RequestKind, open_requests
from wem.contracts.state_rules import Illegal, RequestAction, RequestState
from wem.db import db


def withdraw(row: ContractRequest, *, by: int) -> None:
    """Take a request back before it holds; a cancellation until it is effective. Raises Illegal."""
    _take_back(row, by)
    audit.record("request.withdraw", by=by, customer_id=row.customer_id, subject=row, request=row.kind.value)
    notifying.request(row, "withdrawn", stays_closed(row))


def stays_closed(row: ContractRequest) -> list[ContractRequest]:
    """Return the changes that an earlier exit closed and that do not come back with the withdrawal of the cancellation.

    They are asked for anew: what was agreed to was a fee from a day, with a receipt by then (11-1, 11-2).
    """
    if row.kind is not RequestKind.cancel:
        return []
    found = sa.select(ContractRequest).where(
        ContractRequest.contract_id == row.contract_id,
        ContractRequest.kind.in_((RequestKind.course, RequestKind.options)),
        ContractRequest.state == RequestState.lapsed,
        ContractRequest.effective_on > clock.today(),
    )
    return list(db.session.scalars(found.order_by(ContractRequest.id)))


def may_undo(row: ContractRequest) -> bool:
    """Return whether staff entered it, and it has had no effect yet: what a customer sent is theirs to withdraw."""
    if row.channel is Channel.portal or not row.open:
        return False
    if row.kind is RequestKind.cancel:
        over = row.contract.life.over_on
        return over is None or clock.today() < over
    return row.undecided or (row.kind is not RequestKind.early_exit and _ahead(row))


def undo(row: ContractRequest, reason: str, *, by: int) -> None:
    """Take back what staff had entered by mistake, and tell the customer, who has a receipt, why. Raises Illegal."""
    if not may_undo(row):
        raise Illegal("nobody of staff entered it, or it holds already")
    _take_back(row, by)
    row.decided_by, row.decided_at, row.reason = by, clock.now(), reason
    audit.record("request.undo", by=by, customer_id=row.customer_id, subject=row, request=row.kind.value, note=reason)
    notifying.request(row, "undone", stays_closed(row))


def _ahead(row: ContractRequest) -> bool:
    return row.effective_on is None or row.effective_on > clock.today()


def _take_back(row: ContractRequest, by: int) -> None:
    if row.kind is RequestKind.cancel:
        row.contract.take(life_rules.withdraw_notice(row.contract.life, clock.today()))
        for other in open_requests(row.contract_id, RequestKind.early_exit):
            other.move(RequestAction.withdraw)
    elif row.kind is RequestKind.early_exit and not row.undecided:
        raise Illegal("it is granted: the cancellation itself can be withdrawn")
    elif not _ahead(row) and not row.undecided:
        raise Illegal("it holds already")
    if row.kind is RequestKind.bank:
        mandating.drop(row, by=by)
    row.move(RequestAction.withdraw)
