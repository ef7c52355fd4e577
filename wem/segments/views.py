"""A customer's segments: made and changed row by row, counted while they are written, used by mailings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import flash, make_response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response

from wem import clock
from wem.accounts.rules import WRITERS, may_write
from wem.contracts.rules import Use
from wem.db import db, reading_only
from wem.lists.models import Field, MailingList
from wem.mailings import narrowing
from wem.mailings.models import Mailing
from wem.mailings.titles import Titles
from wem.mailings.wording import STATES
from wem.segments import counting, forms, keeping, referring
from wem.segments.describing import Sentences, sentences
from wem.segments.forms import Editor
from wem.segments.keeping_rules import Refused, read
from wem.segments.models import Segment
from wem.segments.row_forms import Offer
from wem.segments.rules import MAX_NAME, Conditions
from wem.sequences import leaving
from wem.web.blueprints import CustomerBlueprint, for_roles
from wem.web.htmx import see_other, wants_fragment
from wem.web.limits import limiter
from wem.web.numbers import row_number
from wem.web.ownership import owned_or_404
from wem.web.session import current_customer, current_membership, ours

blueprint = CustomerBlueprint("segments", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response
# Mailings that a condition offers, and that the page of a segment shows.
OFFERED, SHOWN = 50, 10
COUNT = "count"


@blueprint.get("/segments")
def index() -> Answer:
    customer = _customer_id()
    rows = keeping.of_customer(customer)
    return render_template("segments/segments.html", segments=list(zip(rows, _words(customer, rows), strict=True)))


@blueprint.route("/segments/new", methods=["GET", "POST"])
@limiter.limit("120/minute", methods=["POST"])
@for_roles(WRITERS)
def new() -> Answer:
    _only_read_for_a_count()
    customer, account = ours()
    if request.method != "POST":
        return _page(forms.blank(_offer(customer.id)), None)
    editor = forms.typed(_offer(customer.id), request.form)
    if request.form.get("act", "save") != "save":
        return _changed(editor, None)
    conditions = _good(editor)
    if conditions is None:
        return _page(editor, None, 422)
    try:
        segment = keeping.create(customer.id, editor.name, conditions, by=account.id)
    except keeping.TooMany:
        editor.error = gettext("You have reached the maximum of %(count)s segments.", count=keeping.MOST)
        return _page(editor, None, 422)
    db.session.commit()
    flash(gettext("Segment saved."), "success")
    return see_other(url_for("segments.show", id=segment.id))


@blueprint.route("/segments/<int:id>", methods=["GET", "POST"])
@limiter.limit("120/minute", methods=["POST"])
def show(id: int) -> Answer:
    """The segment as a form; for who only reads, in words."""
    _only_read_for_a_count()
    segment = owned_or_404(Segment, id)
    membership = current_membership()
    if membership is None or not may_write(membership.role):
        return _words_page(segment)
    if request.method != "POST":
        return _page(_kept(segment), segment)
    _, account = ours()
    editor = forms.typed(_offer(segment.customer_id), request.form)
    if request.form.get("act", "save") != "save":
        return _changed(editor, segment)
    conditions = _good(editor)
    if conditions is None:
        return _page(editor, segment, 422)
    version = row_number(editor.version) or 0
    try:
        keeping.save(segment, editor.name, conditions, version, by=account.id)
    except keeping.Changed:
        db.session.rollback()
        # Saving again from this page is the person's own decision.
        editor.version = str(segment.version)
        return _page(editor, segment, 409, conflict=True)
    db.session.commit()
    flash(gettext("Segment saved."), "success")
    return see_other(url_for("segments.show", id=segment.id))


@blueprint.post("/segments/<int:id>/duplicate")
def duplicate(id: int) -> Answer:
    _, account = ours()
    segment = owned_or_404(Segment, id)
    room = MAX_NAME - len(gettext("Copy of %(title)s", title=""))
    name = gettext("Copy of %(title)s", title=segment.name[:room])
    try:
        copy = keeping.duplicate(segment, name, by=account.id)
    except (keeping.TooMany, Refused):
        db.session.rollback()
        flash(gettext("You have reached the maximum of %(count)s segments.", count=keeping.MOST), "error")
        return see_other(url_for("segments.show", id=id))
    db.session.commit()
    flash(gettext("This is a copy. Change whatever should be different."), "success")
    return see_other(url_for("segments.show", id=copy.id))


@blueprint.post("/segments/<int:id>/delete")
def delete(id: int) -> Answer:
    """Delete it, unless a mailing waits that would go to more readers without it."""
    _, account = ours()
    segment = owned_or_404(Segment, id)
    if waiting := narrowing.waiting_for(segment):
        flash(
            gettext(
                "%(count)s mailings that have not started use this segment. Please remove it from them first.",
                count=len(waiting),
            ),
            "error",
        )
        return see_other(url_for("segments.show", id=id))
    if sequences := leaving.using(segment.id):
        flash(
            gettext(
                "It is an exit condition of %(count)s sequences (%(names)s). Please choose another segment there "
                "first.",
                count=len(sequences),
                names=gettext(", ").join(row.name for row in sequences),
            ),
            "error",
        )
        return see_other(url_for("segments.show", id=id))
    keeping.delete(segment, by=account.id)
    db.session.commit()
    flash(gettext("Segment deleted."), "success")
    return see_other(url_for("segments.index"))


def _customer_id() -> int:
    customer = current_customer()
    assert customer is not None
    return customer.id


def _only_read_for_a_count() -> None:
    """Counting looks at each reader and writes nothing: on SQLite no lock is held for it."""
    if request.method == "POST" and request.form.get("act", "save") != "save":
        db.session.rollback()
        reading_only.set(True)


def _offer(customer_id: int) -> Offer:
    fields = sa.select(Field).where(Field.customer_id == customer_id).order_by(Field.position, Field.id)
    lists = sa.select(MailingList.id, MailingList.name).where(
        MailingList.customer_id == customer_id, MailingList.archived_at.is_(None)
    )
    return Offer(
        list(db.session.scalars(fields)),
        [(row.id, row.name) for row in db.session.execute(lists.order_by(MailingList.id))],
        partial(_mailings, customer_id),
    )


def _mailings(customer_id: int, numbers: Collection[int]) -> list[tuple[int, str]]:
    """Return the latest mailings that have started, and those of these numbers, with their titles."""
    begun = sa.select(Mailing.id).where(
        Mailing.customer_id == customer_id, Mailing.started_at.is_not(None), Mailing.sequence_id.is_(None)
    )
    latest = begun.order_by(Mailing.id.desc()).limit(OFFERED).subquery()
    return _titled(customer_id, sa.or_(Mailing.id.in_(sa.select(latest.c.id)), Mailing.id.in_(numbers)))


def _titled(customer_id: int, condition: sa.ColumnElement[bool]) -> list[tuple[int, str]]:
    rows = db.session.scalars(
        sa.select(Mailing)
        .options(selectinload(Mailing.lists))
        .where(Mailing.customer_id == customer_id, condition)
        .order_by(Mailing.id.desc())
    ).all()
    titles = Titles(customer_id) if rows else None
    return [(row.id, titles.of(row)) for row in rows if titles]


def _good(editor: Editor) -> Conditions | None:
    named, conditions = editor.check_name(), editor.read()
    return conditions if named else None


def _kept(segment: Segment) -> Editor:
    offer, conditions = _offer(segment.customer_id), _conditions(segment)
    if conditions is None:
        editor = forms.blank(offer)
        editor.name, editor.version = segment.name, str(segment.version)
        editor.error = gettext("The conditions of this segment cannot be read. Please create them again.")
        return editor
    editor = forms.kept(offer, segment.name, segment.version, conditions)
    editor.mark(referring.lost(conditions, referring.names(segment.customer_id, conditions)))
    return editor


def _changed(editor: Editor, segment: Segment | None) -> Answer:
    """Do what a button other than “save” says, and show the form again; htmx gets the part that it asked for."""
    act = request.form["act"]
    if act == COUNT:
        found = _found(editor.read(), _customer_id())
        if wants_fragment():
            return render_template("segments/_count.html", found=found, wrong=editor.errors)
        return _page(editor, segment, found=found)
    editor.act(act)
    if not wants_fragment():
        return _page(editor, segment)
    answer = make_response(render_template("segments/_conditions.html", editor=editor))
    answer.headers["HX-Trigger"] = "segment-changed"
    return answer


def _found(conditions: Conditions | None, customer_id: int) -> counting.Found | None:
    return counting.found(conditions, customer_id, clock.now()) if conditions else None


def _page(editor: Editor, segment: Segment | None, status: int = 200, **values: Any) -> tuple[str, int]:
    used: Mapping[str, Any] = _used(segment) if segment else {}
    return render_template("segments/segment.html", editor=editor, segment=segment, **used, **values), status


def _words_page(segment: Segment) -> Answer:
    words, conditions = _words(segment.customer_id, [segment])[0], _conditions(segment)
    # Of what is gone no number is right.
    if conditions and referring.lost(conditions, referring.names(segment.customer_id, conditions)):
        conditions = None
    found = _found(conditions, segment.customer_id)
    return render_template("segments/words.html", segment=segment, words=words, found=found, **_used(segment))


def _used(segment: Segment) -> dict[str, Any]:
    return {
        "waiting": narrowing.waiting_for(segment),
        "begun": narrowing.begun_with(segment, SHOWN),
        "titles": Titles(segment.customer_id),
        "states": STATES,
    }


def _words(customer_id: int, segments: Collection[Segment]) -> list[Sentences | None]:
    """Return segments in words; None for one that cannot be read."""
    said = [_conditions(segment) for segment in segments]
    known = [each for each in said if each]
    names = referring.names(customer_id, *known)
    numbers = {number for each in known for number in referring.mailing_ids(each)}
    mailings = dict(_titled(customer_id, Mailing.id.in_(numbers))) if numbers else {}
    return [sentences(each, names, mailings) if each else None for each in said]


def _conditions(segment: Segment) -> Conditions | None:
    try:
        return read(segment.conditions)
    except Refused:
        return None
