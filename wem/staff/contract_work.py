"""What there is to do for staff on contracts, applications, cases, and mail to customers; each with its next act."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from flask_babel import gettext

from wem import clock
from wem.cases.models import Case, Deletion
from wem.cases.rules import CaseState, DeletionState
from wem.contracts import due, refusing
from wem.contracts.application_models import Application
from wem.contracts.application_rules import AWAITED, PATIENCE_DAYS, POST_DAYS, ApplicationState, next_step
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
from wem.mailings import reviewing
from wem.mailings.review_models import MailingReview
from wem.privacy.models import Disclosure
from wem.privacy.news_models import News
from wem.privacy.news_rules import NewsState
from wem.privacy.rules import DisclosureState
from wem.sender_names import deciding
from wem.sender_names.models import SenderName
from wem.staff.work_items import MOST, Item, page_of, second_person


def applications(today: date, awaited: bool) -> list[Item]:
    """Return what is to be done by what the checklist says (4-1): where the applicant keeps us waiting, or we decide.

    Each apart: anybody can leave a form half done, and a hundred of those must not hide what is ready to start.
    """
    ours = sa.and_(
        Application.state == ApplicationState.checking,
        sa.or_(
            Application.possible_on.is_(None),
            sa.and_(Application.arrived_on.is_not(None), Application.paid_on.is_not(None)),
        ),
    )
    if not awaited:
        found = sa.select(Application).where(ours)
    else:
        before, posted = today - timedelta(days=PATIENCE_DAYS), today - timedelta(days=POST_DAYS)
        late = sa.or_(
            Application.fee_told_on < before,
            sa.and_(Application.fee_told_on.is_(None), Application.created_at < clock.midnight(before)),
            Application.handed_or_posted_on < posted,
        )
        found = sa.select(Application).where(Application.state.in_(APPLICATIONS_OPEN), ~ours, late)
    rows = db.session.scalars(found.order_by(Application.id).limit(MOST))
    return [item for row in rows if (item := _application(row, awaited, today))]


def _application(row: Application, awaited: bool, today: date) -> Item | None:
    told = row.fee_told_on or row.created_at.date()
    step = next_step(row.state, row.missing, told, row.handed_or_posted_on, today)
    if step is None or (step in AWAITED) is not awaited:
        return None
    what, action = NEXT_STEPS[step]
    since = row.arrived_on or row.handed_or_posted_on or told
    return Item(since, None, str(what), str(action), f"/staff/applications/{row.id}", row.name)


def acts(today: date) -> list[Item]:
    """Return what the daily job does today, and what it should have done before."""
    return [_act(act, today) for act in due.plan(today)[:MOST]]


def _act(act: due.Act, today: date) -> Item:
    contract = db.session.get_one(Contract, act.contract_id)
    what = str(DUE[act.what])
    if act.day < today:
        what = gettext("%(what)s: the daily job has not done it yet", what=what)
    return Item(act.day, contract, what, gettext("See the contract"), page_of(contract))


def requests() -> list[Item]:
    """Return requests of customers that wait for our answer."""
    undecided = ContractRequest.state.in_(UNDECIDED)
    found = sa.select(ContractRequest).where(undecided, ContractRequest.kind != RequestKind.resume)
    return [
        Item(
            row.received_at.date(),
            row.contract,
            str(REQUESTS[row.kind]),
            gettext("To the decision"),
            f"/staff/requests/{row.id}",
        )
        for row in db.session.scalars(found.order_by(ContractRequest.id).limit(MOST))
    ]


def liftings() -> list[Item]:
    """Return applications for the end of a suspension (13-2)."""
    undecided = ContractRequest.state.in_(UNDECIDED)
    found = sa.select(ContractRequest).where(undecided, ContractRequest.kind == RequestKind.resume)
    what, action = str(REQUESTS[RequestKind.resume]), gettext("To the decision")
    return [
        Item(row.received_at.date(), row.contract, what, action, f"{page_of(row.contract)}/lifting")
        for row in db.session.scalars(found.order_by(ContractRequest.id).limit(MOST))
    ]


def reviews() -> list[Item]:
    """Return mailings that wait for our look before they are sent."""
    what, action = gettext("A mailing waits for our look"), gettext("Look at it")
    rows = db.session.scalars(reviewing.pending().order_by(MailingReview.id).limit(MOST))
    return [
        Item(row.asked_at.date(), None, what, action, f"/staff/reviews/{row.id}", row.customer.name) for row in rows
    ]


def sender_names() -> list[Item]:
    """Return sender's names that customers ask for."""
    action = gettext("To the decision")
    rows = db.session.scalars(deciding.pending().order_by(SenderName.id).limit(MOST))
    return [
        Item(
            row.asked_at.date(),
            None,
            gettext("Sender name “%(name)s” is asked for", name=row.name),
            action,
            f"/staff/sender-names/{row.id}",
            row.customer.name,
        )
        for row in rows
    ]


