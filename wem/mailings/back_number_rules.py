"""When a mailing may stand in the archive, and how back numbers are named there; plain functions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Protocol, TypeVar

# A mailing that is a draft, waits or was called off before its start was never sent: there is nothing to show.
PUBLISHABLE = frozenset({"sending", "paused", "held", "done", "cancelled"})
# Of a mail's text, as much as tells what it is about.
SUMMARY = 300
# Characters that XML 1.0 (section 2.2) cannot hold, however they are written.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Dated(Protocol):
    @property
    def sent_on(self) -> date | None: ...


Row = TypeVar("Row", bound=Dated)


def may_be_published(state: str, started: bool) -> bool:
    """Return whether a mailing in this state can be a back number: somebody got it, or is getting it."""
    return started and state in PUBLISHABLE


def by_month(rows: Iterable[Row]) -> list[tuple[date, list[Row]]]:
    """Return the rows under the first day of their month, in the order in which they came."""
    dated = [(row.sent_on.replace(day=1), row) for row in rows if row.sent_on is not None]
    return [(month, [row for _, row in group]) for month, group in groupby(dated, key=lambda pair: pair[0])]


def summary(text: str) -> str:
    """Return the beginning of a text on one line, at most SUMMARY characters, cut with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= SUMMARY else line[: SUMMARY - 1].rstrip() + "…"


def in_xml(text: str) -> str:
    """Return a text without the characters that no XML document may hold (XML 1.0, 2.2)."""
    return _NOT_IN_XML.sub("", text)
