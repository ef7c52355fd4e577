"""The print queue: letters to print and to post today, and what became of those in the post."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from wem import clock
from wem.accounts.rules import StaffRole
from wem.contracts import reaching, refusing
from wem.db import db
from wem.notices import letters, telling
from wem.notices.forms import LetterDayForm
from wem.notices.models import Notice
from wem.notices.rules import Channel, IllegalMove, NoticeState
from wem.notices.wording import KINDS, LETTER_STATES
from wem.web.blueprints import StaffBlueprint
from wem.web.files import file_answer
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_letters", __name__, roles=frozenset({StaffRole.contracts, StaffRole.support}), url_prefix="/staff/letters"
)
Answer = str | tuple[str, int] | Response
Mark = Callable[..., None]


def _letters(ids: list[int], *states: NoticeState) -> list[Notice]:
    found = sa.select(Notice).where(Notice.id.in_(ids), Notice.channel == Channel.letter, Notice.state.in_(states))
    return list(db.session.scalars(found.order_by(Notice.id).with_for_update()))


def _letter(id: int) -> Notice:
    notice = db.session.get(Notice, id, with_for_update=True)
    if notice is None or notice.channel is not Channel.letter:
        abort(404)
    return notice


@blueprint.get("")
def index() -> Answer:
    return render_template(
        "notices/staff/letters.html",
        to_print=letters.waiting([NoticeState.waiting]),
        to_post=letters.waiting([NoticeState.printed]),
        in_post=letters.waiting([NoticeState.sent]),
        kinds=KINDS,
        states=LETTER_STATES,
        today=clock.today(),
        day_form=LetterDayForm(),
    )


@blueprint.get("/pdf")
def pdf() -> Answer:
    """Answer with all letters that wait, as one file to print."""
    found = letters.waiting([NoticeState.waiting])
    if not found:
        flash(gettext("No letter waits to be printed."), "info")
        return see_other(url_for("staff_letters.index"))
    name = f"letters-{clock.today():%Y%m%d}.pdf"
    return file_answer(letters.pdf(found), name)


@blueprint.post("/printed")
def printed() -> Answer:
    ids = [number for each in request.form.getlist("letter") if (number := row_number(each)) is not None]
    found = _letters(ids, NoticeState.waiting)
    letters.mark_printed(found, by=me().id)
    db.session.commit()
    count = len(found)
    text = ngettext("%(num)d letter is marked as printed.", "%(num)d letters are marked as printed.", count)
    flash(text if count else gettext("Please choose at least one letter."), "success" if count else "warning")
    return see_other(url_for("staff_letters.index"))


@blueprint.post("/<int:id>/again")
def again(id: int) -> Answer:
    """Send what came back by letter, to the address that is declared by now."""
    notice = _came_back(id)
    try:
        letter = reaching.again_by_letter(notice, by=me().id)
    except IllegalMove:
        return _gone(id)
    db.session.commit()
    flash(gettext("The letter waits to be printed."), "success")
    return see_other(url_for("staff_notices.show", id=letter.id))


@blueprint.post("/<int:id>/leave")
def leave(id: int) -> Answer:
    """Take what came back off the work list: nothing more is to be done."""
    notice = _came_back(id)
    try:
        telling.leave(notice, by=me().id)
    except IllegalMove:
        return _gone(id)
    db.session.commit()
    flash(gettext("It is off the work list."), "success")
    return see_other(url_for("staff_notices.show", id=id))


def _came_back(id: int) -> Notice:
    notice = db.session.get(Notice, id, with_for_update=True, populate_existing=True)
    if notice is None:
        abort(404)
    return notice


def _gone(id: int) -> Response:
    db.session.rollback()
    flash(gettext("This notice did not come back, or it is decided already."), "error")
    return see_other(url_for("staff_notices.show", id=id))


@blueprint.post("/<int:id>/posted")
def posted(id: int) -> Answer:
    return _marked(id, letters.mark_posted)


@blueprint.post("/<int:id>/reached")
def reached(id: int) -> Answer:
    return _marked(id, letters.mark_reached)


@blueprint.post("/<int:id>/returned")
def returned(id: int) -> Answer:
    return _marked(id, letters.mark_returned)


def _marked(id: int, mark: Mark) -> Answer:
    notice, form = _letter(id), LetterDayForm()
    if not form.validate_on_submit():
        flash(" ".join(str(each) for each in form.on.errors) or gettext("Please enter a day."), "error")
        return see_other(url_for("staff_notices.show", id=id))
    on: date = form.day
    try:
        mark(notice, on, by=me().id)
    except IllegalMove:
        flash(gettext("This letter is not at that point. Please look at its state."), "error")
        return see_other(url_for("staff_notices.show", id=id))
    # What hangs on its arrival follows at once; the timetable finds what is forgotten here.
    refusing.follow_about(notice.about)
    db.session.commit()
    flash(gettext("Saved."), "success")
    return see_other(url_for("staff_letters.index"))
