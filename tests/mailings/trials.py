"""Mailings with an A/B test: planned, started, their audiences written down."""

from __future__ import annotations

from typing import Any

from tests import factories
from tests.factories import World
from wem.db import db
from wem.delivery.models import Dispatch
from wem.delivery.progress import dispatches_of
from wem.mailings import jobs, starting, variant_making
from wem.mailings.models import Mailing
from wem.mailings.trial_rules import Criterion, Unclear


def planned(world: World, variants: int = 2, readers: int = 0, **plan: Any) -> Mailing:
    """The mailing with variants whose subjects tell them apart, and so many more readers. Commits."""
    side = world.ours
    for number in range(readers):
        factories.make_subscriber(side.mailing_list, f"reader{number}@readers.example.com", fields={"氏名": "読者"})
    mailing = db.session.get_one(Mailing, side.mailing.id)
    mailing.subject = "A"
    for letter in "BCD"[: variants - 1]:
        variant_making.add(mailing, by=side.owner.id).subject = letter
    values = {"share": 50, "criterion": Criterion.opens, "wait": 60, "unclear": Unclear.ask} | plan
    variant_making.choose(mailing, **values, by=side.owner.id)
    db.session.commit()
    return mailing


def begun(mailing: Mailing) -> list[Dispatch]:
    """Start it and write all audiences down, in portions. Commits."""
    starting.start(mailing, by=None)
    db.session.commit()
    for dispatch in dispatches_of(mailing.id):
        jobs.expand(dispatch.id)
    return dispatches_of(mailing.id)
