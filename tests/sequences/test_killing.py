"""The worker that follows a sequence killed in the midst of its claims: every reader gets the step, and once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask

from tests.delivery.test_killing import add_many, kill, worker
from tests.factories import World
from tests.sequences.simulating import again, been_there, look, make_sequence, work
from wem import clock
from wem.db import db
from wem.mailbox.client import MailboxClient
from wem.mailings.chosen_models import ChosenReader
from wem.sequences import counting
from wem.sequences.models import SequenceReader, SequenceRun

READERS = 400


def in_a_while(minutes: int) -> str:
    return (clock.now() + timedelta(minutes=minutes)).replace(tzinfo=None).isoformat(timespec="seconds")


def counted(table: type[SequenceRun] | type[SequenceReader] | type[ChosenReader]) -> int:
    db.session.rollback()  # what others have committed meanwhile is to be seen
    return db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_worker_killed_between_two_claims(app: Flask, world: World, mailbox: MailboxClient) -> None:
    add_many(world.ours.mailing_list, READERS)
    been_there(world, in_a_while(-60))
    sequence = make_sequence(world, (0, 0), start=in_a_while(0), with_present=True, late_an_hour=20_000)
    # Lots of ten, so that there is a midst.
    follow = f"(lambda until: (setattr(claiming, 'MOST', 10), following.follow({sequence.id}, until)))"
    kill(worker(app.config["WEM"], follow), lambda: counted(SequenceRun) >= 3)
    claimed = counted(ChosenReader)
    assert 0 < claimed < READERS and claimed % 10 == 0, "a claim is whole or is not there"
    look(in_a_while(6))
    work(in_a_while(7))
    assert counted(SequenceReader) == counted(ChosenReader) == READERS + 3
    assert counting.numbers(again(sequence)) == counting.Numbers(READERS + 3, 0, READERS + 3)
    got = Counter(mail["recipient"] for mail in mailbox.recipients())
    assert len(got) == READERS + 3 and set(got.values()) == {1}
