"""The page behind a mailed link on which the registered address says that an order by mail is the customer's."""

from __future__ import annotations

from flask import render_template, url_for
from werkzeug.wrappers import Response

from wem.db import db
from wem.inquiries import confirming
from wem.web.blueprints import OpenBlueprint
from wem.web.htmx import see_other
from wem.web.limits import limiter

blueprint = OpenBlueprint("inquiry_orders", __name__)
Answer = str | tuple[str, int] | Response


@blueprint.get("/inquiries/confirm/<token>")
def show(token: str) -> Answer:
    inquiry = confirming.named_by(token)
    if inquiry is None:
        return render_template("accounts/link_gone.html", again=None), 410
    return render_template("inquiries/confirm.html", inquiry=inquiry, token=token)


@blueprint.post("/inquiries/confirm/<token>")
@limiter.limit("30/hour")
def confirm(token: str) -> Answer:
    inquiry = confirming.named_by(token)
    if inquiry is None:
        return render_template("accounts/link_gone.html", again=None), 410
    confirming.confirm(inquiry)
    db.session.commit()
    return see_other(url_for("inquiry_orders.show", token=token))
