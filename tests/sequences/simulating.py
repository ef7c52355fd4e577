"""A sequence over simulated days: looks as the timetable makes them, and what the workers do then."""

from __future__ import annotations

import time
from datetime import datetime

import sqlalchemy as sa
import time_machine

from tests import factories
from wem.clock import JAPAN
from wem.db import db
from wem.delivery import recovering, sending
from wem.delivery.models import Dispatch, DispatchState
from wem.lists.subscription_models import Subscriber, Subscription
from wem.mailings import expanding
from wem.mailings import jobs as mailings_jobs
from wem.mailings.models import BodyKind
from wem.sequences import controlling, jobs, keeping
from wem.sequences.keeping import Settings
from wem.sequences.models import Sequence


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JAPAN)


def at(text: str) -> time_machine.travel:
    return time_machine.travel(moment(text))


def make_sequence(world, *steps, start="2026-12-01T09:00", with_present=False, field=None, every_year=False, **more):
    """Return a sequence of these (days, hour) with a plain mail each; it runs unless `start` is empty. Commits."""
    side = world.ours
    with at(start or "2026-12-01T09:00"):
        sequence = keeping.create(
            side.mailing_list, Settings("ようこそ", **more), field, every_year=every_year, by=side.owner.id
        )
        for days, hour in steps:
            step = keeping.add_step(sequence, days, hour, BodyKind.text, f"{days}日目", by=side.owner.id)
            step.mailing.subject, step.mailing.text = f"{days}日目のお知らせ", "{{ 氏名 }}様\n\nお知らせです。"
        if start:
            controlling.start(sequence, with_present=with_present, by=side.owner.id)
        db.session.commit()
    return sequence


def sign_up(mailing_list, text, number=1, **fields):
    """Have so many readers come to the list at a moment; returns them. Commits."""
    readers = []
    for _ in range(number):
        with at(text):
            readers.append(factories.make_subscriber(mailing_list, fields=fields))
    db.session.commit()
    return readers


def been_there(world, text):
    """Have the world's own readers be on the list since a moment. Commits."""
    db.session.execute(sa.update(Subscription).values(confirmed_at=moment(text)))
    db.session.commit()


def look(text: str) -> None:
    """Do at a moment what the timetable rings for sequences."""
    with at(text):
        jobs.sweep()


def work(text: str) -> None:
    """Do at a moment what the workers of dispatches do: write audiences down, send, settle."""
    with at(text):
        recovering.sweep()
        for number in db.session.scalars(sa.select(Dispatch.id).where(Dispatch.state == DispatchState.preparing)).all():
            assert not expanding.expand_until(number, time.monotonic() + 30)
        sending.send_until(time.monotonic() + 10)
        mailings_jobs.sweep()


def day(text: str) -> None:
    """Look and send at a moment."""
    look(text)
    work(text)


def again(sequence: Sequence) -> Sequence:
    return db.session.get_one(Sequence, sequence.id, populate_existing=True)


def got(mailbox) -> dict[str, list[str]]:
    """Return the subjects that each reader got, in order."""
    found: dict[str, list[str]] = {row.address: [] for row in db.session.scalars(sa.select(Subscriber))}
    for mail in reversed(mailbox.mails()):
        found.setdefault(mail["recipient"], []).append(mail["subject"])
    return found
