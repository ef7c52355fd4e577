"""Another writer beside a benchmark: it writes every 100 ms, and tells how long it waited for its turn."""

from __future__ import annotations

import statistics
import threading
import time
from types import TracebackType

from flask import Flask

from wem import audit
from wem.db import db

EVERY = 0.1


class Writer(threading.Thread):
    """Writes a line into the audit trail, again and again, while the `with` block lasts."""

    def __init__(self, app: Flask) -> None:
        super().__init__(daemon=True)
        self._app, self._over, self._waits = app, threading.Event(), [0.0]

    def run(self) -> None:
        with self._app.app_context():
            while not self._over.wait(EVERY):
                begun = time.perf_counter()
                audit.record("bench.write", by=None)
                db.session.commit()
                self._waits.append(time.perf_counter() - begun)
            db.session.remove()

    def __enter__(self) -> Writer:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self.join()

    def waited(self) -> dict[str, float]:
        """Return the longest and the usual wait in milliseconds, and how often was written."""
        longest, usual = max(self._waits), statistics.median(self._waits)
        return {
            "writes": len(self._waits) - 1,
            "worst_wait_ms": round(longest * 1000),
            "usual_wait_ms": round(usual * 1000),
        }
