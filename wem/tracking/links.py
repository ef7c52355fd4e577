"""The link table of a dispatch, and what it and the totals come to on the page of results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from wem.db import db
from wem.tracking.linking import Target
from wem.tracking.models import ANY_LINK, OPEN, Link, Tally


@dataclass(frozen=True)
class LinkResult:
    """One counted address: how many readers clicked it, and how often in all."""

    target: str
    readers: int
    hits: int


@dataclass(frozen=True)
class Results:
    """What came back of a mailing. `readers` are deliveries, each counted once."""

    open_readers: int
    open_hits: int
    click_readers: int
    click_hits: int
    links: tuple[LinkResult, ...]


def keep_links(dispatch_id: int, targets: Iterable[Target]) -> None:
    """Write down where the counted links of a new dispatch lead; the caller commits."""
    db.session.execute(
        sa.insert(Link),
        [
            {"dispatch_id": dispatch_id, "number": each.number, "kind": each.kind, "target": each.address}
            for each in targets
        ],
    )


def targets_of(dispatch_id: int) -> dict[int, str]:
    """Return the addresses of a dispatch's counted links by their number."""
    rows = db.session.execute(sa.select(Link.number, Link.target).where(Link.dispatch_id == dispatch_id))
    return dict(iter(rows))  # type: ignore[arg-type]


def results_of(*dispatch_ids: int) -> Results:
    """Return the counts of one dispatch or several, links in the order in which they stand in the first mail."""
    rows = db.session.execute(
        sa.select(Tally.dispatch_id, Tally.number, Tally.readers, Tally.hits).where(Tally.dispatch_id.in_(dispatch_ids))
    )
    tallies = {(row.dispatch_id, row.number): (row.readers, row.hits) for row in rows}
    links: dict[str, tuple[int, int]] = {}
    for of in dispatch_ids:
        for number, target in sorted(targets_of(of).items()):
            links[target] = _sum(links.get(target, NOTHING), tallies.get((of, number), NOTHING))
    opens, clicks = (_sum(*(tallies.get((of, number), NOTHING) for of in dispatch_ids)) for number in (OPEN, ANY_LINK))
    return Results(*opens, *clicks, tuple(LinkResult(target, *counts) for target, counts in links.items()))


NOTHING = (0, 0)


def _sum(*counts: tuple[int, int]) -> tuple[int, int]:
    return sum(readers for readers, _ in counts), sum(hits for _, hits in counts)


def take_links(dispatch_id: int, other: int) -> None:
    """Have a dispatch's counted links lead where those of another one do; the caller commits."""
    db.session.execute(sa.delete(Link).where(Link.dispatch_id == dispatch_id))
    theirs = sa.select(sa.literal(dispatch_id), Link.number, Link.kind, Link.target).where(Link.dispatch_id == other)
    db.session.execute(sa.insert(Link).from_select(["dispatch_id", "number", "kind", "target"], theirs))
