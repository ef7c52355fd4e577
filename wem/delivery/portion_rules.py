"""A mailing in portions: who is in which, when each goes, and what a delay makes of the others; plain functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from wem.delivery.no_send_rules import NoSendHours

MOST = 48
# Minutes between two portions, to be chosen from.
INTERVALS = (10, 15, 30, 60, 120, 180, 360, 720)
LONGEST = timedelta(hours=72)
# So late a portion is still at its time: the sweep that lets it go comes round every ten seconds.
PUNCTUAL = timedelta(minutes=1)

# Knuth's multiplier spreads numbers that follow one another evenly over 32 bits; the second makes of the mailing's
# number a beginning of its own, so that it is not the same readers who come last each time.
SPREAD, TURN, WIDTH = 2_654_435_761, 2_246_822_519, 1 << 32
# A reader's number is cut to so many bits: the product stays within a database's integers.
BITS = 1 << 30


def beginning(mailing_id: int) -> int:
    """Return where the division of a mailing begins, 0 to 2³²."""
    return mailing_id * TURN % WIDTH


def portion_of(subscriber_id: int, mailing_id: int, portions: int) -> int:
    """Return in which portion (from 1) a reader is; always the same. `portioning.portion` says it in SQL."""
    return (subscriber_id % BITS * SPREAD + beginning(mailing_id)) % WIDTH * portions // WIDTH + 1


def allowed(portions: int, minutes: int) -> bool:
    """Return whether a mailing can be sent in so many portions so many minutes apart."""
    if portions == 1:
        return True
    within = timedelta(minutes=minutes) * (portions - 1) <= LONGEST
    return 2 <= portions <= MOST and minutes in INTERVALS and within


def portions_for(readers: int, per_hour: int) -> int:
    """Return how many portions, an hour apart, have at most so many readers each."""
    return max(1, -(-readers // per_hour))


def sizes(readers: int, portions: int) -> list[int]:
    """Return about how many readers each portion has; the division itself gives a few more or fewer."""
    less, more = divmod(readers, portions)
    return [less + (number < more) for number in range(portions)]


def due_times(first: datetime, portions: int, minutes: int, hours: NoSendHours | None = None) -> list[datetime]:
    """Return when each portion goes that begins at a moment; no-send hours push it and those behind it."""
    return forecast([first] * portions, first, minutes, hours)


def forecast(dues: Sequence[datetime], at: datetime, minutes: int, hours: NoSendHours | None = None) -> list[datetime]:
    """Return when portions go that are due at these times, as seen at a moment: what is overdue goes now, each at
    least the interval after the one before."""
    found: list[datetime] = []
    for due in dues:
        time = max(due, at if not found else found[-1] + timedelta(minutes=minutes))
        found.append(hours.leaves(time) if hours else time)
    return found


def next_due(due: datetime, minutes: int, planned: datetime, released: datetime) -> datetime:
    """Return when the next portion is due, after one planned for a moment has gone: late ones push the next."""
    if released - planned <= PUNCTUAL:
        return due
    return max(due, released + timedelta(minutes=minutes))
