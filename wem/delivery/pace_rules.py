"""How fast we may send: arithmetic of rates, what a complaining provider makes of them, warm-up; plain functions.

Sources: GCRA after ITU-T I.371; the answers of providers and the steps of warm-up as large senders publish them.
"""

from __future__ import annotations

import enum
import math
import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

# Mails a second below which no rate falls, and at which a provider that speaks of our reputation is served.
FLOOR = 1 / 60
# How far a sender may run ahead of its rate, in seconds. With lots kept for LOT_SECONDS a burst stays below a second
# of the rate and one mail.
SLACK = 0.5
LOT_SECONDS = 0.25
LOT_MOST = 20

SLOW_FOR = timedelta(minutes=90)
SUSPENDED_FOR = timedelta(hours=2)
# Answers to what was under way already are not a second complaint.
ONE_COMPLAINT = timedelta(seconds=10)
GROW_EVERY = timedelta(minutes=1)
GROWTH = 1.05

# Mails a day to one provider, from the first day on; after the last there is no limit.
WARM_UP = (
    50, 100, 250, 500, 1_000, 2_500, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 40_000, 55_000, 70_000, 100_000,
)  # fmt: skip
COLD_AFTER = timedelta(days=30)
# Shares of a day's mail above which the next day brings no more: put off, came back hard, complained about.
FREEZE_ABOVE = 0.10
FREEZE_ABOVE_BOUNCED = 0.05
FREEZE_ABOVE_COMPLAINED = 0.001


class Trouble(enum.IntEnum):
    """How a provider complained, the worst last."""

    busy = 1
    reputation = 2
    suspended = 3


@dataclass(frozen=True, slots=True)
class Limit:
    """Mails a second and connections at once; none where there is no limit."""

    rate: float | None = None
    connections: int | None = None


FREE = Limit()
# For sending straight to the world: what carriers and large providers are known to bear from one sender.
CAREFUL = {
    "docomo": Limit(10, 5),
    "au": Limit(10, 5),
    "softbank": Limit(10, 5),
    "ymobile": Limit(5, 3),
    "uq": Limit(5, 3),
    "rakuten": Limit(5, 3),
    "gmail": Limit(100, 5),
    "yahoo_jp": Limit(20, 5),
    "microsoft": Limit(100, 5),
    "icloud": Limit(50, 10),
    "other": Limit(100, 10),
}

_SECONDS = {"s": 1, "min": 60, "h": 3600}
_RATE = re.compile(r"(?P<number>\d+(?:\.\d+)?)/(?P<unit>s|min|h)")
_LIMIT = re.compile(r"(?P<provider>[a-z_]+)=(?P<rate>[^*\s,]*)(?:\*(?P<connections>[1-9]\d*))?")


def rate_from(text: str) -> float | None:
    """Return the mails a second that `100/s`, `1200/min` or `30/h` mean, None for no text; raises ValueError."""
    if not text:
        return None
    found = _RATE.fullmatch(text)
    if not found or not float(found["number"]):
        raise ValueError(f"{text!r} is no rate such as 100/s, 1200/min or 30/h")
    return float(found["number"]) / _SECONDS[found["unit"]]


def limits_from(text: str) -> dict[str, Limit]:
    """Return the limits that `docomo=600/min*5 gmail=100/s` or `careful` mean; raises ValueError.

    After `careful` single providers may be given differently.
    """
    limits: dict[str, Limit] = {}
    for word in text.replace(",", " ").split():
        if word == "careful":
            limits |= CAREFUL
            continue
        found = _LIMIT.fullmatch(word)
        if not found:
            raise ValueError(f"{word!r} is no limit such as docomo=600/min*5")
        connections = found["connections"]
        limits[found["provider"]] = Limit(rate_from(found["rate"]), int(connections) if connections else None)
    return limits


def lot_size(rate: float) -> int:
    """Return how many mails are allowed at one asking: a quarter of a second of the rate, 1 to 20."""
    return max(1, min(LOT_MOST, int(rate * LOT_SECONDS)))


