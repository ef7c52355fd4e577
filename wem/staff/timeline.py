"""All that happened about a contract in one order, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from wem.contracts.models import Contract
from wem.db import db
from wem.documents import Document
from wem.staff.timeline_entries import Entry
from wem.staff.timeline_rules import Place
from wem.staff.timeline_sources import ACTS, DOCUMENTS, SHOWN, kept

PER_PAGE = 40


@dataclass(frozen=True)
class Timeline:
    """A part of a timeline, newest first; `older` leads on, None at the end."""

    entries: list[Entry]
    older: str | None


def of(contract: Contract, shown: str = "", before: str = "", most: int = PER_PAGE) -> Timeline:
    """Return what happened about a contract: all, or what is `shown` (`documents`, `acts`), from a place on."""
    start = Place.read(before)
    sources = SHOWN.get(shown) or [*DOCUMENTS, *ACTS]
    found = [entry for source in sources for entry in source(contract, start, most + 1)]
    found.sort(key=lambda entry: entry.place, reverse=True)
    older = found[most - 1].place.written if len(found) > most else None
    return Timeline(found[:most], older)


def document_of(contract: Contract, document_id: int) -> Document | None:
    """Return a document that is kept about a contract, None for any other."""
    found: Document | None = db.session.scalar(kept(contract).where(Document.id == document_id))
    return found
