"""The proof of consent: append-only events, and the text that was shown, kept once by its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.db import db, insert_ignoring
from wem.lists.models import MailingList
from wem.lists.notice import Notice
from wem.lists.states import ConsentKind, Way
from wem.lists.subscription_models import ConsentEvent, ShownText


@dataclass(frozen=True)
class Trace:
    """Where an act came from, for the proof."""

    ip: str | None = None
    user_agent: str | None = None
    account_id: int | None = None
    mailing_id: int | None = None


def note(
    kind: ConsentKind,
    customer_id: int,
    list_id: int,
    address_hash: bytes,
    *,
    way: Way | None = None,
    trace: Trace = Trace(),
    shown_text_id: int | None = None,
) -> None:
    """Append one event; list_id 0 speaks of every list of the customer."""
    db.session.add(
        ConsentEvent(
            customer_id=customer_id,
            list_id=list_id,
            address_hash=address_hash,
            kind=kind,
            way=way,
            at=clock.now(),
            shown_text_id=shown_text_id,
            account_id=trace.account_id,
            mailing_id=trace.mailing_id,
            ip=trace.ip,
            user_agent=trace.user_agent[:300] if trace.user_agent else None,
        )
    )


def keep_shown_text(
    mailing_list: MailingList, sender_name: str, notice: Notice, way: Way, labels: Sequence[str] = ()
) -> int:
    """Return the number of the text that was shown for this list; kept once, however often it is shown.

    The fixed part of what was on the screen or in the mail (特定電子メール法 規則4条).
    """
    content: dict[str, Any] = {
        "notice_version": notice.version,
        "notice": list(notice.lines),
        "language": notice.language,
        "sender_name": sender_name,
        "list_name": mailing_list.name,
        "description": mailing_list.description,
        "intro": mailing_list.sign_up_intro,
        "form_version": mailing_list.form_version,
        "labels": list(labels),
        "way": way.value,
    }
    # The number stands in the digest: equal texts of two lists are two rows.
    plain = json.dumps([mailing_list.id, content], ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(plain.encode()).digest()
    known = sa.select(ShownText.id).where(ShownText.customer_id == mailing_list.customer_id, ShownText.digest == digest)
    found = db.session.scalar(known)
    if found is None:
        db.session.execute(
            insert_ignoring(ShownText).values(
                customer_id=mailing_list.customer_id,
                list_id=mailing_list.id,
                digest=digest,
                content=content,
                first_shown_at=clock.now(),
            )
        )
        found = db.session.scalar(known)
    assert found is not None
    return found


def text_last_shown(customer_id: int, address_hash: bytes, list_id: int) -> int | None:
    """Return the number of the text that this address was shown last for a list."""
    return db.session.scalar(
        sa.select(ConsentEvent.shown_text_id)
        .where(
            ConsentEvent.customer_id == customer_id,
            ConsentEvent.address_hash == address_hash,
            ConsentEvent.list_id == list_id,
            ConsentEvent.shown_text_id.is_not(None),
        )
        .order_by(ConsentEvent.id.desc())
        .limit(1)
    )


def events_about(customer_id: int, address_hash: bytes, limit: int = 100) -> Sequence[ConsentEvent]:
    """Return what is on record about an address, newest first."""
    return db.session.scalars(
        sa.select(ConsentEvent)
        .where(ConsentEvent.customer_id == customer_id, ConsentEvent.address_hash == address_hash)
        .order_by(ConsentEvent.id.desc())
        .limit(limit)
    ).all()
