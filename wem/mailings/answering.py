"""What a customer does with a conversation: read, answer, close, show the address to who was asked to have it."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from wem import audit, clock, outbox, vault
from wem.db import db
from wem.delivery.identity import Purpose, reply_address
from wem.lists.senders import sender_for
from wem.mailings import asking_rules, reply_emails, reply_rules
from wem.mailings.replies import keys
from wem.mailings.reply_models import KEEP_DAYS, Conversation, ConversationMail, ConversationState, ReplySetting
from wem.notices import masking_rules
from wem.settings import settings

AT_ONCE = 500


class TooMany(Exception):
    """The customer has answered several times already; now it is the person's turn."""


class NotAsked(ValueError):
    """The person does not ask to be written to at the own address."""


def answer(conversation: Conversation, text: str, *, by: int) -> None:
    """Mail an answer to the person and keep it in the conversation; raises TooMany. The caller commits."""
    last = _last_from_reader(conversation)
    since = sa.select(sa.func.count()).where(
        ConversationMail.conversation_id == conversation.id,
        ConversationMail.account_id.is_not(None),
        ConversationMail.id > (last.id if last else 0),
    )
    if (db.session.scalar(since) or 0) >= reply_rules.MOST_ANSWERS_IN_A_ROW:
        raise TooMany
    subject = reply_rules.answer_subject(conversation.subject)
    own = reply_address(conversation.id, 0, settings().SERVICE_DOMAIN, keys(), Purpose.conversation)
    mail = reply_emails.answer(
        conversation.address,
        subject,
        text,
        sender_for(conversation.customer_id),
        own,
        message_id_of(last),
        conversation.mailing.language,
        revealed=conversation.revealed_at is not None,
    )
    # Taken back with the reader, if that is erased before it leaves.
    about = f"subscriber {conversation.subscriber_id}" if conversation.subscriber_id else None
    outbox.post(mail, customer_id=conversation.customer_id, about=about)
    kept = ConversationMail(conversation_id=conversation.id, account_id=by, subject=subject, text=text)
    db.session.add(kept)
    db.session.flush()
    conversation.newest = kept.id
    conversation.state, conversation.unread = ConversationState.answered, False
    conversation.last_at = clock.now()
    audit.record("reply.answer", by=by, customer_id=conversation.customer_id, subject=conversation)


def message_id_of(mail: ConversationMail | None) -> str:
    """Return the Message-ID of a mail where it can stand in a header of ours; else nothing."""
    return mail.message_id if mail is not None and reply_rules.good_message_id(mail.message_id) else ""


def close(conversation: Conversation, *, by: int) -> None:
    """Put it away; the person's next mail opens it again."""
    conversation.state, conversation.unread = ConversationState.closed, False
    audit.record("reply.close", by=by, customer_id=conversation.customer_id, subject=conversation)


def reopen(conversation: Conversation, *, by: int) -> None:
    """Have it stand among those that wait for an answer."""
    conversation.state = ConversationState.open
    audit.record("reply.reopen", by=by, customer_id=conversation.customer_id, subject=conversation)


def asked_in(conversation: Conversation) -> str:
    """Return the words by which the person asks to be written to at the own address; empty without any."""
    written = [mail.text for mail in conversation.mails if mail.from_reader and not mail.automatic]
    return next(filter(None, map(asking_rules.asking_words, reversed(written))), "")


def reveal(conversation: Conversation, *, by: int) -> None:
    """Show the person's address from now on, for the person asks for it in a reply; raises NotAsked.

    17-4 forbids us to hand addresses out; that a person hands out their own, it does not. The words that ask for it
    are kept, and staff see in the audit trail who had it shown.
    """
    passage = asked_in(conversation)
    if not passage:
        raise NotAsked
    conversation.revealed_at, conversation.revealed_by = clock.now(), by
    conversation.passage = passage
    audit.record(
        "reply.reveal",
        by=by,
        customer_id=conversation.customer_id,
        subject=conversation,
        passage=conversation.passage,
    )


def whole_text(conversation: Conversation, mail: ConversationMail) -> str:
    """Return what a mail said with the person's own address, for a conversation whose address is shown.

    Others' addresses stay masked and the reader's links cut: of those the person said nothing.
    """
    if mail.sealed is None or conversation.revealed_at is None:
        return mail.text
    try:
        text = vault.open_sealed(mail.sealed, "reply", conversation.customer_id).decode()
    except vault.CannotOpen:
        return mail.text
    return masking_rules.masked(text, but=conversation.address)


def unread(customer_id: int) -> int:
    """Return how many conversations of a customer hold something new."""
    rows = sa.select(sa.func.count()).where(Conversation.customer_id == customer_id, Conversation.unread)
    return db.session.scalar(rows) or 0


def erase_old() -> int:
    """Erase the next conversations that are past their customer's time; returns how many. The caller commits."""
    days = {row.customer_id: row.keep_days for row in db.session.scalars(sa.select(ReplySetting))}
    at, gone = clock.now(), 0
    for customer_id, keep in [*days.items(), (None, KEEP_DAYS)]:
        whose = (
            Conversation.customer_id == customer_id
            if customer_id is not None
            else Conversation.customer_id.not_in(list(days))
        )
        old = db.session.scalars(
            sa.select(Conversation.id)
            .where(whose, Conversation.last_at <= at - timedelta(days=keep))
            .order_by(Conversation.last_at)
            .limit(AT_ONCE)
        ).all()
        db.session.execute(sa.delete(Conversation).where(Conversation.id.in_(old)))
        gone += len(old)
    return gone


def _last_from_reader(conversation: Conversation) -> ConversationMail | None:
    return db.session.scalar(
        sa.select(ConversationMail)
        .where(ConversationMail.conversation_id == conversation.id, ConversationMail.account_id.is_(None))
        .order_by(ConversationMail.id.desc())
        .limit(1)
    )
