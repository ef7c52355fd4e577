"""What staff do with reports and cases, each step in the case's course and in the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from wem import audit, clock
from wem.cases import notifying
from wem.cases.models import Case, CaseEntry, Claim, EntryKind, Report, Talk, TalkWay
from wem.cases.rules import CaseAction, ClaimAction, ReportAction, first_deadline, in_order
from wem.cases.wording import CASES, CLAIMS
from wem.contracts.models import Contract
from wem.contracts.state_rules import Illegal
from wem.db import db


def open_case(
    contract: Contract,
    title: str,
    codes: Sequence[str],
    what: str,
    *,
    by: int,
    deadline: date | None = None,
    report: Report | None = None,
) -> Case:
    """Open a case about a contract's customer, by hand or from a report. Raises Illegal for a report that is in one."""
    case = Case(
        customer_id=contract.customer_id,
        contract_id=contract.id,
        title=title,
        codes=in_order(codes),
        opened_by=by,
        assignee_id=by,
        deadline=first_deadline(clock.today(), deadline),
    )
    db.session.add(case)
    db.session.flush()
    enter(case, EntryKind.opened, what, by=by)
    audit.record(
        "case.open", by=by, customer_id=case.customer_id, subject=case, codes=case.codes, report=report and report.id
    )
    if report is not None:
        add_report(case, report, by=by)
    return case


def add_report(case: Case, report: Report, *, by: int) -> None:
    """Take a report up in a case; what was handed in with it is evidence. Raises Illegal."""
    report.move(ReportAction.take_up, case.number, by=by)
    report.case_id = case.id
    words = "\n".join(part for part in (report.number, report.page, report.what) if part)
    enter(case, EntryKind.evidence, words, by=by, path=f"/staff/cases/reports/{report.id}")
    audit.record("report.take_up", by=by, customer_id=case.customer_id, subject=report, case=case.id)


def dismiss(report: Report, note: str, *, by: int) -> None:
    """Note that a report gives no reason for a case. Raises Illegal."""
    report.move(ReportAction.dismiss, note, by=by)
    audit.record("report.dismiss", by=by, customer_id=report.customer_id, subject=report, note=note)


def enter(
    case: Case, kind: EntryKind, text: str, *, by: int, path: str = "", file: tuple[str, str] | None = None
) -> CaseEntry:
    """Add an entry to the course of a case."""
    row = CaseEntry(case_id=case.id, at=clock.now(), by=by, kind=kind, text=text, path=path)
    if file is not None:
        row.file_key, row.file_name = file
    db.session.add(row)
    return row


def note(case: Case, text: str, *, by: int, file: tuple[str, str] | None = None) -> None:
    """Write something down, with a file as evidence when there is one."""
    enter(case, EntryKind.evidence if file else EntryKind.note, text, by=by, file=file)
    audit.record("case.note", by=by, customer_id=case.customer_id, subject=case, file=file[1] if file else "")


def change(case: Case, title: str, codes: Sequence[str], deadline: date, assignee_id: int | None, *, by: int) -> None:
    """Change what the case is about, by when something is to be done, and who does it."""
    case.title, case.codes, case.deadline, case.assignee_id = title, in_order(codes), deadline, assignee_id
    audit.record(
        "case.change",
        by=by,
        customer_id=case.customer_id,
        subject=case,
        codes=case.codes,
        deadline=deadline.isoformat(),
        person=assignee_id,
    )


def move(case: Case, action: CaseAction, note: str, *, by: int) -> None:
    """Go on to another state. Raises Illegal."""
    case.move(action)
    if action is CaseAction.close:
        case.outcome = note
    enter(case, EntryKind.state, f"{CASES[case.state][0]}\n{note}".strip(), by=by)
    audit.record("case.move", by=by, customer_id=case.customer_id, subject=case, case_state=case.state.value, note=note)


def claim(case: Case, claimant: str, demand: str, amount: int | None, raised_on: date, *, by: int) -> Claim:
    """Write down what a third party claims (9-5)."""
    row = Claim(case_id=case.id, claimant=claimant, demand=demand, amount=amount, raised_on=raised_on)
    db.session.add(row)
    db.session.flush()
    enter(case, EntryKind.claim, f"{claimant}\n{demand}", by=by)
    audit.record("claim.add", by=by, customer_id=case.customer_id, subject=row, case=case.id)
    return row


def move_claim(row: Claim, action: ClaimAction, result: str, *, by: int) -> None:
    """Pass a claim on to the customer, or note how it ended.

    Raises Illegal, also for passing it on to who is no customer any more.
    """
    if action is ClaimAction.pass_on and row.case.over:
        raise Illegal("the contract is over")
    row.move(action, result)
    enter(row.case, EntryKind.claim, f"{row.claimant}\n{CLAIMS[row.state][0]}\n{result}".strip(), by=by)
    audit.record(
        "claim.move", by=by, customer_id=row.case.customer_id, subject=row, claim_state=row.state.value, note=result
    )
    if action is ClaimAction.pass_on:
        notifying.claim(row, by=by)


def talk(case: Case, held_on: date, way: TalkWay, people: str, matter: str, result: str, *, by: int) -> Talk:
    """Write down a talk about a dispute with the customer (25-1)."""
    row = Talk(case_id=case.id, held_on=held_on, way=way, people=people, matter=matter, result=result, by=by)
    db.session.add(row)
    db.session.flush()
    enter(case, EntryKind.talk, "\n".join(part for part in (people, matter, result) if part), by=by)
    audit.record("talk.add", by=by, customer_id=case.customer_id, subject=row, case=case.id, day=held_on.isoformat())
    return row
