"""What there is to do for staff on contracts: due today, late, waiting for a decision; each with its next act."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask_babel import gettext

from wem.cases.models import Case, Deletion
from wem.cases.rules import CaseState, DeletionState
from wem.contracts import due, refusing
from wem.contracts.application_models import Application
from wem.contracts.application_rules import AWAITED, next_step
from wem.contracts.application_rules import OPEN as APPLICATIONS_OPEN
from wem.contracts.application_wording import NEXT_STEPS
from wem.contracts.models import Contract
from wem.contracts.request_models import (
    ContractRequest,
    Correction,
    RenewalRefusal,
    RequestKind,
    Revocation,
    Termination,
)
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import UNDECIDED, CorrectionState, TerminationState
from wem.contracts.wording import DUE, REQUESTS
from wem.db import db
from wem.privacy.models import Disclosure
from wem.privacy.news_models import News
from wem.privacy.news_rules import NewsState
from wem.privacy.rules import DisclosureState
from wem.staff import money_work
from wem.staff.work_items import MOST, Item, page_of, second_person


@dataclass(frozen=True)
class Work:
    due: list[Item]
    late: list[Item]
    decide: list[Item]


def work(today: date, *, applications: bool = True, money: bool = True) -> Work:
    """Return the work list of a day, the oldest first; `applications` and `money` are for those who may see them."""
    acts = [_act(act, today) for act in due.plan(today)[:MOST]]
    waiting = list(_applications(today)) if applications else []
    late = (
        [item for item in acts if item.day < today]
        + money_work.owing(today)
        + _unreached(today)
        + money_work.mandates_late(today)
    )
    late += _cases(today, True) + (money_work.results_late(today) if money else [])
    decide = [*_requests(), *_corrections(), *_terminations(), *money_work.lost(today), *money_work.mandates()]
    decide += [
        *_deletions(),
        *_disclosures(),
        *_news(),
        *(
            [*money_work.months(today), *money_work.debits(), *money_work.refunds(), *money_work.first_fees()]
            if money
            else []
        ),
    ]
    files = money_work.files(today) if money else []
    return Work(
        due=sorted(
            [item for item in acts if item.day >= today] + _deadlines(today) + _cases(today, False) + files,
            key=_order,
        ),
        late=sorted(late + [item for awaited, item in waiting if awaited], key=_order),
        decide=sorted(decide + [item for awaited, item in waiting if not awaited], key=_order),
    )


def _order(item: Item) -> tuple[date, str]:
    return item.day, item.who


def _applications(today: date) -> Iterator[tuple[bool, Item]]:
    """Yield (whether the applicant keeps us waiting, what is to be done), by what the checklist says (4-1)."""
    found = sa.select(Application).where(Application.state.in_(APPLICATIONS_OPEN)).order_by(Application.id)
    for row in db.session.scalars(found.limit(MOST)):
        step = next_step(
            row.state, row.missing, row.fee_told_on or row.created_at.date(), row.handed_or_posted_on, today
        )
        if step is None:
            continue
        what, action = NEXT_STEPS[step]
        since = row.arrived_on or row.handed_or_posted_on or row.fee_told_on or row.created_at.date()
        url = f"/staff/applications/{row.id}"
        yield step in AWAITED, Item(since, None, str(what), str(action), url, row.name)


def _act(act: due.Act, today: date) -> Item:
    contract = db.session.get_one(Contract, act.contract_id)
    what = str(DUE[act.what])
    if act.day < today:
        what = gettext("%(what)s: the daily job has not done it yet", what=what)
    return Item(act.day, contract, what, gettext("See the contract"), page_of(contract))


def _requests() -> list[Item]:
    found = sa.select(ContractRequest).where(ContractRequest.state.in_(UNDECIDED)).order_by(ContractRequest.id)
    items = []
    for row in db.session.scalars(found.limit(MOST)):
        resumes = row.kind is RequestKind.resume
        url = f"{page_of(row.contract)}/lifting" if resumes else f"/staff/requests/{row.id}"
        items.append(
            Item(row.received_at.date(), row.contract, str(REQUESTS[row.kind]), gettext("To the decision"), url)
        )
    return items


def _corrections() -> list[Item]:
    found = sa.select(Correction).where(Correction.state == CorrectionState.due).limit(MOST)
    what, action = gettext("The period for a correction is over"), gettext("To the decision")
    return [Item(row.deadline, row.contract, what, action, page_of(row.contract)) for row in db.session.scalars(found)]


def _deadlines(today: date) -> list[Item]:
    found = sa.select(Correction).where(Correction.state == CorrectionState.running, Correction.deadline == today)
    what, action = gettext("Last day for a correction"), gettext("See the contract")
    return [Item(today, row.contract, what, action, page_of(row.contract)) for row in db.session.scalars(found)]


def _terminations() -> list[Item]:
    found = sa.select(Termination).where(Termination.state == TerminationState.proposed).limit(MOST)
    terminations = [
        second_person(row.proposed_at.date(), row.contract, gettext("Termination"), f"/staff/terminations/{row.id}")
        for row in db.session.scalars(found)
    ]
    what = gettext("Lifting of a termination in part")
    lifted = sa.select(Revocation).where(Revocation.state == TerminationState.proposed).limit(MOST)
    return terminations + [
        second_person(row.proposed_at.date(), row.contract, what, f"/staff/revocations/{row.id}")
        for row in db.session.scalars(lifted)
    ]


def _cases(today: date, late: bool) -> list[Item]:
    """Cases whose next step is due today, or was before."""
    day = Case.deadline < today if late else Case.deadline == today
    found = sa.select(Case).where(Case.state != CaseState.closed, day).order_by(Case.deadline).limit(MOST)
    return [
        Item(
            row.deadline,
            row.contract,
            gettext("Case %(number)s: the next step", number=row.number),
            gettext("To the case"),
            f"/staff/cases/{row.id}",
        )
        for row in db.session.scalars(found)
    ]


def _deletions() -> list[Item]:
    found = sa.select(Deletion).where(Deletion.state == DeletionState.proposed).limit(MOST)
    what = gettext("Deletion of data")
    return [
        second_person(row.proposed_at.date(), row.case.contract, what, f"/staff/cases/deletions/{row.id}")
        for row in db.session.scalars(found)
    ]


def _disclosures() -> list[Item]:
    """Wishes for disclosure that wait, of customers with a contract of whatever state."""
    found = sa.select(Disclosure).where(Disclosure.state == DisclosureState.proposed).order_by(Disclosure.id)
    items = []
    for row in db.session.scalars(found.limit(MOST)):
        contract = db.session.scalar(
            sa.select(Contract).where(Contract.customer_id == row.customer_id).order_by(Contract.id.desc()).limit(1)
        )
        if contract is not None:
            what = gettext("Disclosure to a third party")
            items.append(second_person(row.proposed_at.date(), contract, what, f"/staff/disclosures/{row.id}"))
    return items


def _news() -> list[Item]:
    """Mails to customers that wait for a second person; they are about no contract."""
    found = sa.select(News).where(News.state == NewsState.waiting).order_by(News.id).limit(MOST)
    what = gettext("Mail to customers")
    return [
        second_person(row.written_at.date(), None, what, f"/staff/news/{row.id}", row.subject)
        for row in db.session.scalars(found)
    ]


def _unreached(today: date) -> list[Item]:
    """Refusals of renewal of which we do not know that they arrived, or know that they came back."""
    found = sa.select(RenewalRefusal).where(RenewalRefusal.arrived_on.is_(None), RenewalRefusal.taken_back_at.is_(None))
    items = []
    for row in db.session.scalars(found.limit(MOST)):
        if row.contract.state is ContractState.ended or not (row.failed_at or row.sent_at.date() < today):
            continue
        what, action, url = gettext("Our refusal of renewal came back"), gettext("See the contract"), ""
        if not row.failed_at:
            what = gettext("Our refusal of renewal has not been noted as received")
        if refusing.may_note_arrival(row):
            action, url = gettext("Note the day"), "/refusal/arrival"
        items.append(Item(row.sent_at.date(), row.contract, what, action, f"{page_of(row.contract)}{url}"))
    return items
