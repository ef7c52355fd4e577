"""The steps of a sequence: a new one, its day, its texts taken into use, taken out."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.rules import WRITERS
from wem.contracts.rules import Use
from wem.db import db
from wem.mailings import checking, design_keeping, design_using, reviewing
from wem.mailings.block_wording import fault_text as fault_of_text
from wem.mailings.composing import Refused
from wem.mailings.design_models import Design
from wem.mailings.design_rules import Ours
from wem.mailings.design_using import Beginning
from wem.mailings.design_wording import NAMES, OFFERED
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.start_problems import CannotStart
from wem.mailings.states import MailingState
from wem.mailings.wording import BODY_KINDS
from wem.sequences import controlling, keeping, placing
from wem.sequences.forms import NewStepForm, StepForm
from wem.sequences.keeping import Misplaced
from wem.sequences.models import Sequence, SequenceStep
from wem.sequences.rules import SequenceKind, SequenceState
from wem.sequences.views import label_of, when_of
from wem.sequences.wording import fault_text
from wem.web.blueprints import CustomerBlueprint, for_roles
from wem.web.htmx import see_other
from wem.web.ownership import owned_or_404
from wem.web.session import ours

blueprint = CustomerBlueprint("sequence_steps", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response
writers_only = for_roles(WRITERS)


@blueprint.app_template_global()
def step_in_use(mailing: Mailing) -> tuple[SequenceStep, int] | None:
    """Return the step whose mail this is, with how many readers wait for it; None before its sequence was started,
    after its end, and while our staff look at the mail."""
    if not mailing.is_step:
        return None
    step = db.session.scalar(sa.select(SequenceStep).where(SequenceStep.mailing_id == mailing.id))
    if step is None or step.removed_at is not None or reviewing.waits(mailing):
        return None
    if step.sequence.started_at is None or step.sequence.state is SequenceState.ended:
        return None
    return step, placing.waiting(step.sequence_id).get(step.id, 0)


@blueprint.route("/sequences/<int:id>/steps/new", methods=["GET", "POST"])
@writers_only
def new(id: int) -> Answer:
    """Choose a kind of mail or a design, as for a mailing, and the day; then it is written where every mail is."""
    customer, account = ours()
    sequence = owned_or_404(Sequence, id)
    if sequence.state is SequenceState.ended:
        return see_other(url_for("sequences.show", id=id))
    key, wanted = request.args.get("design", ""), request.args.get("kind", "")
    design = design_using.chosen(key, customer.id) if key else None
    if key and design is None:
        flash(gettext("This template no longer exists. Please choose another one."), "warning")
        return see_other(url_for("sequence_steps.new", id=id))
    if design is None and wanted not in list(BodyKind):
        return render_template(
            "mailings/kinds.html",
            sequence=sequence,
            own=design_keeping.of_customer(customer.id, design_keeping.FIRST),
            ours=OFFERED,
            kinds=BODY_KINDS,
        )
    kind = design.body_kind if design else BodyKind(wanted)
    form = NewStepForm()
    if not form.is_submitted():
        form.show(*_following(sequence))
    if form.validate_on_submit():
        try:
            days = _signed(form, sequence)
            name = form.name.data or gettext("%(sequence)s, day %(days)s", sequence=sequence.name, days=days)
            step = keeping.add_step(sequence, days, form.hour.data, kind, name, design=design, by=account.id)
        except Misplaced as error:
            db.session.rollback()
            sequence = owned_or_404(Sequence, id)
            form.days.errors = [fault_text(error.fault, sequence.kind)]
        except Refused as refused:
            db.session.rollback()
            sequence = owned_or_404(Sequence, id)
            form.form_errors += [fault_of_text(problem) for problem in refused.problems.values()]
        else:
            db.session.commit()
            flash(gettext("Step added. Now write its email."), "success")
            return see_other(url_for("composing.edit", id=step.mailing_id))
    page = render_template(
        "sequences/step.html",
        form=form,
        sequence=sequence,
        step=None,
        label=label_of(sequence),
        kind=BODY_KINDS[kind],
        design=_named(key, design),
    )
    return page, 422 if form.is_submitted() else 200


def _named(key: str, design: Beginning | None) -> str:
    """Return what the chosen design is called; empty without one."""
    if design is None:
        return ""
    return str(NAMES[Ours(key)]) if key in list(Ours) else db.session.get_one(Design, int(key)).name


def _following(sequence: Sequence) -> tuple[int, int]:
    """Return day and hour that are offered for the next step."""
    if not sequence.steps:
        return (0, 0) if sequence.kind is SequenceKind.sign_up else (0, 9)
    last = sequence.steps[-1]
    return last.days + 3, last.hour or 10


def _signed(form: StepForm, sequence: Sequence) -> int:
    return form.signed if sequence.kind is SequenceKind.date else form.days.data or 0


def _step(id: int, number: int) -> SequenceStep:
    step = owned_or_404(SequenceStep, number, SequenceStep.sequence_id == id)
    if step.removed_at is not None or step.sequence.state is SequenceState.ended:
        abort(404)
    return step


@blueprint.route("/sequences/<int:id>/steps/<int:number>", methods=["GET", "POST"])
@writers_only
def edit(id: int, number: int) -> Answer:
    """The day of a step, what is still wrong with its mail, and what can be done with it."""
    _, account = ours()
    step = _step(id, number)
    sequence = step.sequence
    form = StepForm()
    if not form.is_submitted():
        form.show(step.days, step.hour)
    if form.validate_on_submit():
        try:
            keeping.move_step(step, _signed(form, sequence), form.hour.data, by=account.id)
        except Misplaced as error:
            db.session.rollback()
            step = _step(id, number)
            sequence = step.sequence
            form.days.errors = [fault_text(error.fault, sequence.kind)]
        else:
            db.session.commit()
            flash(gettext("Saved."), "success")
            return see_other(url_for("sequences.show", id=id))
    page = render_template(
        "sequences/step.html",
        form=form,
        sequence=sequence,
        step=step,
        label=label_of(sequence),
        when=when_of(step, sequence),
        checks=checking.checks(step.mailing),
        waits=reviewing.waits(step.mailing),
        waiting=placing.waiting(id).get(step.id, 0),
        draft=step.mailing.state is MailingState.draft,
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/sequences/<int:id>/steps/<int:number>/use")
def use(id: int, number: int) -> Answer:
    """Have the texts as they are written now sent from now on."""
    _, account = ours()
    step = _step(id, number)
    try:
        used = controlling.put_to_use(step, by=account.id)
    except CannotStart:
        db.session.rollback()
        flash(gettext("This mailing cannot be sent yet. Please see what is missing."), "error")
        return see_other(url_for("sequence_steps.edit", id=id, number=number))
    db.session.commit()
    if used:
        flash(gettext("Readers now get the new version."), "success")
    else:
        flash(gettext("Our staff review the changes first. They go live automatically once approved."), "info")
    return see_other(url_for("sequences.show", id=id))


@blueprint.post("/sequences/<int:id>/steps/<int:number>/delete")
def delete(id: int, number: int) -> Answer:
    _, account = ours()
    keeping.remove_step(_step(id, number), by=account.id)
    db.session.commit()
    flash(gettext("Step deleted."), "success")
    return see_other(url_for("sequences.show", id=id))
