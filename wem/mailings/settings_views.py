"""The way to everything that a customer sets once: one page of links."""

from __future__ import annotations

from flask import render_template

from wem.contracts.rules import Use
from wem.web.blueprints import CustomerBlueprint

blueprint = CustomerBlueprint("settings", __name__, use=Use.manage)


@blueprint.get("/settings")
def index() -> str:
    return render_template("mailings/settings.html")
