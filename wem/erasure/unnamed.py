"""Files that no row names: kept just before a rollback or a kill, they would outlive every erasure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from wem import clock, unnamed_files
from wem.cases.models import CaseEntry, Report
from wem.contracts.request_models import Termination
from wem.documents import Document

# What may name a file of a folder; uploads, inquiries, images and mail are swept where they are kept.
NAMES: Mapping[str, tuple[unnamed_files.Name, ...]] = {
    "documents": (Document.storage_key,),
    "cases": (CaseEntry.file_key, Report.file_key),
    "terminations": (Termination.evidence_key,),
}
# An older file was looked at in its week.
OLDEST = timedelta(days=8)


def erase_unnamed() -> int:
    """Erase the files of the last week that are a day old and that no row names; returns how many."""
    since = clock.now() - OLDEST
    return sum(erased for folder, names in NAMES.items() for erased in unnamed_files.erase(folder, *names, since=since))
