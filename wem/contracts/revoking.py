"""Lifting a termination in part: one person asks for it, another approves it, as with the termination (14-1)."""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit, clock
from wem.contracts import describing, notifying_parts, notifying_service, parting
from wem.contracts.models import Contract
from wem.contracts.request_models import Revocation, Termination, TerminationScope, terminations_in_part
from wem.contracts.rules import ContractState, SuspensionGround
from wem.contracts.state_rules import Illegal, TerminationAction, TerminationState
from wem.db import db


def terminated_in_part(contract: Contract) -> bool:
    """Return whether a termination in part of old stands, by which the whole service stands still."""
    ended = contract.state is ContractState.ended
    return not ended and contract.suspension_ground is SuspensionGround.partial_termination


def to_lift(contract: Contract) -> dict[int, str]:
    """Return {number: part} of the terminations in part that can be lifted; 0 for one of old that is not on record."""
    if contract.state is ContractState.ended:
        return {}
    found = {
        row.id: describing.terminated_part(row) for row in terminations_in_part(contract.id) if parting.liftable(row)
    }
    if terminated_in_part(contract):
        row = _of_old(contract.id)
        found[row.id if row else 0] = row.part if row else contract.suspension_note
    return found


def _of_old(contract_id: int) -> Termination | None:
    """Return the newest termination in part that had words alone and suspended the service."""
    carried_out = sa.select(Termination).where(
        Termination.contract_id == contract_id,
        Termination.scope == TerminationScope.part,
        Termination.state == TerminationState.carried_out,
    )
    rows = db.session.scalars(carried_out.order_by(Termination.id.desc()))
    return next((row for row in rows if not row.has_effect), None)


def propose(contract: Contract, number: int, reason: str, *, by: int) -> Revocation:
    """Ask for the lifting of one of `to_lift`; nothing happens before another person approves. Raises Illegal."""
    if number not in to_lift(contract) or open_revocation(contract.id) is not None:
        raise Illegal("there is no termination in part to lift")
    row = Revocation(
        contract=contract,
        termination_id=number or None,
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
    contract, ended = row.contract, row.termination
    row.decide(action, note, by=by)
    audit.record(f"revocation.{action.name}", by=by, customer_id=contract.customer_id, subject=row, note=note)
    if action is not TerminationAction.approve:
        return
    if (ended.id if ended else 0) not in to_lift(contract):
        raise Illegal("there is no termination in part any more")
    if ended is not None and ended.has_effect:
        parting.lift(ended)
        notifying_parts.lifted(ended)
        return
    part = ended.part if ended else contract.suspension_note
    contract.resume(row.reason, by=by, asked_by=row.proposed_by)
    if ended is not None:
        ended.lift()
    notifying_service.resumed(contract, part)
