"""A mail in the browser: as its reader got it, or for nobody once the reader is gone."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

import sqlalchemy as sa

from wem import clock
from wem.accounts.models import Customer
from wem.contracts.models import contract_in_force
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery.identity import Purpose, delivery_id, identity_keys, read_delivery_id
from wem.delivery.models import Delivery, Dispatch
from wem.delivery.rendering import FIRST_MAIL, Content, Letter, day, letter_of, values_of
from wem.delivery.template_nodes import TemplateProblem
from wem.lists.links import MailingLinks
from wem.lists.states import SubscriptionState
from wem.lists.subscription_models import Subscriber, Subscription
from wem.lists.takedown_models import TakenDown, open_takedown
from wem.mailings.models import Mailing
from wem.mailings.neutral import headed, neutral
from wem.mailings.trial_models import got_of
from wem.mailings.view_line import without_view_line
from wem.settings import settings
from wem.tracking.linking import uncounted
from wem.tracking.links import targets_of

# In place of a dispatch, in previews and test copies.
NOBODYS = 0


class Hidden(enum.StrEnum):
    """Why a mail that was sent is not shown."""

    test = "test"  # it is the link of a test copy, which is nobody's
    gone = "gone"  # erased, or older than what is kept
    closed = "closed"  # the contract stands still, or our staff took it down


@dataclass(frozen=True)
class Seen:
    """A mail as it is shown; `html` is None for one in plain text."""

    subject: str
    text: str
    html: str | None
    language: str


def view_url(dispatch_id: int, seq: int) -> str:
    """Return the address of one delivery's page."""
    config = settings()
    keys = identity_keys(config.SECRET_KEY, config.SECRET_KEY_PREVIOUS or None)
    return config.PUBLIC_URL.rstrip("/") + "/v/" + delivery_id(dispatch_id, seq, Purpose.view, keys)


def read(token: str) -> tuple[int, int] | None:
    """Return (dispatch_id, seq) of what stands behind `/v/`; None when it is damaged or forged."""
    config = settings()
    return read_delivery_id(token, Purpose.view, identity_keys(config.SECRET_KEY, config.SECRET_KEY_PREVIOUS or None))


def customer_of(dispatch_id: int) -> Customer | None:
    """Return whose mail it was; None when nothing is known of it any more."""
    dispatch = db.session.get(Dispatch, dispatch_id)
    return db.session.get(Customer, dispatch.customer_id) if dispatch else None


def seen(dispatch_id: int, seq: int) -> Seen | Hidden:
    """Return the mail of one delivery: with the reader's values as they are now, with nobody's once they left.

    Nothing is counted: neither links nor the opening.
    """
    if dispatch_id == NOBODYS:
        return Hidden.test
    dispatch = db.session.get(Dispatch, dispatch_id)
    mailing = db.session.get(Mailing, dispatch.mailing_id) if dispatch else None
    if dispatch is None or mailing is None:
        return Hidden.gone
    contract = contract_in_force(dispatch.customer_id)
    if (
        contract is None
        or not contract.permits(Use.archive, clock.today())
        or open_takedown(dispatch.customer_id, TakenDown.pages) is not None
        or open_takedown(dispatch.customer_id, TakenDown.mailing, mailing.id) is not None
    ):
        return Hidden.closed
    reader = db.session.scalar(
        sa.select(Subscriber)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(
            Delivery.dispatch_id == dispatch_id,
            Delivery.seq == seq,
            Subscriber.customer_id == dispatch.customer_id,
        )
    )
    try:
        if reader is not None:
            return _as_got(dispatch, seq, reader)
        content = neutral(got_of(mailing, dispatch.variant))
    except (TemplateProblem, LookupError):
        return Hidden.gone
    return Seen(content.subject, content.text, content.html, mailing.language)


def _as_got(dispatch: Dispatch, seq: int, reader: Subscriber) -> Seen:
    content = Content(**dispatch.content)
    if content.html is None:
        letter = letter_of(dispatch)
    else:
        plain = replace(content, html=without_view_line(uncounted(content.html, targets_of(dispatch.id))))
        letter = Letter(dispatch.id, plain, settings())
    values = _values(content, dispatch, seq, reader)
    html = headed(letter.html.render(values)) if letter.html else None
    return Seen(letter.subject.render(values), letter.text.render(values), html, content.language)


def _values(content: Content, dispatch: Dispatch, seq: int, reader: Subscriber) -> dict[str, str | None]:
    links, at = MailingLinks(content.mailing_id, content.language), clock.now()
    sent = dispatch.started_at or dispatch.created_at
    return values_of(reader.fields, content.language) | {
        "list_name": _list_name(content, reader.id),
        "date": day(sent.astimezone(clock.JAPAN).date(), content.language),
        "sender_name": content.sender_name,
        "customer_name": content.customer_name,
        "unsubscribe_url": links.leave_url(reader.id, at),
        "preferences_url": links.preferences_url(reader.id, at),
        "view_url": view_url(dispatch.id, seq),
        # Who hands the link on does not hand the address on.
        "email": reader.masked,
        FIRST_MAIL: "",
    }


def _list_name(content: Content, subscriber_id: int) -> str:
    """Return the list by which the reader gets it: of several, the first that they are on still."""
    mine = db.session.scalar(
        sa.select(sa.func.min(Subscription.list_id)).where(
            Subscription.subscriber_id == subscriber_id,
            Subscription.list_id.in_([int(number) for number in content.lists]),
            Subscription.state == SubscriptionState.active,
        )
    )
    return content.lists.get(str(mine)) or next(iter(content.lists.values()), "")
