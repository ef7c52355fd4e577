"""The hours of the day in which a customer's mailings do not leave."""

from __future__ import annotations

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock
from wem.accounts.rules import may_write
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery.no_send_models import hours_of
from wem.mailings import timing
from wem.mailings.timing_forms import NONE, SOME, HoursForm
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.session import current_customer, current_membership, ours

blueprint = CustomerBlueprint("timing", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response


@blueprint.route("/mailings/hours", methods=["GET", "POST"])
def hours() -> Answer:
    customer, membership = current_customer(), current_membership()
    if customer is None or membership is None:
        abort(404)
    kept = hours_of(customer.id)
    form = HoursForm(data={"kind": SOME, "begins": kept.begins, "ends": kept.ends} if kept else {"kind": NONE})
    if request.method == "GET" and kept is None:
        form.begins.data, form.ends.data = form.begins.default, form.ends.default
    if form.validate_on_submit():
        (customer, account), chosen = ours(), None
        if form.kind.data == SOME:
            chosen = (form.begins.data, form.ends.data)
        timing.set_hours(customer.id, chosen, by=account.id)
        db.session.commit()
        on = (found := hours_of(customer.id)) is not None and found.hold(clock.now())
        flash(
            gettext("Saved. Quiet hours are in effect now: mailings in progress pause within seconds.")
            if on
            else gettext("Saved."),
            "success",
        )
        return see_other(url_for("timing.hours"))
    page = render_template(
        "mailings/hours.html",
        form=form,
        hours=kept,
        on=kept is not None and kept.hold(clock.now()),
        until=kept.leaves(clock.now()) if kept else None,
        writes=may_write(membership.role),
    )
    return page, 422 if request.method == "POST" else 200
