"""Pausing, resuming, cancelling a mailing that runs: the mailing, its dispatch and the mails together."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests import factories
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.delivery import recovering
from wem.delivery.leasing import finish, lease_next, new_owner
from wem.delivery.models import Batch, DispatchState
from wem.delivery.progress import latest_dispatch
from wem.mailings import controlling, jobs, starting
from wem.mailings.models import Mailing
from wem.mailings.starting import CannotStart
from wem.mailings.states import HeldReason, MailingState, NotPossible
from wem.outbox import OutboxMail

pytestmark = pytest.mark.both_databases


@pytest.fixture
def running(world: factories.World) -> Mailing:
    """A mailing whose audience is written down."""
    dispatch = starting.start(world.ours.mailing, by=1)
    db.session.commit()
    jobs.expand(dispatch.id)
    return world.ours.mailing


def dispatch_state(mailing: Mailing) -> DispatchState:
    dispatch = latest_dispatch(mailing.id)
    assert dispatch is not None
    db.session.refresh(dispatch)
    return dispatch.state


def test_pause_and_resume(running: Mailing) -> None:
    controlling.pause(running, by=1)
    db.session.commit()
    assert (running.state, dispatch_state(running)) == (MailingState.paused, DispatchState.paused)
    with pytest.raises(NotPossible):
        controlling.pause(running, by=1)
    controlling.resume(running, by=1)
    db.session.commit()
    assert (running.state, dispatch_state(running)) == (MailingState.sending, DispatchState.sending)
    with pytest.raises(NotPossible):
        controlling.resume(running, by=1)


def test_paused_is_said_when_nobody_can_send_any_more(running: Mailing) -> None:
    lease = lease_next(new_owner())
    assert lease is not None
    controlling.pause(running, by=1)
    db.session.commit()
    assert (running.state, dispatch_state(running)) == (MailingState.sending, DispatchState.pausing)
    with pytest.raises(NotPossible):
        controlling.pause(running, by=1)
    db.session.rollback()
    finish(lease)
    recovering.sweep()
    jobs.sweep()
    assert (running.state, dispatch_state(running)) == (MailingState.paused, DispatchState.paused)


def test_a_pause_while_the_audience_is_written_down(world: factories.World) -> None:
    dispatch = starting.start(world.ours.mailing, by=1)
    db.session.commit()
    controlling.pause(world.ours.mailing, by=1)
    db.session.commit()
    jobs.expand(dispatch.id)
    db.session.refresh(dispatch)
    assert (dispatch.state, dispatch.total) == (DispatchState.paused, 0)
    controlling.resume(world.ours.mailing, by=1)
    db.session.commit()
    assert dispatch_state(world.ours.mailing) is DispatchState.preparing
    jobs.expand(dispatch.id)
    db.session.refresh(dispatch)
    assert (dispatch.state, dispatch.total) == (DispatchState.sending, 3)


def test_cancelling(running: Mailing) -> None:
    controlling.cancel(running, by=1)
    db.session.commit()
    assert (running.state, dispatch_state(running)) == (MailingState.cancelled, DispatchState.cancelling)
    recovering.sweep()
    dispatch = latest_dispatch(running.id)
    assert dispatch is not None
    assert (dispatch.state, dispatch.cancelled) == (DispatchState.cancelled, 3)
    for act in (controlling.cancel, controlling.pause, controlling.resume):
        with pytest.raises(NotPossible):
            act(running, by=1)
        db.session.rollback()


def test_cancelling_what_somebody_has_in_hand(running: Mailing) -> None:
    lease = lease_next(new_owner())
    assert lease is not None
    controlling.cancel(running, by=1)
    db.session.commit()
    assert running.state is MailingState.sending
    finish(lease)
    jobs.sweep()
    assert running.state is MailingState.cancelled


def test_cancelling_what_is_held_while_somebody_has_it_in_hand(world: factories.World, running: Mailing) -> None:
    lease = lease_next(new_owner())
    assert lease is not None
    controlling.hold(running, HeldReason.staff, by=world.admin.id)
    controlling.cancel(running, by=1)
    db.session.commit()
    assert running.state is MailingState.held
    finish(lease)
    jobs.sweep()
    assert running.state is MailingState.cancelled


def test_cancelling_before_it_starts(world: factories.World) -> None:
    mailing = factories.make_mailing(world.ours.mailing_list, state=MailingState.scheduled)
    controlling.cancel(mailing, by=1)
    db.session.commit()
    assert mailing.state is MailingState.cancelled
    with pytest.raises(NotPossible):
        controlling.cancel(world.ours.mailing, by=1)  # a draft is deleted, not cancelled


def test_staff_hold_it_and_the_contract_decides_whether_it_goes_on(world: factories.World, running: Mailing) -> None:
    controlling.hold(running, HeldReason.staff, by=world.admin.id)
    db.session.commit()
    assert (running.state, dispatch_state(running)) == (MailingState.held, DispatchState.held)
    world.ours.contract.suspend(SuspensionGround.danger, "", by=world.admin.id)
    with pytest.raises(CannotStart):
        controlling.resume(running, by=1)
    world.ours.contract.resume("", by=world.admin.id)
    controlling.resume(running, by=1)
    db.session.commit()
    assert (running.state, dispatch_state(running)) == (MailingState.sending, DispatchState.sending)


def test_a_mailing_follows_its_dispatch(running: Mailing) -> None:
    dispatch = latest_dispatch(running.id)
    assert dispatch is not None
    db.session.execute(sa.delete(Batch))
    db.session.commit()
    recovering.sweep()
    assert dispatch_state(running) is DispatchState.done
    jobs.settle(running.id)
    assert running.state is MailingState.done
    told = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "mailing_done")).all()
    assert told
    jobs.settle(running.id)
    assert len(db.session.scalars(sa.select(OutboxMail)).all()) == len(told)
    jobs.settle(987654321)
