"""Which mailings show which images, and what is wrong with images in a mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from wem.db import db
from wem.mailings.image_models import Image, ImageUse
from wem.mailings.image_rules import ImageState, is_ours, tokens_in
from wem.mailings.models import Mailing
from wem.settings import settings


def origin() -> str:
    """Return the origin that images are served from."""
    return settings().PUBLIC_URL.rstrip("/")


def address_of(image: Image) -> str:
    """Return the whole address of an image that is ready."""
    return origin() + image.path


def note_uses(mailing: Mailing) -> None:
    """Write down which images the mailing shows now; call it whenever its HTML was set, the mailing being flushed."""
    shown = _shown(mailing, mailing.html if mailing.body_kind.has_html else "")
    known = set(db.session.scalars(sa.select(ImageUse.image_id).where(ImageUse.mailing_id == mailing.id)))
    if gone := known - shown:
        db.session.execute(
            sa.delete(ImageUse)
            .where(ImageUse.mailing_id == mailing.id, ImageUse.image_id.in_(gone), ImageUse.in_use.is_(False))
            .execution_options(synchronize_session=False)
        )
    db.session.add_all(ImageUse(image_id=id, mailing_id=mailing.id) for id in sorted(shown - known))
    db.session.flush()


def note_in_use(draft: Mailing, html: str) -> None:
    """Write down which images the text in use of a step shows, given its draft; without a text, none any more."""
    shown = _shown(draft, html)
    db.session.flush()
    rows = sa.select(ImageUse).where(ImageUse.mailing_id == draft.id).execution_options(populate_existing=True)
    known = {row.image_id: row for row in db.session.scalars(rows)}
    for image_id, row in known.items():
        row.in_use = image_id in shown
    db.session.add_all(ImageUse(image_id=id, mailing_id=draft.id, in_use=True) for id in sorted(shown - set(known)))
    db.session.flush()
    note_uses(draft)


def _shown(mailing: Mailing, html: str) -> set[int]:
    tokens = tokens_in(html, origin())
    if not tokens:
        return set()
    theirs = sa.select(Image.id).where(Image.customer_id == mailing.customer_id, Image.token.in_(tokens))
    return set(db.session.scalars(theirs))


def mailings_with(image: Image) -> Sequence[Mailing]:
    """Return the mailings that show an image, the newest first."""
    return db.session.scalars(
        sa.select(Mailing)
        .join(ImageUse, ImageUse.mailing_id == Mailing.id)
        .where(ImageUse.image_id == image.id)
        .order_by(Mailing.id.desc())
    ).all()


def use_counts(images: Iterable[Image]) -> dict[int, int]:
    """Return how many mailings show each of these images, by the image's number; 0 where none does."""
    ids = [image.id for image in images]
    rows = db.session.execute(
        sa.select(ImageUse.image_id, sa.func.count()).where(ImageUse.image_id.in_(ids)).group_by(ImageUse.image_id)
    )
    return dict.fromkeys(ids, 0) | {row[0]: row[1] for row in rows}


def missing_of_ours(addresses: Iterable[str], customer_id: int) -> list[str]:
    """Return those of these addresses that point at our images and find none of the customer's."""
    ours = {address: token for address in addresses if (token := is_ours(address, origin())) is not None}
    tokens = [token for token in ours.values() if token]
    there = set(
        db.session.scalars(
            sa.select(Image.token).where(
                Image.customer_id == customer_id, Image.token.in_(tokens), Image.state == ImageState.ready
            )
        )
    )
    return [address for address, token in ours.items() if token not in there]
