"""Pause, resume, cancel, hold: the mailing and what delivery does of it, together."""

from __future__ import annotations

from wem import queue
from wem.contracts.models import contract_in_force, customer_may
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery import controlling as delivery
from wem.delivery.models import Dispatch, DispatchState
from wem.delivery.progress import dispatches_of, latest_dispatch, together
from wem.lists.takedown_models import TakenDown, open_takedown
from wem.mailings import maintenance, naming, narrowing, starting
from wem.mailings.following import from_broken_domain
from wem.mailings.models import Mailing, held_by_staff
from wem.mailings.starting import CannotStart, Problem, Ready
from wem.mailings.states import HeldReason, MailingState, NotPossible


def pause(mailing: Mailing, *, by: int | None) -> None:
    """Stop sending for now; the mailing is `paused` from the moment at which not one more mail leaves.

    Until then it is `sending` and its dispatches `pausing`. What waits for an A/B test waits on. Raises NotPossible.
    """
    dispatches = _dispatches(mailing, "pause")
    running = [each for each in dispatches if each.state in delivery.RUNNING]
    if not running and not any(each.state is DispatchState.waiting for each in dispatches):
        raise NotPossible("pause", mailing.state)
    try:
        for each in running:
            delivery.pause(each.id)
    except delivery.CannotControl as error:
        raise NotPossible("pause", mailing.state) from error
    if not any(each.state is DispatchState.pausing for each in dispatches):
        mailing.pause(by=by)


def begins(mailing: Mailing) -> bool:
    """Return whether resuming the mailing would start it: it was held before it began."""
    return mailing.state is MailingState.held and mailing.started_at is None


def resume(mailing: Mailing, *, by: int | None, ready: Ready | None = None) -> None:
    """Go on with what is paused or held; one that was held before it began is started now, `ready` as in `start`.

    Raises NotPossible, and CannotStart when the contract or something in the mailing forbids it.
    """
    _lock(mailing)
    if begins(mailing):
        starting.start(mailing, by=by, ready=ready)
        return
    may_go_on(mailing)
    _let_go(mailing, by)


def resume_after_maintenance(mailing: Mailing, *, by: int | None) -> None:
    """Have what is paused wait for the end of the maintenance that is on, and no longer for somebody's decision.

    Raises NotPossible.
    """
    _lock(mailing)
    _let_go(mailing, by)
    hold(mailing, HeldReason.maintenance, by=None)


def _let_go(mailing: Mailing, by: int | None) -> None:
    dispatches = _dispatches(mailing, "resume")
    unfinished = [each for each in dispatches if not each.finished]
    resumed = [each for each in unfinished if each.state is not DispatchState.waiting]
    if not unfinished:
        raise NotPossible("resume", mailing.state)
    try:
        for each in resumed:
            delivery.resume(each.id)
    except delivery.CannotControl as error:
        raise NotPossible("resume", mailing.state) from error
    preparing = [each for each in unfinished if each.state is DispatchState.preparing]
    # What it said at the start holds for the whole of it: there is nothing to mend.
    if preparing and narrowing.lost(mailing):
        raise CannotStart([Problem.segment])
    mailing.resume(by=by)
    for each in preparing:
        queue.ring(queue.WORK, "wem.mailings.jobs.expand", each.id)


def rename(mailing: Mailing, sender_name_id: int | None) -> None:
    """Have what has not left of a mailing that stands still go under another name of its customer's; None: the one
    registered. Raises NotPossible."""
    unfinished = [each for each in _dispatches(mailing, "resume") if not each.finished]
    mailing.sender_name_id = sender_name_id
    naming.take_sender_name(mailing)
    for each in unfinished:
        dispatch = delivery.locked(each.id)
        dispatch.content = dispatch.content | {"sender_name": mailing.sender_name}


def comes_to_rest(mailing: Mailing) -> bool:
    """Have a mailing that is to pause be `paused` if no mail of it may leave any more; False while one may."""
    if any(delivery.come_to_rest(each.id) is DispatchState.pausing for each in _dispatches(mailing, "pause")):
        return False
    settle(mailing.id)
    return True


