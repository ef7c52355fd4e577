"""Shows a mailing as it will be: as an invented reader, or as one who was looked up; nobody's address is readable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from wem import clock, tokens
from wem.accounts.models import Customer
from wem.contracts.models import contract_in_force
from wem.db import db
from wem.delivery.models import Dispatch
from wem.delivery.progress import dispatches_of
from wem.delivery.rendering import FIRST_MAIL, Content, Letter, day, letter_of, values_of
from wem.domains.choosing import sender_address
from wem.lists.models import Field, MailingList
from wem.lists.rules import Address, mask_text, read_address
from wem.lists.subscription_models import Subscriber
from wem.mailings import block_keeping, naming, starting
from wem.mailings.block_compiling import html_of, pictures_of
from wem.mailings.models import Mailing
from wem.mailings.reply_choosing import reply_address_for
from wem.mailings.samples import Sample, SampleReader, sample_readers
from wem.mailings.viewing import NOBODYS, view_url
from wem.settings import settings
from wem.tokens import Purpose
from wem.tracking.linking import uncounted
from wem.tracking.links import targets_of

# Gmail shows so much of a mail's HTML.
GMAIL_KB = 102
SAMPLES = list(Sample)
# How long a reader who was looked up can be shown without looking up again.
FOUND_LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True)
class SenderShown:
    """Who sends, as a reader's program shows it."""

    name: str
    address: str
    reply_to: str | None


@dataclass(frozen=True)
class Shown:
    """A mailing filled in for one reader. `recipient` is invented or masked; `size_kb` is that of the HTML, of a mail
    in plain text that of the text."""

    subject: str
    text: str
    html: str | None
    recipient: str
    size_kb: int


def sender_shown(mailing: Mailing, lists: Sequence[MailingList] = ()) -> SenderShown:
    """Return who sends a mailing to these lists now."""
    customer_id = mailing.customer_id
    customer = db.session.get_one(Customer, customer_id)
    return SenderShown(
        naming.name_now(mailing) if _dispatch_of(mailing) is None else mailing.sender_name,
        sender_address(customer, lists).address,
        reply_address_for(customer_id),
    )


def compiled(mailing: Mailing, html: str | None = None) -> Letter:
    """Return the mailing's texts, ready to fill in: what was sent, or what would be; raises TemplateProblem.

    What would be is made of other HTML where it is given.
    """
    dispatch = _dispatch_of(mailing)
    if dispatch is not None:
        return _as_composed(dispatch)
    contract = contract_in_force(mailing.customer_id)
    if contract is None:
        raise LookupError(f"customer {mailing.customer_id} has no contract")
    return starting.letter(mailing, starting.make(mailing, contract, html))


def _dispatch_of(mailing: Mailing) -> Dispatch | None:
    """Return what a mailing sent, or one variant of an A/B test; None before it started."""
    found = dispatches_of(mailing.main.id)
    return next((each for each in found if each.variant in (None, mailing.variant)), None)


def _as_composed(dispatch: Dispatch) -> Letter:
    """Return what a dispatch sends with its links as the customer wrote them: who looks here is no reader."""
    content = Content(**dispatch.content)
    if content.html is None:
        return letter_of(dispatch)
    return Letter(dispatch.id, replace(content, html=uncounted(content.html, targets_of(dispatch.id))), settings())


def samples_of(customer_id: int) -> list[SampleReader]:
    """Return the five invented readers with this customer's fields."""
    fields = db.session.scalars(sa.select(Field).where(Field.customer_id == customer_id).order_by(Field.id)).all()
    return sample_readers(fields)


def as_sample(mailing: Mailing, index: int) -> Shown:
    """Return the mailing as invented reader number `index` (from 0) gets it; raises TemplateProblem."""
    return filled(compiled(mailing), samples_of(mailing.customer_id)[index])


def beside_blocks(mailing: Mailing) -> str:
    """Return the HTML of a mailing made of blocks as the first invented reader gets it, with the blocks marked in it.

    Raises TemplateProblem.
    """
    document = block_keeping.document_of(mailing)
    pictures = pictures_of(document, mailing.customer_id)
    html = html_of(document, pictures, mailing.main.language, marked=True)
    return filled(compiled(mailing, html), samples_of(mailing.customer_id)[0]).html or ""


def filled(letter: Letter, reader: SampleReader) -> Shown:
    """Return a compiled mailing as an invented reader gets it; raises TemplateProblem when a text grows too large."""
    return _filled(letter, reader.fields, reader.address)


def as_reader(mailing: Mailing, reader: Subscriber) -> Shown:
    """Return the mailing as one of the customer's readers gets it, the address masked; raises TemplateProblem."""
    # A field may hold an address too.
    fields = {key: _masked(value) for key, value in reader.fields.items()}
    return _filled(compiled(mailing), fields, reader.masked)


def find(customer_id: int, typed: str) -> Subscriber | None:
    """Return the customer's reader of a whole address, None when there is none."""
    address = read_address(typed)
    if not isinstance(address, Address):
        return None
    return db.session.scalar(
        sa.select(Subscriber).where(Subscriber.customer_id == customer_id, Subscriber.address_key == address.key)
    )


def token_for(reader: Subscriber, mailing: Mailing, account_id: int) -> str:
    """Return what shows this reader in previews of this mailing to this person, for half an hour."""
    return tokens.sign(Purpose.preview, account_id, mailing.id, reader.id)


def found_by(token: str, mailing: Mailing, account_id: int) -> Subscriber | None:
    """Return the reader of a token; None when it is forged, somebody else's, too old, or the reader is gone."""
    subject = tokens.read(Purpose.preview, token, FOUND_LIFETIME)
    if subject is None or subject[:2] != [account_id, mailing.id]:
        return None
    return db.session.scalar(
        sa.select(Subscriber).where(Subscriber.id == int(subject[2]), Subscriber.customer_id == mailing.customer_id)
    )


def _filled(letter: Letter, fields: dict[str, Any], address: str) -> Shown:
    content = letter.content
    values = values_of(fields, content.language) | {
        "list_name": _list_name(content),
        "date": day(clock.today(), content.language),
        "sender_name": content.sender_name,
        "customer_name": content.customer_name,
        # Signed for nobody: these pages say that nothing more is sent.
        "unsubscribe_url": _public("/u/" + tokens.sign(Purpose.unsubscribe, 0, 0)),
        "preferences_url": _public("/p/" + tokens.sign(Purpose.preferences, 0)),
        "view_url": view_url(NOBODYS, 0),
        "email": address,
        FIRST_MAIL: "",
    }
    html = letter.html.render(values) if letter.html else None
    text = letter.text.render(values)
    return Shown(
        subject=letter.subject.render(values),
        text=text,
        html=html,
        recipient=address,
        size_kb=-(-len((text if html is None else html).encode()) // 1024),
    )


def _list_name(content: Content) -> str:
    return next(iter(content.lists.values()), "") or gettext("Name of the list")


def _public(path: str) -> str:
    return settings().PUBLIC_URL.rstrip("/") + path


def _masked(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked(each) for each in value]
    return mask_text(value) if isinstance(value, str) and ("@" in value or "＠" in value) else value
