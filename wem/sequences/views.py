"""Sequences of a customer: all of them, a new one, one with its picture, its settings."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock
from wem.accounts.rules import WRITERS
from wem.contracts import describing
from wem.contracts.models import contract_in_force
from wem.contracts.rules import Use
from wem.db import db
from wem.lists.models import Field, MailingList
from wem.lists.states import FieldKind
from wem.mailings.titles import Titles
from wem.mailings.wording import STATES as MAILING_STATES
from wem.segments.keeping import of_customer as segments_of
from wem.segments.models import Segment
from wem.sequences import controlling, counting, keeping, reporting
from wem.sequences.forms import SequenceForm, SettingsForm
from wem.sequences.keeping import Changed, Settings, TooMany
from wem.sequences.models import Sequence, SequenceStep
from wem.sequences.rules import SequenceKind, SequenceState
from wem.sequences.wording import STATES, day_text, held_text, when_text
from wem.web.blueprints import CustomerBlueprint, for_roles
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.ownership import owned_or_404
from wem.web.session import current_customer, ours

blueprint = CustomerBlueprint("sequences", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response
writers_only = for_roles(WRITERS)
LATEST = 10


@blueprint.get("/sequences")
def index() -> Answer:
    customer = current_customer()
    assert customer is not None
    rows = db.session.scalars(
        sa.select(Sequence).where(Sequence.customer_id == customer.id).order_by(Sequence.id.desc())
    ).all()
    return render_template("sequences/sequences.html", sequences=rows, states=STATES)


@blueprint.route("/sequences/new", methods=["GET", "POST"])
@writers_only
def new() -> Answer:
    customer, account = ours()
    lists = db.session.scalars(
        sa.select(MailingList)
        .where(MailingList.customer_id == customer.id, MailingList.archived_at.is_(None))
        .order_by(MailingList.id)
    ).all()
    fields = db.session.scalars(
        sa.select(Field)
        .where(Field.customer_id == customer.id, Field.kind == FieldKind.date)
        .order_by(Field.position, Field.id)
    ).all()
    form = SequenceForm()
    form.offer(segments_of(customer.id))
    form.offer_places(lists, fields)
    if not form.is_submitted() and (wanted := row_number(request.args.get("list"))):
        form.mailing_list.data = wanted
    if form.validate_on_submit():
        counts_from = form.kind.data == SequenceKind.date.value
        field = next((row for row in fields if counts_from and row.id == form.date_field.data), None)
        try:
            sequence = keeping.create(
                next(row for row in lists if row.id == form.mailing_list.data),
                _settings(form, customer.id),
                field,
                every_year=form.every_year.data,
                by=account.id,
            )
        except TooMany:
            db.session.rollback()
            form.form_errors.append(
                gettext("You have reached the maximum of %(count)s sequences that have not ended.", count=keeping.MOST)
            )
        else:
            db.session.commit()
            flash(gettext("Saved. Please add the first step."), "success")
            return see_other(url_for("sequences.show", id=sequence.id))
    page = render_template("sequences/new.html", form=form, lists=lists, fields=fields)
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/sequences/<int:id>")
def show(id: int) -> Answer:
    return page(owned_or_404(Sequence, id))


def page(sequence: Sequence) -> str:
    """Return the page of a sequence: its picture, what is in use, what came of it."""
    stands = counting.stands(sequence)
    stopped = sequence.state in (SequenceState.paused, SequenceState.held)
    state, kind = STATES[sequence.state]
    contract = contract_in_force(sequence.customer_id)
    return render_template(
        "sequences/sequence.html",
        sequence=sequence,
        state=sequence.state.value,
        state_text=state,
        state_kind=kind,
        held_text=held_text(sequence.held_reason),
        label=label_of(sequence),
        stands=stands,
        when={each.step.id: when_of(each.step, sequence) for each in stands},
        day_text=day_text,
        numbers=counting.numbers(sequence),
        outlook=counting.outlook(sequence, clock.now()) if stopped else None,
        results=reporting.results(sequence),
        latest=reporting.latest(sequence, LATEST),
        underway=len(controlling.underway(sequence)) if sequence.started_at else 0,
        mailing_states=MAILING_STATES,
        titles=Titles(sequence.customer_id),
        why_not_sent=describing.why_closed(contract, Use.send),
        **describing.restricted(contract),
    )


def label_of(sequence: Sequence) -> str:
    """Return how the date field is called that a sequence counts from; its key where it is gone."""
    if sequence.kind is SequenceKind.sign_up:
        return ""
    named = sa.select(Field.label).where(
        Field.customer_id == sequence.customer_id, Field.id == sequence.field_id, Field.key == sequence.field_key
    )
    return db.session.scalar(named) or sequence.field_key


def when_of(step: SequenceStep, sequence: Sequence) -> str:
    """Return when a step goes, in words."""
    return when_text(sequence.kind, step.days, step.hour, label_of(sequence))


@blueprint.route("/sequences/<int:id>/settings", methods=["GET", "POST"])
@writers_only
def settings(id: int) -> Answer:
    customer, account = ours()
    sequence = owned_or_404(Sequence, id)
    form = SettingsForm(obj=None if request.method == "POST" else sequence)
    form.offer(segments_of(customer.id))
    if not form.is_submitted():
        form.leave_segment.data, form.version.data = sequence.leave_segment_id or 0, str(sequence.version)
    lost = bool(sequence.leave_segment_name) and sequence.leave_segment_id is None
    if not form.validate_on_submit():
        page = render_template("sequences/settings.html", form=form, sequence=sequence, lost=lost)
        return page, 422 if form.is_submitted() else 200
    try:
        keeping.save(
            sequence, _settings(form, customer.id), row_number(str(form.version.data or "")) or 0, by=account.id
        )
    except Changed:
        db.session.rollback()
        flash(gettext("The sequence was saved elsewhere in the meantime. Please check it again."), "warning")
        return see_other(url_for("sequences.settings", id=id))
    db.session.commit()
    flash(gettext("Saved."), "success")
    return see_other(url_for("sequences.show", id=id))


@blueprint.post("/sequences/<int:id>/delete")
def delete(id: int) -> Answer:
    _, account = ours()
    sequence = owned_or_404(Sequence, id)
    try:
        keeping.delete(sequence, by=account.id)
    except ValueError:
        db.session.rollback()
        flash(gettext("Only drafts can be deleted."), "warning")
        return see_other(url_for("sequences.show", id=id))
    db.session.commit()
    flash(gettext("Deleted."), "success")
    return see_other(url_for("sequences.index"))


def _settings(form: SettingsForm, customer_id: int) -> Settings:
    segment = None
    if form.leave_segment.data:
        segment = db.session.scalar(
            sa.select(Segment).where(Segment.customer_id == customer_id, Segment.id == form.leave_segment.data)
        )
    return Settings(
        name=form.name.data or "",
        leave_on_click=form.leave_on_click.data,
        leave_segment=segment,
        tolerance=form.tolerance.data,
        late_an_hour=form.late_an_hour.data,
    )
