"""What workers run for mailings: starting what is due, writing audiences down, following the dispatches."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import sqlalchemy as sa

from wem import clock, queue
from wem.contracts.models import customer_may
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery.models import Dispatch, DispatchState
from wem.mailings import (
    answering,
    back_numbers,
    controlling,
    expanding,
    following,
    maintenance,
    reviewing,
    standing_still,
    starting,
    telling,
    timing,
    trial_deciding,
)
from wem.mailings.maintenance_rules import Choice, Window
from wem.mailings.models import Mailing
from wem.mailings.narrowing import SegmentLost
from wem.mailings.start_problems import Problem, held_for
from wem.mailings.states import HeldReason, MailingState, NotPossible
from wem.tracking import jobs as tracking_jobs

SECONDS = 50.0
log = logging.getLogger("wem.mailings")


def expand(dispatch_id: int) -> None:
    """Write down the audience of a dispatch; long ones in several runs. Hold its mailing when a segment was lost."""
    try:
        more = expanding.expand_until(dispatch_id, time.monotonic() + SECONDS)
    except SegmentLost as error:
        db.session.rollback()
        _hold_narrowed(dispatch_id, error)
        return
    if more:
        queue.ring_now(queue.WORK, "wem.mailings.jobs.expand", dispatch_id)


def _hold_narrowed(dispatch_id: int, error: SegmentLost) -> None:
    dispatch = db.session.get_one(Dispatch, dispatch_id)
    log.warning("mailing %s is held: %s", dispatch.mailing_id, error)
    mailing = db.session.get_one(Mailing, dispatch.mailing_id, populate_existing=True)
    try:
        controlling.hold(mailing, HeldReason.segment, by=None)
        telling.try_to_tell(mailing)
        db.session.commit()
    except NotPossible:
        db.session.rollback()  # it was stopped at this moment


def settle(mailing_id: int) -> None:
    """Let a mailing follow its dispatch, and tell its people where it stands now."""
    mailing = controlling.settle(mailing_id)
    if mailing is not None:
        telling.try_to_tell(mailing)
    db.session.commit()
    if mailing_id in back_numbers.waiting():
        queue.ring_now(queue.WORK, "wem.mailings.publishing_jobs.publish", mailing_id)


def erase_old_replies() -> None:
    """Erase readers' replies that are past the time that their customer set."""
    until = time.monotonic() + SECONDS
    while answering.erase_old() and time.monotonic() < until:
        db.session.commit()
    db.session.commit()


def sweep() -> None:
    """Find mailings whose dispatch came to rest and that were not told."""
    over = (DispatchState.done, DispatchState.failed, DispatchState.cancelling, DispatchState.cancelled)
    resting = (*over, DispatchState.paused, DispatchState.held)
    standing = (MailingState.paused, MailingState.held)
    behind = db.session.scalars(
        sa.select(Mailing.id)
        .join(Dispatch, Dispatch.mailing_id == Mailing.id)
        .where(
            sa.or_(
                sa.and_(Mailing.state == MailingState.sending, Dispatch.state.in_(resting)),
                sa.and_(Mailing.state.in_(standing), Dispatch.state.in_(over)),
            )
        )
        .order_by(Mailing.id)
        .distinct()
    ).all()
    db.session.commit()
    for mailing_id in behind:
        settle(mailing_id)


def follow_trials() -> None:
    """Take the next step of each A/B test: the time runs, it is over, the rest goes out."""
    mailings = trial_deciding.to_follow()
    db.session.rollback()
    if mailings:
        # What came in until now counts.
        tracking_jobs.roll_up()
    for mailing_id in mailings:
        _step(mailing_id, trial_deciding.follow)


def follow_domain(domain_id: int) -> None:
    """Hold the mailings that go from a domain when it is broken, and tell their people."""
    for mailing_id in following.going_from(domain_id):
        mailing = db.session.get_one(Mailing, mailing_id, populate_existing=True)
        try:
            controlling.hold(mailing, HeldReason.sender_domain, by=None)
            telling.try_to_tell(mailing)
            db.session.commit()
        except NotPossible:
            db.session.rollback()  # it has ended, or somebody else has held it


def follow_domains() -> None:
    """Find broken domains whose mailings still go."""
    for domain_id in following.broken_domains():
        follow_domain(domain_id)


