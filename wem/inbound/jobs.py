"""What workers do with arrived mail: route it, find what was forgotten, erase what is past its time."""

from __future__ import annotations

import logging
import time

from wem import clock, queue
from wem.db import db, let_others_write
from wem.inbound import adopting, claiming, erasing, polling, routing
from wem.settings import settings

SECONDS = 50.0
POLL_SECONDS = 30.0  # uploads and audiences wait for the same worker
TOGETHER = 50  # mails in one transaction: some tenths of a second, in which nobody else writes on SQLite
log = logging.getLogger("wem.inbound")


def route() -> None:
    """Hand on what has arrived, for as long as a job may run."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and not queue.stopping.is_set():
        claimed = claiming.claim(clock.now(), TOGETHER)
        db.session.commit()
        if not claimed.files:
            return
        routing.handle(claimed)
        db.session.remove()  # what it holds of the mails before is not needed again
        let_others_write()
    queue.ring_now(queue.INBOUND, "wem.inbound.jobs.route")


def sweep() -> None:
    """Ring for mail that a lost queue forgot, a dead worker left, or a pause is over for."""
    if claiming.waiting(clock.now()):
        queue.ring(queue.INBOUND, "wem.inbound.jobs.route")
    db.session.commit()


def adopt_files() -> None:
    """Make rows for kept files that have none: what a crash between file and row left, or a restored database lacks."""
    for _ in adopting.adopt(clock.now()):
        db.session.commit()
        let_others_write()
    queue.ring_now(queue.INBOUND, "wem.inbound.jobs.route")


def poll_imap() -> None:
    """Fetch mail from the mailbox that the settings name, if they do."""
    if not settings().IMAP_HOST:
        return
    try:
        kept = polling.poll(time.monotonic() + POLL_SECONDS)
    except (polling.PollFailed, OSError) as error:
        log.warning("the mailbox could not be read: %s", error)
        return
    if kept:
        queue.ring_now(queue.INBOUND, "wem.inbound.jobs.route")


def erase_old() -> None:
    """Erase mail that is past its time, and what is no longer needed to know repetitions by."""
    until = time.monotonic() + SECONDS
    while erasing.erase_some(clock.now()) and time.monotonic() < until:
        db.session.commit()
        let_others_write()
    erasing.forget_seen(clock.now())
    db.session.commit()
