"""Another time for a scheduled mailing; everything else that was chosen for it stays."""

from __future__ import annotations

from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock
from wem.contracts.rules import Use
from wem.db import db
from wem.mailings import planning
from wem.mailings.calendar_views import moved_text, refusal_text
from wem.mailings.compose_views import writers_only
from wem.mailings.forms import MoveForm
from wem.mailings.models import Mailing
from wem.mailings.planning import TooFar
from wem.mailings.start_problems import CannotStart
from wem.mailings.states import InThePast, MailingState, NotPossible
from wem.mailings.titles import Titles
from wem.mailings.wording import PORTION_INTERVALS, TOLERANCES
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import owned_or_404
from wem.web.session import me

blueprint = CustomerBlueprint("moving", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response


@blueprint.route("/mailings/<int:id>/time", methods=["GET", "POST"])
@writers_only
def show(id: int) -> Answer:
    """Ask for the new time; whoever saw another one than holds by now is told so, and nothing is changed."""
    mailing = owned_or_404(Mailing, id)
    form = MoveForm()
    if mailing.state is not MailingState.scheduled or mailing.scheduled_at is None:
        flash(gettext("The mailing's status has changed in the meantime. Please check it again."), "warning")
        return see_other(url_for("mailings.show", id=id))
    if not form.is_submitted():
        form.show(mailing.scheduled_at.astimezone(clock.JAPAN))
    if form.validate_on_submit():
        at, seen = form.at(), form.seen_at()
        try:
            planning.move_to(mailing, at, seen, by=me().id)
        except (InThePast, TooFar) as error:
            db.session.rollback()
            past = isinstance(error, InThePast)
            form.time.errors = [
                gettext("This time has passed. Please choose a time in the future.")
                if past
                else gettext("Please choose a time within one year.")
            ]
        except (NotPossible, CannotStart) as error:
            db.session.rollback()
            flash(refusal_text(error), "error")
            return see_other(url_for("mailings.show", id=id))
        else:
            db.session.commit()
            flash(moved_text(mailing, at), "success")
            return see_other(url_for("mailings.show", id=id))
    page = render_template(
        "mailings/time.html",
        mailing=mailing,
        titles=Titles(mailing.customer_id),
        form=form,
        today=clock.today(),
        tolerance=TOLERANCES.get(mailing.tolerance),
        interval=PORTION_INTERVALS.get(mailing.portion_minutes, ""),
    )
    return page, 422 if request.method == "POST" else 200
