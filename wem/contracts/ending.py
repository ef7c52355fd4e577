"""Our side's notices: refusal of renewal, correction, termination by two people, restriction."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import audit, clock
from wem.contracts import date_rules, life_rules, living, notifying
from wem.contracts.models import Contract
from wem.contracts.request_models import (
    Correction,
    RenewalRefusal,
    Termination,
    TerminationGround,
    TerminationScope,
)
from wem.contracts.rules import ContractState, SuspensionGround
from wem.contracts.state_rules import (
    CorrectionAction,
    CorrectionState,
    Illegal,
    TerminationAction,
    TerminationState,
)
from wem.db import db


def refuse_renewal(contract: Contract, reason: str, *, by: int) -> RenewalRefusal:
    """Send our notice that the contract is not renewed (5-3); it counts once `arrived` says that it arrived.

    Raises Illegal when the contract is not in use or a refusal is under way.
    """
    if not living.in_use(contract) or open_refusal(contract.id) is not None:
        raise Illegal("nothing to refuse")
    row = RenewalRefusal(contract=contract, reason=reason, sent_at=clock.now(), sent_by=by)
    db.session.add(row)
    db.session.flush()
    term = term_to_end(contract, clock.today())
    notifying.renewal_refused(row, term, date_rules.non_renewal_deadline(term, contract.notice_months))
    audit.record("refusal.send", by=by, customer_id=contract.customer_id, subject=row, note=reason)
    return row


def term_to_end(contract: Contract, arrived: date) -> date_rules.Term:
    """Return the term that a refusal ends which arrives on a day. Raises Illegal without a start date."""
    life = contract.life
    if life.start is None:
        raise Illegal("the contract has no start date")
    return date_rules.refusal_term(arrived, life.start, life.minimum, life.unit, life.notice, life.literal)


def open_refusal(contract_id: int) -> RenewalRefusal | None:
    """Return the refusal of renewal that stands."""
    return db.session.scalar(
        sa.select(RenewalRefusal)
        .where(RenewalRefusal.contract_id == contract_id, RenewalRefusal.taken_back_at.is_(None))
        .order_by(RenewalRefusal.id.desc())
        .limit(1)
    )


def refusal_arrived(row: RenewalRefusal, on: date, *, by: int) -> None:
    """Note on which day the refusal reached the customer: with that day it ends a term (A-05). Raises Illegal."""
    if row.arrived_on is not None or row.taken_back_at is not None or on > clock.today() or on < row.sent_at.date():
        raise Illegal("no such arrival")
    row.contract.take(life_rules.refuse_renewal(row.contract.life, on))
    row.arrived_on, row.failed_at = on, None
    assert row.contract.expires_on is not None
    row.ends_on = row.contract.expires_on - date_rules.DAY
    audit.record(
        "refusal.arrive",
        by=by,
        customer_id=row.contract.customer_id,
        subject=row,
        arrived=str(on),
        ends=str(row.ends_on),
    )


def refusal_failed(row: RenewalRefusal) -> None:
    """Note that the mail came back: a letter is due today (5-3)."""
    if row.arrived_on is None and row.taken_back_at is None:
        row.failed_at = clock.now()


def take_refusal_back(row: RenewalRefusal, *, by: int) -> None:
    """Let the contract go on after all. Raises Illegal once it is over."""
    if row.taken_back_at is not None:
        raise Illegal("taken back already")
    if row.arrived_on is not None:
        row.contract.take(life_rules.keep(row.contract.life, clock.today()))
    row.taken_back_at = clock.now()
    audit.record("refusal.take_back", by=by, customer_id=row.contract.customer_id, subject=row)
    notifying.refusal_taken_back(row)


def issue_correction(contract: Contract, breach: str, demand: str, deadline: date, *, by: int) -> Correction:
    """Recommend a correction with a period (14-2). Raises Illegal for a contract that is over or a day that is past."""
    if contract.state is ContractState.ended or deadline <= clock.today():
        raise Illegal("the period must lie ahead")
    row = Correction(
        contract=contract, breach=breach, demand=demand, deadline=deadline, issued_at=clock.now(), issued_by=by
    )
    db.session.add(row)
    db.session.flush()
    audit.record(
        "correction.issue", by=by, customer_id=contract.customer_id, subject=row, deadline=deadline.isoformat()
    )
    notifying.correction(row)
    return row


def close_correction(row: Correction, action: CorrectionAction, note: str, *, by: int) -> None:
    """Note that it was corrected, or take the notice back. Raises Illegal."""
    if action is CorrectionAction.terminate:
        raise Illegal("a termination is proposed by itself")
    row.move(action)
    row.decided_by, row.decided_at, row.note = by, clock.now(), note
    audit.record(
        "correction.close", by=by, customer_id=row.contract.customer_id, subject=row, state=row.state.value, note=note
    )
    notifying.correction_closed(row)


def propose_termination(
    contract: Contract,
    ground: TerminationGround,
    scope: TerminationScope,
    evidence: str,
    *,
    by: int,
    part: str = "",
    correction: Correction | None = None,
    file: tuple[str, str] | None = None,
) -> Termination:
    """Ask for a termination (14-1, 14-2); nothing happens before another person approves. Raises Illegal.

    14-2 needs a correction notice whose period is over (A-09).
    """
    if contract.state is ContractState.ended or open_termination(contract.id) is not None:
        raise Illegal("nothing to terminate")
    if (ground is TerminationGround.uncorrected) != (correction is not None):
        raise Illegal("14-2 and a correction notice belong together")
    if correction is not None and (correction.state is not CorrectionState.due or correction.contract is not contract):
        raise Illegal("the period for the correction is not over")
    row = Termination(
        contract=contract,
        correction_id=correction.id if correction else None,
        ground=ground,
        scope=scope,
        part=part,
        evidence=evidence,
        evidence_key=file[0] if file else None,
        evidence_name=file[1] if file else "",
        proposed_at=clock.now(),
        proposed_by=by,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(
        "termination.propose",
        by=by,
        customer_id=contract.customer_id,
        subject=row,
        ground=ground.value,
        scope=scope.value,
    )
    return row


def open_termination(contract_id: int) -> Termination | None:
    """Return the termination that waits for a second person."""
    return db.session.scalar(
        sa.select(Termination).where(
            Termination.contract_id == contract_id, Termination.state == TerminationState.proposed
        )
    )


def decide_termination(row: Termination, action: TerminationAction, note: str, *, by: int) -> None:
    """Carry out, refuse or withdraw a termination; carried out it holds at once. Raises OwnProposal and Illegal."""
    contract = row.contract
    row.decide(action, note, by=by)
    audit.record(f"termination.{action.name}", by=by, customer_id=contract.customer_id, subject=row, note=note)
    if action is not TerminationAction.approve:
        return
    if row.correction_id is not None:
        found = db.session.get_one(Correction, row.correction_id)
        found.move(CorrectionAction.terminate)
        found.decided_by, found.decided_at = by, clock.now()
    if row.scope is TerminationScope.part:
        if not contract.suspended:
            contract.suspend(SuspensionGround.partial_termination, row.part, by=by)
        notifying.terminated(row)
        return
    contract.take(life_rules.terminate(contract.life, clock.today()))
    notifying.terminated(row)
    living.close(contract, by=by)
