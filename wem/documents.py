"""Documents as PDF: a Typst template and plain data in, bytes out; and documents kept as they were sent."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock, storage
from wem.db import Base, BigId, db
from wem.settings import ROOT

TEMPLATES = ROOT / "templates" / "documents"
FONTS = ROOT / "fonts"
MOST_SECONDS = 20
MOST_DATA_BYTES = 2_000_000
MOST_BYTES = 30_000_000
FOLDER = "documents"
PDF = "application/pdf"

# Typst has no stop button, and what hangs in a thread hangs for ever: it works in a process of its own. That one
# loads nothing of ours, knows no fonts but ours, and reads no file outside the templates.
_TYPESET = """
import sys, typst
template, root, fonts = sys.argv[1:]
data = sys.stdin.buffer.read().decode()
sys.stdout.buffer.write(typst.compile(template, root=root, font_paths=[fonts], ignore_system_fonts=True,
                                      sys_inputs={"data": data}))
"""


class NotMade(Exception):
    """The document could not be set; the message is Typst's, or says that it took too long."""


class Document(Base):
    """A document as it was sent or received: the bytes lie in storage, the hash shows that they are the same."""

    __tablename__ = "document"
    __table_args__ = (sa.Index("ix_document_about", "about"), sa.Index("ix_document_storage_key", "storage_key"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(index=True)
    about: Mapped[str] = mapped_column(sa.String(64))  # "notice 12"
    name: Mapped[str] = mapped_column(sa.String(200))  # of the file, as people get it
    media_type: Mapped[str] = mapped_column(sa.String(64))
    storage_key: Mapped[str] = mapped_column(sa.String(64))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    size: Mapped[int]
    created_at: Mapped[datetime]

    def content(self) -> bytes:
        """Return the bytes as they were kept.

        Raises ValueError when they are not the ones that were kept, FileNotFoundError when they are gone.
        """
        found = storage.path_of(self.storage_key).read_bytes()
        if hashlib.sha256(found).hexdigest() != self.sha256:
            raise ValueError(f"document {self.id} is not what was kept")
        return found


def pdf(template: str, data: Mapping[str, Any]) -> bytes:
    """Return the PDF that a template below templates/documents/ (`contracts/application.typ`) makes of plain data.

    The data reach the template as JSON, so whatever people typed stays text. Raises NotMade.
    """
    path = TEMPLATES / template
    if not path.is_file() or TEMPLATES not in path.resolve().parents:
        raise NotMade(f"no template {template}")
    given = json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    if len(given) > MOST_DATA_BYTES:
        raise NotMade(f"{len(given)} bytes of data are more than a document holds")
    command = [sys.executable, "-I", "-c", _TYPESET, str(path), str(TEMPLATES), str(FONTS)]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=MOST_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise NotMade(f"{template} took more than {MOST_SECONDS} seconds") from error
    if done.returncode:
        # The last lines name the fault; what stands above quotes the data.
        raise NotMade(f"{template}: {done.stderr.decode('utf-8', 'replace').strip()[-500:]}")
    return done.stdout


def keep(content: bytes, name: str, *, about: str, customer_id: int | None, media_type: str = PDF) -> Document:
    """Keep a document's bytes durably and add its row to the session; the caller commits. Raises storage.TooLarge."""
    key, size = storage.keep(FOLDER, io.BytesIO(content), MOST_BYTES)
    row = Document(
        customer_id=customer_id,
        about=about,
        name=name,
        media_type=media_type,
        storage_key=key,
        sha256=hashlib.sha256(content).hexdigest(),
        size=size,
        created_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    return row
