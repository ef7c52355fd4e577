"""Our side's notices: demand for correction, termination by two people; `refusing` has the refusal of renewal,
`parting` what becomes of a part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from wem import audit, clock
from wem.contracts import describing, life_rules, living, notifying_acts, notifying_parts, parting, reaching
from wem.contracts.models import Contract
from wem.contracts.part_models import ContractOption
from wem.contracts.request_models import (
    Correction,
    Termination,
    TerminationGround,
    TerminationScope,
)
from wem.contracts.rules import ContractState, ServicePart, Standing
from wem.contracts.state_rules import (
    CorrectionAction,
    CorrectionState,
    Illegal,
    TerminationAction,
    TerminationState,
)
from wem.db import db
from wem.notices.masking_rules import masked
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind


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
    notifying_acts.correction(row)
    return row


@dataclass(frozen=True)
class Demand:
    """What a customer is to correct, addresses masked, until the end of a day; the notice that says so."""

    demand: str
    deadline: date
    notice_id: int | None


def demands(contract_id: int) -> list[Demand]:
    """Return the demands for correction that are open, the earliest deadline first."""
    waiting = sa.select(Correction).where(
        Correction.contract_id == contract_id,
        Correction.state.in_((CorrectionState.running, CorrectionState.due)),
    )
    rows = db.session.scalars(waiting.order_by(Correction.deadline, Correction.id)).all()
    told = sa.select(Notice.about, sa.func.min(Notice.id)).where(
        Notice.kind == NoticeKind.correction, Notice.about.in_([f"correction {row.id}" for row in rows])
    )
    notices = dict(db.session.execute(told.group_by(Notice.about)).all()) if rows else {}
    return [Demand(masked(row.demand), row.deadline, notices.get(f"correction {row.id}")) for row in rows]


def close_correction(row: Correction, action: CorrectionAction, note: str, *, by: int) -> None:
    """Note that it was corrected, or take the notice back. Raises Illegal."""
    if action not in (CorrectionAction.correct, CorrectionAction.withdraw):
        raise Illegal("a termination is proposed by itself")
    row.move(action)
    row.decided_by, row.decided_at, row.note = by, clock.now(), note
    audit.record(
        "correction.close", by=by, customer_id=row.contract.customer_id, subject=row, state=row.state.value, note=note
    )
    notifying_acts.correction_closed(row)


def propose_termination(
    contract: Contract,
    ground: TerminationGround,
    scope: TerminationScope,
    evidence: str,
    *,
    by: int,
    part: str = "",
    option: ContractOption | None = None,
    parts: Sequence[ServicePart] = (),
    correction: Correction | None = None,
    file: tuple[str, str] | None = None,
) -> Termination:
    """Ask for a termination (14-1, 14-2); nothing happens before another person approves. Raises Illegal.

    In part it names an option, or parts of the service; `part` are the words about it in the notice. 14-2 needs a
    correction notice whose period is over (A-09) and that reached the customer.
    """
    if contract.state is ContractState.ended or open_termination(contract.id) is not None:
        raise Illegal("nothing to terminate")
    if scope is TerminationScope.part:
        _has_part(contract, option, parts)
    if (ground is TerminationGround.uncorrected) != (correction is not None):
        raise Illegal("14-2 and a correction notice belong together")
    if correction is not None and (correction.state is not CorrectionState.due or correction.contract is not contract):
        raise Illegal("the period for the correction is not over")
    if correction is not None and not reaching.counts(f"correction {correction.id}"):
        raise Illegal("the demand has not reached the customer")
    row = Termination(
        contract=contract,
        correction_id=correction.id if correction else None,
        ground=ground,
        scope=scope,
        part=part,
        option=option,
        parts=[each.value for each in ServicePart if each in parts],
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
        part=describing.terminated_part(row),
    )
    return row


def _has_part(contract: Contract, option: ContractOption | None, parts: Sequence[ServicePart]) -> None:
    """Raise Illegal when the contract has not begun or is over, or nothing of it is named that can end by itself."""
    if contract.standing not in (Standing.in_use, Standing.suspended):
        raise Illegal("there is no service to end a part of")
    if option is None and not parts:
        raise Illegal("words alone end nothing")
    if option is not None and not (option in contract.options and option.holding.held(clock.today())):
        raise Illegal("the contract has no such option")


def open_termination(contract_id: int) -> Termination | None:
    """Return the termination that waits for a second person."""
    return db.session.scalar(
        sa.select(Termination).where(
            Termination.contract_id == contract_id, Termination.state == TerminationState.proposed
        )
    )


def decide_termination(
    row: Termination,
    action: TerminationAction,
    note: str,
    *,
    by: int,
    owed: Sequence[tuple[str, int, date]] = (),
) -> None:
    """Carry out, refuse or withdraw a termination; carried out it holds at once. Raises OwnProposal and Illegal.

    `owed`: what is open, as (label, yen, due), for the notice.
    """
    contract = row.contract
    if action is TerminationAction.approve and row.scope is TerminationScope.part:
        _has_part(contract, row.option, row.service_parts)
    row.decide(action, note, by=by)
    audit.record(f"termination.{action.name}", by=by, customer_id=contract.customer_id, subject=row, note=note)
    if action is not TerminationAction.approve:
        return
    if row.correction_id is not None:
        found = db.session.get_one(Correction, row.correction_id)
        found.move(CorrectionAction.terminate)
        found.decided_by, found.decided_at = by, clock.now()
    if row.scope is TerminationScope.part:
        parting.end(row)
        notifying_parts.terminated(row)
        return
    contract.take(life_rules.terminate(contract.life, clock.today()))
    notifying_acts.terminated(row, owed)
    living.close(contract, by=by)
