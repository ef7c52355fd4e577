"""Fills a dispatch's compiled content in for one reader: subject, texts, links and headers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from wem.delivery.charsets import Charset, charsets_for, takes_html
from wem.delivery.identity import DeliveryIds, Purpose, identity_keys, return_path_of
from wem.delivery.letter_writing import Addressed, Form, Listing, Texts
from wem.delivery.message import Features, Mail, deliverable
from wem.delivery.models import Dispatch
from wem.delivery.personalising import Template, compile_template
from wem.delivery.recipients import Recipient
from wem.lists.links import MailingLinks
from wem.settings import Settings, settings

# Set for the first mail after an attested upload. No field can have this key: keys have no hyphen.
FIRST_MAIL = "first-mail"
# Names of the delivery in addresses of counted links and of the picture that counts opens: `identity.delivery_id`.
LINK_TOKEN = "link-token"
OPEN_TOKEN = "open-token"
# The address of the mail's own page is made of one too.
VIEW_URL = "view_url"
TOKENS = {LINK_TOKEN: Purpose.click, OPEN_TOKEN: Purpose.open, VIEW_URL: Purpose.view}
SENDER_ID = "wem-mail"
# Local part of the address that takes reports of complaints; its domain is one that we sign with (RFC 9477 section 3).
COMPLAINTS = "fbl"


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
    # None: each reader's mail has an address of its own, and WeM takes the replies.
    reply_to: str | None = None
    # The proven domain of `sender` and, where its alias stands, the domain of the return path; None: the service's.
    sender_domain_id: int | None = None
    bounce_domain: str | None = None


@dataclass(frozen=True, slots=True)
class Templates:
    """Subject and texts, ready to fill in."""

    subject: Template
    text: Template
    html: Template | None


def compile_templates(subject: str, text: str, html: str | None, names: Sequence[str], language: str) -> Templates:
    """Return the texts ready to fill in with these fields and the system's names; raises TemplateProblem."""
    known = [*names, *SYSTEM_NAMES, FIRST_MAIL, LINK_TOKEN, OPEN_TOKEN]
    return Templates(
        compile_template(subject, escape="header", known=known, language=language),
        compile_template(one_line_end(text), escape="text", known=[*known, "email"], language=language),
        None if html is None else compile_template(one_line_end(html), escape="html", known=known, language=language),
    )


