"""What a customer states about the consent of the people in a file, kept as proof (規則4条, Art. 17-2)."""

from __future__ import annotations

import hashlib
import json
from typing import Any, BinaryIO

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import clock, storage
from wem.db import db, insert_ignoring
from wem.lists.subscription_models import ShownText
from wem.lists.upload_models import Upload
from wem.settings import settings

MAX_EVIDENCE = 10_000_000
# Kept and handed to staff as a file to save, never shown by the browser on our pages.
EVIDENCE_KINDS = frozenset({"pdf", "png", "jpg", "jpeg", "gif", "webp", "txt", "csv", "docx", "xlsx", "eml", "zip"})
_STATED = ("how", "when", "wording", "told", "evidence_name", "evidence_sha256")


def told_text() -> str:
    """Return what each person must have been told before registering (Art. 17-2), in words to be ticked."""
    text: str = gettext(
        "Each of these people was told beforehand: that %(provider)s runs the delivery for us; what is stored, "
        "including opens and clicks; that the address is not handed to us; and how to stop.",
        provider=settings().PROVIDER_NAME,
    )
    return text


def keep_evidence(stream: BinaryIO, filename: str) -> dict[str, str]:
    """Keep a file of evidence and return what the statement says of it. Raises storage.TooLarge."""
    key, _ = storage.keep("evidence", stream, MAX_EVIDENCE)
    with open(storage.path_of(key), "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"evidence": key, "evidence_name": filename[:200], "evidence_sha256": digest}


def keep_statement(upload: Upload) -> int:
    """Keep the statement as the text that these people are said to have seen; returns its number for consent events."""
    content: dict[str, Any] = {"upload": upload.id, **{name: upload.statement.get(name) for name in _STATED}}
    with force_locale("ja"):
        content["told_text"] = told_text()
    digest = hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).digest()
    db.session.execute(
        insert_ignoring(ShownText).values(
            customer_id=upload.customer_id,
            list_id=upload.list_id,
            digest=digest,
            content=content,
            first_shown_at=clock.now(),
        )
    )
    found = db.session.scalar(
        sa.select(ShownText.id).where(ShownText.customer_id == upload.customer_id, ShownText.digest == digest)
    )
    assert found is not None
    return found
