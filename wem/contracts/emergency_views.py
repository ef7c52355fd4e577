"""The emergency stop for people who cannot sign in: asked for here, pulled by a link to the registered address."""

from __future__ import annotations

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from wem.contracts import emergency
from wem.contracts.emergency_forms import AskForStopForm
from wem.db import db
from wem.web.blueprints import OpenBlueprint
from wem.web.htmx import see_other
from wem.web.limits import limiter

blueprint = OpenBlueprint("emergency", __name__)
Answer = str | tuple[str, int] | Response


@blueprint.route("/emergency-stop", methods=["GET", "POST"])
@limiter.limit("10/hour", methods=["POST"])
def ask() -> Answer:
    form = AskForStopForm()
    if not form.validate_on_submit():
        page = render_template("contracts/emergency.html", form=form, sent=False)
        return page, 422 if form.is_submitted() else 200
    emergency.ask_for_link(form.word.data or "", form.email.data or "", request.remote_addr or "")
    db.session.commit()
    # The same whether the two fit a contract or not.
    return render_template("contracts/emergency.html", form=form, sent=True)


@blueprint.get("/emergency-stop/<token>")
def show(token: str) -> Answer:
    stop = emergency.named_by(token)
    if stop is None:
        return render_template("accounts/link_gone.html", again=url_for("emergency.ask")), 410
    return render_template("contracts/emergency_pull.html", stop=stop, token=token)


@blueprint.post("/emergency-stop/<token>")
@limiter.limit("10/hour")
def pull(token: str) -> Answer:
    stop = emergency.named_by(token)
    if stop is None:
        return render_template("accounts/link_gone.html", again=url_for("emergency.ask")), 410
    emergency.pull(stop, by=None)
    db.session.commit()
    return see_other(url_for("emergency.show", token=token))
