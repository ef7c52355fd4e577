"""The provider's own pages: home, terms, privacy, legal notice, status, manual; and what robots are told."""

from __future__ import annotations

from datetime import date
from typing import Any

import redis
import sqlalchemy as sa
from flask import Response as FlaskResponse
from flask import abort, render_template
from werkzeug.wrappers import Response

from wem import clock, queue
from wem.contracts import catalogue, rules
from wem.db import db
from wem.public import long_texts, terms_reading
from wem.staff import watching
from wem.web.blueprints import OpenBlueprint
from wem.web.context import asset
from wem.web.origins import Origin, here

blueprint = OpenBlueprint("public", __name__)
robots_blueprint = OpenBlueprint("robots", __name__, origin=Origin.both)
Answer = str | tuple[str, int] | Response
MANUAL_VERSION = "1.0"
MANUAL_DATE = date(2026, 11, 22)
PICTURES = ("home", "columns", "upload", "join", "compose", "preview", "check", "leave", "report")  # of the manual


@blueprint.get("/")
def home() -> Answer:
    prices = [
        (name, [(up_to, rules.with_tax(fee)) for up_to, fee in tiers])
        for name, tiers in catalogue.public_prices(clock.today())
    ]
    return render_template("public/home.html", prices=prices)


@blueprint.get("/terms")
def terms() -> Answer:
    return _terms(max(terms_reading.VERSIONS))


@blueprint.get("/terms/<int:version>")
def terms_of_version(version: int) -> Answer:
    if version not in terms_reading.VERSIONS:
        abort(404)
    return _terms(version)


def _terms(version: int) -> str:
    return render_template(
        "public/terms.html",
        terms=terms_reading.terms(version),
        newest=max(terms_reading.VERSIONS),
        versions=terms_reading.VERSIONS,
    )


@blueprint.get("/privacy")
def privacy() -> Answer:
    terms = terms_reading.terms(max(terms_reading.VERSIONS))
    return render_template("public/privacy.html", terms=terms, text=long_texts.text("privacy"))


@blueprint.get("/tokushoho")
def tokushoho() -> Answer:
    return render_template("public/tokushoho.html")


@blueprint.get("/manual")
def manual() -> Answer:
    text = long_texts.text("manual", **{f"picture_{name}": asset(f"img/manual/{name}.webp") for name in PICTURES})
    return render_template("public/manual.html", text=text, version=MANUAL_VERSION, set_on=MANUAL_DATE)


@blueprint.get("/status")
def status() -> Answer:
    return render_template("public/status.html", at=clock.now(), **_facts())


def _facts() -> dict[str, Any]:
    """Look now: does the database answer, does the queue, and do our own mails leave in time."""
    try:
        late = watching.outbox()["late"] or watching.timetable()["late"]
        database = True
    except sa.exc.SQLAlchemyError:
        db.session.rollback()
        late, database = False, False
    try:
        carrying = bool(queue.connection().ping())
    except redis.RedisError:
        carrying = False
    sending = database and carrying and not late
    return {"database": database, "sending": sending, "healthy": database and sending}


ROBOTS = {
    Origin.portal: (
        "/account",
        "/contract",
        "/dashboard",
        "/invitations/",
        "/lists",
        "/mailings",
        "/partner/",
        "/password",
        "/staff/",
        "/team",
    ),
    Origin.public: ("/c/", "/l/", "/o/", "/p/", "/u/", "/v/"),
}


@robots_blueprint.get("/robots.txt")
def robots() -> FlaskResponse:
    """Keep what belongs to one person out of search engines."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in ROBOTS[here()]), ""]
    return FlaskResponse("\n".join(lines), mimetype="text/plain", headers={"Cache-Control": "public, max-age=86400"})
