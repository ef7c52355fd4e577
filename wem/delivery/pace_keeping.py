"""What the workers know together about the pace, kept in the database: it outlives Redis and every worker."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine

from wem.db import reading_only
from wem.delivery import pace_rules as rules
from wem.delivery.models import Batch
from wem.delivery.pace_models import CustomerTurn, ProviderState
from wem.delivery.pace_rules import Standing, Trouble

# (pool, provider): the pool is a sending domain, or "" for all our own addresses.
Place = tuple[str, str]

_TABLE: Any = sa.inspect(ProviderState).local_table
_COLUMNS = [_TABLE.c[each.name] for each in fields(Standing)]
_LEASED = sa.text("batch.state = 'leased'")


@dataclass
class News:
    """What a worker saw of a place since it told last."""

    sent: int = 0
    deferred: int = 0
    trouble: Trouble | None = None
    # Mails a second of all workers, as far as this one can tell; asked for when a provider complains.
    measured: float = 0.0


@dataclass
class Known:
    """What is known at present, of everything that a worker has in hand."""

    standings: dict[Place, Standing] = field(default_factory=dict)
    customer_rates: dict[int, float] = field(default_factory=dict)
    workers: int = 0


def known(engine: Engine, places: Collection[Place], customers: Collection[int], at: datetime) -> Known:
    """Return what the database knows; takes no lock."""
    token = reading_only.set(True)
    try:
        with engine.connect() as connection:
            found = Known()
            for row in connection.execute(_of(places)):
                found.standings[(row.pool, row.provider)] = Standing(*row[2:])
            found.customer_rates = {
                row.customer_id: row.rate
                for row in connection.execute(
                    sa.select(CustomerTurn.customer_id, CustomerTurn.rate).where(
                        CustomerTurn.customer_id.in_(customers), CustomerTurn.rate.is_not(None)
                    )
                )
            }
            live = sa.select(sa.func.count(Batch.owner.distinct())).where(_LEASED, Batch.lease_until > at)
            found.workers = connection.scalar(live) or 0
            return found
    finally:
        reading_only.reset(token)


def tell(engine: Engine, news: dict[Place, News], warming: Collection[Place], at: datetime) -> None:
    """Write down what was seen, of the places in `warming` also the numbers of the day."""
    for place, seen in sorted(news.items()):

        def with_news(standing: Standing, place: Place = place, seen: News = seen) -> Standing:
            if seen.trouble is not None:
                standing = rules.troubled(standing, seen.trouble, seen.measured, at)
            elif seen.sent:
                standing = rules.grown(standing, at)
            if place in warming:
                standing = rules.on_day(standing, at.date())
                left_open = rules.warm_left(standing) is None  # else it was counted when it was reserved
                standing = rules.counted(standing, seen.sent if left_open else 0, seen.deferred)
            return standing

        change(engine, place, with_news)


def reserve(engine: Engine, place: Place, wanted: int, workers: int, at: datetime) -> int | None:
    """Take up to `wanted` mails out of the day's warm-up and return how many; None when it is over.

    The last ones are left to all workers in small portions. With a negative number mails go back that were not sent.
    """
    granted: list[int | None] = []

    def with_fewer(standing: Standing) -> Standing:
        standing = rules.on_day(standing, at.date())
        left = rules.warm_left(standing)
        some = 0 if left is None else min(wanted, left, max(1, left // (2 * workers)))
        granted.append(None if left is None else some)
        return rules.counted(standing, some, 0)

    change(engine, place, with_fewer)
    return granted[-1]


def change(engine: Engine, place: Place, how: Callable[[Standing], Standing]) -> None:
    """Change a place's standing under its lock; `how` may be asked twice, and the second answer counts."""
    pool, provider = place
    with engine.begin() as connection:
        before = _locked(connection, place)
        after = how(before or Standing())
        if before is None and after != Standing():
            insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            row = {"pool": pool, "provider": provider, **asdict(Standing())}
            connection.execute(insert(_TABLE).values(row).on_conflict_do_nothing())
            before = _locked(connection, place)
            assert before is not None
            after = how(before)
        if after != (before or Standing()):
            where = sa.and_(_TABLE.c.pool == pool, _TABLE.c.provider == provider)
            connection.execute(sa.update(_TABLE).where(where).values(**asdict(after)))


def _locked(connection: Connection, place: Place) -> Standing | None:
    row = connection.execute(_of([place]).with_for_update()).one_or_none()
    return Standing(*row[2:]) if row else None


def _of(places: Collection[Place]) -> sa.Select[Any]:
    pools, providers = {pool for pool, _ in places}, {provider for _, provider in places}
    return sa.select(_TABLE.c.pool, _TABLE.c.provider, *_COLUMNS).where(
        _TABLE.c.pool.in_(pools), _TABLE.c.provider.in_(providers)
    )
