"""Narrows a mailing by an earlier one: without those who got it, or only to those who seem not to have read it."""

from __future__ import annotations

import sqlalchemy as sa

from wem.db import db
from wem.mailings import earlier_rules
from wem.mailings.earlier_rules import MOST_AGAIN, MOST_BEFORE, Earlier
from wem.mailings.models import Mailing
from wem.mailings.segment_models import MailingSegment, SegmentUse
from wem.segments.rules import MAX_NAME, Conditions

USES = {Earlier.without: SegmentUse.without, Earlier.silent: SegmentUse.only}


class TooOften(Exception):
    """The mailing was sent again so often that nobody can be told apart any more."""


def row_of(mailing_id: int) -> MailingSegment | None:
    """Return by which earlier mailing a mailing is narrowed; None when by none."""
    return db.session.scalars(
        sa.select(MailingSegment).where(MailingSegment.mailing_id == mailing_id, MailingSegment.earlier_id.is_not(None))
    ).first()


def of(mailing: Mailing) -> Mailing | None:
    """Return the earlier mailing that narrows a mailing or, of a copy, could: one of which something was sent."""
    row = row_of(mailing.id) if mailing.id else None
    number = row.earlier_id if row is not None else mailing.source_id
    found = db.session.get(Mailing, number) if number else None
    return found if found is not None and found.started_at is not None else None


def chosen(mailing_id: int) -> Earlier:
    """Return what a mailing makes of those who got the earlier one."""
    row = row_of(mailing_id)
    return next((choice for choice, use in USES.items() if row is not None and row.use is use), Earlier.all)


def choose(mailing: Mailing, choice: Earlier) -> None:
    """Narrow a draft like this by its earlier mailing; nothing where there is none. Raises TooOften."""
    earlier, row = of(mailing), row_of(mailing.id)
    if earlier is not None and USES.get(choice) is not None and chosen(mailing.id) is not choice:
        follow(mailing, earlier, choice)
    elif choice is Earlier.all and row is not None:
        db.session.delete(row)
        db.session.flush()


def follow(mailing: Mailing, earlier: Mailing, choice: Earlier) -> None:
    """Narrow a draft by another mailing of its customer. Raises TooOften."""
    if choice is Earlier.silent and (
        len(_silent_after(earlier.id, mailing.id)) >= MOST_AGAIN or len(_before(earlier.id)) > MOST_BEFORE
    ):
        raise TooOften
    row = row_of(mailing.id) or MailingSegment(mailing_id=mailing.id)
    row.earlier_id, row.use = earlier.id, USES[choice]
    row.name = (earlier.name or earlier.subject)[:MAX_NAME]
    db.session.add(row)
    db.session.flush()


def conditions_of(row: MailingSegment) -> Conditions:
    """Return what such a row says as things stand: who got the mailing again meanwhile does not get it once more."""
    assert row.earlier_id is not None
    if row.use is SegmentUse.without:
        return earlier_rules.got(row.earlier_id)
    return silent_of(row.earlier_id, row.mailing_id)


def silent_of(earlier_id: int, mailing_id: int = 0) -> Conditions:
    """Return the conditions that fit whoever got a mailing once and seems not to have read it; `mailing_id`: the one
    that is to go to them, which does not count."""
    begun = sa.select(Mailing.id).where(
        Mailing.id.in_(_silent_after(earlier_id, mailing_id)), Mailing.started_at.is_not(None)
    )
    again = list(db.session.scalars(begun.order_by(Mailing.id)))
    return earlier_rules.silent(earlier_id, _before(earlier_id), again)


def _silent_after(earlier_id: int, but: int) -> list[int]:
    """Return the other mailings that go or went to those who seem not to have read this one."""
    rows = sa.select(MailingSegment.mailing_id).where(
        MailingSegment.earlier_id == earlier_id,
        MailingSegment.use == SegmentUse.only,
        MailingSegment.mailing_id != but,
    )
    return list(db.session.scalars(rows))


def _before(mailing_id: int) -> list[int]:
    """Return the mailings that a mailing was a second one of, the nearest first; one more than there may be at most."""
    found: list[int] = []
    while len(found) <= MOST_BEFORE:
        row = row_of(found[-1] if found else mailing_id)
        if row is None or row.use is not SegmentUse.only or row.earlier_id is None or row.earlier_id in found:
            break
        found.append(row.earlier_id)
    return found