def start_due() -> None:
    """Start the mailings whose time has come; hold those that are too late or that may not be sent."""
    due = db.session.scalars(
        sa.select(Mailing.id)
        .where(sa.text("mailing.state = 'scheduled'"), Mailing.scheduled_at <= clock.now())
        .order_by(Mailing.scheduled_at)
    ).all()
    db.session.commit()
    for mailing_id in due:
        try:
            _start(mailing_id)
            db.session.commit()
        except NotPossible:
            db.session.rollback()  # another run was faster, or it was unscheduled at this moment
        except Exception:
            db.session.rollback()
            log.exception("mailing %s could not be started", mailing_id)


def _start(mailing_id: int) -> None:
    mailing = db.session.get_one(Mailing, mailing_id, populate_existing=True)
    if mailing.state is not MailingState.scheduled or mailing.scheduled_at is None:
        return
    if mailing.scheduled_at > clock.now():
        return
    window = maintenance.window_at(mailing.customer_id, mailing.scheduled_at)
    due = timing.due_at(mailing)
    if window is not None and (due is None or due > clock.now() or _unwanted(mailing, window)):
        standing_still.stop(mailing, window)
        return telling.try_to_tell(mailing)
    if due is not None and due > clock.now():
        return None  # the no-send hours are on
    if timing.missed(mailing):
        return _hold(mailing, HeldReason.missed)
    if not customer_may(mailing.customer_id, Use.send):
        return _hold(mailing, controlling.forbidden_by(mailing.customer_id))
    # Making the texts takes long; nobody else's writing waits for it.
    ready = starting.prepare(mailing)
    mailing = db.session.get_one(Mailing, mailing_id, populate_existing=True)
    if mailing.state is not MailingState.scheduled or not mailing.scheduled_at or mailing.scheduled_at > clock.now():
        return None
    try:
        starting.start(mailing, by=None, ready=ready)
    except starting.CannotStart as error:
        if error.problems == [Problem.review]:
            reviewing.ask(mailing, mailing.scheduled_at, by=None)
            return None
        log.warning("mailing %s is held: %s", mailing_id, error)
        _hold(mailing, held_for(error))


def _unwanted(mailing: Mailing, window: Window) -> bool:
    return maintenance.choice_of(mailing.id, window.incident_id) is Choice.cancel


def _hold(mailing: Mailing, reason: HeldReason) -> None:
    mailing.hold(reason, by=None)
    telling.try_to_tell(mailing)


def follow_maintenance() -> None:
    """Hold what is being sent while maintenance is on, let go on what it held, tell customers of what is ahead."""
    for mailing_id in standing_still.to_stop():
        _step(mailing_id, _stop)
    for mailing_id in standing_still.waiting():
        _step(mailing_id, _go_on)
    untold = standing_still.to_tell()
    db.session.rollback()
    for incident_id, customer_id in untold:
        try:
            standing_still.tell_of(incident_id, customer_id)
            db.session.commit()
        except Exception:
            db.session.rollback()
            log.exception("customer %s could not be told of maintenance %s", customer_id, incident_id)


def _step(mailing_id: int, act: Callable[[Mailing], bool]) -> None:
    try:
        mailing = db.session.get_one(Mailing, mailing_id, populate_existing=True)
        if act(mailing):
            telling.try_to_tell(mailing)
        db.session.commit()
    except NotPossible:
        db.session.rollback()  # it has ended, or somebody else was faster
    except Exception:
        db.session.rollback()
        log.exception("mailing %s could not go on", mailing_id)


def _stop(mailing: Mailing) -> bool:
    window = maintenance.window_now(mailing.customer_id)
    if window is not None:
        standing_still.stop(mailing, window)
    return window is not None


def _go_on(mailing: Mailing) -> bool:
    # Making the texts takes long; nobody else's writing waits for it.
    begins = controlling.begins(mailing) and maintenance.window_now(mailing.customer_id) is None
    ready = starting.prepare(mailing) if begins else None
    mailing = db.session.get_one(Mailing, mailing.id, populate_existing=True)
    if mailing.state is not MailingState.held or mailing.held_reason != HeldReason.maintenance.value:
        return False
    return standing_still.go_on(mailing, ready)
