"""An order that came by mail: the registered address says whether it is the customer's, for From proves nothing."""

from __future__ import annotations

from wem import audit, clock, outbox, tokens
from wem.contracts.models import Contract
from wem.db import db
from wem.inquiries import asking, emails
from wem.inquiries.asking import Said
from wem.inquiries.models import EntryKind, Inquiry
from wem.tokens import Purpose


class CannotAsk(ValueError):
    """There is no registered address to ask, or it has said yes."""


def ask(inquiry: Inquiry, contract: Contract, *, by: int) -> None:
    """Mail the notice address a link; raises CannotAsk. The receipt of the first mail stays its date either way."""
    if not contract.notice_email or contract.customer_id != inquiry.customer_id or inquiry.confirmed_at:
        raise CannotAsk
    inquiry.confirm_asked_at = clock.now()
    row = outbox.post(
        emails.confirmation(inquiry, contract.notice_email),
        customer_id=contract.customer_id,
        about=f"inquiry {inquiry.id}",
    )
    db.session.flush()
    entry = asking.add_entry(inquiry, EntryKind.act, Said("confirmation", clock.now(), account_id=by))
    entry.outbox_id, entry.message_id = row.id, asking.message_id_of(row)
    audit.record("inquiry.ask_confirmation", by=by, customer_id=inquiry.customer_id, subject=inquiry)


def named_by(token: str) -> Inquiry | None:
    """Return the thread whose order a mailed link confirms; None when the link is forged or too old."""
    subject = tokens.read(Purpose.order, token, emails.CONFIRM_LIFETIME)
    return db.session.get(Inquiry, int(subject[0])) if subject else None


def confirm(inquiry: Inquiry) -> None:
    """Write down that the registered address said yes; the second time changes nothing. The caller commits."""
    if inquiry.confirmed_at is not None:
        return
    inquiry.confirmed_at = clock.now()
    asking.add_entry(inquiry, EntryKind.act, Said("confirmed", clock.now()))
    audit.record("inquiry.confirm", by=None, customer_id=inquiry.customer_id, subject=inquiry)
