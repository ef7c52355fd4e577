"""What a reader's program asks for: a counted link, the picture that counts opens. Counting is all that they do."""

from __future__ import annotations

from base64 import b64decode

from flask import current_app, render_template, request
from flask_babel import force_locale
from werkzeug.wrappers import Response

from wem.tracking import following, hitting
from wem.tracking.models import OPEN
from wem.web.blueprints import OpenBlueprint
from wem.web.languages import CODES
from wem.web.origins import Origin

blueprint = OpenBlueprint("tracking", __name__, origin=Origin.public)

# One transparent point, 43 bytes.
PICTURE = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
HEADERS = {"X-Robots-Tag": "noindex", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


@blueprint.get("/l/<token>")
def click(token: str) -> Response:
    """On to where the link leads; HEAD is told as well, and not counted."""
    subject = following.read_click(token)
    address = following.address_behind(*subject) if subject else None
    if subject is None or address is None:
        return _gone()
    return _counted(Response(status=302, headers={"Location": address, **HEADERS}), *subject)


@blueprint.get("/o/<token>.gif")
def opened(token: str) -> Response:
    """The picture; the same for a name that is none of ours, but not found."""
    subject = following.read_open(token)
    picture = Response(PICTURE, 200 if subject else 404, mimetype="image/gif", headers=HEADERS)
    return _counted(picture, *subject, OPEN) if subject else picture


def _counted(response: Response, dispatch_id: int, seq: int, number: int) -> Response:
    """Have the hit written down once the answer is on its way: no reader waits for it."""
    if request.method != "GET":
        return response
    app, address, agent = current_app._get_current_object(), request.remote_addr, request.user_agent.string  # type: ignore[attr-defined]

    def write_down() -> None:
        with app.app_context():
            if hitting.write_down(dispatch_id, seq, number, address=address, agent=agent):
                hitting.announce()

    response.call_on_close(write_down)
    return response


def _gone() -> Response:
    """The page of a link that is not there, in the language of the reader's browser."""
    asked = request.args.get("lang")
    language = asked if asked in CODES else request.accept_languages.best_match(CODES, "ja")
    with force_locale(language):
        page = render_template("errors/404.html")
    return Response(page, 404, mimetype="text/html", headers=HEADERS)
