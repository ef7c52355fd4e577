"""Takes images into a customer's library: keeps the file that comes, has the image made of it, tidies up."""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from wem import audit, clock, queue, storage, unnamed_files
from wem.contracts.models import contract_in_force
from wem.db import db
from wem.mailings import image_making
from wem.mailings.image_making import NotMade
from wem.mailings.image_models import Image, ImageUse
from wem.mailings.image_rules import MOST_BYTES, ImageProblem, ImageState, problem_of, quota_bytes
from wem.settings import settings

FOLDER = "images"
# Longer than one image can take; then somebody else may try.
LEASE = timedelta(minutes=3)
MOST_ATTEMPTS = 3
REFUSED_KEPT = timedelta(days=7)
AT_ONCE = 500


class NotTaken(Exception):
    """The file is not taken; `problem` says why."""

    def __init__(self, problem: ImageProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def take(customer_id: int, stream: BinaryIO, filename: str, folder: str, *, by: int) -> tuple[Image, bool]:
    """Keep a file and have an image made of it; returns the image and whether it is new to the library.

    Raises NotTaken. Commits, so that no transaction is open while the file is written.
    """
    head = stream.read(2048)
    content = head + stream.read(MOST_BYTES + 1 - len(head))
    if problem := problem_of(head, len(content)):
        raise NotTaken(problem)
    sha256 = hashlib.sha256(content).hexdigest()
    if known := _same(customer_id, sha256):
        return known, False
    if used_bytes(customer_id) + len(content) > quota_of(customer_id):
        raise NotTaken(ImageProblem.quota)
    db.session.commit()
    key, size = storage.keep(FOLDER, io.BytesIO(content), MOST_BYTES)
    image = Image(
        customer_id=customer_id,
        name=_name_from(filename),
        folder=folder,
        source_sha256=sha256,
        source_key=key,
        size=size,
        created_by=by,
    )
    try:
        db.session.add(image)
        db.session.flush()
        audit.record("image.upload", by=by, customer_id=customer_id, subject=image)
        queue.ring(queue.WORK, "wem.mailings.image_jobs.make_image", image.id)
        db.session.commit()
    except BaseException as error:
        db.session.rollback()
        # No row names the file.
        storage.erase(key)
        if not isinstance(error, IntegrityError):
            raise
        known = _same(customer_id, sha256)
        if known is None:
            raise
        return known, False
    return image, True


def _same(customer_id: int, sha256: str) -> Image | None:
    return db.session.scalar(
        sa.select(Image).where(
            Image.customer_id == customer_id,
            Image.source_sha256 == sha256,
            Image.deleted_at.is_(None),
            Image.state != ImageState.refused,
        )
    )


def _name_from(filename: str) -> str:
    """Return a file's name without its ending and folders, as the first name of the image."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    stem = last.rpartition(".")[0] or last
    return "".join(char if char.isprintable() else " " for char in stem).strip()[:100] or "image"


def quota_of(customer_id: int) -> int:
    """Return how many bytes of images the customer may keep, by its course."""
    contract = contract_in_force(customer_id)
    course = contract.course.code if contract else ""
    return quota_bytes(settings().IMAGE_QUOTA_MB, course)


def used_bytes(customer_id: int, *, deleted: bool = False) -> int:
    """Return how many bytes the customer's images take; with `deleted`, of those alone that are out of the library."""
    condition = Image.deleted_at.is_not(None) if deleted else sa.true()
    return int(
        db.session.scalar(
            sa.select(sa.func.coalesce(sa.func.sum(Image.size), 0)).where(
                Image.customer_id == customer_id, Image.state != ImageState.refused, condition
            )
        )
        or 0
    )


def make(image_id: int) -> None:
    """Make the image of the file that waits; safe beside another worker. Commits."""
    at = clock.now()
    taken = db.session.execute(
        sa.update(Image)
        .where(Image.id == image_id, Image.state == ImageState.received, Image.due_at <= at)
        .values(due_at=at + LEASE, attempts=Image.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    if not taken.rowcount:  # type: ignore[attr-defined]
        return
    image = db.session.get_one(Image, image_id, populate_existing=True)
    source, attempts = image.source_key or "", image.attempts
    # Making takes seconds: with no transaction open.
    db.session.rollback()
    try:
        found = image_making.make(storage.path_of(source))
    except NotMade as problem:
        # What was our own fault, or a busy machine's, may do another time; the picture stays as it is.
        if problem.problem is ImageProblem.fault and attempts < MOST_ATTEMPTS:
            return
        _end(image_id, source, state=ImageState.refused, problem=problem.problem, size=0)
        return
    key, size = storage.keep(FOLDER, io.BytesIO(found.content), len(found.content))
    ended = _end(
        image_id,
        source,
        state=ImageState.ready,
        storage_key=key,
        size=size,
        # Made of the content, so that it never means another; of chance too, so that it tells of no other customer's.
        token=hashlib.blake2b(found.content, key=secrets.token_bytes(16), digest_size=16).hexdigest(),
        kind=found.kind,
        width=found.width,
        height=found.height,
        moving=found.moving,
    )
    if not ended:
        storage.erase(key)


def _end(image_id: int, source: str, **values: object) -> bool:
    """Write down what became of a file, once, and erase it; False when somebody else was faster, or it is deleted."""
    done = db.session.execute(
        sa.update(Image)
        .where(Image.id == image_id, Image.state == ImageState.received)
        .values(source_key=None, **values)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    if done.rowcount:  # type: ignore[attr-defined]
        storage.erase(source)
    return bool(done.rowcount)  # type: ignore[attr-defined]


def waiting() -> list[int]:
    """Return the files of which an image is to be made now: what a lost queue forgot, and what broke off."""
    found = sa.select(Image.id).where(sa.text("image.state = 'received'"), Image.due_at <= clock.now())
    ids = list(db.session.scalars(found.order_by(Image.due_at).limit(100)))
    db.session.rollback()
    return ids


def tidy() -> Iterator[None]:
    """Forget refused files after a week, and erase files that nothing names; whoever iterates commits."""
    at = clock.now()
    db.session.execute(
        sa.delete(Image)
        .where(Image.state == ImageState.refused, Image.created_at < at - REFUSED_KEPT)
        .execution_options(synchronize_session=False)
    )
    yield
    unused = sa.and_(Image.deleted_at.is_not(None), ~sa.exists().where(ImageUse.image_id == Image.id))
    for id, key in db.session.execute(sa.select(Image.id, Image.storage_key).where(unused).limit(AT_ONCE)).all():
        db.session.execute(sa.delete(Image).where(Image.id == id, unused).execution_options(synchronize_session=False))
        yield
        storage.erase(str(key))
    for _ in unnamed_files.erase(FOLDER, Image.storage_key, Image.source_key):
        yield
