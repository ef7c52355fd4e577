"""The style sheet with the colour of a customer's pages."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Response, abort

from wem.accounts.models import Customer
from wem.db import db
from wem.mailings.page_look_rules import shades, style_sheet
from wem.mailings.page_looks import look_of
from wem.web.blueprints import OpenBlueprint
from wem.web.origins import Origin

blueprint = OpenBlueprint("public_look", __name__, origin=Origin.public)


@blueprint.get("/h/<slug>/look.css")
def style(slug: str) -> Response:
    """Empty where no colour was chosen; its address carries the colour, so that it may be kept for long."""
    customer_id = db.session.scalar(sa.select(Customer.id).where(Customer.slug == slug))
    if customer_id is None:
        abort(404)
    accent = look_of(customer_id).accent
    css = style_sheet(shades(accent)) if accent else ""
    return Response(css, mimetype="text/css", headers={"Cache-Control": "public, max-age=86400"})
