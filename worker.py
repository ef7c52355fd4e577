"""An RQ worker for the queue named on its command line: `python worker.py send`."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import Any

import redis
import sqlalchemy.orm
from rq import Queue, Worker

from wem import create_worker_app, schedule
from wem import queue as queue_module
from wem.db import db
from wem.queue import QUEUES

app = create_worker_app()


class FlaskWorker(Worker):
    """Each job runs in a child with an application context and database connections of its own."""

    def handle_warm_shutdown_request(self) -> None:
        """Tell the running job to come to an end early; its work goes on in the next one."""
        super().handle_warm_shutdown_request()
        self._tell_the_job()

    def fork_work_horse(self, job: Any, queue: Any) -> None:
        # The child inherits this: what comes before it listens waits. Python forgets what came while it forked.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        super().fork_work_horse(job, queue)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        if self._stop_requested:
            # We were told to stop after the job was taken, and before its child was known.
            self._tell_the_job()

    def main_work_horse(self, job: Any, queue: Any) -> None:
        signal.signal(signal.SIGUSR1, lambda *_: queue_module.stopping.set())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        super().main_work_horse(job, queue)

    def _tell_the_job(self) -> None:
        if self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGUSR1)

    def perform_job(self, job: Any, queue: Any, execution: Any) -> bool:
        with app.app_context():
            # The parent's sockets must neither be used nor closed by the child.
            for engine in db.engines.values():
                engine.dispose(close=False)
            try:
                return bool(super().perform_job(job, queue, execution))
            finally:
                db.session.remove()


def load(names: Iterable[str]) -> None:
    """Import what the jobs of these queues are made of: their children would each do it anew, which took most of the
    time that a confirmation took from the click to the mail server."""
    for module in {periodic.job.rpartition(".")[0] for periodic in schedule.TIMETABLE if periodic.queue in names}:
        import_module(module)
    sqlalchemy.orm.configure_mappers()
    # What lives now lives on; a child that looked through it for garbage would copy the memory that it shares.
    gc.collect()
    gc.freeze()


def main(names: list[str]) -> int:
    """Serve the queues until told to stop; 2 when a name is unknown."""
    if not names or set(names) - set(QUEUES):
        print(f"usage: worker.py {'|'.join(QUEUES)}", file=sys.stderr)
        return 2
    load(names)
    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    connection = redis.Redis.from_url(app.config["WEM"].redis_url)
    queues = [Queue(name, connection=connection, serializer="json") for name in names]
    worker = FlaskWorker(
        queues,
        connection=connection,
        serializer="json",
        worker_ttl=60,
        maintenance_interval=30,
        job_monitoring_interval=10,
    )
    # Meant for the job's child alone. Not ignored: what is ignored need not wait for the child to listen.
    signal.signal(signal.SIGUSR1, lambda *_: None)
    worker.work(logging_level="WARNING")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
