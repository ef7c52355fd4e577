"""What a customer wants for mailings that fall into maintenance: hold and send afterwards, or cancel (13-1)."""

from __future__ import annotations

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock
from wem.accounts.rules import WRITERS
from wem.contracts.rules import Use
from wem.db import db
from wem.mailings import maintenance
from wem.mailings.maintenance_rules import Choice
from wem.mailings.models import Mailing
from wem.mailings.titles import Titles
from wem.mailings.wording import CHOICES, STATES
from wem.notices.models import Incident, windows
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.ownership import owned_or_404
from wem.web.session import current_customer, current_membership, ours

blueprint = CustomerBlueprint("maintenance", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response


def _ahead(customer_id: int) -> list[Incident]:
    return windows(customer_id, clock.now())


@blueprint.get("/mailings/maintenance")
def index() -> Answer:
    customer, membership = current_customer(), current_membership()
    if customer is None or membership is None:
        abort(404)
    return render_template(
        "mailings/maintenance.html",
        incidents=_ahead(customer.id),
        affected=maintenance.affected(customer.id),
        titles=Titles(customer.id),
        states=STATES,
        choices=CHOICES,
        writes=membership.role in WRITERS,
        at=clock.now(),
    )


@blueprint.post("/mailings/maintenance")
def choose() -> Answer:
    """Take the choices for one window; what is not of this customer does not exist."""
    (customer, account), typed = ours(), request.form.get("incident", "")
    incident = next((each for each in _ahead(customer.id) if str(each.id) == typed), None)
    if incident is None:
        flash(gettext("This maintenance is over or was moved. Please check again."), "warning")
        return see_other(url_for("maintenance.index"))
    changed = 0
    for name, value in request.form.items():
        word, _, typed_number = name.partition("-")
        number = row_number(typed_number)
        if word != "choice" or number is None or value not in Choice.__members__:
            continue
        mailing = owned_or_404(Mailing, number)
        changed += maintenance.choose(mailing, incident, Choice(value), by=account.id)
    db.session.commit()
    flash(gettext("Saved."), "success" if changed else "info")
    return see_other(url_for("maintenance.index"))
