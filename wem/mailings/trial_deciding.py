"""Follows A/B tests: when everybody in the test was tried the time runs; then the rest gets the variant that is ahead.

What is decided and what is let go is one transaction: a run that breaks off anywhere has done nothing, and the next one
finds the same state.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from wem import clock
from wem.db import db
from wem.delivery import controlling as delivery
from wem.delivery.models import Dispatch, DispatchState
from wem.delivery.progress import dispatches_of, progress_of
from wem.mailings import controlling, trial_rules
from wem.mailings.models import Mailing
from wem.mailings.significance_rules import Counted
from wem.mailings.start_problems import CannotStart, Problem, held_for
from wem.mailings.states import HeldReason, MailingState, NotPossible
from wem.mailings.trial_models import Trial, trial_of
from wem.mailings.trial_rules import REST, Criterion, TrialState, Unclear, Why
from wem.tracking.links import results_of, take_links


def to_follow() -> list[int]:
    """Return the mailings whose A/B test has a step ahead of it now."""
    at = clock.now()
    waits = sa.exists().where(
        Dispatch.mailing_id == Trial.mailing_id, Dispatch.variant == REST, Dispatch.state == DispatchState.waiting
    )
    due = sa.or_(
        Trial.state.in_((TrialState.sending, TrialState.decided)),
        sa.and_(Trial.state == TrialState.watching, Trial.decide_at <= at),
    )
    rows = sa.select(Trial.mailing_id).join(Mailing, Mailing.id == Trial.mailing_id)
    rows = rows.where(Mailing.state == MailingState.sending, due, waits).order_by(Trial.mailing_id)
    return list(db.session.scalars(rows))


def follow(mailing: Mailing) -> bool:
    """Take the next step of an A/B test; returns whether the people of the mailing are to be told of it.

    Nothing happens while the mailing stands still. The caller commits. Raises NotPossible when somebody was faster.
    """
    trial, dispatches = _locked(mailing)
    rest = _rest(dispatches)
    if trial is None or rest is None or mailing.state is not MailingState.sending:
        return False
    if trial.state is TrialState.sending and _everybody_tried(dispatches):
        trial.move(TrialState.watching)
        by_hand = trial.criterion is Criterion.hand
        trial.decide_at = None if by_hand else clock.now() + timedelta(minutes=trial.wait)
    elif trial.state is TrialState.watching and trial.decide_at is not None and trial.decide_at <= clock.now():
        winner = trial_rules.ahead(counted(dispatches, trial.criterion))
        if winner is None and trial.unclear is Unclear.ask:
            trial.move(TrialState.asking)
            controlling.hold(mailing, HeldReason.winner, by=None)
            return True
        trial.decide(winner or 1, Why.ahead if winner else Why.unclear, by=None)
    if trial.state is TrialState.decided:
        return _let_go(mailing, trial, dispatches, rest)
    return False


def choose(mailing: Mailing, variant: int, *, by: int) -> None:
    """Give the rest this variant, whatever was counted, before the time or when nobody was ahead.

    Raises NotPossible when it is decided already, when the recipients are still being written down and for a variant
    that there is none of; CannotStart when nothing may be sent at present.
    """
    trial, dispatches = _locked(mailing)
    rest = _rest(dispatches)
    if trial is None or rest is None or variant not in {each.variant for each in dispatches} - {REST}:
        raise NotPossible("choose", mailing.state)
    if trial.state not in (TrialState.sending, TrialState.watching, TrialState.asking):
        raise NotPossible("choose", mailing.state)
    trial.decide(variant, Why.hand, by=by)
    if mailing.state is MailingState.held and mailing.held_reason == HeldReason.winner.value:
        controlling.resume(mailing, by=by)
    if mailing.state is MailingState.sending:
        controlling.may_go_on(mailing)
        _release(trial, dispatches, rest)


def counted(dispatches: list[Dispatch], criterion: Criterion) -> list[Counted]:
    """Return for each variant, in order, of how many whose mail was accepted how many opened or clicked."""
    found = []
    for each in dispatches:
        if each.variant not in (None, REST):
            results = results_of(each.id)
            hits = results.open_readers if criterion is Criterion.opens else results.click_readers
            found.append(Counted(each.accepted, min(hits, each.accepted)))
    return found


def _locked(mailing: Mailing) -> tuple[Trial | None, list[Dispatch]]:
    """Return test and dispatches as they stand now; the mailing is locked before them, by everybody."""
    db.session.flush()
    db.session.refresh(mailing, with_for_update=True)
    return trial_of(mailing.id, lock=True), dispatches_of(mailing.id)


def _rest(dispatches: list[Dispatch]) -> Dispatch | None:
    """Return the dispatch that waits for the test; None when it does not, or nobody is left for it."""
    return next((each for each in dispatches if each.variant == REST and each.state is DispatchState.waiting), None)


def _everybody_tried(dispatches: list[Dispatch]) -> bool:
    tested = [each for each in dispatches if each.variant not in (None, REST)]
    return all(each.started_at is not None and progress_of([each]).waiting == 0 for each in tested)


def _let_go(mailing: Mailing, trial: Trial, dispatches: list[Dispatch], rest: Dispatch) -> bool:
    try:
        controlling.may_go_on(mailing)
    except CannotStart as error:
        contract = error.problems == [Problem.contract]
        reason = controlling.forbidden_by(mailing.customer_id) if contract else held_for(error)
        controlling.hold(mailing, reason, by=None)
        return True
    _release(trial, dispatches, rest)
    return False


def _release(trial: Trial, dispatches: list[Dispatch], rest: Dispatch) -> None:
    [won] = [each for each in dispatches if each.variant == trial.winner]
    take_links(rest.id, won.id)
    delivery.release(rest.id, won.content)
