"""When the steps of a sequence are due, in whole hours; what is made up for after an outage, and what is left out.

A slot is an hour in Japan, counted from the first day of the calendar: SQL then counts with plain numbers, the same on
both databases. Japan has no summer time.
"""

from __future__ import annotations

import calendar
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from wem.diagram_rules import diagram

HOURS = 24
# Where a reader stands before the first step: below every offset.
NOTHING_YET = -1_000_000
MOST_STEPS = 30
# Days from the reader's own day to a step. Before a sign-up nothing can go.
AFTER_SIGN_UP = (0, 730)
AROUND_A_DATE = (-180, 365)
# Between the first and the last step of what comes again each year: two rounds never overlap.
LONGEST_YEARLY = 300
# Readers come into a sequence around a date so many days before its first step: an outage may last as long.
AHEAD = 8
# Catching up: days after which a step is left out, and how many late mails go in an hour.
TOLERANCES = (0, 1, 2, 3, 7)
PACES = (100, 500, 1_000, 5_000, 20_000)
# Whoever becomes due meanwhile goes together: a dispatch for each reader would cost more than the mail.
GATHERED = timedelta(minutes=5)
LOTS_IN_AN_HOUR = timedelta(hours=1) // GATHERED


class SequenceKind(enum.StrEnum):
    """From which day of a reader the days are counted."""

    sign_up = "sign_up"
    date = "date"  # of a date field


class SequenceState(enum.StrEnum):
    draft = "draft"  # 下書き
    waiting = "waiting"  # 弊社の確認待ち
    running = "running"  # 実行中
    paused = "paused"
    held = "held"  # 保留
    ended = "ended"  # 終了


class Act(enum.StrEnum):
    ask = "ask"  # our staff look at its mails first
    take_back = "take_back"
    start = "start"
    pause = "pause"
    hold = "hold"
    resume = "resume"
    end = "end"


S = SequenceState
LINES: Mapping[tuple[SequenceState, Act], SequenceState] = {
    (S.draft, Act.ask): S.waiting,
    (S.waiting, Act.take_back): S.draft,
    (S.draft, Act.start): S.running,
    (S.waiting, Act.start): S.running,
    (S.running, Act.pause): S.paused,
    (S.running, Act.hold): S.held,
    (S.paused, Act.resume): S.running,
    (S.held, Act.resume): S.running,
    (S.running, Act.end): S.ended,
    (S.paused, Act.end): S.ended,
    (S.held, Act.end): S.ended,
}
DIAGRAMS = (diagram("Sequence of mails", LINES, S.draft),)


def befores(act: Act) -> tuple[SequenceState, ...]:
    """Return the states in which an act may begin."""
    return tuple(state for state, each in LINES if each is act)


def slot(at: datetime) -> int:
    """Return the hour that a moment in Japan lies in."""
    return at.toordinal() * HOURS + at.hour


def offset(days: int, hour: int) -> int:
    """Return how many hours after the beginning of the reader's day a step is due."""
    return days * HOURS + hour


def days_and_hour(offset: int) -> tuple[int, int]:
    """Return the same as days and hour of the day."""
    return divmod(offset, HOURS)


def due(anchor: int, offset: int) -> int:
    """Return the slot in which a step is due for a reader whose day is number `anchor` (`date.toordinal`)."""
    return anchor * HOURS + offset


class Fate(enum.StrEnum):
    """What becomes of the next step of a reader now."""

    wait = "wait"
    send = "send"
    late = "late"  # made up for, with at most so many in an hour
    leave_out = "leave_out"


@dataclass(frozen=True)
class Limits:
    """The slots that divide what is due now."""

    oldest: int  # what was due before is left out
    waited: int  # of whose step had another mail on its day: the slot of `oldest`, a day earlier
    today: int  # what was due before is late
    now: int  # what is due after waits
    day: int  # who got a mail of the sequence on this day waits for the next


