"""Payments on staff's screens: typed in or read from a bank's file, matched, taken back, paid back (7-1b, A-17)."""

from __future__ import annotations

import unicodedata
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.accounts.rules import StaffRole
from wem.billing import first_fee_return, issuing, matching, paying, payment_books, receipts, refunding
from wem.billing.csv_views import csv_answer
from wem.billing.models import Receivable
from wem.billing.payment_books import ONLY, REST, Wanted
from wem.billing.payment_forms import (
    AsideForm,
    AssignForm,
    FileForm,
    PaymentForm,
    PaymentsForm,
    RefundForm,
    decision_forms,
)
from wem.billing.payment_models import BankStatement, DoubtfulLine, Payment, PaymentShare, Refund
from wem.billing.payment_rules import PaymentState, PaymentWay, RefundState
from wem.billing.wording import GROUNDS, PAYMENTS, REFUNDS, WAYS
from wem.contracts.application_models import Application
from wem.contracts.application_rules import IN_VAIN, ApplicationState
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState, EndReason
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_payments", __name__, roles=frozenset({StaffRole.billing}), url_prefix="/staff/payments"
)
Answer = str | tuple[str, int] | Response
NOT_POSSIBLE = _l("This is not possible any more, or not allowed.")
NOBODYS = _l("There is no such contract, and no such application.")


@blueprint.get("")
def index() -> Answer:
    return payments_page(FileForm(formdata=None))


@blueprint.get("/csv")
def accountants_file() -> Answer:
    """Give the accountant the payments that were searched for, one row each."""
    only, asked = request.args.get("state", "all"), wanted(PaymentsForm(request.args))
    if asked is None:
        return payments_page(FileForm(formdata=None))
    return csv_answer(payment_books.rows_of(only if only in ONLY else "all", asked), "payments")


def wanted(form: PaymentsForm) -> Wanted | None:
    """Return what is looked for; None when something of it cannot be read, which the form says at its field."""
    if not form.validate():
        return None
    payer = " ".join(unicodedata.normalize("NFC", form.payer.data or "").split())
    return Wanted(form.since.data, form.until.data, form.least.data, form.most.data, payer)


def payments_page(form: FileForm, status: int = 200, **more: Any) -> tuple[str, int]:
    only = request.args.get("state", "unmatched")
    only = only if only in ONLY else "unmatched"
    search = PaymentsForm(request.args)
    asked = wanted(search)
    found = sa.select(Payment).where(ONLY[only])
    found = found.where(sa.false()) if asked is None else payment_books.matching(found, asked)
    page, status = page_of(found, Payment.id, order=Payment.paid_on), status if asked else 422
    unmatched = [row for row in page.rows if row.state is PaymentState.unmatched]
    best = {id: suggested[0] for id, suggested in matching.suggestions(unmatched).items() if suggested}
    sums = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(REST), 0))
    shown = render_template(
        "billing/staff/payments.html",
        page=page,
        only=only,
        search=search,
        query={field.name: value for field in search if (value := request.args.get(field.name, ""))},
        totals={name: db.session.execute(sums.where(ONLY[name])).one() for name in ("unmatched", "over")},
        best=best,
        contracts=_contracts({each.contract_id for each in best.values()}),
        states=PAYMENTS,
        ways=WAYS,
        statements=db.session.scalars(sa.select(BankStatement).order_by(BankStatement.id.desc()).limit(5)).all(),
        doubtful=db.session.scalars(sa.select(DoubtfulLine).order_by(DoubtfulLine.id).limit(100)).all(),
        waiting=_refunds(RefundState.proposed),
        to_pay=_refunds(RefundState.approved),
        today=clock.today(),
        form=form,
        **more,
    )
    return shown, status


def _refunds(state: RefundState) -> list[Refund]:
    found = sa.select(Refund).where(Refund.state == state).order_by(Refund.id).limit(50)
    return list(db.session.scalars(found))


def _contracts(ids: set[int]) -> dict[int, Contract]:
    return {row.id: row for row in db.session.scalars(sa.select(Contract).where(Contract.id.in_(ids)))}


@blueprint.post("/confirm")
def confirm() -> Answer:
    """Settle with every payment that is marked what the suggested contract owes."""
    count = 0
    for mark in request.form.getlist("pair")[:200]:
        payment_id, _, contract_id = mark.partition(":")
        numbers = row_number(payment_id), row_number(contract_id)
        if numbers[0] is None or numbers[1] is None:
            continue
        payment, contract = held(numbers[0]), db.session.get(Contract, numbers[1])
        # Somebody else may have matched it since the page was shown.
        if contract is not None and payment.state is PaymentState.unmatched:
            paying.settle(payment, contract, by=me().id)
            count += 1
    db.session.commit()
    if count:
        flash(gettext("%(count)s payments are matched.", count=count), "success")
    else:
        flash(gettext("Mark at least one payment that is not matched yet."), "error")
    return see_other(url_for("staff_payments.index"))


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Answer:
    """Type a payment in; with a contract named it settles what that owes."""
    form = PaymentForm()
    if form.validate_on_submit():
        typed = (form.contract.data or "").strip()
        contract, application = numbered(typed), application_numbered(typed)
        if typed and contract is None and application is None:
            form.contract.errors = [NOBODYS]
        elif application is not None and not refunding.returnable(application):
            # What comes in for an application in progress is noted on its checklist, and is a payment by that.
            form.contract.errors = [
                gettext("Note what came in for an application in progress on its own page: /staff/applications")
            ]
        elif (same := _noted(contract, application, form)) is not None:
            form.contract.errors = [
                gettext(
                    "A transfer of this day and sum is noted for it already, and its money would go back twice: "
                    "/staff/payments/%(id)s",
                    id=same.id,
                )
            ]
        else:
            row = paying.take(
                PaymentWay(form.way.data),
                form.paid_on.data,
                form.amount.data,
                contract,
                by=me().id,
                payer=" ".join((form.payer.data or "").split()),
                note=(form.note.data or "").strip(),
            )
            if contract is not None:
                paying.settle(row, contract, by=me().id)
            elif application is not None:
                paying.of_refused(row, application, by=me().id)
            db.session.commit()
            flash(gettext("It is entered."), "success")
            return see_other(url_for("staff_payments.show", id=row.id))
    elif not form.is_submitted():
        form.contract.data = request.args.get("contract", "")[:20]
        application = application_numbered(form.contract.data) or _first_fee_of(numbered(form.contract.data))
        if application is not None and application.state in IN_VAIN:
            form.amount.data, form.paid_on.data = application.paid_amount, application.paid_on or clock.today()
    return render_template("billing/staff/payment_new.html", form=form), 422 if form.is_submitted() else 200


