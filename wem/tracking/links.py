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
    """What came back of one dispatch. `readers` are deliveries, each counted once."""

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


def results_of(dispatch_id: int) -> Results:
    """Return the counts of a dispatch, links in the order in which they stand in the mail."""
    rows = db.session.execute(
        sa.select(Tally.number, Tally.readers, Tally.hits).where(Tally.dispatch_id == dispatch_id)
    )
    tallies = {row.number: (row.readers, row.hits) for row in rows}
    nothing = (0, 0)
    return Results(
        *tallies.get(OPEN, nothing),
        *tallies.get(ANY_LINK, nothing),
        tuple(
            LinkResult(target, *tallies.get(number, nothing))
            for number, target in sorted(targets_of(dispatch_id).items())
        ),
    )
