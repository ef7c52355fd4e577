"""A mailing in portions: the same division whatever happens, each portion at its time, each reader once."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timedelta
from datetime import time as of_day

import pytest
import sqlalchemy as sa
import time_machine

from tests import factories
from tests.delivery.dispatches import counters, send_all
from wem import clock
from wem.clock import JAPAN
from wem.contracts.stop_models import Stop
from wem.db import db
from wem.delivery import controlling, portioning, recovering
from wem.delivery.models import Batch, BatchState, Delivery, Dispatch, DispatchState
from wem.delivery.no_send_models import NoSendSetting
from wem.delivery.no_send_rules import NoSendHours
from wem.delivery.portion_rules import allowed, due_times, forecast, next_due, portion_of, portions_for, sizes
from wem.lists.states import SubscriptionState
from wem.lists.subscription_models import Subscriber, Subscription
from wem.mailbox.client import MailboxClient
from wem.mailings import expanding, starting
from wem.mailings.models import Mailing


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JAPAN)


NIGHT = NoSendHours(of_day(22), of_day(7))


@pytest.mark.parametrize("portions", [2, 3, 7, 48])
@pytest.mark.parametrize("step", [1, 2, 97])
def test_the_division_is_even_and_not_the_same_for_each_mailing(portions: int, step: int) -> None:
    readers = range(10**9, 10**9 + 4800 * step, step)
    counted = Counter(portion_of(reader, 12, portions) for reader in readers)
    assert set(counted) == set(range(1, portions + 1))
    assert max(counted.values()) - min(counted.values()) <= 4800 / portions / 5
    last = [{reader for reader in readers if portion_of(reader, mailing, portions) == portions} for mailing in (12, 13)]
    assert last[0] != last[1]


@pytest.mark.parametrize(
    ("case", "first", "portions", "minutes", "hours", "times"),
    [
        ("plain", "2026-06-10T10:00", 3, 60, None, ["10T10:00", "10T11:00", "10T12:00"]),
        ("into the night", "2026-06-10T20:30", 4, 60, NIGHT, ["10T20:30", "10T21:30", "11T07:00", "11T08:00"]),
        ("begun in the night", "2026-06-10T23:00", 2, 30, NIGHT, ["11T07:00", "11T07:30"]),
        ("the end of the night is not in it", "2026-06-10T21:00", 2, 600, NIGHT, ["10T21:00", "11T07:00"]),
    ],
)
def test_when_each_goes(
    case: str, first: str, portions: int, minutes: int, hours: NoSendHours | None, times: list[str]
) -> None:
    assert due_times(moment(first), portions, minutes, hours) == [moment(f"2026-06-{each}") for each in times]


def test_what_is_overdue_goes_now_and_pushes_the_others() -> None:
    dues = [moment("2026-06-10T11:00"), moment("2026-06-10T12:00"), moment("2026-06-10T18:00")]
    assert forecast(dues, moment("2026-06-10T10:00"), 60) == dues
    late = moment("2026-06-10T15:20")
    assert forecast(dues, late, 60) == [late, late + timedelta(hours=1), dues[2]]
    # The sweep comes round every ten seconds: that pushes nothing.
    assert next_due(dues[1], 60, dues[0], dues[0] + timedelta(seconds=20)) == dues[1]
    assert next_due(dues[1], 60, dues[0], late) == late + timedelta(hours=1)


@pytest.mark.parametrize(
    ("portions", "minutes", "expected"),
    [
        (1, 0, True),
        (2, 60, True),
        (48, 60, True),
        (49, 60, False),
        (7, 720, True),
        (8, 720, False),
        (2, 61, False),
        (0, 60, False),
    ],
)
def test_what_can_be_chosen(portions: int, minutes: int, expected: bool) -> None:
    assert allowed(portions, minutes) is expected


def test_so_many_each_hour() -> None:
    assert [portions_for(readers, 1000) for readers in (0, 1, 1000, 1001, 5500)] == [1, 1, 1, 2, 6]
    assert sizes(11, 3) == [4, 4, 3]


@pytest.fixture
def mailing(world: factories.World) -> Mailing:
    """A mailing to sixty readers in three portions, an hour apart."""
    for number in range(57):
        factories.make_subscriber(
            world.ours.mailing_list, f"r{number}@{('docomo.ne.jp', 'more.example.com')[number % 2]}"
        )
    world.ours.mailing.portions, world.ours.mailing.portion_minutes = 3, 60
    db.session.commit()
    return world.ours.mailing


def begin(mailing: Mailing) -> Dispatch:
    dispatch = starting.start(mailing, by=1)
    dispatch.content = dispatch.content | {"batch_size": 8}
    db.session.commit()
    return dispatch


def written_down(mailing: Mailing) -> Dispatch:
    dispatch = begin(mailing)
    assert not expanding.expand_until(dispatch.id, time.monotonic() + 10)
    db.session.refresh(dispatch)
    return dispatch


def follow(dispatch: Dispatch) -> None:
    recovering.sweep()
    send_all()
    db.session.refresh(dispatch)


@pytest.mark.both_databases
def test_each_portion_at_its_time_with_a_restart_between(
    mailing: Mailing, mailbox: MailboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written down in two goes, its rings all lost, one reader gone before the own portion, a night in between."""
    monkeypatch.setattr(expanding, "WINDOW", 25)
    readers = {row.id: portion_of(row.id, mailing.id, 3) for row in db.session.scalars(sa.select(Subscriber)).all()}
    db.session.add(NoSendSetting(customer_id=mailing.customer_id, begins=of_day(22), ends=of_day(7)))
    with time_machine.travel(moment("2026-06-10T20:00"), tick=False) as now:
        dispatch = begin(mailing)
        assert expanding._expand_some(dispatch.id, expanding.Written())
        db.session.rollback()
        assert not expanding.expand_until(dispatch.id, time.monotonic() + 10)
        rows = db.session.execute(
            sa.select(Delivery.subscriber_id, Batch.portion, Batch.provider == Delivery.provider)
            .join(Batch, sa.and_(Batch.dispatch_id == Delivery.dispatch_id, Batch.number == Delivery.batch))
            .where(Delivery.dispatch_id == dispatch.id)
        ).all()
        assert len(rows) == 60
        assert all(portion == readers[reader] and same for reader, portion, same in rows)
        parts = Counter(portion for _, portion, _ in rows)
        last = next(reader for reader, portion, _ in rows if portion == 3)
        follow(dispatch)
        assert (mailbox.count(), dispatch.state) == (parts[1], DispatchState.sending)
        shown = portioning.shown(dispatch.id)
        assert [each.readers for each in shown] == [parts[1], parts[2], parts[3]]
        assert [each.left for each in shown] == [0, parts[2], parts[3]]
        assert [each.at for each in shown] == [
            moment("2026-06-10T20:00"),
            moment("2026-06-10T21:00"),
            moment("2026-06-11T07:00"),
        ]
        # Nobody comes round before 21:20: the last is pushed, which is night by then.
        now.move_to(moment("2026-06-10T21:20"))
        follow(dispatch)
        assert mailbox.count() == parts[1] + parts[2]
        db.session.execute(
            sa.update(Subscription)
            .where(Subscription.subscriber_id == last)
            .values(state=SubscriptionState.unsubscribed)
        )
        db.session.add(Stop(customer_id=mailing.customer_id, subscriber_id=last, at=clock.now()))
        db.session.commit()
        for night in ("2026-06-10T22:20", "2026-06-11T06:59:59"):
            now.move_to(moment(night))
            follow(dispatch)
            assert (mailbox.count(), dispatch.state) == (parts[1] + parts[2], DispatchState.resting)
        now.move_to(moment("2026-06-11T07:00"))
        for _ in range(2):
            follow(dispatch)
    assert counters(dispatch) == {"accepted": 59, "suppressed": 1}
    assert dispatch.state is DispatchState.done
    copies = Counter(mail["recipient"] for mail in mailbox.recipients())
    assert len(copies) == 59 and set(copies.values()) == {1}


def test_a_pause_pushes_and_an_end_ends_all_portions(mailing: Mailing, mailbox: MailboxClient) -> None:
    with time_machine.travel(moment("2026-06-10T10:00"), tick=False) as now:
        dispatch = written_down(mailing)
        follow(dispatch)
        first = mailbox.count()
        controlling.pause(dispatch.id)
        db.session.commit()
        now.move_to(moment("2026-06-10T15:00"))
        follow(dispatch)
        assert (mailbox.count(), dispatch.state) == (first, DispatchState.paused)
        controlling.resume(dispatch.id)
        db.session.commit()
        follow(dispatch)
        second = mailbox.count()
        assert first < second < 60, "one portion, not both that were overdue"
        assert portioning.shown(dispatch.id)[2].at == moment("2026-06-10T16:00")
        controlling.cancel(dispatch.id)
        db.session.commit()
        now.move_to(moment("2026-06-10T17:00"))
        for _ in range(2):
            follow(dispatch)
    assert counters(dispatch) == {"accepted": second, "cancelled": 60 - second}
    assert dispatch.state is DispatchState.cancelled
    left = sa.select(sa.func.count()).where(Batch.state.in_((BatchState.ready, BatchState.blocked)))
    assert db.session.scalar(left) == 0
