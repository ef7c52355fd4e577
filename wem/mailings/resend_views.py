"""A mailing a second time, for who seems not to have read it: how many that are, and the draft of it."""

from __future__ import annotations

from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.contracts.rules import Use
from wem.db import db, reading_only
from wem.delivery.personalising import compile_template
from wem.delivery.template_nodes import TemplateProblem
from wem.mailings import composing, earlier_rules, resending
from wem.mailings.compose_views import name_for_own_use, writers_only
from wem.mailings.earlier import TooOften
from wem.mailings.forms import ResendForm
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.titles import Titles
from wem.mailings.trial_models import winner_of
from wem.mailings.wording import problem_text
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404
from wem.web.session import me

blueprint = CustomerBlueprint("resending", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response


@blueprint.route("/mailings/<int:id>/resend", methods=["GET", "POST"])
@writers_only
@limiter.limit("120/minute")
def resend(id: int) -> Answer:
    """Say to how many it would go, and ask for the new subject; a good one makes a draft of it."""
    mailing = owned_or_404(Mailing, id)
    if not resending.possible(mailing):
        flash(gettext("Only an HTML mailing that has been sent can be resent."), "warning")
        return see_other(url_for("mailings.show", id=id))
    # Of an A/B test most readers know the subject of the variant that won.
    form = ResendForm(obj=winner_of(mailing))
    if not form.validate_on_submit():
        return _page(mailing, form)
    subject = form.subject.data or ""
    try:
        known = composing.known_names(mailing.customer_id)
        compile_template(subject, escape="header", known=known, language=mailing.language)
        draft = resending.resend(
            mailing, subject, name=name_for_own_use(mailing, gettext("Resend: %(title)s")), by=me().id
        )
    except TemplateProblem as problem:
        form.subject.errors = [problem_text(problem)]
        return _page(mailing, form)
    except TooOften:
        db.session.rollback()
        form.subject.errors = [gettext("It has been resent so often that recipients can no longer be told apart.")]
        return _page(mailing, form)
    db.session.commit()
    flash(gettext("This is the draft of the resend. Please check it, then choose “Review and send”."), "success")
    return see_other(url_for("blocks.show" if draft.body_kind is BodyKind.blocks else "composing.edit", id=draft.id))


def _page(mailing: Mailing, form: ResendForm) -> Answer:
    # Counting looks at each reader and writes nothing: on SQLite no lock is held for it.
    db.session.rollback()
    reading_only.set(True)
    outlook = resending.outlook(mailing)
    page = render_template(
        "mailings/resend.html",
        mailing=mailing,
        titles=Titles(mailing.customer_id),
        form=form,
        outlook=outlook,
        hours=round(earlier_rules.WAIT.total_seconds() / 3600),
    )
    return page, 422 if request.method == "POST" else 200
