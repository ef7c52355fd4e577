"""The numbers that screens show, kept with each bounce and complaint and never counted over the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from wem.bounces.models import WHOLE, BounceTally, PostponedTally, ProviderTally
from wem.bounces.states import Reason
from wem.db import db


@dataclass(frozen=True, slots=True)
class Counted:
    """One bounce or complaint as it is counted; `domain` is the sender's, "" for the service's own."""

    customer_id: int
    dispatch_id: int
    lists: tuple[int, ...]
    day: date
    reason: Reason
    provider: str
    domain: str


def add(entries: Iterable[Counted]) -> None:
    """Add to the numbers of dispatches, lists and providers, in the transaction of the rows that they count."""
    by_list: Counter[tuple[int, int, date, str, int]] = Counter()
    by_provider: Counter[tuple[date, str, str, str]] = Counter()
    for each in entries:
        for list_id in (WHOLE, *each.lists):
            by_list[each.dispatch_id, list_id, each.day, each.reason, each.customer_id] += 1
        by_provider[each.day, each.provider, each.domain, each.reason] += 1
    names = ("dispatch_id", "list_id", "day", "reason", "customer_id")
    _add(BounceTally, names[:4], [dict(zip(names, key, strict=True)) | {"number": by_list[key]} for key in by_list])
    others = ("day", "provider", "domain", "reason")
    _add(
        ProviderTally,
        others,
        [dict(zip(others, key, strict=True)) | {"number": by_provider[key]} for key in by_provider],
    )


def add_postponed(entries: Iterable[tuple[date, str, str, str, int]]) -> None:
    """Add (day, provider, sender domain, trouble, number) of mails that were put off."""
    numbers: Counter[tuple[date, str, str, str]] = Counter()
    for *place, number in entries:
        numbers[tuple(place)] += number  # type: ignore[index]
    names = ("day", "provider", "domain", "trouble")
    rows = [dict(zip(names, place, strict=True)) | {"number": numbers[place]} for place in numbers]
    _add(PostponedTally, names, rows)


def _add(table: Any, keys: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    made = (postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert)(table)
    more = {"number": table.number + made.excluded.number}
    # In order: whoever adds to the same numbers takes them in the same one.
    ordered = sorted(rows, key=lambda row: tuple(str(row[key]) for key in keys))
    db.session.execute(
        made.on_conflict_do_update(index_elements=[getattr(table, key) for key in keys], set_=more), ordered
    )
