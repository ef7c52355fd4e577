"""Mails that arrive at the same time are kept together: one wait for the disk and one commit for all of them."""

from __future__ import annotations

import asyncio
import logging
import queue as waiting
import threading
import time
from concurrent.futures import Future

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from wem import queue
from wem.inbound.keeping import Arriving, disk_is_full, keep

TOGETHER = 200
TOGETHER_BYTES = 32 * 1024 * 1024
RING_AGAIN_SECONDS = 5.0  # after Redis did not answer; the sweep rings as well

KEPT = "250 2.0.0 kept"
FULL = "452 4.3.1 no room at present, try again later"
NOT_NOW = "451 4.3.0 the mail cannot be kept at present, try again later"
log = logging.getLogger("wem.inbound")


class Keeper:
    """A thread that keeps what it is handed, everything that waits at once, and then says so."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._mails: waiting.SimpleQueue[tuple[Arriving, Future[str]] | None] = waiting.SimpleQueue()
        self._ring_after = 0.0
        self._thread = threading.Thread(target=self._run, name="mail-keeper")
        self._thread.start()

    async def keep(self, mail: Arriving) -> str:
        """Return the answer of SMTP, once the mail is kept or cannot be kept."""
        answer: Future[str] = Future()
        self._mails.put((mail, answer))
        return await asyncio.wrap_future(answer)

    def close(self) -> None:
        """Keep what was handed over already, then end."""
        self._mails.put(None)
        self._thread.join()

    def _run(self) -> None:
        over = False
        while not over:
            group, over = self._group()
            if group:
                answer = self._keep([mail for mail, _ in group])
                for _, waiter in group:
                    # Who waited for it may have gone; then nobody was told, and the mail comes again as a repetition.
                    if waiter.set_running_or_notify_cancel():
                        waiter.set_result(answer)
                if answer == KEPT:
                    self._ring()

    def _group(self) -> tuple[list[tuple[Arriving, Future[str]]], bool]:
        """Wait for a mail, then take all that wait with it; True when no more come."""
        group, size = [], 0
        item = self._mails.get()
        while item is not None:
            group.append(item)
            size += len(item[0].raw)
            if len(group) >= TOGETHER or size >= TOGETHER_BYTES or self._mails.empty():
                return group, False
            item = self._mails.get()
        return group, True

    def _keep(self, mails: list[Arriving]) -> str:
        with self.app.app_context():
            try:
                keep(mails)
            except (OSError, SQLAlchemyError) as error:
                full = disk_is_full(error)
                log.error(
                    "%d mails were not kept: %s", len(mails), "the disk is full" if full else type(error).__name__
                )
                return FULL if full else NOT_NOW
            except Exception:
                log.exception("%d mails were not kept", len(mails))
                return NOT_NOW
        return KEPT

    def _ring(self) -> None:
        # After the answer: Redis may take its time, and nothing depends on it.
        if time.monotonic() < self._ring_after:
            return
        with self.app.app_context():
            if not queue.ring_now(queue.INBOUND, "wem.inbound.jobs.route"):
                self._ring_after = time.monotonic() + RING_AGAIN_SECONDS
