"""Passing an end user's complaint on to the customer whom it concerns, with every address masked (17-4)."""

from __future__ import annotations

from flask_babel import force_locale, gettext

from wem import audit, clock
from wem.contracts import addressing
from wem.contracts.models import Contract
from wem.inquiries import asking
from wem.inquiries.asking import Said
from wem.inquiries.models import EntryKind, Inquiry, Origin, Writer
from wem.inquiries.state_rules import InquiryAction
from wem.mailings import reply_rules
from wem.notices import masking_rules, telling
from wem.notices.rules import NoticeKind, Words


def masked_words(inquiry: Inquiry) -> str:
    """Return what the person wrote, as a customer may see it."""
    asked = [entry for entry in inquiry.entries if entry.kind is EntryKind.asked and not entry.automatic]
    return masked("\n\n".join(reply_rules.own_words(entry.text) for entry in asked), inquiry)


def masked(text: str, inquiry: Inquiry) -> str:
    """Return a text with every address masked, the person's own also where its first part stands alone."""
    addresses = {inquiry.address, *(entry.address for entry in inquiry.entries)} - {""}
    return masking_rules.masked(text, addresses)


def pass_on(inquiry: Inquiry, contract: Contract, text: str, *, by: int) -> Inquiry:
    """Begin a thread of the customer with the complaint, and tell the notice address of it. The caller commits.

    The text is masked once more, whatever staff typed into it.
    """
    shown = masked(text, inquiry)
    with force_locale("ja"):
        title = gettext("A complaint of a reader")
        subject = masking_rules.without_phones(masked(inquiry.subject, inquiry))
        subject = f"{title}: {subject}" if subject else title
        thread = asking.begin(
            Origin.complaint,
            subject,
            Said(shown, clock.now(), account_id=by),
            writer=Writer.customer,
            customer_id=contract.customer_id,
            address=contract.notice_email,
            confidential=inquiry.confidential,
            source_id=inquiry.id,
        )
        thread.entries[0].kind = EntryKind.answer
        # It is the customer's turn: a thread of theirs with our words in it.
        thread.move(InquiryAction.answer)
        thread.unread = True
        words = Words(
            title,
            before=[
                gettext("A reader of your mailings has complained to us. We pass it on with the address masked."),
                *shown.splitlines(),
            ],
            facts=[(gettext("Inquiry number"), thread.number)],
            after=[
                gettext("Please look into it, and tell us under “Inquiries” on the portal what you have done."),
            ],
            contract=False,
        )
        telling.tell(
            addressing.addressee(contract),
            words,
            NoticeKind.general,
            customer_id=contract.customer_id,
            about=addressing.about(contract),
            by=by,
        )
    asking.add_entry(inquiry, EntryKind.act, Said(f"passed_on {thread.id}", clock.now(), account_id=by))
    audit.record("inquiry.pass_on", by=by, customer_id=contract.customer_id, subject=thread)
    return thread
