"""Uploaded files and evidence that no upload names: what was replaced, and what a request cut short left behind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import sqlalchemy as sa

from wem import clock, storage
from wem.contracts.request_models import Termination
from wem.db import db
from wem.lists.upload_classing import batches
from wem.lists.upload_models import Upload

FOLDERS = ("uploads", "evidence")
# A younger file may be about to be named.
UNNAMED_KEPT = timedelta(days=1)
AT_ONCE = 500


def erase_evidence_but_named(upload_id: int, keys: Iterable[str | None]) -> None:
    """Erase those of these files of evidence that the upload does not name; call it after the commit."""
    statement = db.session.scalar(sa.select(Upload.statement).where(Upload.id == upload_id)) or {}
    for key in {*keys} - {None, statement.get("evidence")}:
        storage.erase(str(key))


def erase_unnamed() -> int:
    """Erase the files, a day old or older, that no upload names; returns how many."""
    erased = 0
    for folder in FOLDERS:
        for some in batches(storage.old_files(folder, clock.now() - UNNAMED_KEPT), AT_ONCE):
            named = _named({key for key, _ in some})
            for key, path in some:
                if key not in named:
                    path.unlink(missing_ok=True)
                    erased += 1
    return erased


def _named(keys: Iterable[str]) -> set[str]:
    # Evidence of terminations stood in the same folder once (until 2026-11): one found there is not an upload's.
    names = (Upload.storage_key, Upload.statement["evidence"].as_string(), Termination.evidence_key)
    found = {str(key) for name in names for key in db.session.scalars(sa.select(name).where(name.in_(keys)))}
    # Nobody is to wait for us while the files are erased.
    db.session.rollback()
    return found
