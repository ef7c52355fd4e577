"""A customer's brand settings, and the mail that a new one begins with."""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit, clock
from wem.accounts.models import Customer
from wem.db import db, insert_ignoring
from wem.mailings import block_editing
from wem.mailings.block_models import Brand
from wem.mailings.block_moving_rules import add_block, change_block
from wem.mailings.block_rules import BlockKind, Document
from wem.mailings.composing import Fault, Refused
from wem.mailings.image_models import Image
from wem.mailings.image_rules import ImageState
from wem.mailings.models import Mailing


class Changed(Exception):
    """Somebody else saved the settings since this person opened them."""


def brand_of(customer_id: int) -> Brand:
    """Return the customer's settings; the usual ones, in no session, before they were set."""
    usual = Brand(customer_id=customer_id, **Document().look, logo_id=None, footer="", version=0)
    return db.session.get(Brand, customer_id) or usual


def save(customer: Customer, brand: Brand, version: int, *, by: int) -> None:
    """Keep settings that were checked, over the version that the person had before them; `brand` is in no session.

    Raises Changed when somebody else saved since, or first.
    """
    values = {**brand.look, "logo_id": brand.logo_id, "footer": brand.footer, "changed_at": clock.now()}
    kept = db.session.execute(
        sa.update(Brand)
        .where(Brand.customer_id == customer.id, Brand.version == version)
        .values(**values, version=version + 1)
        .execution_options(synchronize_session=False)
        if version
        else insert_ignoring(Brand).values(customer_id=customer.id, **values, version=1),
        execution_options={"preserve_rowcount": True},
    )
    if not kept.rowcount:  # type: ignore[attr-defined]
        raise Changed
    audit.record("brand.change", by=by, customer_id=customer.id, subject=customer)


def look_over(brand: Brand, language: str) -> list[Fault]:
    """Return what is wrong with the last words of settings, as with any text of a mail."""
    if not brand.footer.strip():
        return []
    words = beginning(brand).blocks[-1]
    try:
        block_editing.look_over(words, Mailing(customer_id=brand.customer_id, language=language))
    except Refused as refused:
        return list(refused.problems.values())
    return []


def beginning(brand: Brand) -> Document:
    """Return the mail that a new one begins with: the logo above, the last words below."""
    document = Document(look=brand.look)
    if brand.logo_id is not None:
        document, id = add_block(document, BlockKind.image)
        document = change_block(document, id, {"picture": str(brand.logo_id), "width": "50"})
    if brand.footer.strip():
        document, id = add_block(document, BlockKind.text)
        document = change_block(document, id, {"text": brand.footer, "size": "small", "align": "center"})
    return document


def offered_images(customer_id: int) -> list[Image]:
    """Return the images that may go into a mail, the newest first: those of which it is said what they show."""
    return list(
        db.session.scalars(
            sa.select(Image)
            .where(
                Image.customer_id == customer_id,
                Image.deleted_at.is_(None),
                Image.state == ImageState.ready,
                sa.or_(Image.alt != "", Image.decorative.is_(True)),
            )
            .order_by(Image.id.desc())
            .limit(200)
        )
    )
