"""A partner's start page: who they are, and where their applications will stand."""

from __future__ import annotations

from flask import abort, render_template
from werkzeug.wrappers import Response

from wem.web.blueprints import PartnerBlueprint
from wem.web.session import current_account

blueprint = PartnerBlueprint("partner", __name__)
Answer = str | tuple[str, int] | Response


@blueprint.get("/partner/applications")
def applications() -> Answer:
    account = current_account()
    if account is None or account.partner is None:
        abort(404)
    return render_template("staff/partner.html", partner=account.partner, account=account)
