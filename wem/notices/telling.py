"""Telling customers something (Art. 22): a record, and by it a mail or a letter in the print queue."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from wem import audit, clock, outbox
from wem.db import db
from wem.notices import emails, rules
from wem.notices.models import Notice
from wem.notices.rules import Addressee, Channel, NoticeAction, NoticeKind, NoticeState, Words

TERMS_VERSION = "terms_version"


def tell(
    to: Addressee,
    words: Words,
    kind: NoticeKind,
    *,
    customer_id: int | None,
    about: str = "",
    by: int | None = None,
    by_letter: bool = False,
    deadline: datetime | None = None,
    terms_version: int | None = None,
) -> Notice:
    """Return the notice, on its way by mail or waiting in the print queue; the caller commits.

    By letter when asked so, when there is no mail address, or when the last three mails to it came back. `deadline`:
    by when it must be there to have its effect; a mail that comes back before it is followed by a letter on that day.
    `terms_version`: that of the contract, named below its documents. `about` is what it speaks of ("contract 5").
    """
    way = rules.channel(to.email, by_letter, _came_back(customer_id, to.email))
    return _made(to, words.as_dict() | {TERMS_VERSION: terms_version}, kind, way, customer_id, about, by, deadline)


def _made(
    to: Addressee,
    words: dict[str, object],
    kind: NoticeKind,
    way: Channel,
    customer_id: int | None,
    about: str,
    by: int | None,
    deadline: datetime | None,
) -> Notice:
    at = clock.now()
    notice = Notice(
        kind=kind,
        customer_id=customer_id,
        about=about,
        channel=way,
        state=NoticeState.waiting,
        title=words["title"],
        text="",
        words=words,
        to_name=to.name,
        to_honorific=to.honorific,
        to_email=to.email,
        to_postal_code=to.postal_code,
        to_address=to.address,
        created_at=at,
        created_by=by,
        deadline=deadline,
        due_on=at.date() if way is Channel.letter else None,
    )
    db.session.add(notice)
    db.session.flush()
    footer = footer_of(notice)
    notice.text = emails.plain(f"{to.name} {to.honorific}", notice.number, words, footer)
    if way is Channel.mail:
        row = outbox.post(emails.mail(notice, footer), customer_id=customer_id, about=f"notice {notice.id}")
        db.session.flush()
        notice.outbox_id = row.id
    audit.record("notice.tell", by=by, customer_id=customer_id, subject=notice, kind=kind.value, channel=way.value)
    return notice


def footer_of(notice: Notice) -> list[str]:
    """Return what stands below a notice: nothing, or the terms, the law and the court."""
    version = notice.words.get(TERMS_VERSION)
    return emails.closing(version) if notice.words.get("contract") else []


def _came_back(customer_id: int | None, email: str) -> list[bool]:
    """Return of the last mails to an address of a customer whether they came back, newest first."""
    if customer_id is None or not email:
        return []
    states = db.session.scalars(
        sa.select(Notice.state)
        .where(
            Notice.customer_id == customer_id,
            Notice.to_email == email,
            Notice.channel == Channel.mail,
            Notice.state.in_((NoticeState.sent, NoticeState.failed)),
        )
        .order_by(Notice.id.desc())
        .limit(rules.LEAST_IN_A_ROW)
    )
    return [state is NoticeState.failed for state in states]


def mark_sent(notice: Notice, at: datetime) -> None:
    """Write down that a mail server took a notice."""
    if notice.state is NoticeState.waiting:
        notice.move(NoticeAction.send, at)


def mark_not_arrived(outbox_id: int, at: datetime) -> Notice | None:
    """Write down that the mail of a notice came back; returns the letter that goes out instead, None when none does.

    Nothing happens for mails that are no notice, and for what is written down already. The caller commits.
    """
    notice = db.session.scalar(sa.select(Notice).where(Notice.outbox_id == outbox_id).with_for_update())
    if notice is None or notice.state not in (NoticeState.waiting, NoticeState.sent):
        return None
    notice.move(NoticeAction.fail, at)
    audit.record("notice.failed", by=None, customer_id=notice.customer_id, subject=notice, kind=notice.kind.value)
    db.session.flush()
    fails = rules.fails_in_a_row(_came_back(notice.customer_id, notice.to_email))
    if not rules.needs_letter(notice.deadline, at, fails):
        return None
    to = Addressee(notice.to_name, notice.to_email, notice.to_postal_code, notice.to_address, notice.to_honorific)
    words = dict(notice.words)
    letter = _made(to, words, notice.kind, Channel.letter, notice.customer_id, notice.about, None, notice.deadline)
    letter.instead_of_id = notice.id
    return letter
