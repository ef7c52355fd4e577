"""Testers, and the copies that they get before a mail goes out."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery.template_nodes import TemplateProblem
from wem.mailings import testing
from wem.mailings.forms import TesterForm
from wem.mailings.models import Mailing, Tester
from wem.mailings.preview_views import copy_form, page
from wem.mailings.start_problems import CannotStart
from wem.mailings.wording import problem_text
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404
from wem.web.session import ours

blueprint = CustomerBlueprint("test_copies", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response


@blueprint.route("/testers", methods=["GET", "POST"])
def testers() -> Answer:
    customer, account = ours()
    form = TesterForm()
    rows = testing.testers_of(customer.id)
    full = len(rows) >= testing.MOST_TESTERS
    if not form.validate_on_submit() or full:
        return _testers(form, rows, 422 if form.is_submitted() else 200)
    if any(row.email.lower() == (form.email.data or "").lower() for row in rows):
        form.email.errors = [gettext("This address is already registered.")]
        return _testers(form, rows, 422)
    row = Tester(customer_id=customer.id, name=form.name.data or "", email=form.email.data or "")
    db.session.add(row)
    db.session.flush()
    audit.record("tester.add", by=account.id, customer_id=customer.id, subject=row)
    db.session.commit()
    flash(gettext("%(name)s can now receive test emails.", name=row.name), "success")
    return see_other(url_for("test_copies.testers"))


def _testers(form: TesterForm, rows: list[Tester], status: int) -> Answer:
    full = len(rows) >= testing.MOST_TESTERS
    return render_template(
        "mailings/testers.html", form=form, testers=rows, full=full, most=testing.MOST_TESTERS
    ), status


@blueprint.post("/testers/<int:id>/remove")
def remove(id: int) -> Answer:
    customer, account = ours()
    row = owned_or_404(Tester, id)
    audit.record("tester.remove", by=account.id, customer_id=customer.id, subject=row)
    db.session.delete(row)
    db.session.commit()
    flash(gettext("Deleted."), "success")
    return see_other(url_for("test_copies.testers"))


@blueprint.post("/mailings/<int:id>/test")
@limiter.limit("10/minute;60/hour")
def send(id: int) -> Answer:
    customer, account = ours()
    mailing = owned_or_404(Mailing, id)
    form = copy_form(customer.id)
    if not form.validate_on_submit():
        return page(mailing, test=form), 422
    asked = db.session.scalars(
        sa.select(Tester).where(Tester.customer_id == customer.id, Tester.id.in_(form.testers.data or ()))
    ).all()
    chosen, left = testing.without_those_who_left(asked)
    if left:
        names = ", ".join(tester.name for tester in left)
        flash(
            gettext("No test email is sent to %(names)s: the address has unsubscribed from your emails.", names=names),
            "warning",
        )
    if not chosen:
        return see_other(url_for("previews.show", id=id))
    try:
        testing.send_copies(mailing, chosen, form.reader.data, by=account.id)
    except CannotStart:
        return page(mailing, test=form), 422
    except TemplateProblem as problem:
        db.session.rollback()
        flash(problem_text(problem), "error")
        return see_other(url_for("previews.show", id=id))
    db.session.commit()
    flash(gettext("%(count)s test emails are on their way.", count=len(chosen)), "success")
    return see_other(url_for("previews.show", id=id))
