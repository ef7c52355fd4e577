"""Files in storage that no row names: kept just before a rollback or a kill, they would outlive every erasure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from wem import clock, storage
from wem.db import db

# A younger file may be about to be named.
KEPT = timedelta(days=1)
AT_ONCE = 500

Name = InstrumentedAttribute[str] | InstrumentedAttribute[str | None] | sa.ColumnElement[str]


def erase(folder: str, *names: Name, since: datetime | None = None) -> Iterator[int]:
    """Erase the files of a folder, a day old or older, that none of these columns names.

    Yields after each portion how many of it were erased; no transaction is open then. With `since`, what was last
    written before is left alone.
    """
    old = storage.old_files(folder, clock.now() - KEPT)
    files = ((key, path) for key, path in old if since is None or _written_since(path, since))
    while some := list(islice(files, AT_ONCE)):
        keys = [key for key, _ in some]
        named = {key for name in names for key in db.session.scalars(sa.select(name).where(name.in_(keys)))}
        # Nobody is to wait for us while files are erased.
        db.session.rollback()
        erased = 0
        for key, path in some:
            if key not in named:
                path.unlink(missing_ok=True)
                erased += 1
        yield erased


def _written_since(path: Path, at: datetime) -> bool:
    return path.exists() and path.stat().st_mtime >= at.timestamp()
