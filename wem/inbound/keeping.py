"""Keeping mail: the raw file first, then its rows; only then somebody may be told that we have it."""

from __future__ import annotations

import errno
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from wem import storage
from wem.db import db
from wem.inbound.addresses import route_for
from wem.inbound.envelopes import Envelope, opened, sealed
from wem.inbound.models import InboundMail
from wem.inbound.rules import fingerprint
from wem.inbound.states import InboundState, Route

FOLDER = "mail"
# The disk takes several at once in the time of one; more gain nothing (measured on ext4).
_WRITERS = ThreadPoolExecutor(8, "mail-writer")
log = logging.getLogger("wem.inbound")


@dataclass(frozen=True)
class Arriving:
    """A mail that somebody wants to hand over to us."""

    envelope: Envelope
    raw: bytes


def keep(mails: Sequence[Arriving]) -> None:
    """Keep mails durably: files, then rows, committed together. Rings nobody.

    Raises OSError or SQLAlchemyError when none of them is kept: whoever has them must come again.
    """
    keys = storage.keep_all(FOLDER, [sealed(each.envelope, each.raw) for each in mails], _WRITERS)
    try:
        rows = [row for each, key in zip(mails, keys, strict=True) for row in rows_of(each, key)]
        db.session.execute(sa.insert(InboundMail), rows)
    except BaseException:
        db.session.rollback()
        for key in keys:
            storage.erase(key)
        raise
    # After this the files stay in any case: a commit whose answer was lost may have happened. In an hour rows are made
    # for those that have none.
    try:
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def rows_of(mail: Arriving, key: str) -> list[dict[str, Any]]:
    """Return the rows of one mail, one for each recipient."""
    at = mail.envelope.received_at
    return [
        {
            "received_at": at,
            "way": mail.envelope.way,
            "sender": mail.envelope.sender[:320] if mail.envelope.sender is not None else None,
            "recipient": recipient[:320],
            "route": route_for(recipient) or Route.other,
            "raw_key": key,
            "size": len(mail.raw),
            "fingerprint": fingerprint(recipient, mail.raw),
            "state": InboundState.waiting,
            "kind": "",
            "problem": "",
            "attempts": 0,
            "not_before": at,
        }
        for recipient in mail.envelope.recipients
    ]


def raw_of(mail: InboundMail) -> bytes | None:
    """Return the mail as it came; None when it is erased, or its file gone."""
    if mail.raw_key is None:
        return None
    try:
        return opened(storage.path_of(mail.raw_key).read_bytes())[1]
    except FileNotFoundError:
        return None


def disk_is_full(error: BaseException) -> bool:
    """Say whether an error means that there is no room; SQLite says it in words, SQLAlchemy wraps it."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "disk is full" in str(error) or "No space left" in str(error)
