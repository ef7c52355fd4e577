"""The log of erasures that stands outside the backups: one line of numbers and times for each (A-23).

It tells too what a restored backup must not do a second time: numbers of invoices, files for the bank.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

# Of several reasons for which one reader left the first stands; who is in none of them only left some lists.
STRONGEST = ("everything", "complaint", "removed", "staff", "stop_list", "unsubscribed", "tidied")
# Written once a day at least; a log that ends earlier is not the newest.
STALE = timedelta(days=2)


@dataclass(frozen=True)
class Run:
    """A file for the bank: what an installation that knows nothing of it must look for."""

    id: int
    debit_on: date
    count: int
    amount: int  # yen
    made_at: datetime
    made_by: int
    withdrawn: bool = False

    def as_dict(self) -> dict[str, object]:
        dates = {"debit_on": self.debit_on.isoformat(), "made_at": self.made_at.isoformat()}
        return vars(self) | dates


@dataclass(frozen=True)
class Line:
    """What was erased: a phase of a customer's data, or a reader's registrations but those on some lists. Or the last
    number of a year's invoices, or a file for the bank; or nothing: a sign that the log is written.
    """

    at: datetime
    customer: int = 0
    phase: str = ""
    reader: int = 0
    on: tuple[int, ...] = ()  # lists that the reader is still on
    reason: str = ""  # why the reader left
    year: int = 0
    last: int = 0
    run: Run | None = None

    def written(self) -> str:
        """Return the line as it stands in the file: numbers and times, nothing about anybody."""
        said: dict[str, object] = {"at": self.at.isoformat()}
        if self.phase:
            said |= {"customer": self.customer, "phase": self.phase}
        elif self.reader:
            said |= {"customer": self.customer, "reader": self.reader, "on": list(self.on)}
            said |= {"reason": self.reason} if self.reason else {}
        elif self.year:
            said |= {"year": self.year, "last": self.last}
        elif self.run:
            said |= {"run": self.run.as_dict()}
        else:
            said |= {"alive": True}
        return json.dumps(said, separators=(",", ":"))


def _line(said: dict[str, object]) -> Line:
    known = said.keys() & {"phase", "reader", "year", "run", "alive"}
    if not known:
        raise ValueError("it says nothing")
    at, on, run = datetime.fromisoformat(str(said["at"])), said.get("on", []), said.get("run")
    numbers = {name: int(str(said.get(name, 0))) for name in ("reader", "year", "last")}
    customer = int(str(said["customer"])) if known & {"phase", "reader"} else 0
    return Line(
        at,
        customer,
        str(said.get("phase", "")),
        on=tuple(int(each) for each in on) if isinstance(on, list) else (),
        reason=str(said.get("reason", "")),
        run=_run(run) if isinstance(run, dict) else None,
        **numbers,
    )


def _run(said: dict[str, object]) -> Run:
    numbers = {name: int(str(said[name])) for name in ("id", "count", "amount", "made_by")}
    day, made = date.fromisoformat(str(said["debit_on"])), datetime.fromisoformat(str(said["made_at"]))
    return Run(debit_on=day, made_at=made, withdrawn=bool(said["withdrawn"]), **numbers)


def read(lines: Iterable[str]) -> Iterator[Line]:
    """Yield the lines of a log; a last one that a crash cut short is left out. Raises ValueError for any other."""
    before: ValueError | None = None
    for text in lines:
        if before is not None:
            raise before
        if not text.strip():
            continue
        try:
            yield _line(json.loads(text))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            before = ValueError(f"not a line of the log of erasures: {error}")


def needed(lines: Iterable[Line], at: datetime, days: int) -> list[Line]:
    """Return what a backup that may still be restored does not know."""
    return [line for line in lines if line.at > at - timedelta(days=days)]


def lacks(lines: Sequence[Line], begun_at: datetime, at: datetime) -> str:
    """Return why a log cannot tell what was erased since a backup was begun; empty when it can."""
    if not lines:
        return "it is missing or empty"
    first, last = min(line.at for line in lines), max(line.at for line in lines)
    if first > begun_at:
        return f"it begins at {first.isoformat()}, after the backup"
    if last < begun_at:
        return f"it ends at {last.isoformat()}, before the backup"
    if last < at - STALE:
        return f"it ends at {last.isoformat()}, and WeM writes to it every day: is there a newer one?"
    return ""


def readers(lines: Iterable[Line]) -> list[Line]:
    """Return one line for each reader who left: on which lists the last one says, why the strongest reason says.

    A reader may leave one list and soon after everything, and both stand in the log as the end that came of it.
    """
    found: dict[int, Line] = {}
    for line in lines:
        if line.reader:
            earlier = found.get(line.reader, line)
            found[line.reader] = replace(line, reason=min(earlier.reason, line.reason, key=_rank))
    return list(found.values())


def _rank(reason: str) -> int:
    # Older lines say no reason: by them everybody said no.
    return STRONGEST.index(reason if reason in STRONGEST else "unsubscribed")


def last_numbers(lines: Iterable[Line]) -> dict[int, int]:
    """Return the last invoice number of each year."""
    found: dict[int, int] = {}
    for line in lines:
        if line.year:
            found[line.year] = max(line.last, found.get(line.year, 0))
    return found


def runs(lines: Iterable[Line]) -> list[Run]:
    """Return the files for the bank that stand, each as it was noted last."""
    found = {(line.run.id, line.run.made_at): line.run for line in lines if line.run}
    return [run for run in found.values() if not run.withdrawn]
