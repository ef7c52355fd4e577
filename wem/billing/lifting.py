"""Suspension for non-payment, and its lifting when every condition of 13-2 is met."""

from __future__ import annotations

from wem import clock
from wem.billing import arrears
from wem.contracts import deciding, notifying_service
from wem.contracts.models import Contract
from wem.contracts.request_models import ContractRequest, RequestKind, open_requests
from wem.contracts.rules import SuspensionGround
from wem.contracts.state_rules import Illegal, RequestAction
from wem.db import db


def suspend(contract: Contract, note: str, *, by: int) -> None:
    """Suspend a contract that has not paid in time (13-2) and say so. Raises Illegal with nothing overdue."""
    owed = arrears.overdue(contract.id, clock.today())
    if not owed:
        raise Illegal("nothing is overdue")
    contract.suspend(SuspensionGround.nonpayment, note, by=by)
    notifying_service.suspended(contract, [(row.label, row.missing, row.due_on) for row in owed])


def lift(contract: Contract, note: str, *, by: int) -> None:
    """Lift a suspension for non-payment and accept the customer's application. Raises Illegal unless all is met."""
    found = arrears.conditions(contract, clock.today())
    request = application(contract)
    if found is None or request is None or not found.met:
        raise Illegal("the conditions of Art. 13-2 are not met")
    contract.resume(note, by=by, lifting=found)
    request.move(RequestAction.accept)
    request.move(RequestAction.apply)
    request.decided_by, request.decided_at, request.effective_on = by, clock.now(), clock.today()
    notifying_service.resumed(contract)


def application(contract: Contract) -> ContractRequest | None:
    """Return the customer's application for lifting that waits for a decision."""
    db.session.flush()
    return next((row for row in open_requests(contract.id, RequestKind.resume) if row.undecided), None)


def refuse(contract: Contract, reason: str, *, by: int) -> None:
    """Refuse the application: lifting is ours to decide (13-2). Raises Illegal without one."""
    request = application(contract)
    if request is None:
        raise Illegal("nobody applied")
    deciding.refuse(request, reason, by=by)
