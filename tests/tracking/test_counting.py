"""The roll-up: every hit counts once, also when it is killed; first ones once each; readers go and counts stay."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.factories import World
from tests.page import Browser
from tests.tracking.mailed import click, count, firsts, hits, picture, seq_of, start, tallies
from wem import clock
from wem.db import db
from wem.delivery.models import Delivery, Dispatch
from wem.lists import leaving
from wem.settings import ROOT, Settings
from wem.tracking import counting, hitting, jobs
from wem.tracking.models import ANY_LINK, OPEN, FirstHit, Hit, Link, Tally

pytestmark = pytest.mark.both_databases


def test_first_and_total(world: World, public: Browser) -> None:
    """Twice the same is one reader and two hits; two links of one mail are one reader who clicked."""
    dispatch = start(world.ours)
    for path in [picture(dispatch, 1)] * 3 + [click(dispatch, 1)] * 2 + [click(dispatch, 1, 2), click(dispatch, 2, 2)]:
        public.get(path)
    count()
    assert tallies(dispatch) == {OPEN: (3, 1), ANY_LINK: (4, 2), 1: (2, 1), 2: (2, 2)}
    assert firsts(dispatch) == {(1, OPEN), (1, ANY_LINK), (1, 1), (1, 2), (2, ANY_LINK), (2, 2)}
    public.get(click(dispatch, 1))
    public.get(click(dispatch, 3))
    count()
    assert tallies(dispatch) == {OPEN: (3, 1), ANY_LINK: (6, 3), 1: (4, 2), 2: (2, 2)}
    count()
    jobs.roll_up()
    assert tallies(dispatch) == {OPEN: (3, 1), ANY_LINK: (6, 3), 1: (4, 2), 2: (2, 2)}, "counted already"


def test_the_first_is_the_earliest(world: World, public: Browser) -> None:
    dispatch = start(world.ours)
    begun = clock.now()
    for _ in range(3):
        public.get(click(dispatch, 1))
    earliest = db.session.scalar(sa.select(sa.func.min(Hit.at, type_=Hit.at.type)))
    db.session.commit()
    count()
    (first,) = set(db.session.scalars(sa.select(FirstHit.at)))
    assert begun <= first == earliest


def test_each_dispatch_counts_for_itself(world: World, public: Browser) -> None:
    ours, theirs = start(world.ours), start(world.theirs)
    public.get(click(ours, 1))
    public.get(click(theirs, 1))
    public.get(click(theirs, 2))
    count()
    assert tallies(ours)[ANY_LINK] == (1, 1)
    assert tallies(theirs)[ANY_LINK] == (2, 2)


def many(dispatch: Dispatch, number: int) -> None:
    """Write down clicks on the first link by three readers in turn. Commits."""
    rows = [
        {"dispatch_id": dispatch.id, "seq": n % 3 + 1, "number": 1, "at": clock.now(), "network": "", "agent": ""}
        for n in range(number)
    ]
    db.session.execute(sa.insert(Hit), rows)
    db.session.commit()


def test_many_lots(world: World) -> None:
    dispatch = start(world.ours)
    many(dispatch, 2 * counting.LOT + 5)
    count()
    assert tallies(dispatch) == {ANY_LINK: (2 * counting.LOT + 5, 3), 1: (2 * counting.LOT + 5, 3)}


def test_a_deadline_leaves_the_rest_for_the_next(world: World) -> None:
    dispatch = start(world.ours)
    many(dispatch, 3)
    assert counting.count_until(0.0), "nothing done, more to do"
    assert not tallies(dispatch)
    db.session.commit()
    count()
    assert tallies(dispatch)[1] == (3, 3)


KILLED = """
import os, signal
from wem import create_worker_app
from wem.db import db
from wem.tracking import counting
with create_worker_app().app_context():
    assert counting.count_some() == {number}
    db.session.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(settings: Settings, number: int) -> None:
    """Let a process count and be killed before it commits."""
    environment = {field.name: str(getattr(settings, field.name)) for field in dataclasses.fields(settings)}
    process = subprocess.run([sys.executable, "-c", KILLED.format(number=number)], cwd=ROOT, env=environment)
    assert process.returncode == -signal.SIGKILL


