"""Refunds on staff's screens: asked for by one person, decided by another, noted as paid out (4-7, 15-3, A-17)."""

from __future__ import annotations

from flask import flash, url_for
from flask_babel import gettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from wem import audit
from wem.accounts.rules import StaffRole
from wem.billing import refunding
from wem.billing.invoice_models import Invoice
from wem.billing.payment_forms import PaidOutForm, RefundForm, RefuseForm, ReturnForm
from wem.billing.payment_models import Payment, Refund
from wem.billing.payment_rules import PaymentState, RefundAction
from wem.billing.staff_invoice_views import invoice_page
from wem.billing.staff_payment_views import NOT_POSSIBLE, done, held, payment_page
from wem.billing.wording import REFUNDS
from wem.contracts.state_rules import Illegal
from wem.contracts.wording import ASKED
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
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
        _explain(row, form)
        return payment_page(row, 422, refund=form)
    db.session.commit()
    return done(id, str(ASKED))


def _explain(row: Payment, form: RefundForm) -> None:
    """Say at its field why the terms do not allow it; what was typed stays."""
    if row.state is not PaymentState.held and form.amount.data > row.free:
        most = gettext(
            "At most %(amount)s yen of this payment: the rest settles something, went back, or was asked back.",
            amount=f"{row.free:,}",
        )
        form.amount.errors = [most]
    else:
        form.ground.errors = [gettext("The terms do not let this payment go back on this ground (Art. 4-7, A-17).")]


def _customer(payment: Payment | None) -> int | None:
    return payment.contract.customer_id if payment and payment.contract else None


@blueprint.post("/returns/<int:id>/refunds")
def propose_return(id: int) -> Answer:
    """Ask for what is left of a return of a contract that is over (適格返還請求書)."""
    invoice = _held_return(found_or_404(Invoice, id).id)
    form = ReturnForm()
    if not form.validate():
        return invoice_page(invoice, 422, refund=form)
    try:
        refunding.propose_return(invoice, form.amount.data, (form.reason.data or "").strip(), by=me().id)
    except Illegal:
        db.session.rollback()
        audit.record("refund.denied_propose", by=me().id, customer_id=invoice.customer_id, subject=invoice)
        db.session.commit()
        flash(gettext("Only what is left of a return goes back, of a contract that is over and owes nothing."), "error")
        return _to_invoice(id)
    db.session.commit()
    flash(str(ASKED), "success")
    return _to_invoice(id)


def _held_return(id: int) -> Invoice:
    return db.session.get_one(Invoice, id, with_for_update=True, populate_existing=True)


def _to_invoice(id: int) -> Response:
    return see_other(url_for("staff_invoices.show", id=id))


@blueprint.post("/refunds/<int:id>/<any(approve,refuse,withdraw,pay):act>")
def decide(id: int, act: str) -> Answer:
    """Decide on a refund as a second person, withdraw it as who asked, or note that it was paid out."""
    refund = found_or_404(Refund, id)
    payment = held(refund.payment_id) if refund.payment_id is not None else None
    invoice = _held_return(refund.invoice_id) if refund.invoice_id is not None else None
    db.session.refresh(refund)
    refusal, paid_out = RefuseForm(), PaidOutForm()
    action = RefundAction[act]
    sent: FlaskForm | None = {RefundAction.refuse: refusal, RefundAction.pay: paid_out}.get(action)
    if sent is not None and not sent.validate():
        if invoice is not None:
            return invoice_page(invoice, 422, decisions={id: sent})
        assert payment is not None
        return payment_page(payment, 422, decisions={id: sent})
    try:
        if action is RefundAction.approve:
            refunding.approve(refund, by=me().id)
        elif action is RefundAction.refuse:
            refunding.refuse(refund, (refusal.note.data or "").strip(), by=me().id)
        elif action is RefundAction.withdraw:
            refunding.withdraw(refund, by=me().id)
        else:
            refunding.pay(refund, paid_out.paid_on.data, by=me().id)
        said, kind = str(REFUNDS[refund.state][0]), "success"
    except Illegal:
        db.session.rollback()
        customer_id = refund.contract.customer_id if refund.contract else None
        audit.record(f"refund.denied_{act}", by=me().id, customer_id=customer_id, subject=refund)
        said, kind = str(NOT_POSSIBLE), "error"
    db.session.commit()
    flash(said, kind)
    if refund.payment_id is None and refund.invoice_id is not None:
        return _to_invoice(refund.invoice_id)
    return see_other(url_for("staff_payments.show", id=refund.payment_id))
