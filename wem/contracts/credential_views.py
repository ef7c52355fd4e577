"""What the customer has been lent (8-1), and the owner's own emergency stop (8-3)."""

from __future__ import annotations

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.contracts import emergency
from wem.contracts.credential_wording import KINDS
from wem.contracts.emergency_models import StopVia
from wem.contracts.models import contract_in_force
from wem.contracts.rules import Use
from wem.db import db
from wem.lists import lending
from wem.web.blueprints import CustomerBlueprint, owners_only
from wem.web.htmx import see_other
from wem.web.limits import limiter
from wem.web.session import current_customer, ours, sign_out

blueprint = CustomerBlueprint("credentials", __name__, use=Use.contract)
Answer = str | tuple[str, int] | Response


@blueprint.get("/contract/credentials")
@owners_only
def show() -> Answer:
    customer = current_customer()
    contract = contract_in_force(customer.id) if customer else None
    if contract is None:
        abort(404)
    return render_template(
        "contracts/credentials.html",
        contract=contract,
        lent=lending.register(contract),
        kinds=KINDS,
        stops=emergency.open_stops(contract.customer_id),
    )


@blueprint.post("/contract/credentials/stop")
@owners_only
@limiter.limit("5/hour")
def stop() -> Answer:
    """End every sign-in of the customer, this one included."""
    customer, account = ours()
    contract = contract_in_force(customer.id)
    if contract is None:
        abort(404)
    emergency.report(contract, StopVia.owner, by=account.id, ip=request.remote_addr or "")
    sign_out()
    db.session.commit()
    flash(
        gettext(
            "The emergency stop is pulled: all sign-ins have ended and nothing is sent. Each person gets a mail with a "
            "link for a new password."
        ),
        "warning",
    )
    return see_other(url_for("accounts.login"))
