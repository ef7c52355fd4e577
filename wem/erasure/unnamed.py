"""Files that no row names: kept just before a rollback or a kill, they would outlive every erasure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from wem import clock, storage
from wem.cases.models import CaseEntry, Report
from wem.contracts.request_models import Termination
from wem.db import db
from wem.documents import Document
from wem.lists.upload_classing import batches

# What may name a file of a folder; uploads, inquiries, images and mail are swept where they are kept.
NAMES: Mapping[str, tuple[InstrumentedAttribute[str] | InstrumentedAttribute[str | None], ...]] = {
    "documents": (Document.storage_key,),
    "cases": (CaseEntry.file_key, Report.file_key),
    "terminations": (Termination.evidence_key,),
}
# A younger file may be about to be named; an older one was looked at in its week.
YOUNGEST, OLDEST = timedelta(days=1), timedelta(days=8)
AT_ONCE = 500


def erase_unnamed() -> int:
    """Erase the files of the last week that are a day old and that no row names; returns how many."""
    erased = 0
    for folder, names in NAMES.items():
        for some in batches(_of_the_week(folder), AT_ONCE):
            keys = [key for key, _ in some]
            named = {key for name in names for key in db.session.scalars(sa.select(name).where(name.in_(keys)))}
            # Nobody is to wait for us while files are erased.
            db.session.rollback()
            for key, path in some:
                if key not in named:
                    path.unlink(missing_ok=True)
                    erased += 1
    return erased


def _of_the_week(folder: str) -> Iterator[tuple[str, Path]]:
    since = (clock.now() - OLDEST).timestamp()
    for key, path in storage.old_files(folder, clock.now() - YOUNGEST):
        if path.exists() and path.stat().st_mtime >= since:
            yield key, path