def corrections() -> list[Item]:
    found = sa.select(Correction).where(Correction.state == CorrectionState.due)
    what, action = gettext("The period for a correction is over"), gettext("To the decision")
    rows = db.session.scalars(found.order_by(Correction.deadline, Correction.id).limit(MOST))
    return [Item(row.deadline, row.contract, what, action, page_of(row.contract)) for row in rows]


def deadlines(today: date) -> list[Item]:
    found = sa.select(Correction).where(Correction.state == CorrectionState.running, Correction.deadline == today)
    what, action = gettext("Last day for a correction"), gettext("See the contract")
    rows = db.session.scalars(found.order_by(Correction.id).limit(MOST))
    return [Item(today, row.contract, what, action, page_of(row.contract)) for row in rows]


def terminations() -> list[Item]:
    found = sa.select(Termination).where(Termination.state == TerminationState.proposed)
    terminations = [
        second_person(row.proposed_at.date(), row.contract, gettext("Termination"), f"/staff/terminations/{row.id}")
        for row in db.session.scalars(found.order_by(Termination.id).limit(MOST))
    ]
    what = gettext("Lifting of a termination in part")
    lifted = sa.select(Revocation).where(Revocation.state == TerminationState.proposed)
    return terminations + [
        second_person(row.proposed_at.date(), row.contract, what, f"/staff/revocations/{row.id}")
        for row in db.session.scalars(lifted.order_by(Revocation.id).limit(MOST))
    ]


def cases(today: date, late: bool) -> list[Item]:
    """Cases whose next step is due today, or was before."""
    day = Case.deadline < today if late else Case.deadline == today
    found = sa.select(Case).where(Case.state != CaseState.closed, day).order_by(Case.deadline, Case.id).limit(MOST)
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


def deletions() -> list[Item]:
    found = sa.select(Deletion).where(Deletion.state == DeletionState.proposed)
    what = gettext("Deletion of data")
    return [
        second_person(row.proposed_at.date(), row.case.contract, what, f"/staff/cases/deletions/{row.id}")
        for row in db.session.scalars(found.order_by(Deletion.id).limit(MOST))
    ]


def disclosures() -> list[Item]:
    """Return disclosures that wait for a second person, and approved ones of which nobody has noted the giving."""
    found = sa.select(Disclosure).where(Disclosure.state.in_((DisclosureState.proposed, DisclosureState.approved)))
    what, items = gettext("Disclosure to a third party"), []
    for row in db.session.scalars(found.order_by(Disclosure.id).limit(MOST)):
        url, name, since = f"/staff/disclosures/{row.id}", row.customer.name, row.proposed_at
        if row.state is DisclosureState.proposed:
            items.append(second_person(since.date(), None, what, url, name))
            continue
        given = gettext("%(what)s: approved, and not noted as given", what=what)
        items.append(Item((row.decided_at or since).date(), None, given, gettext("Note the giving"), url, name))
    return items


def news() -> list[Item]:
    """Mails to customers that wait for a second person; they are about no contract."""
    found = sa.select(News).where(News.state == NewsState.waiting).order_by(News.id).limit(MOST)
    what = gettext("Mail to customers")
    return [
        second_person(row.written_at.date(), None, what, f"/staff/news/{row.id}", row.subject)
        for row in db.session.scalars(found)
    ]


def unreached(today: date) -> list[Item]:
    """Return refusals of renewal of which we do not know that they arrived, or know that they came back."""
    found = (
        sa.select(RenewalRefusal)
        .join(Contract, Contract.id == RenewalRefusal.contract_id)
        .where(
            RenewalRefusal.arrived_on.is_(None),
            RenewalRefusal.taken_back_at.is_(None),
            Contract.state != ContractState.ended,
            sa.or_(RenewalRefusal.failed_at.is_not(None), RenewalRefusal.sent_at < clock.midnight(today)),
        )
        .order_by(RenewalRefusal.sent_at, RenewalRefusal.id)
    )
    items = []
    for row in db.session.scalars(found.limit(MOST)):
        what, action, url = gettext("Our refusal of renewal came back"), gettext("See the contract"), ""
        if not row.failed_at:
            what = gettext("Our refusal of renewal has not been noted as received")
        if refusing.may_note_arrival(row):
            action, url = gettext("Note the day"), "/refusal/arrival"
        items.append(Item(row.sent_at.date(), row.contract, what, action, f"{page_of(row.contract)}{url}"))
    return items