def limits(now: int, tolerance: int) -> Limits:
    """Return how what is due in slot `now` is divided where a step may be `tolerance` days late.

    In the first hour of a day what was left of the day before still goes: who signs up at 23:59 is taken in after it.
    Whoever got the mail before on the very day of the step, as after no-send hours, has the step a day later: the days
    that it may be late count from there.
    """
    day, oldest = now // HOURS, ((now - 1) // HOURS - tolerance) * HOURS
    return Limits(oldest, oldest - HOURS, day * HOURS, now, day)


def fate(due: int, last_day: int | None, now: int, tolerance: int) -> Fate:
    """Return what becomes of a step that is due in a slot, when the reader's last mail went on a day.

    A step whose day is over by more than `tolerance` days is left out; nobody gets two mails of one sequence on one
    day, and a step that waited for that is not over by it; what is sent on a later day than its own is late.
    """
    at = limits(now, tolerance)
    if due > at.now:
        return Fate.wait
    if due < (at.waited if last_day == due // HOURS else at.oldest):
        return Fate.leave_out
    if last_day is not None and last_day >= at.day:
        return Fate.wait
    return Fate.late if due < at.today else Fate.send


def room(sent_late: int, an_hour: int) -> int:
    """Return how many late mails may go in one lot when so many went in the last hour: never all of an hour at once."""
    return max(min(-(-an_hour // LOTS_IN_AN_HOUR), an_hour - sent_late), 0)


def gathers(last_at: datetime | None, last_was_full: bool, at: datetime) -> bool:
    """Return whether a step waits for more readers: its last lot is younger than five minutes and was not full."""
    return last_at is not None and not last_was_full and at - last_at < GATHERED


@dataclass(frozen=True)
class Place:
    """Where a reader stands: the offset of the step before (NOTHING_YET), the next step and its slot."""

    done: int
    step_id: int
    due: int


def place(steps: Sequence[tuple[int, int]], anchor: int, now: int | None = None) -> Place | None:
    """Return where a reader begins among steps (offset, id) in order; None where none lies ahead.

    With `now` the steps that were due before are passed over: who comes late gets what is still to come.
    """
    done = NOTHING_YET
    for each, number in steps:
        if now is None or due(anchor, each) >= now:
            return Place(done, number, due(anchor, each))
        done = each
    return None


def yearly(day: date) -> list[str]:
    """Return the days of the year (`06-21`) that are kept on a day.

    Who was born on 29 February has the birthday on the 28th in other years, as for segments.
    """
    more = (day.month, day.day) == (2, 28) and not calendar.isleap(day.year)
    return [f"{day:%m-%d}", *(["02-29"] if more else [])]


def days_of(first: date, last: date, every_year: bool) -> dict[str, date]:
    """Return what a date field must hold for its day to be one of these, with that day.

    Every year: day and month alone; then the days are fewer than a year.
    """
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    if not every_year:
        return {day.isoformat(): day for day in days}
    return {text: day for day in days for text in yearly(day)}


def round_of(day: date, every_year: bool) -> int:
    """Return the round that a reader goes through: one for each year, else one for each date that the field held."""
    return day.year if every_year else day.toordinal()


class StepFault(enum.StrEnum):
    """Why a step cannot be due on such a day."""

    range = "range"
    taken = "taken"
    too_many = "too_many"
    too_long = "too_long"  # longer than two rounds of a year are apart


def step_fault(kind: SequenceKind, every_year: bool, days: int, others: Sequence[int]) -> StepFault | None:
    """Return what is wrong with a step so many days from the reader's day, beside the days of the other steps.

    Two steps on one day would be two mails on one day.
    """
    first, last = AFTER_SIGN_UP if kind is SequenceKind.sign_up else AROUND_A_DATE
    if not first <= days <= last:
        return StepFault.range
    if days in others:
        return StepFault.taken
    if len(others) >= MOST_STEPS:
        return StepFault.too_many
    if every_year and max(*others, days, days) - min(*others, days, days) > LONGEST_YEARLY:
        return StepFault.too_long
    return None
