"""Scans of papers that were signed: kept as they came, when they are a PDF or a picture."""

from __future__ import annotations

from wem import documents
from wem.documents import Document

KINDS = {b"%PDF": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
MOST_BYTES = 10_000_000


def keep(content: bytes, name: str, *, about: str, customer_id: int | None) -> Document | None:
    """Return the scan, kept under a name with its kind added; None when it is no PDF or picture, or too large."""
    media_type = next((kind for magic, kind in KINDS.items() if content.startswith(magic)), None)
    if media_type is None or len(content) > MOST_BYTES:
        return None
    file_name = f"{name}.{media_type.rpartition('/')[2]}"
    return documents.keep(content, file_name, about=about, customer_id=customer_id, media_type=media_type)
