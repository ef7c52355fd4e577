"""Takes an image out of the library; what mailings show that left, or may leave, goes on being served."""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit, clock, storage
from wem.db import db
from wem.mailings.image_models import Image, ImageUse
from wem.mailings.image_rules import ImageState, stays_in_sight
from wem.mailings.models import Mailing


def delete(image: Image, *, by: int) -> str | None:
    """Delete an image, or what became of a refused file; returns the key of the file to erase after the commit.

    The file stays as long as a mailing that is no draft shows it (readers open mails years later), or the text in use
    of a step; the erasure after the contract's end ends that too. Nothing is returned then.
    """
    locked = db.session.scalars(
        sa.select(Image).where(Image.id == image.id).with_for_update().execution_options(populate_existing=True)
    ).one()
    audit.record("image.delete", by=by, customer_id=locked.customer_id, subject=locked)
    uses = db.session.execute(
        sa.select(Mailing.state, ImageUse.in_use)
        .join(ImageUse, ImageUse.mailing_id == Mailing.id)
        .where(ImageUse.image_id == locked.id)
    ).all()
    sent = stays_in_sight(state.value for state, _ in uses) or any(in_use for _, in_use in uses)
    if locked.state is ImageState.ready and sent:
        locked.deleted_at = clock.now()
        return None
    key = locked.storage_key or locked.source_key
    db.session.delete(locked)
    return key


def erase(key: str | None) -> None:
    """Erase the file of an image that is deleted; after the commit."""
    if key:
        storage.erase(key)
