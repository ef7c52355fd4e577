"""Pause, resume, cancel, hold: the mailing and what delivery does of it, together."""

from __future__ import annotations

from wem import queue
from wem.contracts.models import contract_in_force, customer_may
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery import controlling as delivery
from wem.delivery.models import Dispatch, DispatchState
from wem.delivery.progress import latest_dispatch
from wem.lists.takedown_models import TakenDown, open_takedown
from wem.mailings import maintenance, narrowing, starting
from wem.mailings.following import from_broken_domain
from wem.mailings.models import HeldReason, Mailing, MailingState, NotPossible, held_by_staff
from wem.mailings.starting import CannotStart, Problem, Ready


def pause(mailing: Mailing, *, by: int | None) -> None:
    """Stop sending for now; the mailing is `paused` from the moment at which not one more mail leaves.

    Until then it is `sending` and its dispatch `pausing`. Raises NotPossible.
    """
    dispatch = _dispatch(mailing, "pause")
    try:
        stopped = delivery.pause(dispatch.id)
    except delivery.CannotControl as error:
        raise NotPossible("pause", mailing.state) from error
    if stopped.state is DispatchState.paused:
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
    if not customer_may(mailing.customer_id, Use.send):
        raise CannotStart([Problem.contract])
    if held_by_staff(mailing.customer_id):
        raise CannotStart([Problem.complaints])
    if maintenance.window_now(mailing.customer_id) is not None:
        raise CannotStart([Problem.maintenance])
    if open_takedown(mailing.customer_id, TakenDown.mailing, mailing.id) is not None:
        raise CannotStart([Problem.taken_down])
    dispatch = _dispatch(mailing, "resume")
    if from_broken_domain(dispatch):
        raise CannotStart([Problem.sender_domain])
    try:
        dispatch = delivery.resume(dispatch.id)
    except delivery.CannotControl as error:
        raise NotPossible("resume", mailing.state) from error
    # What it said at the start holds for the whole of it: there is nothing to mend.
    if dispatch.state is DispatchState.preparing and narrowing.lost(mailing):
        raise CannotStart([Problem.segment])
    mailing.resume(by=by)
    if dispatch.state is DispatchState.preparing:
        queue.ring(queue.WORK, "wem.mailings.jobs.expand", dispatch.id)


def cancel(mailing: Mailing, *, by: int | None) -> None:
    """Give it up; `cancelled` from the moment at which not one more mail leaves. Raises NotPossible."""
    _lock(mailing)
    if mailing.started_at is None:
        mailing.cancel(by=by)
        return
    dispatch = _dispatch(mailing, "cancel")
    try:
        stopped = delivery.cancel(dispatch.id)
    except delivery.CannotControl as error:
        raise NotPossible("cancel", mailing.state) from error
    if not delivery.in_hand(stopped):
        mailing.cancel(by=by)


def hold(mailing: Mailing, reason: HeldReason, *, by: int | None) -> None:
    """Have it stand still until the customer decides (staff, contract); raises NotPossible."""
    _lock(mailing)
    dispatch = latest_dispatch(mailing.id)
    if dispatch is not None:
        delivery.hold(dispatch.id)
    mailing.hold(reason, by=by)


def settle(mailing_id: int) -> Mailing | None:
    """Bring a mailing into the state of its dispatch; returns it, None when there was nothing to change."""
    mailing = db.session.get(Mailing, mailing_id, populate_existing=True)
    dispatch = latest_dispatch(mailing_id)
    if mailing is None or dispatch is None:
        return None
    before = mailing.state
    try:
        _follow(mailing, dispatch)
    except NotPossible:
        return None  # somebody else has brought it there
    return mailing if mailing.state is not before else None


def _follow(mailing: Mailing, dispatch: Dispatch) -> None:
    match dispatch.state:
        case DispatchState.done:
            mailing.finish()
        case DispatchState.failed:
            mailing.fail()
        case DispatchState.paused:
            mailing.pause(by=None)
        case DispatchState.held:
            mailing.hold(forbidden_by(mailing.customer_id), by=None)
        case DispatchState.cancelled:
            mailing.cancel(by=None)
        case DispatchState.cancelling:
            if not delivery.in_hand(dispatch):
                mailing.cancel(by=None)


def forbidden_by(customer_id: int) -> HeldReason:
    """Return why the contract permits no sending at present."""
    contract = contract_in_force(customer_id)
    return HeldReason.emergency if contract and contract.emergency_since else HeldReason.contract


def _lock(mailing: Mailing) -> None:
    """Read the mailing again and keep its row: it is locked before its dispatch, by everybody."""
    db.session.flush()
    db.session.refresh(mailing, with_for_update=True)


def _dispatch(mailing: Mailing, act: str) -> Dispatch:
    _lock(mailing)
    dispatch = latest_dispatch(mailing.id)
    if dispatch is None:
        raise NotPossible(act, mailing.state)
    return dispatch
