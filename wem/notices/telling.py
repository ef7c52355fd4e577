"""Telling customers something (Art. 22): a record, and by it a mail or a letter in the print queue."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from wem import audit, clock, outbox, queue
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
    files: tuple[tuple[str, str], ...] = (),
) -> Notice:
    """Return the notice, on its way by mail or waiting in the print queue; the caller commits.

    By letter when asked so, and to whom has no mail address (`contracts.addressing` leaves out one that does not work).
    `deadline`: by when it must be there to have its effect.
    `files`: what is attached to the mail, by (key in `storage`, name); a letter goes with their prints.
    `terms_version`: that of the contract, named below its documents. `about` is what it speaks of ("contract 5").
    """
    way = rules.channel(to.email, by_letter)
    said = words.as_dict() | {TERMS_VERSION: terms_version}
    return _made(to, said, kind, way, customer_id, about, by, deadline, files)


def take_letters_back(about: str, kinds: Collection[NoticeKind]) -> int:
    """Take back the letters about something that are not in the post yet; returns how many. The caller commits.

    Mails leave within seconds: what they asked for, the next mail takes back.
    """
    found = sa.select(Notice).where(
        Notice.about == about,
        Notice.kind.in_(kinds),
        Notice.channel == Channel.letter,
        Notice.state.in_((NoticeState.waiting, NoticeState.printed)),
    )
    rows = db.session.scalars(found.with_for_update()).all()
    for row in rows:
        row.move(NoticeAction.withdraw, clock.now())
    return len(rows)


def _made(
    to: Addressee,
    words: dict[str, object],
    kind: NoticeKind,
    way: Channel,
    customer_id: int | None,
    about: str,
    by: int | None,
    deadline: datetime | None,
    files: tuple[tuple[str, str], ...] = (),
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
        row = outbox.post(emails.mail(notice, footer, files), customer_id=customer_id, about=f"notice {notice.id}")
        db.session.flush()
        notice.outbox_id = row.id
        queue.ring(queue.WORK, "wem.notices.jobs.keep_document", notice.id)
    audit.record("notice.tell", by=by, customer_id=customer_id, subject=notice, kind=kind.value, channel=way.value)
    return notice


def footer_of(notice: Notice) -> list[str]:
    """Return what stands below a notice: nothing, or the terms, the law and the court."""
    version = notice.words.get(TERMS_VERSION)
    return emails.closing(version) if notice.words.get("contract") else []


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
    return by_letter_instead(notice) if rules.needs_letter(notice.kind, notice.deadline, at) else None


def by_letter_instead(notice: Notice, to: Addressee | None = None, *, by: int | None = None) -> Notice:
    """Return the letter that says again what came back, once; to the same address unless another is given.

    Raises rules.IllegalMove for what did not come back.
    """
    if notice.state is not NoticeState.failed:
        raise rules.IllegalMove("it did not come back")
    written = follower(notice)
    if written is not None:
        return written
    to = to or Addressee(notice.to_name, notice.to_email, notice.to_postal_code, notice.to_address, notice.to_honorific)
    words = dict(notice.words)
    letter = _made(to, words, notice.kind, Channel.letter, notice.customer_id, notice.about, by, notice.deadline)
    letter.instead_of_id = notice.id
    db.session.flush()
    return letter


def follower(notice: Notice) -> Notice | None:
    """Return the letter that went out instead of a notice that came back."""
    return db.session.scalar(sa.select(Notice).where(Notice.instead_of_id == notice.id).limit(1))


def leave(notice: Notice, *, by: int) -> None:
    """Note that a notice that came back is left at that: staff have seen it. Raises rules.IllegalMove."""
    if notice.state is not NoticeState.failed or follower(notice) is not None:
        raise rules.IllegalMove("nothing is to be decided")
    if notice.left_at is None:
        notice.left_at, notice.left_by = clock.now(), by
        audit.record("notice.leave", by=by, customer_id=notice.customer_id, subject=notice)


def hand_over(about: str, customer_id: int) -> None:
    """Make what was told about an application the customer's own, now that there is one."""
    db.session.execute(
        sa.update(Notice)
        .where(Notice.about == about, Notice.customer_id.is_(None))
        .values(customer_id=customer_id)
        .execution_options(synchronize_session="evaluate")
    )