def test_killed_in_the_middle_counts_right(app: Flask, world: World) -> None:
    dispatch = start(world.ours)
    many(dispatch, 30)
    killed(app.config["WEM"], 30)
    assert not tallies(dispatch)
    assert not firsts(dispatch)
    db.session.commit()
    count()
    assert tallies(dispatch) == {ANY_LINK: (30, 3), 1: (30, 3)}


def test_two_at_once_share_the_work(app: Flask, world: World) -> None:
    dispatch = start(world.ours)
    many(dispatch, 3000)
    number = dispatch.id
    db.session.commit()

    def work() -> None:
        with app.app_context():
            # Whoever meets the other's lock too long leaves the rest to the next run.
            counting.count_until(float("inf"))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count()
    assert tallies(db.session.get_one(Dispatch, number))[1] == (3000, 3)


def test_with_the_reader_go_the_records_and_counts_stay(world: World, public: Browser) -> None:
    dispatch, reader = start(world.ours), world.ours.readers[0]
    seq = seq_of(dispatch, reader)
    other = seq_of(dispatch, world.ours.readers[1])
    for path in (picture(dispatch, seq), click(dispatch, seq), click(dispatch, other)):
        public.get(path)
    count()
    before = tallies(dispatch)
    leaving.erase(reader)
    db.session.commit()
    assert firsts(dispatch) == {(other, ANY_LINK), (other, 1)}
    assert db.session.scalars(sa.select(Hit.seq)).all() == [other]
    assert tallies(dispatch) == before
    public.get(click(dispatch, seq))
    assert hits() == 2
    db.session.commit()
    count()
    assert hits() == 1, "a hit that is nobody's is counted and not kept"
    assert tallies(dispatch)[1] == (3, 2), "no new reader"
    assert firsts(dispatch) == {(other, ANY_LINK), (other, 1)}


def test_a_hit_between_the_reader_and_the_roll_up(world: World, public: Browser) -> None:
    """The reader left before the hit was counted: the total knows it, no person does."""
    dispatch, reader = start(world.ours), world.ours.readers[0]
    public.get(click(dispatch, seq_of(dispatch, reader)))
    leaving.erase(reader)
    db.session.commit()
    count()
    assert (tallies(dispatch), firsts(dispatch), hits()) == ({ANY_LINK: (1, 0), 1: (1, 0)}, set(), 0)


def test_nothing_stays_of_a_dispatch_that_is_erased(world: World, public: Browser) -> None:
    dispatch = start(world.ours)
    public.get(click(dispatch, 1))
    count()
    late = click(dispatch, 2)
    db.session.execute(sa.delete(Delivery))
    db.session.execute(sa.delete(Dispatch))
    db.session.commit()
    assert public.get(late).status == 404
    hitting.write_down(1, 2, 1, address=None, agent="")
    db.session.commit()
    count()
    for table in (Link, FirstHit, Tally):
        assert not db.session.scalar(sa.select(sa.func.count()).select_from(table))


def test_hits_are_kept_for_thirty_days(world: World, public: Browser) -> None:
    dispatch = start(world.ours)
    public.get(click(dispatch, 1))
    jobs.forget_old()
    assert hits() == 1
    db.session.execute(sa.update(Hit).values(at=clock.now() - timedelta(days=31)))
    db.session.commit()
    jobs.forget_old()
    assert hits() == 1, "not counted yet"
    db.session.commit()
    count()
    public.get(click(dispatch, 2))
    jobs.forget_old()
    assert db.session.scalars(sa.select(Hit.seq)).all() == [2]
    assert tallies(dispatch)[1] == (1, 1)
    assert firsts(dispatch) == {(1, ANY_LINK), (1, 1)}


def test_what_waits_is_found_by_the_index(world: World) -> None:
    """Millions that are counted are not looked at for the few that are not."""
    dispatch = start(world.ours)
    many(dispatch, 20)
    query = "SELECT id FROM hit WHERE NOT hit.counted ORDER BY id LIMIT 10"
    if db.engine.dialect.name == "postgresql":
        db.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = db.session.scalars(sa.text(f"EXPLAIN {query}")).all()
    else:
        plan = [row[-1] for row in db.session.execute(sa.text(f"EXPLAIN QUERY PLAN {query}"))]
    assert "ix_hit_uncounted" in " ".join(plan)
