"""A partner's applications: their state, and entering those taken in on paper (Art. 4-1). Nobody else's are seen."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.models import Account, Partner
from wem.contracts import applying
from wem.contracts.application_forms import PartnerApplicationForm
from wem.contracts.application_models import Application
from wem.contracts.application_rules import ApplicationState, Way
from wem.contracts.application_wording import STATES
from wem.contracts.applying import Typed
from wem.db import db
from wem.web.blueprints import PartnerBlueprint
from wem.web.htmx import see_other
from wem.web.limits import limiter
from wem.web.paging import page_of
from wem.web.session import current_account

blueprint = PartnerBlueprint("partner", __name__)
Answer = str | tuple[str, int] | Response


def _me() -> tuple[Account, Partner]:
    account = current_account()
    if account is None or account.partner is None:
        abort(404)
    return account, account.partner


@blueprint.get("/partner/applications")
def applications() -> Answer:
    account, partner = _me()
    found = sa.select(Application).where(
        Application.partner_id == partner.id, Application.state != ApplicationState.draft
    )
    return render_template(
        "contracts/partner/applications.html",
        partner=partner,
        account=account,
        page=page_of(found, Application.id),
        states=STATES,
    )


@blueprint.route("/partner/applications/new", methods=["GET", "POST"])
@limiter.limit("60/hour", methods=["POST"])
def new() -> Answer:
    account, partner = _me()
    form = PartnerApplicationForm()
    if request.method == "POST" and request.form.get("act") == "address":
        form.fill_address()
        return render_template("contracts/partner/application_new.html", form=form)
    # Who takes it in stands on it, whatever was typed.
    form.partner_code.data = partner.code
    if not form.validate_on_submit():
        page = render_template("contracts/partner/application_new.html", form=form)
        return page, 422 if form.is_submitted() else 200
    entries = {**form.entries(), "partner_code": partner.code}
    application = applying.write_down(Typed(entries, Way.partner, form.only_phone_mail, form.applied), by=account.id)
    applying.fill(application, by=account.id)
    application.handed_or_posted_on = form.handed_on.data
    db.session.commit()
    flash(gettext("Application %(number)s is entered. Please send us the paper.", number=application.number), "success")
    return see_other(url_for("partner.applications"))
