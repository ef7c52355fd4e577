"""Check, choose the time, confirm, send: the way from a draft into the queue."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock
from wem.accounts.rules import may_write
from wem.contracts.models import customer_may
from wem.contracts.rules import Use
from wem.db import db, reading_only
from wem.delivery.portion_rules import allowed
from wem.mailings import (
    back_numbers,
    checking,
    maintenance,
    naming,
    narrowing,
    reviewing,
    starting,
    telling,
    timing,
    timing_rules,
)
from wem.mailings.audience import Reach, reach
from wem.mailings.forms import SendForm
from wem.mailings.models import Mailing
from wem.mailings.reach_wording import reach_number, reach_text
from wem.mailings.starting import CannotStart, Problem
from wem.mailings.states import UNSTARTED, InThePast, MailingState, NotPossible
from wem.mailings.titles import Titles
from wem.mailings.trial_models import trial_of, variants_of
from wem.mailings.trial_rules import letter
from wem.mailings.trial_wording import plan_text
from wem.mailings.wording import PORTION_INTERVALS, TOLERANCES
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.ownership import owned_or_404
from wem.web.session import current_membership, me

blueprint = CustomerBlueprint("sending", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response
SOON = timedelta(seconds=1)


@blueprint.route("/mailings/<int:id>/check", methods=["GET", "POST"])
def check(id: int) -> Answer:
    """What was found, and when it should go; a good time leads to the confirmation."""
    # Making the texts takes long and nothing is written here: no lock is held for it.
    db.session.rollback()
    reading_only.set(True)
    mailing = owned_or_404(Mailing, id)
    if mailing.variant_of is not None:
        return see_other(url_for("sending.check", id=mailing.variant_of))
    if not _to_be_sent(mailing):
        return _moved_on(mailing)
    found = checking.checks(mailing)
    form = SendForm(data={"tolerance": int(mailing.tolerance.total_seconds() // 60)})
    if request.method == "GET" and "when" in request.args:
        # Back from the confirmation: what was chosen there stands in the address.
        form = SendForm(formdata=request.args)
    if request.method == "POST" and not checking.refused(found):
        if request.form.get("version") != str(mailing.version):
            flash(gettext("The mailing was changed in the meantime. Please check it again."), "warning")
            return see_other(url_for("sending.check", id=id))
        if form.validate_on_submit() and (plan := _planned(form, reached := reach(mailing), mailing)):
            titles = Titles(mailing.customer_id)
            return render_template(
                "mailings/confirm.html",
                mailing=mailing,
                titles=titles,
                at=form.at(),
                tolerance=timedelta(minutes=form.tolerance.data),
                tolerances=TOLERANCES,
                intervals=PORTION_INTERVALS,
                departure=plan.departure,
                maintenance=maintenance.window_at(mailing.customer_id, form.at() or clock.now()),
                readers=reach_number(reached),
                plan=plan,
                chosen=form.chosen(),
                reach=reach_text(reached),
                narrowing=narrowing.shown(mailing, titles.of),
                trial_plan=plan_text(trial) if (trial := trial_of(mailing.id)) else "",
                variants=[(letter(each.variant), each, titles.subject(each)) for each in variants_of(mailing)],
                warned=checking.warned(found),
                publish=back_numbers.is_wanted(mailing.id),
                archive_open=customer_may(mailing.customer_id, Use.archive),
            )
    membership = current_membership()
    page = render_template(
        "mailings/check.html",
        mailing=mailing,
        titles=Titles(mailing.customer_id),
        checks=found,
        refused=checking.refused(found),
        warned=checking.warned(found),
        form=form if membership and may_write(membership.role) else None,
        tested=trial_of(mailing.id) is not None,
        today=clock.today(),
    )
    return page, 422 if request.method == "POST" else 200


@blueprint.post("/mailings/<int:id>/send")
def send(id: int) -> Answer:
    """Start or schedule it, once: whoever presses a second time is shown what the first press did."""
    mailing = owned_or_404(Mailing, id)
    account_id = me().id
    # Making the texts takes long; nobody else's writing waits for it.
    ready = starting.prepare(mailing) if _to_be_sent(mailing) else None
    # Nobody changes it between this look and the start.
    mailing = owned_or_404(Mailing, id)
    db.session.refresh(mailing, with_for_update=True)
    if not _to_be_sent(mailing):
        return _moved_on(mailing)
    if request.form.get("version") != str(mailing.version):
        flash(gettext("The mailing was changed in the meantime. Please check it again."), "warning")
        return see_other(url_for("sending.check", id=id))
    try:
        at = _moment(request.form.get("at", ""))
        naming.take_sender_name(mailing)
        _take_confirmed(mailing)
        waits = timing.departure(mailing.customer_id, clock.now()) if at is None else None
        if waits is not None and waits.waits:
            # Nothing can start now: it is scheduled, and waits for the end as if it had been before.
            starting.schedule(mailing, clock.now() + SOON, by=account_id, ready=ready)
        elif at is None:
            starting.start(mailing, by=account_id, ready=ready)
        else:
            starting.schedule(mailing, at, by=account_id, ready=ready)
    except (CannotStart, InThePast, NotPossible) as error:
        db.session.rollback()
        if isinstance(error, CannotStart) and error.problems == [Problem.review]:
            return _submit(id, at, account_id)
        return _not_sent(owned_or_404(Mailing, id), error)
    back_numbers.want(mailing, request.form.get("publish") == "1")
    telling.tell_people(mailing)
    db.session.commit()
    if waits is not None and waits.hours is not None and waits.leaves is not None:
        flash(gettext("Quiet hours are in effect. The mailing waits and is sent automatically afterwards."), "info")
    elif waits is not None and waits.waits:
        flash(gettext("Maintenance is in progress. The mailing is held and sent automatically afterwards."), "info")
    else:
        flash(gettext("Sending has started.") if at is None else gettext("Mailing scheduled."), "success")
    return see_other(url_for("mailings.show", id=id))


def _submit(id: int, at: datetime | None, account_id: int) -> Answer:
    """Let our staff look at it first, in a transaction of its own: what was tried before is undone."""
    mailing = owned_or_404(Mailing, id)
    db.session.refresh(mailing, with_for_update=True)
    if request.form.get("version") != str(mailing.version) or not _to_be_sent(mailing):
        return _moved_on(mailing)
    naming.take_sender_name(mailing)
    _take_confirmed(mailing)
    reviewing.ask(mailing, at, by=account_id)
    back_numbers.want(mailing, request.form.get("publish") == "1")
    db.session.commit()
    flash(
        gettext("Our staff review this mailing first. Once approved, it is sent automatically at the time you chose.")
        if at
        else gettext("Our staff review this mailing first. It is sent automatically once approved."),
        "info",
    )
    return see_other(url_for("mailings.show", id=id))


def _planned(form: SendForm, reached: Reach, mailing: Mailing) -> timing.Plan | None:
    portions, minutes = form.plan(reached.count)
    if not portions:
        form.per_hour.errors = [
            gettext("At this rate it would take more than 48 hours. Please increase the number of readers per hour.")
        ]
        return None
    return timing.plan(mailing.customer_id, form.at() or clock.now(), portions, minutes, reached.count)


def _take_confirmed(mailing: Mailing) -> None:
    """Keep how late it may start and in how many portions it goes, as confirmed; raises InThePast for what was not."""
    typed = request.form.get
    tolerances = {str(int(each.total_seconds() // 60)): each for each in timing_rules.TOLERANCES}
    mailing.tolerance = tolerances.get(typed("tolerance", ""), mailing.tolerance)
    portions, minutes = row_number(typed("portions", "1")), row_number(typed("portion_minutes", "60"))
    if portions is None or minutes is None or not allowed(portions, minutes):
        raise InThePast(typed("portions"))
    mailing.portions, mailing.portion_minutes = portions, minutes


def _to_be_sent(mailing: Mailing) -> bool:
    if reviewing.waits(mailing) or mailing.is_step:
        return False
    return mailing.state in UNSTARTED and mailing.state is not MailingState.scheduled and mailing.started_at is None


def _moment(text: str) -> datetime | None:
    """Return the confirmed moment; None for now. What nobody confirmed on our page counts as past."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InThePast(text) from error
    return at if at.tzinfo else at.replace(tzinfo=clock.JAPAN)


def _not_sent(mailing: Mailing, error: Exception) -> Answer:
    if isinstance(error, NotPossible):
        return _moved_on(mailing)
    if isinstance(error, InThePast):
        flash(gettext("This time has passed. Please choose a time in the future."), "error")
    else:
        flash(gettext("This mailing cannot be sent yet. Please see what is missing."), "error")
    return see_other(url_for("sending.check", id=mailing.id))


def _moved_on(mailing: Mailing) -> Answer:
    if mailing.is_step:
        flash(gettext("This email belongs to a sequence, which sends it."), "info")
        return see_other(url_for("sequences.show", id=mailing.sequence_id))
    said = {
        MailingState.held: gettext("The mailing is waiting. Please check its status."),
        MailingState.scheduled: gettext("This mailing is already scheduled."),
        MailingState.sending: gettext("This mailing is already being sent. A mailing is sent only once."),
        MailingState.done: gettext("This mailing has already been sent. A mailing is sent only once."),
    }.get(mailing.state, gettext("The mailing's status has changed in the meantime. Please check it again."))
    flash(said, "info")
    return see_other(url_for("mailings.show", id=mailing.id))
