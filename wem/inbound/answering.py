"""What staff do with one mail: answer it, see to it, route it anew, erase it; each act stands in the audit trail."""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit, clock, outbox, queue
from wem.arriving import ArrivedMail
from wem.db import db
from wem.inbound import emails, erasing
from wem.inbound.models import InboundMail
from wem.inbound.showing import Shown
from wem.inbound.states import FOR_STAFF, InboundState
from wem.inquiries import taking
from wem.inquiries.models import Inquiry, InquiryEntry
from wem.lists.taking_mail import first_time


def note_opened(mail: InboundMail, reason: str, *, by: int) -> None:
    """Write down who opens a mail, and why."""
    audit.record("inbound.open", by=by, subject=mail, reason=reason)


def answer(mail: InboundMail, read: Shown, text: str, *, by: int) -> None:
    """Mail an answer to whoever wrote. The caller commits, and has seen that there is a writer."""
    assert read.writer is not None
    message_id = read.message_id if read.message_id.isascii() and " " not in read.message_id else ""
    outbox.post(emails.answer(read.writer, read.subject, text, message_id), about=f"inbound_mail {mail.id}")
    mail.answered_at = clock.now()
    audit.record("inbound.answer", by=by, subject=mail)


def make_inquiry(mail: InboundMail, raw: bytes, *, by: int) -> Inquiry | None:
    """Make a thread of the help desk of a mail, received when it arrived; the one that it has when it was made already.

    None when nobody can be said to have written the mail.
    """
    if not first_time(mail.id):
        return db.session.scalar(
            sa.select(Inquiry)
            .join(InquiryEntry, InquiryEntry.inquiry_id == Inquiry.id)
            .where(InquiryEntry.inbound_id == mail.id)
            .limit(1)
        )
    letter = taking.read(ArrivedMail(mail.id, mail.received_at, mail.sender, mail.recipient, raw))
    if letter is None:
        return None
    inquiry = taking.make_thread(letter)
    mail.become(InboundState.settled, clock.now())
    audit.record("inbound.inquiry", by=by, customer_id=inquiry.customer_id, subject=mail)
    return inquiry


def settle(mail: InboundMail, *, by: int) -> bool:
    """Take a mail off the list of what waits for staff; False when it does not wait."""
    if mail.state not in FOR_STAFF:
        return False
    mail.become(InboundState.settled, clock.now())
    audit.record("inbound.settle", by=by, subject=mail)
    return True


def replay(mail: InboundMail, *, by: int) -> bool:
    """Have a mail routed anew; False when it is on its way already, or its text is gone."""
    if mail.state is InboundState.waiting or mail.raw_key is None:
        return False
    mail.replay(clock.now())
    audit.record("inbound.replay", by=by, subject=mail, mails=1)
    queue.ring(queue.INBOUND, "wem.inbound.jobs.route")
    return True


def erase(mail: InboundMail, *, by: int) -> bool:
    """Erase a mail for good; False while it is on its way."""
    if mail.state is InboundState.waiting:
        return False
    audit.record("inbound.erase", by=by, subject=mail, route=mail.route.value)
    erasing.erase([mail])
    return True
