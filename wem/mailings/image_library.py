"""What stands in a customer's image library: all of it, a folder, what goes into no mail yet."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from wem.db import db
from wem.mailings.image_models import Image
from wem.mailings.image_rules import ImageState


def in_library(customer_id: int, folder: str = "") -> sa.Select[Any]:
    """Return the query of the customer's images, of one folder or of all."""
    found = sa.select(Image).where(Image.customer_id == customer_id, Image.deleted_at.is_(None))
    return found.where(Image.folder == folder) if folder else found


def folders(customer_id: int) -> list[str]:
    """Return the names of the folders in which an image is."""
    return list(
        db.session.scalars(
            sa.select(Image.folder)
            .where(Image.customer_id == customer_id, Image.deleted_at.is_(None), Image.folder != "")
            .distinct()
            .order_by(Image.folder)
        )
    )


def undescribed(customer_id: int) -> sa.Select[Any]:
    """Return the query of those of which it is still to be said what they show."""
    return in_library(customer_id).where(Image.state == ImageState.ready, Image.alt == "", Image.decorative.is_(False))
