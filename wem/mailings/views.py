"""Mailings of a customer: all of them, and one with its state."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response

from wem import clock
from wem.accounts.models import Membership
from wem.contracts import describing
from wem.contracts.models import contract_in_force
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery import portioning
from wem.delivery.models import DispatchState
from wem.delivery.progress import progress
from wem.mailings import (
    back_numbers,
    maintenance,
    naming,
    narrowing,
    planning,
    resending,
    reviewing,
    timing,
    trial_results,
    waiting,
)
from wem.mailings.audience import most_recipients, reach_or_most
from wem.mailings.back_number_rules import may_be_published
from wem.mailings.models import Mailing
from wem.mailings.reach_wording import reach_number
from wem.mailings.review_rules import ReviewState
from wem.mailings.states import HeldReason, MailingState
from wem.mailings.titles import Titles
from wem.mailings.trial_models import trial_of
from wem.mailings.trial_results import Standing
from wem.mailings.trial_wording import plan_text, state_text
from wem.mailings.wording import (
    BODY_KINDS,
    CHANGES,
    CHOICES,
    LOSING,
    PORTION_INTERVALS,
    RESTING,
    STATES,
    TOLERANCES,
    WAITING,
    held_text,
)
from wem.web.blueprints import CustomerBlueprint
from wem.web.filters import moment
from wem.web.htmx import see_other
from wem.web.ownership import owned_or_404
from wem.web.paging import page_of
from wem.web.session import current_customer, current_membership

blueprint = CustomerBlueprint("mailings", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response

# What stands behind each tab of the list.
FILTERS: dict[str, tuple[MailingState, ...]] = {
    "draft": (MailingState.draft,),
    "scheduled": (MailingState.scheduled,),
    "sending": (MailingState.sending, MailingState.paused),
    "held": (MailingState.held,),
    "done": (MailingState.done,),
    "cancelled": (MailingState.cancelled, MailingState.failed),
}


@blueprint.get("/mailings")
def index() -> Answer:
    customer, membership = current_customer(), current_membership()
    assert customer is not None and membership is not None
    chosen = request.args.get("state", "")
    # Those of sequences stand at their sequence.
    statement = (
        sa.select(Mailing)
        .options(selectinload(Mailing.lists))
        .where(Mailing.customer_id == customer.id, Mailing.variant_of.is_(None), Mailing.sequence_id.is_(None))
    )
    if chosen in FILTERS:
        statement = statement.where(Mailing.state.in_(FILTERS[chosen]))
    page = page_of(statement, Mailing.id)
    return render_template(
        "mailings/mailings.html",
        page=page,
        chosen=chosen if chosen in FILTERS else "",
        filters=FILTERS,
        states=STATES,
        waiting=waiting.held_up(page.rows),
        waiting_words=WAITING,
        losing=naming.losing(page.rows),
        losing_words=LOSING,
        titles=Titles(customer.id),
        told=membership.told_of_mailings,
        **describing.restricted(contract_in_force(customer.id)),
    )


@blueprint.post("/mailings/notices")
def notices() -> Answer:
    """Switch the mails about one's customer's mailings on or off, for oneself."""
    membership = current_membership()
    if not isinstance(membership, Membership):
        abort(403)
    membership.told_of_mailings = request.form.get("on") == "1"
    db.session.commit()
    flash(gettext("Saved."), "success")
    return see_other(url_for("mailings.index"))


@blueprint.get("/mailings/<int:id>")
def show(id: int) -> Answer:
    mailing = owned_or_404(Mailing, id)
    if mailing.variant_of is not None:
        return see_other(url_for("trials.show", id=mailing.variant_of))
    titles = Titles(mailing.customer_id)
    return render_template(
        "mailings/mailing.html",
        mailing=mailing,
        titles=titles,
        narrowing=narrowing.shown(mailing, titles.of),
        can_be_resent=resending.possible(mailing),
        readers="" if mailing.started_at or mailing.is_step else reach_number(reach_or_most(mailing)),
        changes=planning.changes(mailing),
        change_words=CHANGES,
        **about(mailing),
    )


def about(mailing: Mailing) -> dict[str, Any]:
    """Return what the page of a mailing and its fragment show beside the mailing."""
    state, kind = STATES[mailing.state]
    counts = progress(mailing.id)
    held = mailing.state is MailingState.held and mailing.held_reason == HeldReason.maintenance.value
    scheduled = mailing.scheduled_at if mailing.state is MailingState.scheduled else None
    window = maintenance.window_at(mailing.customer_id, scheduled) if scheduled else None
    if held:
        window = maintenance.window_now(mailing.customer_id)
    resting = counts is not None and counts.state is DispatchState.resting
    asked = clock.now() if resting else scheduled
    if resting and mailing.state is MailingState.sending:
        state, kind = RESTING
    waits_for = waiting.held_up([mailing]).get(mailing.id, [])
    if waits_for:
        state, kind = WAITING
    lost_names = naming.losing([mailing]).get(mailing.id, [])
    contract = contract_in_force(mailing.customer_id)
    why_not_sent = describing.why_closed(contract, Use.send)
    if lost_names or (why_not_sent and mailing.state is MailingState.scheduled):
        state, kind = LOSING
    review = reviewing.latest(mailing.id)
    standing = trial_results.standing(mailing)
    trial = standing.trial if standing else trial_of(mailing.id)
    return {
        "trial": standing,
        "trial_text": trial_text(standing),
        "trial_plan": plan_text(trial) if trial else "",
        # What the page shows: where it is another one by now, its buttons differ too.
        "seen": "-".join(
            [
                mailing.state,
                *([trial.state] if trial else []),
                *(["waits"] if waits_for else []),
                *(["loses"] if lost_names else []),
                *(["closed"] if why_not_sent else []),
            ]
        ),
        "waits_for": waits_for,
        "lost_names": lost_names,
        "waits_for_review": reviewing.waits(mailing),
        "refused": review.note
        if review and review.state is ReviewState.refused and mailing.state is MailingState.draft
        else "",
        "portions": portioning.shown(counts.dispatch_id) if counts else [],
        "interval": PORTION_INTERVALS.get(mailing.portion_minutes, ""),
        "stands_still": mailing.state in (MailingState.paused, MailingState.held),
        "departure": timing.departure(mailing.customer_id, asked) if asked else None,
        "resting": resting and mailing.state is MailingState.sending,
        "tolerance": TOLERANCES.get(mailing.tolerance) if scheduled else None,
        "maintenance": window,
        "choice": CHOICES[maintenance.choice_of(mailing.id, window.incident_id)] if window else "",
        "waits_for_maintenance": held,
        "state_text": state,
        "state_kind": kind,
        "progress": counts,
        "most": most_recipients(mailing),
        "narrowed": bool(narrowing.rows_of(mailing.id)),
        "held_text": held_text(mailing.held_reason),
        "body_kind": BODY_KINDS[mailing.body_kind],
        **_archive(mailing),
        **describing.restricted(contract),
        "why_not_sent": why_not_sent,
        "moving": moving(mailing, counts is not None and counts.moving),
        "waited_for": mailing.state is MailingState.scheduled
        and mailing.scheduled_at is not None
        and mailing.scheduled_at <= clock.now(),
    }


def _archive(mailing: Mailing) -> dict[str, Any]:
    """Return the mailing's place among the back numbers, and what can come of it."""
    row = back_numbers.of(mailing.id)
    return {
        "back_number": row,
        "publishable": may_be_published(mailing.state, mailing.started_at is not None),
        "publishes_itself": row is not None and row.wanted and mailing.state is not MailingState.cancelled,
        "out_of_sight": row is not None and row.in_sight and not back_numbers.is_in_sight(row),
    }


def trial_text(standing: Standing | None) -> str:
    """Return how far an A/B test is; empty without one."""
    if standing is None:
        return ""
    return state_text(standing.trial, standing.rest, moment(standing.trial.decide_at), standing.fate)


def moving(mailing: Mailing, dispatch_moves: bool) -> bool:
    """Return whether a page about the mailing asks again by itself."""
    return dispatch_moves or mailing.state in (MailingState.scheduled, MailingState.sending)