def take(ahead: float, interval: float, wanted: int, slack: float = SLACK) -> tuple[int, float]:
    """Return how many of the wanted mails may go now, and the seconds until one may when that is 0 (GCRA).

    `ahead` is how many seconds what was allowed before reaches into the future, `interval` the seconds between mails.
    """
    late = ahead - slack
    if late > 0:
        return 0, late
    return min(wanted, math.floor(-late / interval) + 1), 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a provider takes the mail of one pool, as `ProviderState` keeps it."""

    rate: float | None = None
    rate_before: float | None = None
    troubled_at: datetime | None = None
    grown_at: datetime | None = None
    slow_until: datetime | None = None
    cooldown_until: datetime | None = None
    warm_day: date | None = None
    warm_step: int = 0
    sent_today: int = 0
    deferred_today: int = 0
    bounced_today: int = 0
    complained_today: int = 0

    @property
    def good_day(self) -> bool:
        """Whether mail was taken, and borne: then the warm-up goes a step further."""
        return (
            self.sent_today > 0
            and self.deferred_today <= FREEZE_ABOVE * self.sent_today
            and self.bounced_today <= FREEZE_ABOVE_BOUNCED * self.sent_today
            and self.complained_today <= FREEZE_ABOVE_COMPLAINED * self.sent_today
        )


def trouble_of(code: int, enhanced: str | None, text: str = "") -> Trouble | None:
    """Return what complaint an answer is, None when it is none. Greylisting, which says so, is none."""
    lower = text.lower()
    if not 400 <= code < 500 or "greylist" in lower or "graylist" in lower:
        return None
    if "[tss04]" in lower:
        return Trouble.suspended
    if "reputation" in lower or "temporarily deferred" in lower:
        return Trouble.reputation
    return Trouble.busy if code == 421 or (enhanced or "").startswith("4.7.") else None


def troubled(standing: Standing, trouble: Trouble, measured: float, at: datetime) -> Standing:
    """Return the standing after a complaint: half the rate (`measured` where there was no limit), at least FLOOR."""
    if trouble is Trouble.suspended:
        standing = replace(standing, cooldown_until=at + SUSPENDED_FOR)
    elif trouble is Trouble.reputation:
        standing = replace(standing, slow_until=at + SLOW_FOR)
    if standing.troubled_at is not None and at - standing.troubled_at < ONE_COMPLAINT:
        return standing
    before = measured if standing.rate is None else standing.rate
    return replace(
        standing,
        rate=max(FLOOR, before / 2),
        rate_before=max(FLOOR, before if standing.rate_before is None else standing.rate_before),
        troubled_at=at,
        grown_at=at,
    )


def grown(standing: Standing, at: datetime) -> Standing:
    """Return the standing after mails were taken: 5 % more a minute, no limit once the rate is what it was."""
    if standing.rate is None or standing.rate_before is None or standing.grown_at is None:
        return standing
    if at - standing.grown_at < GROW_EVERY:
        return standing
    rate = standing.rate * GROWTH
    if rate >= standing.rate_before:
        return replace(standing, rate=None, rate_before=None, grown_at=None)
    return replace(standing, rate=rate, grown_at=at)


def limit_now(standing: Standing, given: Limit, at: datetime) -> Limit:
    """Return what holds at a moment: the given limit, or less while the provider complains."""
    if standing.slow_until is not None and at < standing.slow_until:
        return Limit(FLOOR, 1)
    rates = [rate for rate in (given.rate, standing.rate) if rate is not None]
    return Limit(min(rates, default=None), given.connections)


def on_day(standing: Standing, today: date) -> Standing:
    """Return the standing with the warm-up brought to a day: a step further after a good day, back to the start after
    30 days without mail, no step when too much was deferred, came back hard or was complained about."""
    if standing.warm_day == today:
        return standing
    step = standing.warm_step
    if standing.warm_day is None or today - standing.warm_day > COLD_AFTER:
        step = 0
    elif standing.good_day:
        step = min(step + 1, len(WARM_UP))
    return replace(
        standing,
        warm_day=today,
        warm_step=step,
        sent_today=0,
        deferred_today=0,
        bounced_today=0,
        complained_today=0,
    )


def next_day(at: datetime) -> datetime:
    """Return the moment at which the next day of the warm-up begins."""
    return datetime.combine(at.date() + timedelta(days=1), datetime.min.time(), at.tzinfo)


def warm_left(standing: Standing) -> int | None:
    """Return how many mails the warm-up still allows on the standing's day; None when it is over."""
    if standing.warm_step >= len(WARM_UP):
        return None
    return max(0, WARM_UP[standing.warm_step] - standing.sent_today)


def counted(standing: Standing, sent: int, deferred: int) -> Standing:
    """Return the standing with so many more sent and deferred on its day; fewer where the number is negative."""
    return replace(
        standing,
        sent_today=max(0, standing.sent_today + sent),
        deferred_today=max(0, standing.deferred_today + deferred),
    )
