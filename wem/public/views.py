"""The provider's own pages: home, terms, privacy, legal notice, status, manual; and what robots are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import redis
import sqlalchemy as sa
from flask import Response as FlaskResponse
from flask import abort, render_template, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response

from wem import clock, queue
from wem.contracts import catalogue, rules, text_rules
from wem.contracts.catalogue_models import samples_on
from wem.contracts.text_models import in_force, version_of, versions
from wem.contracts.text_rules import FIRST, FIRST_DAY, FIRST_DAYS, TextKind
from wem.db import db
from wem.notices import incident_rules
from wem.notices.models import Incident
from wem.notices.wording import PARTS, PHASES, REASONS
from wem.public import long_texts, manual_reading, terms_reading
from wem.staff import watching
from wem.web.blueprints import OpenBlueprint
from wem.web.context import asset
from wem.web.origins import Origin, here

blueprint = OpenBlueprint("public", __name__)
robots_blueprint = OpenBlueprint("robots", __name__, origin=Origin.both)
Answer = str | tuple[str, int] | Response
CLOSED_SHOWN = timedelta(days=14)


@blueprint.get("/")
def home() -> Answer:
    prices = [
        (name, [(up_to, rules.with_tax(fee)) for up_to, fee in tiers])
        for name, tiers in catalogue.public_prices(clock.today())
    ]
    return render_template("public/home.html", prices=prices, samples=samples_on(clock.today()))


@blueprint.get("/terms")
def terms() -> Answer:
    return _terms(in_force(TextKind.terms))


@blueprint.get("/terms/<int:version>")
def terms_of_version(version: int) -> Answer:
    return _terms(version)


def _terms(version: int) -> str:
    try:
        found = terms_reading.terms(version, in_force(TextKind.consent))
    except LookupError:
        abort(404)
    later = versions(TextKind.terms)
    published = next((row for row in later if row.number == version), None)
    return render_template(
        "public/terms.html",
        terms=found,
        current=in_force(TextKind.terms),
        versions=[(FIRST, FIRST_DAY), *((row.number, row.effective_from) for row in later)],
        published=published,
    )


@blueprint.get("/terms/<int:version>/changes")
def terms_changes(version: int) -> Answer:
    """Show what a version says otherwise than the one before it."""
    row, lines = version_of(TextKind.terms, version), []
    if row is not None:
        before, now = (terms_reading.text_of(TextKind.terms, number) for number in (version - 1, version))
        lines = text_rules.changes(before, now)
    return render_template(
        "public/changes.html",
        title=gettext("Changes of the terms"),
        back_url=url_for("public.terms"),
        back_label=gettext("Terms of service"),
        version=version,
        row=row,
        lines=lines,
    )


@blueprint.get("/privacy")
def privacy() -> Answer:
    terms = terms_reading.terms(in_force(TextKind.terms), in_force(TextKind.consent))
    return render_template("public/privacy.html", terms=terms, text=long_texts.text("privacy"))


@blueprint.get("/tokushoho")
def tokushoho() -> Answer:
    return render_template("public/tokushoho.html")


@blueprint.get("/manual")
def manual() -> Answer:
    return _manual(in_force(TextKind.manual))


@blueprint.get("/manual/<int:version>")
def manual_of_version(version: int) -> Answer:
    return _manual(version)


def _manual(version: int) -> str:
    pictures = {f"picture_{name}": asset(f"img/manual/{name}.webp") for name in manual_reading.PICTURES}
    try:
        text, language = manual_reading.shown(version, str(get_locale() or "ja")[:2], pictures)
    except LookupError:
        abort(404)
    first, later = FIRST_DAYS[TextKind.manual], versions(TextKind.manual)
    days = [(FIRST, first), *((row.number, row.effective_from) for row in later)]
    return render_template(
        "public/manual.html",
        text=text,
        language=language,
        version=version,
        set_on=dict(days)[version],
        current=in_force(TextKind.manual),
        versions=days,
        published=next((row for row in later if row.number == version), None),
    )


@blueprint.get("/manual/<int:version>/changes")
def manual_changes(version: int) -> Answer:
    """Show what a version of the manual says otherwise than the one before it."""
    row = version_of(TextKind.manual, version)
    lines = manual_reading.changes(version) if row else []
    return render_template(
        "public/changes.html",
        title=gettext("Changes of the manual"),
        back_url=url_for("public.manual"),
        back_label=gettext("Manual"),
        version=version,
        row=row,
        lines=lines,
    )


@blueprint.get("/status")
def status() -> Answer:
    return render_template("public/status.html", at=clock.now(), **_facts(), **_incidents())


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


def _incidents() -> dict[str, Any]:
    """Return what is announced or going on, and what was closed of late; nothing while the database is away."""
    at = clock.now()
    try:
        found = db.session.scalars(
            sa.select(Incident)
            .where(
                Incident.customer_id.is_(None),
                sa.or_(Incident.closed_at.is_(None), Incident.closed_at > at - CLOSED_SHOWN),
            )
            .order_by(Incident.begins_at.desc())
        ).all()
    except sa.exc.SQLAlchemyError:
        db.session.rollback()
        found = []
    rows = [(row, PHASES[incident_rules.phase(row.begins_at, row.closed_at, at)]) for row in found]
    return {
        "faults": [pair for pair in rows if not pair[0].planned],
        "maintenance": [pair for pair in rows if pair[0].planned],
        "parts": PARTS,
        "reasons": REASONS,
    }


ROBOTS = {
    Origin.portal: (
        "/account",
        "/contract",
        "/dashboard",
        "/invitations/",
        "/lists",
        "/mailings",
        "/notices",
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
