"""Staff publish versions of the terms, the consent clauses and the manual."""

from __future__ import annotations

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.rules import StaffRole
from wem.contracts import publishing, text_rules
from wem.contracts.text_models import in_force, versions
from wem.contracts.text_rules import FIRST, FIRST_DAYS, TextKind
from wem.contracts.wording import TEXT_KINDS
from wem.db import db
from wem.public import manual_reading, terms_reading
from wem.public.forms import TextForm
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.session import me

blueprint = StaffBlueprint("staff_texts", __name__, roles=frozenset({StaffRole.contracts}), url_prefix="/staff/terms")
Answer = str | tuple[str, int] | Response


@blueprint.get("")
def index() -> Answer:
    rows = {
        kind: [(FIRST, FIRST_DAYS[kind], None), *((v.number, v.effective_from, v) for v in versions(kind))]
        for kind in TextKind
    }
    return render_template(
        "public/staff/texts.html", rows=rows, kinds=TEXT_KINDS, current={kind: in_force(kind) for kind in TextKind}
    )


@blueprint.route("/new/<kind>", methods=["GET", "POST"])
def new(kind: str) -> Answer:
    """Show what would change before it is published: the first post compares, the second publishes."""
    what = next((each for each in TextKind if each.value == kind), None)
    if what is None:
        abort(404)
    last = max([FIRST, *(row.number for row in versions(what))])
    old = terms_reading.text_of(what, last)
    form = TextForm()
    if not form.is_submitted():
        form.text.data = old
    lines = None
    status = 422 if form.is_submitted() else 200
    form.cleans = what is TextKind.manual
    if form.validate_on_submit():
        lines = text_rules.changes(_readable(what, old), _readable(what, form.text.data or ""))
        if not lines:
            form.text.errors = [gettext("The texts are the same.")]
        elif request.form.get("publish") == "1":
            assert form.effective_from.data is not None
            try:
                row = publishing.publish(
                    what,
                    form.text.data or "",
                    (form.summary.data or "").strip(),
                    form.effective_from.data,
                    bool(form.adverse.data),
                    by=me().id,
                )
            except publishing.TooSoon:
                form.effective_from.errors = [
                    gettext(
                        "What is worse for customers must be public for %(days)s days.", days=publishing.least_days()
                    )
                ]
            else:
                db.session.commit()
                flash(gettext("Version %(number)s is public and announced.", number=row.number), "success")
                return see_other(url_for("staff_texts.index"))
        else:
            status = 200
    page = render_template(
        "public/staff/text_new.html",
        form=form,
        kind=TEXT_KINDS[what],
        lines=lines,
        number=last + 1,
        html=what is TextKind.manual,
        pictures=[f"$picture_{name}" for name in manual_reading.PICTURES],
    )
    return page, status


def _readable(kind: TextKind, text: str) -> str:
    return manual_reading.words(text) if kind is TextKind.manual else text
