"""Where a counted link leads, for the reader who clicks; never anywhere but where the link table says."""

from __future__ import annotations

import re

import sqlalchemy as sa

from wem.db import db
from wem.delivery.identity import Purpose, identity_keys, read_delivery_id
from wem.delivery.models import Delivery, Dispatch
from wem.delivery.rendering import values_of
from wem.delivery.template_nodes import TemplateProblem
from wem.lists.subscription_models import Subscriber
from wem.lists.takedown_models import Takedown, TakenDown
from wem.settings import settings
from wem.tracking.addresses import filled, location
from wem.tracking.models import Link, LinkKind

_CLICK = re.compile(r"([1-9][0-9]{0,5})\.([A-Za-z2-7]{39})")


def read_click(text: str) -> tuple[int, int, int] | None:
    """Return (dispatch_id, seq, number) of what stands behind `/l/`; None when it is damaged or forged."""
    found = _CLICK.fullmatch(text)
    subject = _read(found[2], Purpose.click) if found else None
    return (*subject, int(found[1])) if found and subject else None


def read_open(text: str) -> tuple[int, int] | None:
    """Return (dispatch_id, seq) of what stands behind `/o/`; None when it is damaged or forged."""
    return _read(text, Purpose.open)


def address_behind(dispatch_id: int, seq: int, number: int) -> str | None:
    """Return where the link leads, fit for a Location header; None when the dispatch or the link is gone, or the
    mailing was taken down.

    Fields are filled in as they are now. When the reader is gone, or a value makes no address, they are left empty.
    """
    link = db.session.execute(
        sa.select(Link.kind, Link.target).where(Link.dispatch_id == dispatch_id, Link.number == number, ~_taken_down())
    ).one_or_none()
    if link is None:
        return None
    if link.kind is LinkKind.fixed:
        return location(link.target)
    language = db.session.scalar(sa.select(Dispatch.content["language"].as_string()).where(Dispatch.id == dispatch_id))
    fields = db.session.scalar(
        sa.select(Subscriber.fields)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(Delivery.dispatch_id == dispatch_id, Delivery.seq == seq)
    )
    try:
        found = location(filled(link.target, values_of(fields or {}, language or "ja"), language or "ja"))
    except TemplateProblem:
        found = None
    return found or location(filled(link.target, {}, language or "ja"))


def _taken_down() -> sa.Exists:
    """A harmful mail leads nowhere any more, also from the mailboxes in which it lies."""
    return sa.exists().where(
        Dispatch.id == Link.dispatch_id,
        Takedown.kind == TakenDown.mailing,
        Takedown.customer_id == Dispatch.customer_id,
        Takedown.target_id == Dispatch.mailing_id,
        Takedown.lifted_at.is_(None),
    )


def _read(token: str, purpose: Purpose) -> tuple[int, int] | None:
    config = settings()
    return read_delivery_id(token, purpose, identity_keys(config.SECRET_KEY, config.SECRET_KEY_PREVIOUS or None))
