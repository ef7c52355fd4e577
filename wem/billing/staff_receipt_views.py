"""Receipts on staff's screens: issued once for what was paid at our own desk, and printed (A-07)."""

from __future__ import annotations

from flask import abort
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.rules import StaffRole
from wem.billing import receipts
from wem.billing.payment_models import Payment
from wem.billing.staff_payment_views import denied, done, held
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.files import file_answer
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_receipts", __name__, roles=frozenset({StaffRole.billing}), url_prefix="/staff/payments"
)
Answer = str | tuple[str, int] | Response


@blueprint.post("/<int:id>/receipt")
def issue(id: int) -> Answer:
    """Set the receipt of what was paid at our own desk; asked for twice, it is the same."""
    row = held(id)
    try:
        receipts.issue(row, by=me().id)
    except Illegal:
        return denied(id, "receipt")
    db.session.commit()
    return done(id, gettext("The receipt is ready. Print it, and hand it over."))


@blueprint.get("/<int:id>/receipt")
def show(id: int) -> Answer:
    paper = receipts.receipt_of(found_or_404(Payment, id))
    if paper is None:
        abort(404)
    return file_answer(paper.content(), paper.name)
