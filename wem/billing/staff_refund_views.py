"""Refunds on staff's screens: asked for by one person, decided by another, noted as paid out (4-7, 15-3, A-17)."""

from __future__ import annotations

from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit
from wem.accounts.rules import StaffRole
from wem.billing import refunding
from wem.billing.payment_forms import PaidOutForm, RefundForm, RefuseForm
from wem.billing.payment_models import Payment, Refund
from wem.billing.payment_rules import RefundAction
from wem.billing.staff_payment_views import done, held, not_possible, payment_page
from wem.billing.wording import REFUNDS
from wem.contracts.state_rules import Illegal
from wem.contracts.wording import ASKED
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_refunds", __name__, roles=frozenset({StaffRole.billing}), url_prefix="/staff/payments"
)
Answer = str | tuple[str, int] | Response


@blueprint.post("/<int:id>/refunds")
def propose(id: int) -> Answer:
    row, form = held(id), RefundForm()
    if not form.validate():
        return payment_page(row, 422, refund=form)
    try:
        refunding.propose(row, form.chosen, form.amount.data, (form.reason.data or "").strip(), by=me().id)
    except Illegal:
        db.session.rollback()
        audit.record("refund.denied_propose", by=me().id, customer_id=_customer(row), subject=row)
        db.session.commit()
        return done(
            id, gettext("The terms allow no such refund (Art. 4-7): only what settles nothing goes back."), "error"
        )
    db.session.commit()
    return done(id, str(ASKED))


def _customer(payment: Payment) -> int | None:
    return payment.contract.customer_id if payment.contract else None


@blueprint.post("/refunds/<int:id>/<any(approve,refuse,withdraw,pay):act>")
def decide(id: int, act: str) -> Answer:
    """Decide on a refund as a second person, withdraw it as who asked, or note that it was paid out."""
    refund = found_or_404(Refund, id)
    payment = held(refund.payment_id)
    db.session.refresh(refund)
    refusal, paid_out = RefuseForm(), PaidOutForm()
    action = RefundAction[act]
    if action is RefundAction.refuse and not refusal.validate():
        return payment_page(payment, 422, refuse=refusal)
    if action is RefundAction.pay and not paid_out.validate():
        return payment_page(payment, 422, paid_out=paid_out)
    try:
        if action is RefundAction.approve:
            refunding.approve(refund, by=me().id)
        elif action is RefundAction.refuse:
            refunding.refuse(refund, (refusal.note.data or "").strip(), by=me().id)
        elif action is RefundAction.withdraw:
            refunding.withdraw(refund, by=me().id)
        else:
            refunding.pay(refund, paid_out.paid_on.data, by=me().id)
    except Illegal:
        db.session.rollback()
        audit.record(f"refund.denied_{act}", by=me().id, customer_id=_customer(payment), subject=refund)
        db.session.commit()
        return not_possible(payment.id)
    db.session.commit()
    return done(payment.id, str(REFUNDS[refund.state][0]))