def may_go_on(mailing: Mailing) -> None:
    """Raise CannotStart when something forbids that anything more of a mailing that has begun is sent."""
    if not customer_may(mailing.customer_id, Use.send):
        raise CannotStart([Problem.contract])
    if held_by_staff(mailing.customer_id):
        raise CannotStart([Problem.complaints])
    if maintenance.window_now(mailing.customer_id) is not None:
        raise CannotStart([Problem.maintenance])
    if open_takedown(mailing.customer_id, TakenDown.mailing, mailing.id) is not None:
        raise CannotStart([Problem.taken_down])
    if naming.lost_by_what_waits(mailing):
        raise CannotStart([Problem.name_not_approved])
    dispatch = latest_dispatch(mailing.id)
    if dispatch is not None and from_broken_domain(dispatch):
        raise CannotStart([Problem.sender_domain])


def cancel(mailing: Mailing, *, by: int | None) -> None:
    """Give it up; `cancelled` from the moment at which not one more mail leaves. Raises NotPossible."""
    _lock(mailing)
    if mailing.started_at is None:
        mailing.cancel(by=by)
        return
    unfinished = [each for each in _dispatches(mailing, "cancel") if not each.finished]
    if not unfinished:
        raise NotPossible("cancel", mailing.state)
    try:
        stopped = [delivery.cancel(each.id) for each in unfinished]
    except delivery.CannotControl as error:
        raise NotPossible("cancel", mailing.state) from error
    if not any(map(delivery.in_hand, stopped)):
        mailing.cancel(by=by)


def hold(mailing: Mailing, reason: HeldReason, *, by: int | None) -> None:
    """Have it stand still until the customer decides (staff, contract); raises NotPossible."""
    _lock(mailing)
    for each in dispatches_of(mailing.id):
        delivery.hold(each.id)
    mailing.hold(reason, by=by)


def settle(mailing_id: int) -> Mailing | None:
    """Bring a mailing into the state of its dispatches; returns it, None when there was nothing to change."""
    mailing = db.session.get(Mailing, mailing_id, populate_existing=True)
    dispatches = dispatches_of(mailing_id)
    if mailing is None or not dispatches:
        return None
    before = mailing.state
    try:
        _follow(mailing, dispatches)
    except NotPossible:
        return None  # somebody else has brought it there
    return mailing if mailing.state is not before else None


def _follow(mailing: Mailing, dispatches: list[Dispatch]) -> None:
    unfinished = [each for each in dispatches if not each.finished]
    match together([each.state for each in dispatches]):
        case DispatchState.done:
            mailing.finish()
        case DispatchState.failed:
            for each in unfinished:
                delivery.fail(each.id)
            mailing.fail()
        case DispatchState.paused:
            if all(each.state in (DispatchState.paused, DispatchState.waiting) for each in unfinished):
                mailing.pause(by=None)
        case DispatchState.held:
            for each in unfinished:
                delivery.hold(each.id)
            mailing.hold(forbidden_by(mailing.customer_id), by=None)
        case DispatchState.cancelled:
            mailing.cancel(by=None)
        case DispatchState.cancelling:
            if not any(map(delivery.in_hand, unfinished)):
                mailing.cancel(by=None)


def forbidden_by(customer_id: int) -> HeldReason:
    """Return why the contract permits no sending at present."""
    contract = contract_in_force(customer_id)
    return HeldReason.emergency if contract and contract.emergency_since else HeldReason.contract


def _lock(mailing: Mailing) -> None:
    """Read the mailing again and keep its row: it is locked before its dispatch, by everybody."""
    db.session.flush()
    db.session.refresh(mailing, with_for_update=True)


def _dispatches(mailing: Mailing, act: str) -> list[Dispatch]:
    _lock(mailing)
    found = dispatches_of(mailing.id)
    if not found:
        raise NotPossible(act, mailing.state)
    return found
