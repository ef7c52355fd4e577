"""A report of abuse comes in: kept as it is, receipted where an address was given."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from wem import clock, outbox
from wem.accounts import page_names
from wem.cases import emails
from wem.cases.models import Report
from wem.db import db
from wem.settings import settings

# An address gets so many receipts a day, whoever types it.
RECEIPTS_A_DAY = 3


def take(what: str, page: str, email: str, file: tuple[str, str] | None = None) -> Report:
    """Keep a report and mail the receipt; `file` is (storage key, name). The caller commits."""
    row = Report(what=what, page=page, email=email, customer_id=_whose(page))
    if file is not None:
        row.file_key, row.file_name = file
    db.session.add(row)
    db.session.flush()
    if email and _receipts(email) <= RECEIPTS_A_DAY:
        outbox.post(emails.receipt(email, row.number), about=f"report {row.id}")
    return row


def _receipts(email: str) -> int:
    """Return how many reports named this address within a day, this one among them."""
    since = clock.now() - timedelta(days=1)
    counted = sa.select(sa.func.count()).select_from(Report).where(Report.email == email, Report.at > since)
    return db.session.scalar(counted) or 0


def _whose(page: str) -> int | None:
    """Return whose page an address is: one below /h/ on our public origin, or the service's sender address."""
    typed = page.strip()
    slug = ""
    if "@" in typed and "/" not in typed:
        local, _, domain = typed.lower().rpartition("@")
        slug = local if domain == settings().SERVICE_DOMAIN.lower() else ""
    else:
        try:
            parts = urlsplit(typed if "//" in typed else f"//{typed}")
        except ValueError:  # looks like an address of the net in brackets, and is none
            return None
        pieces = parts.path.split("/")
        if parts.netloc.lower() == settings().public_host and len(pieces) > 2 and pieces[1] == "h":
            slug = pieces[2]
    return page_names.holder(slug) if slug else None
