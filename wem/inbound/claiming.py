"""Which mails are worked at: a lease in the row, so that two workers never have the same one and none is forgotten."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from wem.db import db, insert_ignoring
from wem.inbound.models import LEASE, InboundMail, SeenMail
from wem.inbound.rules import MOST_ATTEMPTS, number_within
from wem.inbound.states import InboundState

DEADLY = "deadly"
# All of a claim is read into memory, and held once more while it is taken apart.
MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Claim:
    """Mails that are ours until the lease runs out."""

    owner: str
    files: dict[int, str | None]  # the raw files by the mails' numbers, oldest first


def _due(at: datetime) -> sa.ColumnElement[bool]:
    free = sa.or_(InboundMail.lease_until.is_(None), InboundMail.lease_until < at)
    return sa.and_(InboundMail.state == InboundState.waiting, InboundMail.not_before <= at, free)


def waiting(at: datetime) -> bool:
    """Say whether a mail is due that nobody works at."""
    return db.session.scalar(sa.select(InboundMail.id).where(_due(at)).limit(1)) is not None


def claim(at: datetime, most: int, most_bytes: int = MOST_BYTES) -> Claim:
    """Lease up to `most` mails that are due, oldest first. What failed before comes alone: it may fail its neighbours.

    Together they have at most `most_bytes`; one alone may have more. Counts the attempt before it is made: a mail that
    kills its worker each time is left to staff in the end.
    """
    db.session.execute(
        sa.update(InboundMail)
        .where(_due(at), InboundMail.attempts >= MOST_ATTEMPTS)
        .values(state=InboundState.failed, handled_at=at, problem=DEADLY, owner=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    found = db.session.execute(
        sa.select(InboundMail.id, InboundMail.attempts, InboundMail.size)
        .where(_due(at))
        .order_by(InboundMail.not_before, InboundMail.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    fresh = [row for row in found if row.attempts == 0]
    together = number_within([row.size for row in fresh], most_bytes)
    chosen = [row.id for row in (fresh[:together] if found and found[0].attempts == 0 else found[:1])]
    owner = secrets.token_hex(8)
    if not chosen:
        return Claim(owner, {})
    taken = db.session.execute(
        sa.update(InboundMail)
        .where(InboundMail.id.in_(chosen), _due(at))
        .values(owner=owner, lease_until=at + LEASE, attempts=InboundMail.attempts + 1)
        .returning(InboundMail.id, InboundMail.raw_key, InboundMail.fingerprint)
    ).all()
    _note_seen([(row.fingerprint, row.id) for row in taken], at)
    return Claim(owner, {row.id: row.raw_key for row in sorted(taken)})


def _note_seen(marks: Sequence[tuple[bytes, int]], at: datetime) -> None:
    """Whoever notes a fingerprint first has the mail; all others are repetitions, for as long as it is remembered."""
    # In one order for all workers, so that no two wait for each other.
    rows = [{"fingerprint": mark, "mail_id": id, "seen_at": at} for mark, id in sorted(marks)]
    if rows:
        db.session.execute(insert_ignoring(SeenMail), rows)


def mails_of(claimed: Claim) -> list[InboundMail]:
    """Return the mails of a claim that are still ours, locked until the end of this transaction."""
    db.session.execute(
        sa.update(InboundMail)
        .where(InboundMail.id.in_(list(claimed.files)), InboundMail.owner == claimed.owner)
        .values(owner=InboundMail.owner)
    )
    return list(
        db.session.scalars(
            sa.select(InboundMail)
            .where(
                InboundMail.id.in_(list(claimed.files)),
                InboundMail.owner == claimed.owner,
                InboundMail.state == InboundState.waiting,
            )
            .order_by(InboundMail.id)
            .execution_options(populate_existing=True)
        )
    )


def repetitions(mails: Sequence[InboundMail]) -> set[int]:
    """Return the numbers of those that came before, to the same address with the same content."""
    marks = [mail.fingerprint for mail in mails]
    found = db.session.execute(
        sa.select(SeenMail.fingerprint, SeenMail.mail_id).where(SeenMail.fingerprint.in_(marks))
    ).all()
    first = {row.fingerprint: row.mail_id for row in found}
    return {mail.id for mail in mails if first.get(mail.fingerprint, mail.id) != mail.id}
