"""Keeps a customer's own designs: made of a mailing, replaced, renamed, deleted; mailings that began with one stay."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from wem import audit
from wem.db import db
from wem.mailings import block_keeping
from wem.mailings.block_reading_rules import write
from wem.mailings.design_models import Design
from wem.mailings.image_models import Image
from wem.mailings.models import BodyKind, Mailing

MOST = 200
# Own ones on the page on which a mail begins.
FIRST = 8


class TooMany(Exception):
    """The customer has as many designs as there can be."""


def keep(mailing: Mailing, name: str, *, by: int) -> Design:
    """Return a design, in the session, of what is in a mailing now; raises TooMany."""
    owned = sa.select(sa.func.count()).select_from(Design).where(Design.customer_id == mailing.customer_id)
    if (db.session.scalar(owned) or 0) >= MOST:
        raise TooMany
    design = Design(
        customer_id=mailing.customer_id,
        name=name,
        created_by=by,
    )
    _fill(design, mailing)
    db.session.add(design)
    db.session.flush()
    audit.record("design.create", by=by, customer_id=design.customer_id, subject=design, source=mailing.id)
    return design


def replace(design: Design, mailing: Mailing, *, by: int) -> None:
    """Put what is in a mailing now in place of what is in a design; its name stays."""
    _fill(design, mailing)
    audit.record("design.change", by=by, customer_id=design.customer_id, subject=design, source=mailing.id)


def _fill(design: Design, mailing: Mailing) -> None:
    design.body_kind, design.subject, design.language = mailing.body_kind, mailing.subject, mailing.language
    design.source = _source(mailing)


def _source(mailing: Mailing) -> str:
    if mailing.body_kind is BodyKind.blocks:
        return write(block_keeping.document_of(mailing))
    return mailing.html if mailing.body_kind is BodyKind.html else mailing.text


def rename(design: Design, name: str, *, by: int) -> None:
    """Give a design another name."""
    design.name = name
    audit.record("design.change", by=by, customer_id=design.customer_id, subject=design)


def delete(design: Design, *, by: int) -> None:
    """Delete a design for good."""
    audit.record("design.delete", by=by, customer_id=design.customer_id, subject=design)
    db.session.delete(design)


def of_customer(customer_id: int, most: int = MOST) -> Sequence[Design]:
    """Return the customer's designs, the newest first."""
    found = sa.select(Design).where(Design.customer_id == customer_id).order_by(Design.id.desc())
    return db.session.scalars(found.limit(most)).all()


def with_image(image: Image) -> list[Design]:
    """Return the designs that show an image of the library."""
    if image.token is None:
        return []
    # The number as a document writes it, or the address as HTML does; customers have few designs.
    return [
        design
        for design in of_customer(image.customer_id)
        if (f'"picture":"{image.id}"' if design.body_kind is BodyKind.blocks else image.token) in design.source
    ]
