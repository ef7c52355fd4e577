"""The hours of the day in which mailings of a customer do not leave (配信しない時間帯); plain functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

JAPAN = ZoneInfo("Asia/Tokyo")
# What we offer to whoever has none: nobody's telephone rings in the night.
OFFERED_BEGINS, OFFERED_ENDS = time(22), time(7)
# So much of each day stays at least: a large mailing would never come to its end.
LEAST_OPEN = timedelta(hours=2)


@dataclass(frozen=True)
class NoSendHours:
    """From a time of day to another, in Japan; over midnight where the end is earlier than the beginning.

    Their first moment belongs to them, their end does not.
    """

    begins: time
    ends: time

    def hold(self, at: datetime) -> bool:
        """Return whether nothing leaves at a moment."""
        of_day = at.astimezone(JAPAN).time()
        if self.begins < self.ends:
            return self.begins <= of_day < self.ends
        return of_day >= self.begins or of_day < self.ends

    def leaves(self, at: datetime) -> datetime:
        """Return when what is due at a moment may leave: then, or at the end of the hours that it falls into."""
        if not self.hold(at):
            return at
        local = at.astimezone(JAPAN)
        day = local.date() if local.time() < self.ends else local.date() + timedelta(days=1)
        return datetime.combine(day, self.ends, JAPAN)

    def next_beginning(self, at: datetime) -> datetime:
        """Return the first beginning after a moment."""
        local = at.astimezone(JAPAN)
        day = local.date() if local.time() < self.begins else local.date() + timedelta(days=1)
        return datetime.combine(day, self.begins, JAPAN)


def open_hours(begins: time, ends: time) -> timedelta:
    """Return how much of a day is left for sending; none where both times are the same."""
    minutes = (begins.hour * 60 + begins.minute) - (ends.hour * 60 + ends.minute)
    return timedelta(minutes=minutes % (24 * 60))
