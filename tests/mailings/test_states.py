"""From which state a mailing can be brought into which, and that each act happens once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests import factories
from wem import clock
from wem.audit import AuditEvent
from wem.db import db
from wem.mailings.models import Mailing
from wem.mailings.states import HeldReason, InThePast, MailingState, NotPossible

pytestmark = pytest.mark.both_databases

S = MailingState
ACTS: dict[str, Any] = {
    "schedule": lambda mailing: mailing.schedule(clock.now() + timedelta(hours=1), by=1),
    "unschedule": lambda mailing: mailing.unschedule(by=1),
    "start": lambda mailing: mailing.start(by=1),
    "hold": lambda mailing: mailing.hold(HeldReason.missed, by=None),
    "pause": lambda mailing: mailing.pause(by=1),
    "resume": lambda mailing: mailing.resume(by=1),
    "cancel": lambda mailing: mailing.cancel(by=1),
    "finish": lambda mailing: mailing.finish(),
    "fail": lambda mailing: mailing.fail(),
}
# Before it has started, and after.
UNSTARTED = {
    S.draft: {"schedule": S.scheduled, "start": S.sending},
    S.scheduled: {
        "schedule": S.scheduled,
        "unschedule": S.draft,
        "start": S.sending,
        "hold": S.held,
        "cancel": S.cancelled,
    },
    S.held: {"schedule": S.scheduled, "unschedule": S.draft, "start": S.sending, "cancel": S.cancelled},
    S.cancelled: {},
}
STARTED = {
    S.sending: {"hold": S.held, "pause": S.paused, "cancel": S.cancelled, "finish": S.done, "fail": S.failed},
    S.paused: {"resume": S.sending, "cancel": S.cancelled, "finish": S.done},
    S.held: {"resume": S.sending, "cancel": S.cancelled, "finish": S.done},
    S.done: {},
    S.cancelled: {},
    S.failed: {},
}
CASES = [
    (started, state, act, table[state].get(act))
    for started, table in ((False, UNSTARTED), (True, STARTED))
    for state in table
    for act in ACTS
]


@pytest.mark.parametrize(("started", "state", "act", "to"), CASES)
def test_acts(world: factories.World, started: bool, state: MailingState, act: str, to: MailingState | None) -> None:
    mailing = factories.make_mailing(
        world.ours.mailing_list, state=state, started_at=clock.now() if started else None, scheduled_at=clock.now()
    )
    db.session.commit()
    if to is None:
        with pytest.raises(NotPossible) as refused:
            ACTS[act](mailing)
        assert refused.value.state is mailing.state is state
        return
    ACTS[act](mailing)
    db.session.commit()
    db.session.refresh(mailing)
    assert mailing.state is to
    [event] = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == f"mailing.{act}"))
    assert (event.customer_id, event.subject) == (mailing.customer_id, f"Mailing {mailing.id}")


def test_a_time_in_the_past_is_refused(world: factories.World) -> None:
    with pytest.raises(InThePast):
        world.ours.mailing.schedule(clock.now(), by=1)


def test_holding_says_why_and_scheduling_again_forgets_it(world: factories.World) -> None:
    mailing = world.ours.mailing
    at = clock.now() + timedelta(days=1)
    mailing.schedule(at, by=1)
    mailing.hold(HeldReason.missed, by=None)
    assert mailing.held_reason == "missed"
    mailing.schedule(at, by=1)
    assert (mailing.held_reason, mailing.scheduled_at) == ("", at)
    mailing.unschedule(by=1)
    assert mailing.scheduled_at is None


def test_what_another_process_did_first_counts(world: factories.World) -> None:
    mailing = world.ours.mailing
    assert mailing.state is MailingState.draft
    number = mailing.id
    db.session.commit()
    # Somebody else starts it; this session still believes in the draft.
    with db.engine.begin() as elsewhere:
        elsewhere.execute(
            sa.update(Mailing.__table__)
            .where(Mailing.id == number)
            .values(state=MailingState.sending, started_at=clock.now())
        )
    with pytest.raises(NotPossible):
        mailing.start(by=1)
    with pytest.raises(NotPossible):
        mailing.schedule(clock.now() + timedelta(hours=1), by=1)


@pytest.mark.both_databases
def test_what_was_moved_after_it_was_read_neither_starts_nor_is_held(world: factories.World) -> None:
    mailing = world.ours.mailing
    at = clock.now() + timedelta(hours=1)
    mailing.schedule(at, by=1)
    db.session.commit()
    number, later = mailing.id, at + timedelta(days=1)
    for act in (lambda: mailing.start(by=None), lambda: mailing.hold(HeldReason.missed, by=None)):
        assert mailing.scheduled_at == at  # read by the job that starts what is due
        moved = sa.update(Mailing).where(Mailing.id == number).values(scheduled_at=later)
        db.session.execute(moved.execution_options(synchronize_session=False))
        with pytest.raises(NotPossible):
            act()
        db.session.rollback()
    mailing.start(by=None)
    assert mailing.state is MailingState.sending
