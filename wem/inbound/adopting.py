"""Kept files without rows: they become rows, so that nothing that we were handed is lost."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from wem import storage
from wem.db import db
from wem.inbound.envelopes import NoEnvelope, opened
from wem.inbound.keeping import FOLDER, Arriving, rows_of
from wem.inbound.models import InboundMail

# By then whoever writes a file has long written its row, or is dead.
ALONE_FOR = timedelta(hours=1)
AT_ONCE = 200
log = logging.getLogger("wem.inbound")


def adopt(at: datetime) -> Iterator[int]:
    """Make rows for files that no row names, a portion per step; yield how many mails came back each time.

    Such a file was left by a crash before its row was written (then its sender has kept the mail and comes again, and
    one of the two is a repetition), or the database was restored from before it came. What is not whole was never
    acknowledged: it is erased.
    """
    files = storage.old_files(FOLDER, at - ALONE_FOR)
    while portion := list(islice(files, AT_ONCE)):
        named = set(
            db.session.scalars(sa.select(InboundMail.raw_key).where(InboundMail.raw_key.in_([k for k, _ in portion])))
        )
        alone = [(key, path) for key, path in portion if key not in named]
        rows = [row for key, path in alone for row in _rows(key, path, at)]
        if rows:
            db.session.execute(sa.insert(InboundMail), rows)
            log.warning("%d arrived mails had files and no rows; they are routed now", len(rows))
        yield len(rows)


def _rows(key: str, path: Path, at: datetime) -> Sequence[dict[str, object]]:
    try:
        envelope, raw = opened(path.read_bytes())
    except FileNotFoundError:
        return []
    except NoEnvelope:
        log.warning("a file of arrived mail that was not written to its end is erased: %s", key)
        path.unlink(missing_ok=True)
        return []
    return [row | {"not_before": at} for row in rows_of(Arriving(envelope, raw), key)]
