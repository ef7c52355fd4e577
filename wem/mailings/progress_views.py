"""How far a mailing is, live; calling it off, pausing, going on, stopping."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Response as FlaskResponse
from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock
from wem.contracts import describing
from wem.contracts.models import contract_in_force
from wem.contracts.rules import Use
from wem.db import db
from wem.mailings import controlling, starting, telling, timing, waiting
from wem.mailings.models import Mailing
from wem.mailings.starting import CannotStart, Problem
from wem.mailings.states import MailingState, NotPossible
from wem.mailings.titles import Titles
from wem.mailings.views import about
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import owned_or_404
from wem.web.session import me

blueprint = CustomerBlueprint("mailing_progress", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response


@blueprint.get("/mailings/<int:id>/progress")
def progress(id: int) -> Answer:
    """The numbers alone; a page that shows another state is told to load itself again, for its buttons differ too."""
    mailing = owned_or_404(Mailing, id)
    seen, shown = request.args.get("state"), about(mailing)
    if seen and seen != shown["seen"]:
        return FlaskResponse(status=204, headers={"HX-Refresh": "true"})
    titles = Titles(mailing.customer_id)
    return render_template("mailings/_progress.html", mailing=mailing, titles=titles, **shown)


@blueprint.post("/mailings/<int:id>/pause")
def pause(id: int) -> Answer:
    return _act(id, controlling.pause, gettext("Sending is paused. Emails already in progress are still sent."))


@blueprint.post("/mailings/<int:id>/resume")
def resume(id: int) -> Answer:
    mailing = owned_or_404(Mailing, id)
    # Making the texts takes long; nobody else's writing waits for it.
    ready = starting.prepare(mailing) if controlling.begins(mailing) else None
    said = gettext("Sending resumed.")
    if timing.departure(mailing.customer_id, clock.now()).hours is not None:
        said = gettext("Quiet hours are in effect. Sending resumes automatically when they end.")
    return _act(id, partial(controlling.resume, ready=ready), said)


@blueprint.post("/mailings/<int:id>/stop")
def stop(id: int) -> Answer:
    return _act(id, controlling.cancel, gettext("Sending stopped. Emails already sent cannot be recalled."))


@blueprint.post("/mailings/<int:id>/go-without")
def go_without(id: int) -> Answer:
    """Wait no longer for a mailing that stands still, whose readers this one asks about."""
    return _act(id, waiting.go_without, gettext("It no longer waits and is sent now."))


@blueprint.post("/mailings/<int:id>/unschedule")
def unschedule(id: int) -> Answer:
    return _act(
        id,
        lambda mailing, by: mailing.unschedule(by=by),
        gettext("Schedule cancelled. The mailing is a draft again."),
    )


def _act(id: int, act: Callable[..., None], said: str) -> Answer:
    mailing = owned_or_404(Mailing, id)
    try:
        act(mailing, by=me().id)
    except NotPossible:
        db.session.rollback()
        flash(gettext("The mailing's status has changed in the meantime. Please check it again."), "warning")
        return see_other(url_for("mailings.show", id=id))
    except CannotStart as error:
        db.session.rollback()
        if error.problems == [Problem.sender_domain]:
            flash(gettext("The records of the sender's domain are still not found. Please mend them first."), "error")
            return see_other(url_for("mailings.show", id=id))
        if Problem.contract in error.problems:
            why = describing.why_closed(contract_in_force(mailing.customer_id), Use.send)
            flash(f"{why} {gettext('See the contract page, or contact the help desk.')}", "error")
            return see_other(url_for("mailings.show", id=id))
        if Problem.maintenance in error.problems:
            flash(gettext("Maintenance is in progress. Sending resumes automatically afterwards."), "info")
            return see_other(url_for("mailings.show", id=id))
        if Problem.complaints in error.problems:
            flash(gettext("Your mailings are awaiting review by our staff because of many spam complaints."), "error")
            return see_other(url_for("mailings.show", id=id))
        if error.problems == [Problem.review]:
            flash(
                gettext("Our staff are reviewing this mailing before it is sent. Please wait for their reply."), "info"
            )
            return see_other(url_for("mailings.show", id=id))
        if Problem.taken_down in error.problems:
            flash(gettext("Our staff have blocked this mailing. Please see the notice."), "error")
            return see_other(url_for("mailings.show", id=id))
        if Problem.segment in error.problems and mailing.started_at is not None:
            flash(
                gettext(
                    "A field or list used by its segments was deleted, so sending cannot resume. Please stop this "
                    "mailing and create a new one for the readers who did not receive it."
                ),
                "error",
            )
            return see_other(url_for("mailings.show", id=id))
        flash(gettext("This mailing cannot be sent yet. Please see what is missing."), "error")
        return see_other(url_for("sending.check", id=id))
    telling.tell_people(mailing)
    db.session.commit()
    flash(said, "success" if mailing.state is not MailingState.cancelled else "info")
    return see_other(url_for("mailings.show", id=id))
