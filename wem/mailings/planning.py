"""The calendar of a customer's mailings: what stands on which day, moving it to another, and who changed its time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from wem import clock
from wem.accounts.models import Account
from wem.audit import AuditEvent
from wem.contracts.models import customer_may
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery.models import Dispatch
from wem.mailings.calendar_rules import LONGEST, on_day
from wem.mailings.models import Mailing
from wem.mailings.start_problems import CannotStart, Problem
from wem.mailings.states import MailingState

MOST = 500
# What a mailing's page shows of its times, as the audit trail names it.
SHOWN = (
    "schedule",
    "submit",
    "move",
    "unschedule",
    "start",
    "go_without",
    "rest",
    "wake",
    "pause",
    "resume",
    "hold",
    "ask",
    "cancel",
    "decide_trial",
)
MOST_CHANGES = 100


class TooFar(ValueError):
    """A mailing cannot be planned so far ahead."""


@dataclass(frozen=True)
class Change:
    """What somebody did about a mailing's time or its A/B test, whose winner is `variant` (0: of none is spoken);
    `account` None: it happened by itself."""

    at: datetime
    act: str
    account: Account | None
    was: datetime | None
    to: datetime | None
    reason: str
    variant: int


def between(customer_id: int, first: date, last: date) -> list[tuple[datetime, Mailing]]:
    """Return a customer's mailings that were sent, run or are planned from a day to another, each with its moment."""
    moment = sa.func.coalesce(Mailing.started_at, Mailing.scheduled_at, type_=Mailing.scheduled_at.type)
    begins, ends = clock.midnight(first), clock.midnight(last + timedelta(days=1))
    rows = db.session.execute(
        sa.select(moment, Mailing)
        .where(
            Mailing.customer_id == customer_id,
            Mailing.state != MailingState.draft,
            # Sequences send each day by themselves; theirs stand on their own pages.
            Mailing.sequence_id.is_(None),
            moment >= begins,
            moment < ends,
        )
        .order_by(moment, Mailing.id)
        .limit(MOST)
    )
    return [(at, mailing) for at, mailing in rows]


def move(mailing: Mailing, day: date, seen: datetime, *, by: int) -> datetime:
    """Plan a scheduled mailing for another day at the same hour, and return its new time; see `move_to`."""
    at = on_day(seen, day)
    move_to(mailing, at, seen, by=by)
    return at


def move_to(mailing: Mailing, at: datetime, seen: datetime, *, by: int) -> None:
    """Plan a scheduled mailing for another moment; its portions and all else stay. The caller commits.

    `seen` is the time that the person saw: whoever was faster wins. Raises InThePast, TooFar, NotPossible, CannotStart.
    """
    if at - clock.now() > LONGEST:
        raise TooFar(at)
    if not customer_may(mailing.customer_id, Use.schedule):
        raise CannotStart([Problem.contract])
    mailing.move(at, seen, by=by)


def changes(mailing: Mailing) -> list[Change]:
    """Return who changed a mailing's time and what became of it then, the latest first."""
    dispatches = db.session.scalars(sa.select(Dispatch.id).where(Dispatch.mailing_id == mailing.id)).all()
    subjects = [f"Mailing {mailing.id}", *(f"Dispatch {number}" for number in dispatches)]
    events = db.session.scalars(
        sa.select(AuditEvent)
        .where(
            AuditEvent.customer_id == mailing.customer_id,
            AuditEvent.subject.in_(subjects),
            AuditEvent.action.in_([f"mailing.{act}" for act in SHOWN]),
        )
        .order_by(AuditEvent.id.desc())
        .limit(MOST_CHANGES)
    ).all()
    people = _people(event.account_id for event in events)
    return [
        Change(
            event.at,
            event.action.partition(".")[2],
            people.get(event.account_id),
            _moment(event.details.get("was")),
            _moment(event.details.get("at")),
            str(event.details.get("reason", "")),
            int(event.details.get("variant", 0)),
        )
        for event in events
    ]


def _people(numbers: Iterable[int | None]) -> dict[int | None, Account]:
    known = {number for number in numbers if number is not None}
    return {row.id: row for row in db.session.scalars(sa.select(Account).where(Account.id.in_(known)))}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(clock.JAPAN) if text else None
