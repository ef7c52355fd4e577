"""Publishing a mailing that was sent as a back number, and taking it back."""

from __future__ import annotations

from flask import flash, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.contracts import describing
from wem.contracts.models import contract_in_force
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery.template_nodes import TemplateProblem
from wem.mailings import back_numbers
from wem.mailings.back_numbers import NotSent
from wem.mailings.models import Mailing
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import owned_or_404
from wem.web.session import me

blueprint = CustomerBlueprint("back_numbers", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response


@blueprint.post("/mailings/<int:id>/publish")
def publish(id: int) -> Answer:
    mailing, by = owned_or_404(Mailing, id), me().id
    if why := describing.why_closed(contract_in_force(mailing.customer_id), Use.archive):
        flash(gettext("It is not published. %(why)s", why=why), "error")
        return see_other(url_for("mailings.show", id=id))
    try:
        content = back_numbers.made(mailing)
    except NotSent:
        flash(gettext("It can be published once sending has started."), "warning")
        return see_other(url_for("mailings.show", id=id))
    except TemplateProblem:
        flash(gettext("It cannot be published: without reader data it becomes too long."), "error")
        return see_other(url_for("mailings.show", id=id))
    row = back_numbers.publish(mailing, content, by=by)
    db.session.commit()
    flash(gettext("Published as back issue no. %(number)s.", number=row.number), "success")
    return see_other(url_for("mailings.show", id=id))


@blueprint.post("/mailings/<int:id>/withdraw")
def withdraw(id: int) -> Answer:
    mailing = owned_or_404(Mailing, id)
    if back_numbers.withdraw(mailing, by=me().id):
        db.session.commit()
        flash(gettext("Unpublished."), "success")
    return see_other(url_for("mailings.show", id=id))
