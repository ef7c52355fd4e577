"""Workers as forks of a process that has the product loaded: they can be killed and begun again in no time."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable

import psycopg
import sqlalchemy as sa
from flask import Flask

from wem.db import db
from wem.delivery import jobs, recovering
from wem.mailings import jobs as mailing_jobs

SWEEP_SECONDS = 0.25  # the timetable's ten would make every fault a wait


class Fork:
    """One process that repeats a piece of work until it is killed."""

    def __init__(self, app: Flask, work: Callable[[], object], pause: float) -> None:
        self.app = app
        self.work = work
        self.pause = pause
        self.pid = 0
        self.start()

    def start(self) -> None:
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid:
            return
        try:
            self._run()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)

    def _run(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # As in a worker of RQ: the parent's sockets must neither be used nor closed.
        for engine in db.engines.values():
            engine.dispose(close=False)
        if kept := self.app.extensions.pop("wem.redis", None):
            kept.connection_pool.reset()
        db.session.registry.clear()
        while True:
            try:
                self.work()
            except (sa.exc.SQLAlchemyError, psycopg.Error, OSError):
                return  # the job has failed; the next one begins in a process of its own, as in RQ
            db.session.remove()
            time.sleep(self.pause)

    def keep(self) -> None:
        """Begin again if it has ended."""
        if self.pid and os.waitpid(self.pid, os.WNOHANG)[0]:
            self.start()

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once, a stopped one too."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


def sender(app: Flask, shard: int) -> Fork:
    """Return a process that sends."""
    return Fork(app, lambda: jobs.send(shard), 0.01)


def sweeper(app: Flask) -> Fork:
    """Return the process that finds what dead workers left behind."""

    def sweep() -> None:
        recovering.sweep()
        mailing_jobs.sweep()
        mailing_jobs.start_due()

    return Fork(app, sweep, SWEEP_SECONDS)
