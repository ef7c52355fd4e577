"""Lifting a termination in part: one person asks for it, another approves it, as with the termination (14-1)."""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit, clock
from wem.contracts import notifying_service
from wem.contracts.models import Contract
from wem.contracts.request_models import Revocation, Termination, TerminationScope
from wem.contracts.rules import ContractState, SuspensionGround
from wem.contracts.state_rules import Illegal, TerminationAction, TerminationState
from wem.db import db


def terminated_in_part(contract: Contract) -> bool:
    """Return whether the service stands still because a part was terminated."""
    ended = contract.state is ContractState.ended
    return not ended and contract.suspension_ground is SuspensionGround.partial_termination


def propose(contract: Contract, reason: str, *, by: int) -> Revocation:
    """Ask for the lifting; nothing happens before another person approves. Raises Illegal."""
    if not terminated_in_part(contract) or open_revocation(contract.id) is not None:
        raise Illegal("there is no termination in part to lift")
    carried_out = sa.select(Termination.id).where(
        Termination.contract_id == contract.id,
        Termination.scope == TerminationScope.part,
        Termination.state == TerminationState.carried_out,
    )
    row = Revocation(
        contract=contract,
        termination_id=db.session.scalar(carried_out.order_by(Termination.id.desc()).limit(1)),
        reason=reason,
        proposed_at=clock.now(),
        proposed_by=by,
    )
    db.session.add(row)
    db.session.flush()
    audit.record("revocation.propose", by=by, customer_id=contract.customer_id, subject=row, note=reason)
    return row


def open_revocation(contract_id: int) -> Revocation | None:
    """Return the lifting that waits for a second person."""
    return db.session.scalar(
        sa.select(Revocation).where(
            Revocation.contract_id == contract_id, Revocation.state == TerminationState.proposed
        )
    )


def decide(row: Revocation, action: TerminationAction, note: str, *, by: int) -> None:
    """Lift the termination as a second person, refuse to, or withdraw the wish. Raises OwnProposal and Illegal."""
    contract = row.contract
    row.decide(action, note, by=by)
    audit.record(f"revocation.{action.name}", by=by, customer_id=contract.customer_id, subject=row, note=note)
    if action is TerminationAction.approve:
        if not terminated_in_part(contract):
            raise Illegal("there is no termination in part any more")
        part = row.termination.part if row.termination else contract.suspension_note
        contract.resume(row.reason, by=by, asked_by=row.proposed_by)
        notifying_service.resumed(contract, part)