class Letter:
    """The content of one dispatch, compiled; makes the mail of each of its readers."""

    def __init__(
        self, dispatch_id: int, content: Content, loaded: Settings, templates: Templates | None = None
    ) -> None:
        """Compile the content, unless its texts come compiled; raises TemplateProblem when one is no template."""
        self.dispatch_id = dispatch_id
        self.content = content
        self.service_domain = loaded.SERVICE_DOMAIN
        self.bounce_domain = loaded.bounce_domain
        self.return_path_domain = content.bounce_domain or loaded.bounce_domain
        self.list_ids = [int(number) for number in content.lists]
        self.attested_since = {
            int(number): datetime.fromisoformat(since) if since else None
            for number, since in content.attested_since.items()
        }
        templates = templates or compile_templates(
            content.subject, content.text, content.html, content.names, content.language
        )
        self.subject, self.text, self.html = templates.subject, templates.text, templates.html
        self.names = self.text.names | (self.html.names if self.html else frozenset())
        self._forms: dict[tuple[Charset, bool], Form | None] = {}
        # The reader's own in texts, after those that every mail carries.
        self._tokens = [name for name in TOKENS if name in self.names]
        self._view_start = loaded.PUBLIC_URL.rstrip("/") + "/v/"
        self._own_replies = content.reply_to is None
        replies = (Purpose.reply,) if self._own_replies else ()
        tokens = (TOKENS[name] for name in self._tokens)
        purposes = (Purpose.message, Purpose.bounce, Purpose.unsubscribe_mail, *replies, *tokens)
        self._ids = DeliveryIds(purposes, identity_keys(loaded.SECRET_KEY, loaded.SECRET_KEY_PREVIOUS or None))
        self._links = MailingLinks(content.mailing_id, content.language)
        self._shared = {"sender_name": content.sender_name, "customer_name": content.customer_name}
        self._listings = {number: self._listing(number) for number in self.list_ids}

    def mail(self, recipient: Recipient, at: datetime, features: Features) -> Mail:
        """Return the recipient's mail for a server with these features.

        Raises TemplateProblem when a text grows too large, HeaderRefused, NotDeliverable.
        """
        bounce, to, listing, values = self.addressed(recipient, at, features)
        data = self._written(to, listing, values, at, features)
        return Mail(return_path_of(bounce, self.return_path_domain), to.recipient, data, not to.recipient.isascii())

    def addressed(
        self, recipient: Recipient, at: datetime, features: Features
    ) -> tuple[str, Addressed, Listing, dict[str, str | None]]:
        """Return the id of the return path, what the headers say of the reader and the list, and the texts' values."""
        to = deliverable(recipient.address, features)
        message, bounce, stop, *tokens = self._ids.of(self.dispatch_id, recipient.seq)
        reply_id = tokens.pop(0) if self._own_replies else ""
        listing = self._listings[recipient.lists[0]]
        addressed = Addressed(
            recipient=to,
            message_id=f"<{message}@{self.service_domain}>",
            unsubscribe_url=self._links.leave_url(recipient.subscriber_id, at),
            unsubscribe_address=f"u.{stop}@{self.bounce_domain}",
            complaint_id=message,
            reply_id=reply_id,
        )
        values = values_of(recipient.fields, self.content.language)
        values |= self._shared
        values |= zip(self._tokens, tokens, strict=True)
        if VIEW_URL in self.names:
            values[VIEW_URL] = f"{self._view_start}{values[VIEW_URL]}"
        values["list_name"] = listing.list_name
        values["date"] = day(at.date(), self.content.language)
        values["unsubscribe_url"] = addressed.unsubscribe_url
        values["email"] = recipient.address
        values[FIRST_MAIL] = "1" if recipient.newly_attested else ""
        if "preferences_url" in self.names:
            values["preferences_url"] = self._links.preferences_url(recipient.subscriber_id, at)
        return bounce, addressed, listing, values

    def _written(
        self, to: Addressed, listing: Listing, values: dict[str, str | None], at: datetime, features: Features
    ) -> bytes:
        domain = to.recipient.rpartition("@")[2]
        with_html = takes_html(domain)
        for charset in charsets_for(domain):
            form = self._form(charset, with_html)
            if form is None:
                continue
            try:
                return form.written(to, listing, values, at, features.eight_bit)
            except UnicodeEncodeError:
                continue
        raise AssertionError("UTF-8 takes every text")

    def _form(self, charset: Charset, with_html: bool) -> Form | None:
        """Return the letter in a character set, made when it is first needed; None where it does not fit."""
        key = charset, with_html
        if key not in self._forms:
            content = self.content
            texts = Texts(
                subject=self.subject,
                text=self.text,
                html=self.html,
                sender=content.sender,
                sender_name=content.sender_name,
                reply_to=content.reply_to,
                reply_domain=self.service_domain,
                language=content.language,
            )
            try:
                self._forms[key] = Form(texts, charset, with_html)
            except UnicodeEncodeError:
                self._forms[key] = None
        return self._forms[key]

    def _listing(self, list_id: int) -> Listing:
        content = self.content
        return Listing(
            list_id=f"{list_id}.{content.customer_slug}.{self.service_domain}",
            list_name=content.lists[str(list_id)],
            feedback_id=f"{content.mailing_id}:{list_id}:{content.customer_slug}:{SENDER_ID}",
            complaints_to=f"{COMPLAINTS}@{self.service_domain}",
        )


SYSTEM_NAMES = ("list_name", "date", "sender_name", "customer_name", "unsubscribe_url", "preferences_url", VIEW_URL)


def letter_of(dispatch: Dispatch) -> Letter:
    """Return the compiled content of a dispatch; kept for the next batch. Raises TemplateProblem."""
    return _letter(dispatch.id, dispatch.created_at, _Key(dispatch.content), settings())


class _Key:
    """A content as part of a key; the dispatch's number tells nearly all contents apart, for they hardly change."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.content == other.content

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=32)
def _letter(dispatch_id: int, created_at: datetime, key: _Key, loaded: Settings) -> Letter:
    return Letter(dispatch_id, Content(**key.content), loaded)


def values_of(fields: dict[str, Any], language: str) -> dict[str, str | None]:
    """Return a reader's fields as texts show them; a no counts as empty, so that a condition on it is false."""
    return {
        key: value if type(value) is str and "\r" not in value else shown(value, language)
        for key, value in fields.items()
    }


def shown(value: object, language: str) -> str | None:
    """Return one value of a field as a text, its line ends as LF."""
    if isinstance(value, str):
        return one_line_end(value)
    if value is None:
        return value
    if isinstance(value, bool):
        return ("はい" if language == "ja" else "yes") if value else ""
    if isinstance(value, list):
        return ("、" if language == "ja" else ", ").join(map(str, value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def one_line_end(text: str) -> str:
    """Return the text with LF at every line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def day(on: date, language: str) -> str:
    """Return the day of sending as the texts show it."""
    return f"{on.year}年{on.month}月{on.day}日" if language == "ja" else on.isoformat()
