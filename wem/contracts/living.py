"""What the days make of a contract: it begins, is renewed, ends; each once, however late or often this is called."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import audit, clock
from wem.accounts import inviting
from wem.contracts import life_rules, notifying
from wem.contracts.date_rules import DAY, Term
from wem.contracts.emergency_models import EmergencyStop
from wem.contracts.mandate_models import mandates
from wem.contracts.models import Contract, literal_ends
from wem.contracts.part_models import ContractTerm, Standstill
from wem.contracts.request_models import Correction, RequestKind, Revocation, Termination, open_requests
from wem.contracts.rules import ContractState, EndReason
from wem.contracts.state_rules import (
    TERMINATION,
    CorrectionAction,
    CorrectionState,
    MandateAction,
    RequestAction,
    RequestState,
    TerminationAction,
    TerminationState,
    after,
)
from wem.contracts.stop_models import Stop
from wem.db import db


def begin(contract: Contract, on: date) -> None:
    """Put an accepted contract in use (4-4) and write down its minimum term. Raises Illegal before the start date."""
    contract.take(life_rules.begin(contract.life, on))
    db.session.flush()
    write_terms(contract, contract.start_date or on)
    audit.record("contract.begin", by=None, customer_id=contract.customer_id, subject=contract, start=str(on))


def write_terms(contract: Contract, on: date) -> list[ContractTerm]:
    """Write down the terms that have begun by a day and are not written yet (5-2); returns the new ones."""
    written = db.session.scalar(
        sa.select(sa.func.max(ContractTerm.number)).where(ContractTerm.contract_id == contract.id)
    )
    new = []
    for term in terms_begun(contract, on):
        if written is None or term.number > written:
            row = ContractTerm(
                contract_id=contract.id,
                number=term.number,
                begins=term.begins,
                literal_end=term.literal_end,
                aligned_end=term.aligned_end,
            )
            db.session.add(row)
            new.append(row)
    return new


def terms_begun(contract: Contract, on: date) -> list[Term]:
    """Return the terms of a contract that have begun by a day and before its end."""
    life = contract.life
    if life.start is None:
        return []
    last = min(on, life.over_on - DAY) if life.over_on else on
    return life_rules.terms_until(life, last)


def renew(contract: Contract, on: date) -> list[ContractTerm]:
    """Renew the contract as often as terms have run out by a day without an end (5-2)."""
    new = write_terms(contract, on)
    for row in new:
        audit.record(
            "contract.renew",
            by=None,
            customer_id=contract.customer_id,
            subject=contract,
            number=row.number,
            ends=str(row.literal_end if literal_ends() else row.aligned_end),
        )
    return new


def end(contract: Contract, on: date) -> None:
    """End the contract whose day has come (15-1, 5-3). Raises Illegal before."""
    write_terms(contract, on)
    contract.take(life_rules.end_by_date(contract.life, on))
    close(contract, by=None)


def close(contract: Contract, *, by: int | None) -> None:
    """What comes with every end: nothing more is sent, the notice is carried out, what else was open ends."""
    assert contract.ended_on is not None and contract.end_reason is not None
    db.session.add(Stop(customer_id=contract.customer_id, at=clock.now()))
    for request in open_requests(contract.id):
        held = request.kind in (RequestKind.cancel, RequestKind.early_exit) and request.state is RequestState.waiting
        applies = held and contract.leaves_on == contract.ended_on
        request.move(RequestAction.apply if applies else RequestAction.lapse)
    _lapse(contract)
    _close_stops(contract, by)
    for mandate in mandates(contract.id):
        if mandate.unregistered:
            mandate.move(MandateAction.void, by=by)
    if contract.suspended_at is not None:
        since = contract.suspended_at.date()
        db.session.add(
            Standstill(contract_id=contract.id, ground=contract.suspension_ground, since=since, until=contract.ended_on)
        )
    for invitation in inviting.waiting(contract.customer_id):
        inviting.withdraw(invitation, by=by)
    for option in contract.options:
        if option.until is None or option.until > contract.ended_on:
            option.until = contract.ended_on
    audit.record(
        "contract.end",
        by=by,
        customer_id=contract.customer_id,
        subject=contract,
        reason=contract.end_reason.value,
        ended=str(contract.ended_on),
    )
    if contract.end_reason is not EndReason.void:  # who never began is told of the refusal instead
        notifying.ended(contract)


def _lapse(contract: Contract) -> None:
    """What staff had under way against the contract asks for nothing any more."""
    demands = Correction.state.in_((CorrectionState.running, CorrectionState.due))
    for demand in db.session.scalars(sa.select(Correction).where(Correction.contract_id == contract.id, demands)):
        demand.move(CorrectionAction.lapse)
        demand.decided_at = clock.now()
    waits = Termination.state == TerminationState.proposed
    for proposal in db.session.scalars(sa.select(Termination).where(Termination.contract_id == contract.id, waits)):
        proposal.state = after(TERMINATION, proposal.state, TerminationAction.lapse)
        proposal.decided_at = clock.now()
    waits = Revocation.state == TerminationState.proposed
    for wish in db.session.scalars(sa.select(Revocation).where(Revocation.contract_id == contract.id, waits)):
        wish.lapse()


def _close_stops(contract: Contract, by: int | None) -> None:
    """No emergency stop outlives its contract; nobody is told, for nothing can be sent again (8-3)."""
    holds = sa.select(EmergencyStop).where(
        EmergencyStop.contract_id == contract.id,
        EmergencyStop.pulled_at.is_not(None),
        EmergencyStop.lifted_at.is_(None),
    )
    for stop in db.session.scalars(holds):
        stop.lifted_at, stop.lifted_by = clock.now(), by
        audit.record("emergency.end", by=by, customer_id=contract.customer_id, subject=stop)
    contract.emergency_since = None


def in_use(contract: Contract) -> bool:
    """Return whether the contract is running, notice given or not."""
    return contract.state in (ContractState.active, ContractState.leaving, ContractState.expiring)
