"""Keeping the files that came with a message, within limits; and erasing those that nobody names any more."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from wem import storage
from wem.db import db
from wem.inquiries.desk_rules import MOST_FILE, MOST_TOGETHER
from wem.inquiries.models import InquiryEntry, InquiryFile
from wem.mailings.reply_rules import storable

FOLDER = "inquiries"
# So long a request or a job may last whose row is not committed yet.
YOUNG = timedelta(hours=1)


@dataclass(frozen=True)
class Attached:
    """A file as it was handed in."""

    name: str
    content: bytes


def attach(entry: InquiryEntry, files: Sequence[Attached], most: int) -> None:
    """Keep the files of a message that has its number; those beyond the limits are named and left out."""
    together = 0
    for number, file in enumerate(files):
        name, size = file_name(file.name), len(file.content)
        if number >= most or size > MOST_FILE or together + size > MOST_TOGETHER:
            entry.left_out = [*entry.left_out, {"name": name, "size": size}][: 5 * most]
            continue
        together += size
        key, _ = storage.keep(FOLDER, io.BytesIO(file.content), MOST_FILE)
        db.session.add(InquiryFile(entry_id=entry.id, key=key, name=name, size=size))


def file_name(name: str) -> str:
    """Return a file's name as one line that no system takes for a path."""
    line = " ".join(storable(name).split()).replace("/", "_").replace("\\", "_").strip(". ")
    return "".join(each for each in line if each.isprintable())[:200] or "file"


def erase_unnamed(before: datetime) -> int:
    """Erase files that no row names: of erased threads, and of what was never committed; returns how many."""
    found = dict(storage.old_files(FOLDER, before - YOUNG))
    gone = 0
    for keys in _parts(sorted(found), 500):
        named = set(db.session.scalars(sa.select(InquiryFile.key).where(InquiryFile.key.in_(keys))))
        for key in keys:
            if key not in named:
                storage.erase(key)
                gone += 1
    return gone


def _parts(keys: list[str], size: int) -> Iterable[list[str]]:
    return (keys[at : at + size] for at in range(0, len(keys), size))
