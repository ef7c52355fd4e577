"""The help desk's rules: its hours, by when an answer is due, what is kept of a mail, who gets a receipt."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, time

from wem.contracts.date_rules import DAY, bank_day_from, bank_days_away, is_bank_day

MOST_TEXT = 20_000  # characters of one message
MOST_FILES = 5  # with one message on the portal
MOST_MAIL_FILES = 20
MOST_FILE = 10 * 1024 * 1024  # bytes of one file
MOST_TOGETHER = 20 * 1024 * 1024  # bytes of one message's files
MOST_MAILED = 10 * 1024 * 1024  # bytes of files that go with an answer by mail; larger mails are refused on their way
MOST_RECEIPTS_A_DAY = 3  # to one address; more is a machine, or somebody whose address is misused
MOST_MAILS_A_DAY = 30  # of one address; the rest waits for staff as arrived mail
MOST_REFERENCES = 20
CLOSES_AFTER_DAYS = 14  # answered, and nothing more was asked
REFERENCES_LONGEST = 900  # characters

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)").fullmatch
_MESSAGE_IDS = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{3,240}>")


@dataclass(frozen=True)
class Hours:
    """When the desk is open, on days on which people work, in Japan."""

    opens: time
    closes: time

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}–{self.closes:%H:%M}"


def read_hours(text: str) -> Hours:
    """Return the hours that `10:00-17:00` says. Raises ValueError for what is none, or ends before it begins."""
    found = _HOURS(text.strip())
    if found is None:
        raise ValueError(text)
    hours = Hours(time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4])))
    if hours.closes <= hours.opens:
        raise ValueError(text)
    return hours


def is_open(at: datetime, hours: Hours, holidays: Container[date]) -> bool:
    """Return whether the desk works at a moment; it opens with the first minute and is closed at the last."""
    return is_bank_day(at.date(), holidays) and hours.opens <= at.time() < hours.closes


def counts_from(received: datetime, hours: Hours, holidays: Container[date]) -> date:
    """Return the working day on which an inquiry counts as received: after closing it is the next (Art. 23-1)."""
    day = received.date()
    if received.time() >= hours.closes:
        day += DAY
    return bank_day_from(day, holidays)


def answer_by(received: datetime, hours: Hours, days: int, holidays: Container[date]) -> datetime:
    """Return the closing time by which an answer is expected, so many working days after the day of receipt."""
    day = bank_days_away(counts_from(received, hours, holidays), days, holidays) if days else None
    return datetime.combine(day or counts_from(received, hours, holidays), hours.closes, received.tzinfo)


def message_ids(*headers: str) -> list[str]:
    """Return the Message-IDs that In-Reply-To and References name, the newest first, each once."""
    found = [each for header in headers for each in reversed(_MESSAGE_IDS.findall(header))]
    return list(dict.fromkeys(found))[:MOST_REFERENCES]


def references(ids: list[str]) -> str:
    """Return the header References of an answer for the thread's Message-IDs, oldest first (RFC 5322 3.6.4).

    What is too long for a header loses its middle: the first names the thread, the last what is answered.
    """
    kept = [each for each in ids if _MESSAGE_IDS.fullmatch(each)]
    while len(kept) > 2 and len(" ".join(kept)) > REFERENCES_LONGEST:
        del kept[1]
    return " ".join(kept)
