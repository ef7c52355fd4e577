"""Images of mails, for whoever reads them: no cookie, kept for long, under a name that tells nobody whose they are."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort
from werkzeug.wrappers import Response

from wem.db import db
from wem.mailings.image_models import Image
from wem.mailings.image_rules import is_ours
from wem.mailings.image_views import image_answer
from wem.web.blueprints import OpenBlueprint
from wem.web.origins import Origin

blueprint = OpenBlueprint("public_images", __name__, origin=Origin.public)


@blueprint.get("/i/<name>")
def show(name: str) -> Response:
    """One image, as long as it stands in its customer's library or in a mail that has left."""
    token = is_ours(f"/i/{name}", "")
    image = db.session.scalar(sa.select(Image).where(Image.token == token)) if token else None
    if image is None or image.path != f"/i/{name}":
        abort(404)
    answer = image_answer(image, "public")
    answer.headers["X-Robots-Tag"] = "noindex"
    # Mail programs on the web are other sites.
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer
