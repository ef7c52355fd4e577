"""The program of a sending process: only the product is loaded, as in a worker, so that its memory tells something."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time

import sqlalchemy as sa

from bench.delivering.processes import usage
from wem import create_worker_app
from wem.db import db
from wem.delivery import jobs
from wem.delivery.models import Dispatch, DispatchState
from wem.settings import Settings


def settings_from_environment() -> Settings:
    """Return the settings as they are given, leases of fractions of a second included."""
    names = [field.name for field in dataclasses.fields(Settings)]
    return Settings(**{name: os.environ[name] for name in names if name in os.environ})


def state_of(dispatch_id: int) -> DispatchState:
    """Return where the dispatch stands now; leaves no transaction open."""
    with db.engine.connect() as connection:
        state = connection.execute(sa.select(Dispatch.state).where(Dispatch.id == dispatch_id)).scalar_one()
        connection.rollback()
    return DispatchState(state)


def main(shard: int, dispatch_id: int) -> None:
    """Run the job until the dispatch has ended, then say what it took."""
    with create_worker_app(settings_from_environment()).app_context():
        state_of(dispatch_id)
        before = usage(os.getpid())
        print("ready", flush=True)
        sys.stdin.readline()
        while True:
            jobs.send(shard)
            if state_of(dispatch_id) is not DispatchState.sending:
                break
            time.sleep(0.005)
        ended, after = time.monotonic(), usage(os.getpid())
    spent = {
        "ended": ended,
        "cpu_s": after.cpu_s - before.cpu_s,
        "peak_rss_mb": after.peak_rss_mb,
        "rss_at_start_mb": before.peak_rss_mb,
    }
    print(json.dumps(spent), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
