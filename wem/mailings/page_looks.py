"""What a customer's pages for readers look like now, and changing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from wem import audit
from wem.accounts.models import Customer
from wem.db import db
from wem.mailings.image_models import Image
from wem.mailings.image_rules import ImageState
from wem.mailings.page_look_models import PageLook

MOST_LOGOS = 200


@dataclass(frozen=True)
class Logo:
    """An image of the library; `path` is that on the readers' origin."""

    id: int
    path: str
    alt: str


@dataclass(frozen=True)
class Look:
    """What pages show; `accent` is a colour or empty."""

    intro: str = ""
    accent: str = ""
    contact: str = ""
    privacy_url: str = ""
    logo: Logo | None = None


def look_of(customer_id: int) -> Look:
    """Return how the customer's pages look."""
    row = db.session.get(PageLook, customer_id)
    return look(row) if row is not None else Look()


def look(row: PageLook) -> Look:
    """Return what pages show of settings, in a session or not."""
    image = db.session.scalar(_logos(row.customer_id).where(Image.id == row.logo_id)) if row.logo_id else None
    logo = Logo(image.id, image.path, image.alt) if image is not None else None
    return Look(row.intro, row.accent, row.contact, row.privacy_url, logo)


def logos(customer_id: int) -> Sequence[Image]:
    """Return the images that can be the logo, the newest first: those of which it is said what they show."""
    return db.session.scalars(_logos(customer_id).order_by(Image.id.desc()).limit(MOST_LOGOS)).all()


def save(customer: Customer, values: PageLook, *, by: int) -> None:
    """Keep settings that were checked."""
    db.session.merge(values)
    audit.record("page.look", by=by, customer_id=customer.id, subject=customer)


def _logos(customer_id: int) -> sa.Select[tuple[Image]]:
    return sa.select(Image).where(
        Image.customer_id == customer_id,
        Image.deleted_at.is_(None),
        Image.state == ImageState.ready,
        sa.or_(Image.alt != "", Image.decorative.is_(True)),
    )
