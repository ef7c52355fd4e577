"""The A/B test of a mailing: what was chosen, how far it is, which variant won."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import audit, clock
from wem.db import Base, db
from wem.mailings.models import Mailing
from wem.mailings.states import MailingState, NotPossible
from wem.mailings.trial_rules import MOVES, REST, Criterion, TrialState, Unclear, Why


class Trial(Base):
    """One A/B test; its variants are the mailing itself (A) and those that name it as `variant_of`."""

    __tablename__ = "trial"

    mailing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    state: Mapped[TrialState] = mapped_column(default=TrialState.planned)
    # Of a hundred readers so many are in the test.
    share: Mapped[int] = mapped_column(sa.SmallInteger, default=20)
    criterion: Mapped[Criterion] = mapped_column(default=Criterion.opens)
    # Minutes from when everybody in the test was tried.
    wait: Mapped[int] = mapped_column(default=240)
    unclear: Mapped[Unclear] = mapped_column(default=Unclear.ask)
    # None until everybody in the test was tried, and where the customer decides.
    decide_at: Mapped[datetime | None]
    winner: Mapped[int | None] = mapped_column(sa.SmallInteger)
    why: Mapped[Why | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    # Readers of the rest who stopped by a way out of the mailing; those of the variants are counted there.
    unsubscribed: Mapped[int] = mapped_column(default=0)

    def move(self, to: TrialState) -> None:
        """Go on to a state that follows; the row is locked. Raises ValueError for any other."""
        if to not in MOVES[self.state]:
            raise ValueError(f"{self.state} does not become {to}")
        self.state = to

    def decide(self, winner: int, why: Why, *, by: int | None) -> None:
        """Write down which variant the rest gets, once; raises ValueError when that is decided."""
        self.move(TrialState.decided)
        self.winner, self.why, self.decided_at, self.decided_by = winner, why, clock.now(), by
        mailing = db.session.get_one(Mailing, self.mailing_id)
        audit.record("mailing.decide_trial", by=by, customer_id=mailing.customer_id, subject=mailing, variant=winner)


def trial_of(mailing_id: int, *, lock: bool = False) -> Trial | None:
    """Return the A/B test of a mailing, as it stands now and for this transaction alone when it is to be changed."""
    return db.session.get(Trial, mailing_id, with_for_update=lock or None, populate_existing=lock)


def variants_of(mailing: Mailing) -> list[Mailing]:
    """Return the variants of a mailing beside itself, in order; none when nothing is tested."""
    if not mailing.id or mailing.variant_of is not None:
        return []
    rows = sa.select(Mailing).where(Mailing.variant_of == mailing.id).order_by(Mailing.variant, Mailing.id)
    return list(db.session.scalars(rows))


def winner_of(mailing: Mailing) -> Mailing:
    """Return the variant that won the A/B test of a mailing; the mailing itself where nothing is decided or tested."""
    trial = trial_of(mailing.id)
    number = trial.winner if trial is not None else None
    return next((each for each in variants_of(mailing) if each.variant == number), mailing)


def got_of(mailing: Mailing, number: int | None) -> Mailing:
    """Return what readers got of a mailing by a dispatch with this number of a variant (None: no A/B test)."""
    if number == REST:
        return winner_of(mailing)
    return next((each for each in variants_of(mailing) if each.variant == number), mailing)


def locked_to_edit(mailing: Mailing) -> Mailing:
    """Return a draft, or a variant of one, as it stands now, for this transaction alone to change.

    Raises NotPossible when it is none any more.
    """
    numbers = [number for number in (mailing.variant_of, mailing.id) if number]
    for number in numbers:  # the whole before its part, as everybody does
        locked = db.session.scalars(
            sa.select(Mailing).where(Mailing.id == number).with_for_update().execution_options(populate_existing=True)
        ).one_or_none()
        if locked is None:
            raise NotPossible("edit", MailingState.variant)
        if number == numbers[0] and locked.state is not MailingState.draft:
            raise NotPossible("edit", locked.state)
    assert locked is not None
    return locked
