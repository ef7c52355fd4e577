"""What falls due on a day, and its carrying out: begins, ends, renewals, accepted changes, deadlines.

May run late or twice: each act looks again at its own row, and the tables of states let it happen once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from wem.contracts import living, taking_effect
from wem.contracts.due_rules import What
from wem.contracts.models import Contract, literal_ends
from wem.contracts.part_models import ContractTerm
from wem.contracts.request_models import ContractRequest, Correction, RequestKind
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import CorrectionAction, CorrectionState, Illegal, RequestState
from wem.db import db


@dataclass(frozen=True)
class Act:
    """One thing that falls due: of which contract, which row, since which day."""

    what: What
    contract_id: int
    row_id: int
    day: date


def plan(on: date) -> list[Act]:
    """Return what is to be done on a day, what was missed before included; day by day; changes nothing."""
    order = list(What)
    return sorted(
        [*_begins(on), *_ends(on), *_renewals(on), *_changes(on), *_corrections(on)],
        key=lambda act: (act.day, order.index(act.what), act.row_id),
    )


def number(on: date) -> int:
    """Return how many acts `plan` names for a day, without reading the rows: on a 1st every contract may be one."""
    found = (_beginning(on), _ending(on), _renewing(on), _changing(on), _correcting(on))
    return sum(db.session.scalar(sa.select(sa.func.count()).select_from(each.subquery())) or 0 for each in found)


def _beginning(on: date) -> sa.Select[int, date | None]:
    return sa.select(Contract.id, Contract.start_date).where(
        Contract.state == ContractState.accepted, Contract.start_date <= on
    )


def _begins(on: date) -> Iterator[Act]:
    for id, start in db.session.execute(_beginning(on)):
        assert start is not None
        yield Act(What.begin, id, id, start)


def _over(on: date) -> sa.ColumnElement[bool]:
    return sa.or_(*(sa.func.coalesce(day <= on, sa.false()) for day in (Contract.leaves_on, Contract.expires_on)))


ENDING = (ContractState.leaving, ContractState.expiring)
IN_USE = (ContractState.active, *ENDING)


def _ending(on: date) -> sa.Select[Contract]:
    return sa.select(Contract).where(Contract.state.in_(ENDING), _over(on))


def _ends(on: date) -> Iterator[Act]:
    for contract in db.session.scalars(_ending(on)):
        over = contract.life.over_on
        assert over is not None
        yield Act(What.end, contract.id, contract.id, over)


def _renewing(on: date) -> sa.Select[Contract]:
    """Contracts whose latest written term is over; one that ends on or before its next term has none."""
    last = ContractTerm.literal_end if literal_ends() else ContractTerm.aligned_end
    newest = sa.select(sa.func.max(last)).where(ContractTerm.contract_id == Contract.id).scalar_subquery()
    return sa.select(Contract).where(
        Contract.state.in_(IN_USE),
        Contract.start_date.is_not(None),
        sa.or_(newest.is_(None), newest < on),
        ~_over(on),
    )


def _renewals(on: date) -> Iterator[Act]:
    for contract in db.session.scalars(_renewing(on)):
        term = contract.term_on(on)
        assert term is not None
        yield Act(What.renew, contract.id, contract.id, term.begins)


def _changing(on: date) -> sa.Select[int, int, date | None]:
    return (
        sa.select(ContractRequest.id, ContractRequest.contract_id, ContractRequest.effective_on)
        .join(Contract, Contract.id == ContractRequest.contract_id)
        .where(
            ContractRequest.state == RequestState.waiting,
            ContractRequest.kind.not_in((RequestKind.cancel, RequestKind.early_exit)),
            ContractRequest.effective_on <= on,
            # What the end comes before lapses with it; what came before the end is done first, however late.
            sa.or_(Contract.leaves_on.is_(None), Contract.leaves_on > ContractRequest.effective_on),
            sa.or_(Contract.expires_on.is_(None), Contract.expires_on > ContractRequest.effective_on),
        )
    )


def _changes(on: date) -> Iterator[Act]:
    for id, contract_id, day in db.session.execute(_changing(on)):
        assert day is not None
        yield Act(What.change, contract_id, id, day)


def _correcting(on: date) -> sa.Select[int, int, date]:
    return sa.select(Correction.id, Correction.contract_id, Correction.deadline).where(
        Correction.state == CorrectionState.running, Correction.deadline < on
    )


def _corrections(on: date) -> Iterator[Act]:
    for id, contract_id, day in db.session.execute(_correcting(on)):
        yield Act(What.correction, contract_id, id, day)


def carry_out(act: Act, on: date) -> bool:
    """Do one act; False when it is done already or no longer to be done. The caller commits."""
    contract = db.session.get(Contract, act.contract_id, with_for_update=True, populate_existing=True)
    if contract is None:
        return False
    try:
        match act.what:
            case What.begin:
                living.begin(contract, on)
            case What.end:
                living.end(contract, on)
            case What.renew:
                return living.in_use(contract) and bool(living.renew(contract, on))
            case What.change:
                taking_effect.apply(db.session.get_one(ContractRequest, act.row_id, populate_existing=True), by=None)
            case What.correction:
                row = db.session.get_one(Correction, act.row_id, populate_existing=True)
                row.move(CorrectionAction.fall_due)
    except Illegal:
        return False
    return True
