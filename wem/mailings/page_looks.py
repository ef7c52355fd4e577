"""What a customer's pages for readers look like now, and changing it."""

from __future__ import annotations

from dataclasses import dataclass

from wem import audit
from wem.accounts.models import Customer
from wem.db import db
from wem.mailings.image_models import Image
from wem.mailings.image_rules import ImageState
from wem.mailings.page_look_models import PageLook


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
    return Look(row.intro, row.accent, row.contact, row.privacy_url, _logo(row))


def _logo(row: PageLook) -> Logo | None:
    image = db.session.get(Image, row.logo_id) if row.logo_id else None
    if image is None or image.customer_id != row.customer_id or image.deleted_at is not None:
        return None
    return Logo(image.id, image.path, image.alt) if image.state is ImageState.ready and image.described else None


def save(customer: Customer, values: PageLook, *, by: int) -> None:
    """Keep settings that were checked."""
    db.session.merge(values)
    audit.record("page.look", by=by, customer_id=customer.id, subject=customer)
