"""What comes in for an application, as staff note it on its checklist (4-1)."""

from __future__ import annotations

from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.rules import StaffRole
from wem.billing import first_payments
from wem.contracts.application_staff_forms import PaymentForm
from wem.contracts.application_staff_views import application_of, checklist, done, page_after, refused
from wem.contracts.state_rules import Illegal
from wem.web.blueprints import StaffBlueprint
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_application_money", __name__, roles=frozenset({StaffRole.contracts}), url_prefix="/staff/applications"
)
Answer = str | tuple[str, int] | Response


@blueprint.post("/<int:id>/payment")
def note(id: int) -> Answer:
    form, application = PaymentForm(), application_of(id)
    form.printed_on = application.printed_on
    if not form.validate_on_submit():
        return checklist(application, 422, payment=form)
    if form.known.data not in ("", str(application.paid_amount or 0)):
        # The same form sent twice, or by two people: what came in is noted once.
        return page_after(id, gettext("Somebody has noted money since this page was shown. Please look at it again."))
    try:
        full = first_payments.note(application, form.paid_on.data, form.amount.data, by=me().id)
    except Illegal:
        return refused(application, "payment")
    if full:
        return done(application, gettext("The money is noted."))
    missing = application.fee_total - (application.paid_amount or 0)
    text = gettext(
        "The money is noted as a part of the first fee; %(yen)s yen are missing and can come later.", yen=f"{missing:,}"
    )
    return done(application, text)
