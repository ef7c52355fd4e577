"""Sender domains as staff see them: the service's own, and those of all customers."""

from __future__ import annotations

import sqlalchemy as sa
from flask import render_template, url_for
from werkzeug.wrappers import Response

from wem.accounts.models import Customer
from wem.accounts.rules import StaffRole
from wem.db import db
from wem.domains import checking, founding
from wem.domains.models import SenderDomain
from wem.domains.views import records_shown
from wem.domains.wording import STATES
from wem.settings import settings
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other, wants_fragment
from wem.web.ownership import found_or_404
from wem.web.paging import page_of

LOOKERS = frozenset({StaffRole.contracts, StaffRole.billing, StaffRole.support, StaffRole.operations})
blueprint = StaffBlueprint("staff_domains", __name__, roles=LOOKERS, url_prefix="/staff/domains")
Answer = str | tuple[str, int] | Response


@blueprint.get("")
def index() -> Answer:
    service = SenderDomain.of_service(settings().SERVICE_DOMAIN)
    page = page_of(sa.select(SenderDomain).where(SenderDomain.customer_id.is_not(None)), SenderDomain.id)
    names = {
        row.id: row.name
        for row in db.session.execute(
            sa.select(Customer.id, Customer.name).where(Customer.id.in_([each.customer_id for each in page.rows]))
        )
    }
    return render_template("domains/staff/domains.html", service=service, page=page, names=names, states=STATES)


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    domain = found_or_404(SenderDomain, id)
    values = {"domain": domain, "state": STATES[domain.state], "records": records_shown(domain)}
    if wants_fragment():
        return render_template("domains/staff/_domain.html", **values)
    customer = db.session.get(Customer, domain.customer_id) if domain.customer_id else None
    return render_template("domains/staff/domain.html", customer=customer, **values)


@blueprint.post("/<int:id>/check")
def check(id: int) -> Answer:
    """Have the records looked at now; the page shows what is found."""
    checking.have_checked(found_or_404(SenderDomain, id))
    db.session.commit()
    return see_other(url_for("staff_domains.show", id=id))


@blueprint.post("/service")
def make_service() -> Answer:
    """Make the service's own keys where no timetable has made them yet."""
    domain = founding.service_domain()
    return see_other(url_for("staff_domains.show", id=domain.id))
