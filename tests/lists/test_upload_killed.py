"""A worker killed by SIGKILL in the middle: what is committed stays, nothing is lost, nothing comes twice."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import World
from tests.lists.recounting import assert_counts_are_exact
from tests.lists.uploads import begin_applying, checked, csv_of, received, work
from wem import clock
from wem.db import db
from wem.lists import counting
from wem.lists.states import UploadState
from wem.lists.subscription_models import ConsentEvent, Subscriber
from wem.lists.upload_models import Upload
from wem.settings import ROOT, Settings, settings

pytestmark = pytest.mark.both_databases
# The job as a worker runs it, in small chunks that take their time.
PROGRAM = """
import logging, sys, time
from wem import create_worker_app
app = create_worker_app()
logging.disable(logging.CRITICAL)
from wem.lists import jobs, upload_applying, upload_checking
upload_applying.CHUNK = dict.fromkeys(upload_applying.CHUNK, 40)
upload_checking.FRAME = 40
def slowly(steps):
    def run(turn):
        for _ in steps(turn):
            yield
            time.sleep(0.05)
    return run
upload_applying.steps, upload_checking.steps = slowly(upload_applying.steps), slowly(upload_checking.steps)
with app.app_context():
    getattr(jobs, sys.argv[1])(int(sys.argv[2]))
"""
ROWS = 2_000


def kill_in_the_middle(job: str, upload_id: int, until: int = 200) -> int:
    """Run a job in a process of its own and kill it once some chunks are committed; returns how far it came."""
    db.session.remove()
    environment = {field.name: str(getattr(settings(), field.name)) for field in dataclasses.fields(Settings)}
    worker = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, job, str(upload_id)], cwd=ROOT, env={**os.environ, **environment}
    )
    deadline = time.monotonic() + 300
    try:
        while _came(upload_id, job) < until:
            assert worker.poll() is None, "the worker came to its end before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    return _came(upload_id, job)


def _came(upload_id: int, job: str) -> int:
    """Return how many records are done; checking goes over them twice, to read and to look up what they meet."""
    far = Upload.read + Upload.cursor if job == "read_upload" else Upload.cursor
    found = db.session.scalar(sa.select(far).where(Upload.id == upload_id)) or 0
    # On SQLite the worker waits for whoever holds a transaction open.
    db.session.rollback()
    return found


def let_the_lease_end(upload_id: int) -> None:
    """Until then nobody else may work: the killed one might only be slow."""
    upload = db.session.get_one(Upload, upload_id, populate_existing=True)
    assert upload.lease_until is not None and upload.lease_until > clock.now()
    before = upload.cursor
    assert work(upload_id, turns=1).cursor == before
    db.session.execute(sa.update(Upload).values(lease_until=clock.now() - timedelta(seconds=1)))
    db.session.commit()


@pytest.fixture
def content() -> Callable[[], bytes]:
    return lambda: csv_of(*(f"r{n}@x.example" for n in range(ROWS)), "r7@x.example", "nothing")


@pytest.mark.parametrize("until", [200, ROWS + 200], ids=["reading", "looking up"])
def test_checking_goes_on_after_a_kill(world: World, content: Callable[[], bytes], until: int) -> None:
    upload_id = received(world.ours, content())
    came = kill_in_the_middle("read_upload", upload_id, until)
    assert until <= came < 2 * ROWS
    let_the_lease_end(upload_id)
    upload = work(upload_id)
    assert upload.state is UploadState.checked
    assert (upload.good, upload.duplicate, upload.bad, upload.read) == (ROWS, 1, 1, ROWS + 2)


def test_applying_goes_on_after_a_kill(world: World, content: Callable[[], bytes]) -> None:
    upload = checked(world.ours, content())
    begin_applying(upload, world.ours.owner.id, world.admin.id)
    upload_id, customer_id = upload.id, world.ours.customer.id
    came = kill_in_the_middle("apply_upload", upload_id)
    upload = db.session.get_one(Upload, upload_id, populate_existing=True)
    # Every count belongs to what is there, also at this moment.
    assert 200 <= upload.applied == came < ROWS
    assert counting.registered(customer_id) == 3 + upload.applied
    assert_counts_are_exact()
    let_the_lease_end(upload_id)
    upload = work(upload_id)
    assert upload.applied == ROWS and counting.registered(customer_id) == ROWS + 3
    assert counting.month_peak(customer_id) == ROWS + 3
    events = sa.select(sa.func.count()).select_from(ConsentEvent).where(ConsentEvent.upload_id == upload_id)
    assert db.session.scalar(events) == ROWS
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Subscriber)) == ROWS + 6
    assert_counts_are_exact()
