"""The results of each step (送信結果), added up over its sendings from maintained counters; no reader is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from wem.db import db
from wem.delivery.models import Dispatch
from wem.mailings.models import Mailing
from wem.sequences.models import Sequence, SequenceRun
from wem.tracking.models import ANY_LINK, OPEN, Tally


@dataclass(frozen=True)
class Result:
    """What came of the mails of one step; `opened` and `clicked` count readers."""

    total: int = 0
    accepted: int = 0
    failed: int = 0
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0


@dataclass(frozen=True)
class Sent:
    """One sending of a step, with its mailing."""

    run: SequenceRun
    mailing: Mailing


def results(sequence: Sequence) -> dict[int, Result]:
    """Return the results by step."""
    runs = sa.select(SequenceRun.step_id, SequenceRun.mailing_id).where(SequenceRun.sequence_id == sequence.id)
    run = runs.subquery()
    readers = {
        number: sa.func.sum(sa.case((Tally.number == number, Tally.readers), else_=0)) for number in (OPEN, ANY_LINK)
    }
    of_dispatches = _by_step(
        sa.select(
            run.c.step_id,
            sa.func.sum(Dispatch.total),
            sa.func.sum(Dispatch.accepted),
            sa.func.sum(Dispatch.bounced + Dispatch.expired),
        )
        .join(Dispatch, Dispatch.mailing_id == run.c.mailing_id)
        .group_by(run.c.step_id)
    )
    of_hits = _by_step(
        sa.select(run.c.step_id, readers[OPEN], readers[ANY_LINK])
        .join(Dispatch, Dispatch.mailing_id == run.c.mailing_id)
        .join(Tally, Tally.dispatch_id == Dispatch.id)
        .where(Tally.number.in_((OPEN, ANY_LINK)))
        .group_by(run.c.step_id)
    )
    of_mailings = _by_step(
        sa.select(run.c.step_id, sa.func.sum(Mailing.unsubscribed))
        .join(Mailing, Mailing.id == run.c.mailing_id)
        .group_by(run.c.step_id)
    )
    return {
        step: Result(*sent, *of_hits.get(step, (0, 0)), *of_mailings.get(step, (0,)))
        for step, sent in of_dispatches.items()
    }


def _by_step(query: sa.Select[Any]) -> dict[int, tuple[int, ...]]:
    return {row[0]: tuple(int(number or 0) for number in row[1:]) for row in db.session.execute(query)}


def latest(sequence: Sequence, most: int) -> list[Sent]:
    """Return the last sendings, the newest first."""
    rows = db.session.execute(
        sa.select(SequenceRun, Mailing)
        .join(Mailing, Mailing.id == SequenceRun.mailing_id)
        .where(SequenceRun.sequence_id == sequence.id)
        .order_by(SequenceRun.at.desc(), SequenceRun.mailing_id.desc())
        .limit(most)
    )
    return [Sent(run, mailing) for run, mailing in rows]
