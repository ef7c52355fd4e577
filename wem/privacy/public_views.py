"""The register of purposes for everybody, and the way out of mail about services, for which nobody signs in."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, render_template, request
from werkzeug.wrappers import Response

from wem import tokens
from wem.accounts.models import Customer
from wem.db import db
from wem.privacy import consenting
from wem.privacy.purpose_models import NEWS, UsePurpose
from wem.privacy.purpose_rules import Via
from wem.privacy.rules import Purpose
from wem.privacy.wording import PURPOSES
from wem.tokens import Purpose as TokenPurpose
from wem.web.blueprints import OpenBlueprint
from wem.web.origins import Origin

blueprint = OpenBlueprint("purposes", __name__)
stop_blueprint = OpenBlueprint("news_stop", __name__, origin=Origin.public)
Answer = str | tuple[str, int] | Response


@blueprint.get("/privacy/purposes")
def index() -> Answer:
    """What customers' data are used for: by the consent clauses, and what was announced since, every version."""
    return render_template(
        "privacy/purposes.html",
        named=PURPOSES,
        version=consenting.text_version(NEWS),
        rows=db.session.scalars(sa.select(UsePurpose).order_by(UsePurpose.id)).all(),
    )


@stop_blueprint.get("/news-stop/<token>")
def ask(token: str) -> Answer:
    """One button; looking stops nothing."""
    customer_id, number = _subject(token)
    given = consenting.last_answer(customer_id, number)
    return _page(token, number, stopped=given is not None and not given.yes)


@stop_blueprint.post("/news-stop/<token>")
def stop(token: str) -> Answer:
    """Stop at once: by the button, or by a mail program's one click (RFC 8058)."""
    customer_id, number = _subject(token)
    consenting.answer(customer_id, number, False, via=Via.link, ip=request.remote_addr or "")
    db.session.commit()
    if request.form.get("List-Unsubscribe") == "One-Click":
        return Response("Unsubscribed.\n", 200, mimetype="text/plain")
    return _page(token, number, stopped=True)


def _subject(token: str) -> tuple[int, int]:
    """Return customer and purpose of a link; 404 for a forged one."""
    subject = tokens.read(TokenPurpose.news_stop, token)
    if subject is None or len(subject) != 2:
        abort(404)
    customer_id, number = int(subject[0]), int(subject[1])
    gone = number != NEWS and db.session.get(UsePurpose, number) is None
    if gone or db.session.get(Customer, customer_id) is None:
        abort(404)
    return customer_id, number


def _page(token: str, number: int, *, stopped: bool) -> str:
    row = db.session.get(UsePurpose, number) if number != NEWS else None
    title = row.current.title if row else PURPOSES[Purpose.news]
    return render_template("privacy/news_stop.html", token=token, stopped=stopped, title=title)
