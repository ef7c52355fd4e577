"""Keeps a mail made of blocks: each state a revision, so that what was done can be undone and done again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from wem import clock
from wem.db import db
from wem.mailings.block_models import BlockRevision
from wem.mailings.block_reading_rules import read, write
from wem.mailings.block_rules import Document
from wem.mailings.models import Mailing

MOST_REVISIONS = 50
# What one person writes into one block within this time is one step for undo.
ONE_STEP = timedelta(seconds=60)


@dataclass(frozen=True)
class Steps:
    """Whether there is something to undo, and something to do again."""

    undo: bool
    redo: bool


def document_of(mailing: Mailing) -> Document:
    """Return the mail as it holds now; an empty one before anything was done to it."""
    row = _revision(mailing, mailing.revision)
    return read(row.document) if row else Document()


def keep(mailing: Mailing, document: Document, act: str, *, by: int | None) -> bool:
    """Make a document the one that holds; returns whether that is a step of its own, or part of the one before.

    What was undone before is gone then.
    """
    now, version = clock.now(), mailing.version
    db.session.execute(
        sa.delete(BlockRevision)
        .where(BlockRevision.mailing_id == mailing.id, BlockRevision.number > mailing.revision)
        .execution_options(synchronize_session="fetch")
    )
    last = _revision(mailing, mailing.revision)
    same = last is not None and act.startswith("change ") and (last.act, last.created_by) == (act, by)
    if same and last is not None and now - last.created_at < ONE_STEP:
        last.document, last.version = write(document), version
        db.session.flush()
        return False
    mailing.revision += 1
    db.session.add(
        BlockRevision(
            mailing_id=mailing.id,
            number=mailing.revision,
            document=write(document),
            act=act,
            version=version,
            created_by=by,
            created_at=now,
        )
    )
    db.session.execute(
        sa.delete(BlockRevision)
        .where(BlockRevision.mailing_id == mailing.id, BlockRevision.number <= mailing.revision - MOST_REVISIONS)
        .execution_options(synchronize_session="fetch")
    )
    db.session.flush()
    return True


def step(mailing: Mailing, steps: int, *, by: int) -> tuple[Document, str] | None:
    """Make the revision `steps` (-1 or 1) on from the one that holds.

    Returns its document with the act that was undone or done again; None when there is none.

    It counts as this person's change in the mailing's next version: who steps from an older page is told.
    """
    row = _revision(mailing, mailing.revision + steps)
    if row is None:
        return None
    later = row if steps > 0 else _revision(mailing, mailing.revision)
    mailing.revision = row.number
    row.version, row.created_by = mailing.version + 1, by
    return read(row.document), later.act if later else ""


def steps_of(mailing: Mailing) -> Steps:
    """Return what can be undone and done again."""
    numbers = set(
        db.session.scalars(
            sa.select(BlockRevision.number).where(
                BlockRevision.mailing_id == mailing.id,
                BlockRevision.number.in_((mailing.revision - 1, mailing.revision + 1)),
            )
        )
    )
    return Steps(mailing.revision - 1 in numbers, mailing.revision + 1 in numbers)


def changed_by_others(mailing: Mailing, since: int, me: int) -> bool:
    """Return whether somebody else changed the blocks after a version of the mailing."""
    found = sa.select(BlockRevision.number).where(
        BlockRevision.mailing_id == mailing.id,
        BlockRevision.version > since,
        sa.or_(BlockRevision.created_by.is_(None), BlockRevision.created_by != me),
    )
    return db.session.scalar(found.limit(1)) is not None


def forget(mailing: Mailing) -> None:
    """Delete every revision: the mailing is made of blocks no more."""
    db.session.execute(
        sa.delete(BlockRevision)
        .where(BlockRevision.mailing_id == mailing.id)
        .execution_options(synchronize_session="fetch")
    )
    mailing.revision = 0


def copy(mailing: Mailing, to: Mailing, *, by: int | None) -> None:
    """Give a new mailing the blocks of another; its steps begin there."""
    keep(to, document_of(mailing), "copy", by=by)


def _revision(mailing: Mailing, number: int | None) -> BlockRevision | None:
    if not number or mailing.id is None:
        return None  # new, in no session yet
    return db.session.get(BlockRevision, (mailing.id, number))
