"""A mail in the browser, for its reader: nothing is counted and nothing changes."""

from __future__ import annotations

from typing import Any

from flask import Response as FlaskResponse
from flask import abort, make_response, request

from wem.lists.public_archive_views import sandboxed
from wem.lists.public_views import render
from wem.lists.senders import sender_of
from wem.mailings import viewing
from wem.mailings.viewing import Hidden
from wem.web.blueprints import OpenBlueprint
from wem.web.limits import limiter
from wem.web.origins import Origin

blueprint = OpenBlueprint("mail_in_browser", __name__, origin=Origin.public)
# A mail is made anew each time; many phones of one carrier share an address of the net.
PER_IP = "120 per minute"


@blueprint.get("/v/<token>")
@limiter.limit(PER_IP, key_func=lambda: f"ip:{request.remote_addr}")
def show(token: str) -> Any:
    subject = viewing.read(token)
    if subject is None:
        abort(404)
    seen, customer = viewing.seen(*subject), viewing.customer_of(subject[0])
    sender = sender_of(customer) if customer else None
    if seen is Hidden.test:
        return _own(render("lists/public/mail_test.html", None), 404)
    if seen is Hidden.gone:
        return _own(render("lists/public/mail_gone.html", sender), 410)
    if isinstance(seen, Hidden):
        return _own(render("lists/public/mail_closed.html", sender), 403)
    if seen.html is not None:
        return _own(sandboxed(seen.html))
    return _own(render("lists/public/mail.html", sender, seen.language, seen=seen))


def _own(answer: str | FlaskResponse, status: int = 200) -> FlaskResponse:
    """Return an answer that no robot keeps: it is one reader's."""
    made = make_response(answer, status)
    made.headers["X-Robots-Tag"] = "noindex, nofollow"
    return made
