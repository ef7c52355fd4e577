"""What our staff did on the customer's order, for the customer's own people (9-4)."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, render_template
from werkzeug.wrappers import Response

from wem import clock
from wem.accounts.order_models import OperationOrder
from wem.audit import AuditEvent
from wem.contracts.rules import Use
from wem.db import db
from wem.staff import trail
from wem.web.blueprints import CustomerBlueprint
from wem.web.paging import page_of
from wem.web.session import current_customer

blueprint = CustomerBlueprint("operations", __name__, use=Use.contract)
Answer = str | tuple[str, int] | Response


@blueprint.get("/operations")
def show() -> Answer:
    customer = current_customer()
    if customer is None:
        abort(404)
    orders = db.session.scalars(
        sa.select(OperationOrder)
        .where(OperationOrder.customer_id == customer.id)
        .order_by(OperationOrder.id.desc())
        .limit(20)
    ).all()
    acts = page_of(
        sa.select(AuditEvent).where(AuditEvent.customer_id == customer.id, AuditEvent.on_behalf_of.is_not(None)),
        AuditEvent.id,
    )
    return render_template(
        "operating/operations.html", orders=orders, now=clock.now(), page=acts, lines=trail.lines(acts.rows)
    )
