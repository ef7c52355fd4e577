"""The owner has another dedicated URL lent (8-3)."""

from __future__ import annotations

from flask import abort, flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.contracts.models import contract_in_force
from wem.contracts.rules import Use
from wem.db import db
from wem.lists import page_reissuing
from wem.lists.page_forms import PageForm
from wem.web.blueprints import CustomerBlueprint, owners_only
from wem.web.htmx import see_other
from wem.web.limits import limiter
from wem.web.session import current_account, current_customer

blueprint = CustomerBlueprint("page_reissue", __name__, use=Use.contract)
Answer = str | tuple[str, int] | Response


@blueprint.route("/contract/credentials/page", methods=["GET", "POST"])
@owners_only
@limiter.limit("10/day", methods=["POST"])
def reissue() -> Answer:
    customer, account = current_customer(), current_account()
    contract = contract_in_force(customer.id) if customer else None
    if customer is None or account is None or contract is None:
        abort(404)
    form = PageForm()
    form.begin(customer, leads_on=True)
    if form.lend(contract, by=account.id):
        db.session.commit()
        flash(gettext("Your dedicated URL has changed. We have told you the new one by mail as well."), "success")
        return see_other(url_for("credentials.show"))
    page = render_template("lists/page_reissue.html", form=form, moved=page_reissuing.moved(customer))
    return page, 422 if form.is_submitted() else 200
