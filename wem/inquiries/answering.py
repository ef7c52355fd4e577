"""What staff do with a thread: answer, note, assign, close, tie it to a customer; and what the customer closes."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from wem import audit, clock, outbox
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.inquiries import asking, desk_rules, emails
from wem.inquiries.asking import Said
from wem.inquiries.attaching import Attached
from wem.inquiries.models import EntryKind, Inquiry, InquiryEntry, InquiryFile, Writer
from wem.inquiries.state_rules import InquiryAction, InquiryState


class TooLarge(ValueError):
    """The files are too large for a mail, and whoever asked has no portal to fetch them from."""


def answer(inquiry: Inquiry, text: str, files: Sequence[Attached] = (), *, by: int) -> InquiryEntry:
    """Answer by mail to whoever asked, and on the portal, with files. The caller commits.

    Files that are too large for a mail stand on the portal alone, and the mail says so. Raises Illegal for what is
    closed, and TooLarge.
    """
    mailed = sum(len(file.content) for file in files) <= desk_rules.MOST_MAILED
    if not mailed and inquiry.customer_id is None:
        raise TooLarge
    inquiry.move(InquiryAction.answer)
    inquiry.unread = inquiry.customer_id is not None
    inquiry.assigned_to = inquiry.assigned_to or by
    entry = asking.add_entry(inquiry, EntryKind.answer, Said(text, clock.now(), files, account_id=by))
    if inquiry.address:
        last, ids = _mails_so_far(inquiry)
        recipient = last.address if last is not None and last.address else inquiry.address
        mail = emails.answer(
            inquiry,
            recipient,
            text,
            asking.answers_to(inquiry),
            last.message_id if last is not None else "",
            desk_rules.references(ids),
            files=_files_of(entry) if mailed else (),
            on_portal=bool(files) and not mailed,
        )
        row = outbox.post(mail, customer_id=inquiry.customer_id, about=f"inquiry {inquiry.id}")
        db.session.flush()
        entry.outbox_id, entry.message_id = row.id, asking.message_id_of(row)
    _record("inquiry.answer", inquiry, by)
    return entry


def _files_of(entry: InquiryEntry) -> tuple[tuple[str, str], ...]:
    rows = db.session.scalars(
        sa.select(InquiryFile).where(InquiryFile.entry_id == entry.id).order_by(InquiryFile.id)
    ).all()
    return tuple((row.key, row.name) for row in rows)


def _mails_so_far(inquiry: Inquiry) -> tuple[InquiryEntry | None, list[str]]:
    """Return the last mail of whoever asked, and the thread's Message-IDs in their order."""
    rows = db.session.scalars(
        sa.select(InquiryEntry)
        .where(InquiryEntry.inquiry_id == inquiry.id, InquiryEntry.message_id != "")
        .order_by(InquiryEntry.id)
    ).all()
    asked = [row for row in rows if row.kind is EntryKind.asked and not row.automatic]
    return (asked[-1] if asked else None), [row.message_id for row in rows]


def note(inquiry: Inquiry, text: str, *, by: int) -> None:
    """Keep a note among staff; no customer reads it."""
    asking.add_entry(inquiry, EntryKind.note, Said(text, clock.now(), account_id=by))
    _record("inquiry.note", inquiry, by)


def assign(inquiry: Inquiry, to: int | None, *, by: int) -> None:
    """Give it to a member of staff, or to nobody; whoever has it has taken it up."""
    inquiry.assigned_to = to
    if to is not None and inquiry.state is InquiryState.received:
        inquiry.move(InquiryAction.take_up)
    _record("inquiry.assign", inquiry, by, person=to)


def close(inquiry: Inquiry, *, by: int | None) -> None:
    """Put it away; what is written further opens it again. Raises Illegal."""
    inquiry.move(InquiryAction.close)
    _record("inquiry.close", inquiry, by)


def reopen(inquiry: Inquiry, *, by: int) -> None:
    """Have it stand among what waits for us. Raises Illegal."""
    inquiry.move(InquiryAction.reopen)
    _record("inquiry.reopen", inquiry, by)


def mark_confidential(inquiry: Inquiry, on: bool, *, by: int) -> None:
    """Show it to admin and support alone, or to all again (2-1)."""
    inquiry.confidential = on
    _record("inquiry.confidential", inquiry, by, on=on)


def tie(inquiry: Inquiry, customer_id: int, *, by: int) -> None:
    """Say whose it is: from then on the customer's people read it. Raises Illegal when it is somebody's already."""
    if inquiry.customer_id is not None or inquiry.writer is Writer.reader:
        raise Illegal("it is a customer's already, or an end user's")
    inquiry.customer_id, inquiry.writer = customer_id, Writer.customer
    _record("inquiry.tie", inquiry, by)


def mark_reader(inquiry: Inquiry, *, by: int) -> None:
    """Say that an end user wrote it: it cannot be tied to a customer any more. Raises Illegal."""
    if inquiry.customer_id is not None:
        raise Illegal("it is a customer's")
    inquiry.writer = Writer.reader
    _record("inquiry.reader", inquiry, by)


def note_opened(inquiry: Inquiry, reason: str, *, by: int) -> None:
    """Write down who opens an end user's words, and why."""
    _record("inquiry.open", inquiry, by, reason=reason)


def note_request(entry: InquiryEntry, request_id: int, *, by: int) -> None:
    """Write down that a request was entered from a message; whoever did has taken the thread up."""
    entry.request_id = request_id
    inquiry = db.session.get_one(Inquiry, entry.inquiry_id)
    if inquiry.state is InquiryState.received:
        inquiry.move(InquiryAction.take_up)
    inquiry.assigned_to = inquiry.assigned_to or by
    _record("inquiry.request", inquiry, by)


def _record(action: str, inquiry: Inquiry, by: int | None, **details: object) -> None:
    audit.record(action, by=by, customer_id=inquiry.customer_id, subject=inquiry, **details)  # type: ignore[arg-type]


def unread(customer_id: int) -> int:
    """Return how many threads of a customer hold an answer that nobody has read."""
    rows = sa.select(sa.func.count()).where(Inquiry.customer_id == customer_id, Inquiry.unread)
    return db.session.scalar(rows) or 0
