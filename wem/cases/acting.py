"""Consequences of a case: each calls what exists, and is written into the case's course.

Once the contract is over nothing but a deletion is left (`deleting`): there is nobody to warn and no service to stop.
"""

from __future__ import annotations

from datetime import date

from wem import audit, clock
from wem.cases import notifying
from wem.cases.handling import enter
from wem.cases.models import Case, EntryKind
from wem.cases.rules import CaseAction
from wem.cases.wording import ACTS, TAKEN_DOWN
from wem.contracts import ending, notifying_service
from wem.contracts.request_models import Correction, Termination, TerminationGround, TerminationScope
from wem.contracts.rules import Restriction
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.lists.models import MailingList
from wem.lists.takedown_models import Takedown, TakenDown, open_takedown
from wem.mailings import controlling, telling
from wem.mailings.models import Mailing
from wem.mailings.states import HeldReason, MailingState


def not_over(case: Case) -> None:
    """Raise Illegal once the case's contract is over."""
    if case.over:
        raise Illegal("the contract is over")


def _act(case: Case, name: str, text: str, path: str, *, by: int) -> None:
    case.move(CaseAction.act)
    enter(case, EntryKind.act, f"{ACTS[name]}\n{text}", by=by, path=path)


def warn(case: Case, text: str, *, by: int) -> None:
    """Send a warning (注意). Raises Illegal before the investigation, once the case is closed or the contract over."""
    not_over(case)
    case.move(CaseAction.act)
    notice = notifying.warning(case, text, by=by)
    enter(case, EntryKind.act, f"{notice.title}\n{text}", by=by, path=f"/staff/notices/{notice.id}")
    audit.record("case.warn", by=by, customer_id=case.customer_id, subject=case, notice=notice.number)


def demand(case: Case, breach: str, what: str, deadline: date, *, by: int) -> Correction:
    """Recommend a correction with a period (14-2); the case's own deadline follows it. Raises Illegal."""
    row = ending.issue_correction(case.contract, breach, what, deadline, by=by)
    words = f"{breach}\n{what}\n{deadline.isoformat()}"
    _act(case, "case.demand", words, f"/staff/contracts/{case.contract_id}", by=by)
    case.deadline = deadline
    audit.record("case.demand", by=by, customer_id=case.customer_id, subject=case, deadline=deadline.isoformat())
    return row


def restrict(case: Case, restriction: Restriction, note: str, *, by: int) -> None:
    """Close sending or intake (Art. 18). Raises Illegal."""
    case.contract.restrict(restriction, note, by=by)
    _act(case, "case.restrict", note, f"/staff/contracts/{case.contract_id}", by=by)
    audit.record("case.restrict", by=by, customer_id=case.customer_id, subject=case, restriction=restriction.value)
    notifying_service.restricted(case.contract)


def terminate(case: Case, ground: TerminationGround, evidence: str, *, by: int) -> Termination:
    """Ask for the termination of the whole contract (14-1); another person decides. Raises Illegal."""
    row = ending.propose_termination(case.contract, ground, TerminationScope.whole, evidence, by=by)
    _act(case, "case.terminate", evidence, f"/staff/terminations/{row.id}", by=by)
    audit.record("case.terminate", by=by, customer_id=case.customer_id, subject=case, ground=ground.value)
    return row


def take_down(case: Case, kind: TakenDown, target_id: int, reason: str, *, by: int) -> Takedown:
    """Put pages, a list's page or a mailing out of sight; a mailing that waits or runs is held at once.

    Raises Illegal for what is down already, or is not the customer's, and once the contract is over.
    """
    not_over(case)
    target = 0 if kind is TakenDown.pages else target_id
    what = name_of(case.customer_id, kind, target)
    if what is None or open_takedown(case.customer_id, kind, target) is not None:
        raise Illegal("nothing to take down")
    row = Takedown(
        customer_id=case.customer_id, kind=kind, target_id=target, case_id=case.id, reason=reason, at=clock.now(), by=by
    )
    db.session.add(row)
    db.session.flush()
    if kind is TakenDown.mailing:
        _hold(db.session.get_one(Mailing, target), by)
    _act(case, "takedown.take", f"{what}\n{reason}", "", by=by)
    audit.record("takedown.take", by=by, customer_id=case.customer_id, subject=row, case=case.id, note=reason)
    notifying.taken_down(case.contract, row, what, by=by)
    return row


def _hold(mailing: Mailing, by: int) -> None:
    if mailing.state in (MailingState.scheduled, MailingState.sending):
        controlling.hold(mailing, HeldReason.staff, by=by)
        telling.tell_people(mailing)


def lift(case: Case, row: Takedown, note: str, *, by: int) -> None:
    """Show it again, whatever the case's state. Raises Illegal when it is so already."""
    what = name_of(row.customer_id, row.kind, row.target_id) or str(TAKEN_DOWN[row.kind])
    if not row.lift(note, by=by):
        raise Illegal("it is shown already")
    enter(case, EntryKind.act, f"{ACTS['takedown.lift']}\n{what}\n{note}", by=by)
    if not case.over:
        notifying.lifted(case.contract, what, by=by)


def name_of(customer_id: int, kind: TakenDown, target_id: int) -> str | None:
    """Return what a takedown concerns in words; None when the customer has no such thing."""
    if kind is TakenDown.pages:
        return str(TAKEN_DOWN[kind])
    if kind is TakenDown.list:
        mailing_list = db.session.get(MailingList, target_id)
        mine = mailing_list is not None and mailing_list.customer_id == customer_id
        return f"{TAKEN_DOWN[kind]}: {mailing_list.name}" if mailing_list and mine else None
    mailing = db.session.get(Mailing, target_id)
    mine = mailing is not None and mailing.customer_id == customer_id
    return f"{TAKEN_DOWN[kind]}: {mailing.name or mailing.subject}" if mailing and mine else None
