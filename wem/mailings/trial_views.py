"""The A/B test of a mailing: its variants, how it goes, and the winner by hand."""

from __future__ import annotations

from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.contracts.rules import Use
from wem.db import db
from wem.mailings import dividing_rules, telling, trial_deciding, variant_making
from wem.mailings.audience import reach_or_most
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.reach_wording import reach_number
from wem.mailings.starting import CannotStart
from wem.mailings.states import NotPossible
from wem.mailings.titles import Titles
from wem.mailings.trial_forms import TrialForm
from wem.mailings.trial_models import trial_of, variants_of
from wem.mailings.trial_rules import LEAST_HITS, MOST_VARIANTS, Criterion, Unclear
from wem.mailings.trial_wording import plan_text
from wem.mailings.variant_making import TooMany
from wem.mailings.wording import BODY_KINDS
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import owned_or_404
from wem.web.session import me

blueprint = CustomerBlueprint("trials", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response


@blueprint.get("/mailings/<int:id>/variants")
def show(id: int) -> Answer:
    mailing = owned_or_404(Mailing, id)
    if mailing.variant_of is not None:
        return see_other(url_for("trials.show", id=mailing.variant_of))
    if mailing.is_step:
        return see_other(url_for("sequences.show", id=mailing.sequence_id))
    return _page(mailing, _form(mailing), 200)


@blueprint.post("/mailings/<int:id>/variants")
def add(id: int) -> Answer:
    """Add a variant, the same mail as the first one yet, and go on with changing it."""
    mailing = owned_or_404(Mailing, id)
    try:
        made = variant_making.add(mailing, by=me().id)
    except NotPossible:
        return _moved_on(id)
    except TooMany:
        db.session.rollback()
        flash(gettext("You can have up to %(count)s variants.", count=MOST_VARIANTS), "warning")
        return see_other(url_for("trials.show", id=id))
    db.session.commit()
    flash(
        gettext("The variant is a copy of variant A. Change only the part you want to compare."),
        "success",
    )
    return see_other(url_for("composing.edit", id=made.id))


@blueprint.post("/mailings/<int:id>/variants/remove")
def remove(id: int) -> Answer:
    """Take the variant away whose letter was pressed."""
    mailing = owned_or_404(Mailing, id)
    number = request.form.get("variant", type=int)
    variant = next((each for each in variants_of(mailing) if each.variant == number), None)
    if variant is None:
        return _moved_on(id)
    try:
        variant_making.remove(variant, by=me().id)
    except NotPossible:
        return _moved_on(id)
    db.session.commit()
    flash(gettext("Deleted."), "success")
    return see_other(url_for("trials.show", id=id))


@blueprint.post("/mailings/<int:id>/variants/plan")
def plan(id: int) -> Answer:
    mailing = owned_or_404(Mailing, id)
    form = _form(mailing)
    if form is None:
        return _moved_on(id)
    if not form.validate_on_submit():
        return _page(mailing, form, 422)
    try:
        variant_making.choose(
            mailing,
            share=form.share.data,
            criterion=Criterion(form.criterion.data),
            wait=form.wait.data,
            unclear=Unclear(form.unclear.data),
            by=me().id,
        )
    except NotPossible:
        return _moved_on(id)
    db.session.commit()
    flash(gettext("Saved."), "success")
    return see_other(url_for("trials.show", id=id))


@blueprint.post("/mailings/<int:id>/variants/choose")
def choose(id: int) -> Answer:
    """Give the rest of the readers a variant now; whoever presses a second time is shown what the first press did."""
    mailing = owned_or_404(Mailing, id)
    number = request.form.get("variant", 0, type=int)
    try:
        trial_deciding.choose(mailing, number, by=me().id)
    except NotPossible:
        return _moved_on(id)
    except CannotStart:
        db.session.rollback()
        flash(gettext("Nothing can be sent right now. Please check the mailing's status."), "error")
        return see_other(url_for("mailings.show", id=id))
    telling.tell_people(mailing)
    db.session.commit()
    flash(gettext("This variant is sent to the remaining readers."), "success")
    return see_other(url_for("mailings.show", id=id))


def _moved_on(id: int) -> Response:
    db.session.rollback()
    flash(gettext("The mailing's status has changed in the meantime. Please check it again."), "warning")
    return see_other(url_for("mailings.show", id=id))


def _form(mailing: Mailing) -> TrialForm | None:
    trial = trial_of(mailing.id)
    if trial is None or not mailing.editable:
        return None
    form = TrialForm(share=trial.share, criterion=trial.criterion.value, wait=trial.wait, unclear=trial.unclear.value)
    form.offer()
    return form


def _page(mailing: Mailing, form: TrialForm | None, status: int) -> Answer:
    variants, trial = [mailing, *variants_of(mailing)], trial_of(mailing.id)
    titles = Titles(mailing.customer_id)
    parts = dividing_rules.parts(trial.share, len(variants)) if trial else []
    reached = reach_or_most(mailing)
    page = render_template(
        "mailings/variants.html",
        mailing=mailing,
        titles=titles,
        variants=[(each, titles.subject(each), BODY_KINDS[each.body_kind]) for each in variants],
        editors={kind: "blocks.show" if kind is BodyKind.blocks else "composing.edit" for kind in BodyKind},
        trial=trial,
        plan=plan_text(trial) if trial else "",
        form=form,
        readers=reach_number(reached),
        numbers=dividing_rules.readers_in(parts, reached.count),
        room=len(variants) < MOST_VARIANTS,
        least=LEAST_HITS,
    )
    return page, status
