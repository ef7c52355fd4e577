"""Uploaded files and evidence that no upload names: what was replaced, and what a request cut short left behind."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from wem import storage, unnamed_files
from wem.contracts.request_models import Termination
from wem.db import db
from wem.lists.upload_models import Upload

FOLDERS = ("uploads", "evidence")


def erase_evidence_but_named(upload_id: int, keys: Iterable[str | None]) -> None:
    """Erase those of these files of evidence that the upload does not name; call it after the commit."""
    statement = db.session.scalar(sa.select(Upload.statement).where(Upload.id == upload_id)) or {}
    for key in {*keys} - {None, statement.get("evidence")}:
        storage.erase(str(key))


def erase_unnamed() -> int:
    """Erase the files, a day old or older, that no upload names; returns how many."""
    # Evidence of terminations stood in the same folder once (until 2026-11): one found there is not an upload's.
    names = (Upload.storage_key, Upload.statement["evidence"].as_string(), Termination.evidence_key)
    return sum(erased for folder in FOLDERS for erased in unnamed_files.erase(folder, *names))