def _noted(contract: Contract | None, application: Application | None, form: PaymentForm) -> Payment | None:
    void = contract if contract is not None and contract.end_reason is EndReason.void else None
    if form.way.data != PaymentWay.transfer.value:
        return None
    return first_fee_return.known(void, application, form.paid_on.data, form.amount.data)


def numbered(number: str) -> Contract | None:
    return db.session.scalar(sa.select(Contract).where(Contract.number == number)) if number else None


def application_numbered(number: str) -> Application | None:
    """Return the application of a number that is in progress, or was refused or withdrawn before it was a contract."""
    id = row_number(number.partition("-")[2].lstrip("0"))
    row = db.session.get(Application, id) if id is not None else None
    if row is None or row.number != number or row.state is ApplicationState.draft or row.contract_id is not None:
        return None
    return row


def _first_fee_of(contract: Contract | None) -> Application | None:
    """Return the application that a contract was made from."""
    if contract is None:
        return None
    return db.session.scalar(sa.select(Application).where(Application.contract_id == contract.id).limit(1))


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    return payment_page(found_or_404(Payment, id))


def payment_page(row: Payment, status: int = 200, **forms: Any) -> tuple[str, int]:
    suggested = matching.suggestions([row])[row.id] if row.state is PaymentState.unmatched else []
    contract = row.contract
    page = render_template(
        "billing/staff/payment.html",
        row=row,
        state=PAYMENTS[row.state],
        way=WAYS[row.way],
        suggested=suggested,
        contracts=_contracts({each.contract_id for each in suggested}),
        sums=_sums([each.receivable_id for suggestion in suggested for each in suggestion.open]),
        open=_sums([each.receivable_id for each in paying.open_sums(contract.id)]) if contract and row.free else {},
        goes_back=paying.goes_back,
        returns=issuing.open_credits(contract.id) if contract and contract.state is ContractState.ended else [],
        refund_states=REFUNDS,
        grounds=GROUNDS,
        mine=me().id,
        receipt=receipts.receipt_of(row),
        assign=forms.get("assign") or AssignForm(formdata=None),
        aside=forms.get("aside") or AsideForm(formdata=None),
        refund=forms.get("refund") or RefundForm(formdata=None, amount=row.free, ground=refunding.ground_of(row).value),
        decisions=decision_forms(row.refunds, forms.get("decisions", {})),
    )
    return page, status


def _sums(ids: list[int]) -> dict[int, Receivable]:
    rows = db.session.scalars(sa.select(Receivable).where(Receivable.id.in_(ids)).order_by(Receivable.due_on))
    return {row.id: row for row in rows}


def held(id: int) -> Payment:
    row = db.session.get(Payment, id, with_for_update=True, populate_existing=True)
    if row is None:
        abort(404)
    return row


def done(id: int, said: str, kind: str = "success") -> Response:
    flash(said, kind)
    return see_other(url_for("staff_payments.show", id=id))


def denied(id: int, act: str) -> Response:
    """Write down what was not allowed, and say so."""
    db.session.rollback()
    row = db.session.get_one(Payment, id)
    customer_id = row.contract.customer_id if row.contract else None
    audit.record(f"payment.denied_{act}", by=me().id, customer_id=customer_id, subject=row)
    db.session.commit()
    return done(id, str(NOT_POSSIBLE), "error")


@blueprint.post("/<int:id>/aside")
def set_aside(id: int) -> Answer:
    row, form = held(id), AsideForm()
    if not form.validate():
        return payment_page(row, 422, aside=form)
    try:
        paying.set_aside(row, (form.note.data or "").strip(), by=me().id)
    except Illegal:
        return denied(id, "set_aside")
    db.session.commit()
    return done(id, gettext("It is set aside."))


@blueprint.post("/shares/<int:id>/undo")
def undo(id: int) -> Answer:
    """Take a match back: the sum is open again."""
    part = found_or_404(PaymentShare, id)
    payment = held(part.payment_id)
    db.session.get(Receivable, part.receivable_id, with_for_update=True, populate_existing=True)
    db.session.refresh(part)
    try:
        paying.undo(part, by=me().id)
    except Illegal:
        return denied(payment.id, "undo")
    db.session.commit()
    return done(payment.id, gettext("It is taken back; the sum is open again."))
