"""No-send hours: which moments they hold, and that a mailing stops and goes on with them, each reader once."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests import factories
from tests.delivery.dispatches import counters, make_dispatch, send_all
from tests.delivery.scripted_peer import Peer
from tests.delivery.test_smtp_peers import sending_to
from wem.audit import AuditEvent
from wem.clock import JAPAN
from wem.db import db
from wem.delivery import controlling, recovering, rules
from wem.delivery.models import DispatchKind, DispatchState
from wem.delivery.no_send_models import NoSendSetting
from wem.delivery.no_send_rules import NoSendHours, open_hours
from wem.mailbox.client import MailboxClient


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JAPAN)


NIGHT, NOON = NoSendHours(time(22), time(7)), NoSendHours(time(12), time(13, 30))


@pytest.mark.parametrize(
    ("hours", "at", "leaves", "begins"),
    [
        (NIGHT, "2026-06-10T21:59:59.999999", None, "2026-06-10T22:00"),
        (NIGHT, "2026-06-10T22:00:00", "2026-06-11T07:00", "2026-06-11T22:00"),
        (NIGHT, "2026-06-10T23:59:59", "2026-06-11T07:00", "2026-06-11T22:00"),
        (NIGHT, "2026-06-11T00:00:00", "2026-06-11T07:00", "2026-06-11T22:00"),
        (NIGHT, "2026-06-11T06:59:59.999999", "2026-06-11T07:00", "2026-06-11T22:00"),
        (NIGHT, "2026-06-11T07:00:00", None, "2026-06-11T22:00"),
        (NIGHT, "2026-12-31T22:30:00", "2027-01-01T07:00", "2027-01-01T22:00"),
        # On these days clocks change elsewhere, not in Japan.
        (NIGHT, "2026-03-29T02:30:00", "2026-03-29T07:00", "2026-03-29T22:00"),
        (NIGHT, "2026-10-25T02:30:00", "2026-10-25T07:00", "2026-10-25T22:00"),
        (NOON, "2026-06-10T11:59:59", None, "2026-06-10T12:00"),
        (NOON, "2026-06-10T12:00:00", "2026-06-10T13:30", "2026-06-11T12:00"),
        (NOON, "2026-06-10T13:30:00", None, "2026-06-11T12:00"),
        (NoSendHours(time(18), time(0)), "2026-06-10T23:00:00", "2026-06-11T00:00", "2026-06-11T18:00"),
        (NoSendHours(time(18), time(0)), "2026-06-11T00:00:00", None, "2026-06-11T18:00"),
        (NoSendHours(time(0), time(7)), "2026-06-11T00:00:00", "2026-06-11T07:00", "2026-06-12T00:00"),
    ],
)
def test_which_moments_they_hold(hours: NoSendHours, at: str, leaves: str | None, begins: str) -> None:
    asked = moment(at)
    assert hours.hold(asked) is (leaves is not None)
    assert hours.leaves(asked) == (moment(leaves) if leaves else asked)
    assert hours.next_beginning(asked) == moment(begins)
    # The same moment as another zone writes it.
    assert hours.hold(asked.astimezone(tz=None)) is (leaves is not None)


@pytest.mark.parametrize(
    ("begins", "ends", "hours"),
    [("22:00", "07:00", 15), ("08:00", "07:00", 1), ("09:00", "09:00", 0), ("0:00", "22:00", 2)],
)
def test_how_much_of_a_day_is_left(begins: str, ends: str, hours: int) -> None:
    begin, end = (datetime.strptime(text, "%H:%M").time() for text in (begins, ends))
    assert open_hours(begin, end) == timedelta(hours=hours)


@pytest.mark.both_databases
def test_a_mailing_stops_at_the_hour_and_goes_on_each_reader_once(app: Flask, world: factories.World) -> None:
    """One connection: not one mail leaves after 22:00:00, whatever was leased and made before."""
    for number in range(37):
        factories.make_subscriber(world.ours.mailing_list, f"r{number}@more.example.com")
    db.session.add(NoSendSetting(customer_id=world.ours.customer.id, begins=time(22), ends=time(7)))
    db.session.commit()
    with time_machine.travel(moment("2026-06-10T21:59:59"), tick=False) as now:
        dispatch = make_dispatch(world.ours.mailing_list)
        expires_at = dispatch.expires_at

        def script(command: str, recipient: str) -> str | None:
            if command == "." and len(peer.mails) == 10:
                now.move_to(moment("2026-06-10T22:00:00"))  # while the eleventh is on its way
            return None

        with sending_to(app, Peer(script=script), SMTP_CONNECTIONS="1") as peer:
            send_all()
            assert len(peer.mails) == 11
            for night in ("2026-06-10T22:00:05", "2026-06-11T06:59:59"):
                now.move_to(moment(night))
                recovering.sweep()
                send_all()
                db.session.refresh(dispatch)
                assert (dispatch.state, len(peer.mails)) == (DispatchState.resting, 11)
            now.move_to(moment("2026-06-11T07:00:00"))
            recovering.sweep()
            send_all()
        assert counters(dispatch) == {"accepted": 40}
        assert set(Counter(peer.recipients).values()) == {1} and len(peer.mails) == 40
        assert dispatch.state is DispatchState.done
        assert dispatch.expires_at - expires_at == timedelta(hours=9), "the night does not count"
        noted = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.subject == f"Dispatch {dispatch.id}"))
        assert noted.all() == ["mailing.rest", "mailing.wake"]


def test_the_customer_decides_at_any_time(world: factories.World, mailbox: MailboxClient) -> None:
    """Hours that begin now, an end by hand in them, another's hours, a mail that is no mailing."""
    customer_id = world.ours.customer.id
    with time_machine.travel(moment("2026-06-10T23:00:00"), tick=False):
        db.session.add(NoSendSetting(customer_id=world.theirs.customer.id, begins=time(22), ends=time(7)))
        ours = make_dispatch(world.ours.mailing_list)
        theirs = make_dispatch(world.theirs.mailing_list, kind=DispatchKind.test)
        db.session.add(NoSendSetting(customer_id=customer_id, begins=time(22), ends=time(7)))
        db.session.commit()
        send_all()
        db.session.refresh(ours)
        db.session.refresh(theirs)
        assert (ours.state, theirs.state) == (DispatchState.resting, DispatchState.done)
        assert mailbox.count() == len(world.theirs.readers)
        # Pause wins over the hours: their end does not let it go on.
        assert controlling.pause(ours.id).state is DispatchState.paused
        db.session.execute(sa.delete(NoSendSetting))
        db.session.commit()
        recovering.sweep()
        db.session.refresh(ours)
        assert ours.state is DispatchState.paused
        controlling.resume(ours.id)
        db.session.commit()
        send_all()
        assert counters(ours) == {"accepted": len(world.ours.readers)}


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (controlling.pause, DispatchState.paused),
        (controlling.hold, DispatchState.held),
        (controlling.cancel, DispatchState.cancelling),
    ],
)
def test_what_somebody_decides_wins_over_the_hours(world: factories.World, act: object, state: DispatchState) -> None:
    dispatch = make_dispatch(world.ours.mailing_list)
    dispatch.state, dispatch.resting_since = DispatchState.resting, dispatch.created_at - rules.LIFETIME
    db.session.commit()
    changed = act(dispatch.id)  # type: ignore[operator]
    assert (changed.state, changed.resting_since) == (state, None)
