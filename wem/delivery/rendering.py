"""Fills a dispatch's compiled content in for one reader: subject, texts, links and headers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from wem.delivery import identity
from wem.delivery.identity import IdentityKeys, Purpose, identity_keys
from wem.delivery.message import Features, Mail, Message, assemble, list_headers
from wem.delivery.models import Dispatch
from wem.delivery.personalising import Template, compile_template
from wem.delivery.recipients import Recipient
from wem.lists.address_rules import wire_address
from wem.lists.links import leave_url, preferences_url
from wem.settings import Settings, settings

# Set for the first mail after an attested upload. No field can have this key: keys have no hyphen.
FIRST_MAIL = "first-mail"
# Names of the delivery in addresses of counted links and of the picture that counts opens: `identity.delivery_id`.
LINK_TOKEN = "link-token"
OPEN_TOKEN = "open-token"
SENDER_ID = "wem-mail"


@dataclass(frozen=True)
class Content:
    """What a dispatch sends, fixed when it starts: the keys of `Dispatch.content`. Texts are Liquid with the footer."""

    mailing_id: int
    subject: str
    text: str
    html: str | None
    sender: str
    sender_name: str
    language: str
    customer_slug: str
    customer_name: str
    # List id: its name, as the reader sees it.
    lists: dict[str, str]
    # Names of fields that the texts may use, beside the system's.
    names: list[str]
    # List id: from when on (ISO) somebody who joined by an attested upload has had no mail yet; None: never.
    attested_since: dict[str, str | None] = field(default_factory=dict)
    batch_size: int = 200
    reply_to: str | None = None
    # The proven domain of `sender` and, where its alias stands, the domain of the return path; None: the service's.
    sender_domain_id: int | None = None
    bounce_domain: str | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """Subject and texts as one reader gets them."""

    subject: str
    text: str
    html: str | None


class Letter:
    """The content of one dispatch, compiled; makes the mail of each of its readers."""

    def __init__(self, dispatch_id: int, content: Content, loaded: Settings) -> None:
        """Raises TemplateProblem when a text is no template."""
        self.dispatch_id = dispatch_id
        self.content = content
        self.service_domain = loaded.SERVICE_DOMAIN
        self.bounce_domain = loaded.bounce_domain
        self.return_path_domain = content.bounce_domain or loaded.bounce_domain
        self.keys: IdentityKeys = identity_keys(loaded.SECRET_KEY, loaded.SECRET_KEY_PREVIOUS or None)
        self.list_ids = [int(number) for number in content.lists]
        self.attested_since = {
            int(number): datetime.fromisoformat(since) if since else None
            for number, since in content.attested_since.items()
        }
        known = [*content.names, *SYSTEM_NAMES, FIRST_MAIL, LINK_TOKEN, OPEN_TOKEN]
        self.subject = compile_template(content.subject, escape="header", known=known, language=content.language)
        self.text = compile_template(content.text, escape="text", known=[*known, "email"], language=content.language)
        self.html: Template | None = None
        if content.html is not None:
            self.html = compile_template(content.html, escape="html", known=known, language=content.language)
        self.names = self.text.names | (self.html.names if self.html else frozenset())

    def filled(self, values: dict[str, str | None]) -> Filled:
        """Return subject and texts for these values (see `values_of`); raises TemplateProblem when one is too large."""
        return Filled(
            self.subject.render(values), self.text.render(values), self.html.render(values) if self.html else None
        )

    def mail(self, recipient: Recipient, at: datetime, features: Features) -> Mail:
        """Return the recipient's mail for a server with these features.

        Raises TemplateProblem when a text grows too large, HeaderRefused, NotDeliverable.
        """
        envelope, message = self.message(recipient, at)
        return Mail(envelope, message.recipient, assemble(message))

    def message(self, recipient: Recipient, at: datetime) -> tuple[str, Message]:
        """Return the envelope's sender and the mail; raises TemplateProblem when a text grows too large."""
        content, seq = self.content, recipient.seq
        list_id = recipient.lists[0]
        unsubscribe = leave_url(recipient.subscriber_id, content.mailing_id, content.language)
        values = values_of(recipient.fields, content.language) | {
            "list_name": content.lists[str(list_id)],
            "date": day(at.date(), content.language),
            "sender_name": content.sender_name,
            "customer_name": content.customer_name,
            "unsubscribe_url": unsubscribe,
            "email": recipient.address,
            FIRST_MAIL: "1" if recipient.newly_attested else "",
        }
        if "preferences_url" in self.names:
            values["preferences_url"] = preferences_url(recipient.subscriber_id, content.language)
        for name, purpose in ((LINK_TOKEN, Purpose.click), (OPEN_TOKEN, Purpose.open)):
            if name in self.names:
                values[name] = identity.delivery_id(self.dispatch_id, seq, purpose, self.keys)
        stop_by_mail = identity.delivery_id(self.dispatch_id, seq, Purpose.unsubscribe_mail, self.keys)
        filled = self.filled(values)
        message = Message(
            sender=content.sender,
            sender_name=content.sender_name,
            recipient=wire_address(recipient.address),
            subject=filled.subject,
            text=filled.text,
            html=filled.html,
            message_id=identity.message_id(self.dispatch_id, seq, self.service_domain, self.keys),
            date=at,
            reply_to=content.reply_to,
            headers=list_headers(
                unsubscribe_url=unsubscribe,
                unsubscribe_address=f"u.{stop_by_mail}@{self.bounce_domain}",
                list_id=f"{list_id}.{content.customer_slug}.{self.service_domain}",
                list_name=content.lists[str(list_id)],
                feedback_id=f"{content.mailing_id}:{list_id}:{content.customer_slug}:{SENDER_ID}",
            ),
            language=content.language,
        )
        return identity.return_path(self.dispatch_id, seq, self.return_path_domain, self.keys), message


SYSTEM_NAMES = ("list_name", "date", "sender_name", "customer_name", "unsubscribe_url", "preferences_url")


def letter_of(dispatch: Dispatch) -> Letter:
    """Return the compiled content of a dispatch; kept for the next batch. Raises TemplateProblem."""
    return _letter(dispatch.id, dispatch.created_at, _Key(dispatch.content), settings())


class _Key:
    """A content as part of a key: the dispatch's number tells contents apart, for they never change."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=32)
def _letter(dispatch_id: int, created_at: datetime, key: _Key, loaded: Settings) -> Letter:
    return Letter(dispatch_id, Content(**key.content), loaded)


def values_of(fields: dict[str, Any], language: str) -> dict[str, str | None]:
    """Return a reader's fields as texts show them; a no counts as empty, so that a condition on it is false."""
    return {key: shown(value, language) for key, value in fields.items()}


def shown(value: object, language: str) -> str | None:
    """Return one value of a field as a text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ("はい" if language == "ja" else "yes") if value else ""
    if isinstance(value, list):
        return ("、" if language == "ja" else ", ").join(map(str, value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def day(on: date, language: str) -> str:
    """Return the day of sending as the texts show it."""
    return f"{on.year}年{on.month}月{on.day}日" if language == "ja" else on.isoformat()
