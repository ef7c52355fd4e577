"""Arrears on staff's screens: who owes, suspending one or many with a preview, lifting under Art. 13-2."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.accounts.rules import StaffRole
from wem.billing import arrears, collecting, first_invoices, lifting, paying, reminding
from wem.billing.arrears import Debtor
from wem.billing.dunning_rules import Proposal
from wem.billing.forms import LiftForm, ReceivableForm, RemindForm, SettleForm, SuspendForm
from wem.billing.invoice_wording import PROPOSALS
from wem.billing.models import Receivable, receivables
from wem.billing.payment_models import payments_of
from wem.billing.payment_rules import PaymentWay
from wem.billing.wording import NOT_PAID
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.lists.models import MailingList
from wem.mailings.models import Mailing
from wem.mailings.states import MailingState
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_arrears", __name__, roles=frozenset({StaffRole.contracts, StaffRole.billing}), url_prefix="/staff"
)
Answer = str | tuple[str, int] | Response
MOST = 200


@dataclass(frozen=True)
class Preview:
    """What a suspension touches, in numbers."""

    debtor: Debtor
    sending: int
    scheduled: int
    lists_open: int


def preview(debtor: Debtor) -> Preview:
    """Return what stands still when this contract does."""
    customer_id = debtor.contract.customer_id

    def mailings(*states: MailingState) -> int:
        found = sa.select(sa.func.count()).select_from(Mailing).where(Mailing.customer_id == customer_id)
        return db.session.scalar(found.where(Mailing.state.in_(states))) or 0

    lists = sa.select(sa.func.count()).select_from(MailingList)
    lists = lists.where(MailingList.customer_id == customer_id, MailingList.sign_up_open)
    return Preview(
        debtor,
        mailings(MailingState.sending, MailingState.paused),
        mailings(MailingState.scheduled),
        db.session.scalar(lists.where(MailingList.archived_at.is_(None))) or 0,
    )


@blueprint.route("/arrears", methods=["GET", "POST"])
def index() -> Answer:
    """Show who owes; for those that are marked show what a suspension would do, and do it."""
    today = clock.today()
    everybody = arrears.debtors(today, ended=True)
    if request.method == "GET":
        only = request.args.get("state", "")
        shown = [each for each in everybody if only in ("", each.proposal.value)]
        counts = {name: sum(each.proposal is name for each in everybody) for name in Proposal}
        return render_template(
            "billing/staff/arrears.html", debtors=shown[:MOST], count=len(shown), today=today, only=only,
            proposals=PROPOSALS, counts=counts,
        )  # fmt: skip
    marked = {row_number(typed) for typed in request.form.getlist("contract")}
    if request.form.get("step", "").startswith("remind"):
        return _remind([each for each in everybody if each.contract.id in marked])
    chosen = [
        each
        for each in everybody
        if each.contract.id in marked and not each.contract.suspended and each.contract.state is not ContractState.ended
    ]
    if not chosen:
        flash(gettext("Mark at least one contract that is not suspended yet."), "error")
        return see_other(url_for("staff_arrears.index"))
    form = SuspendForm()
    if request.form.get("step") != "done" or not form.validate():
        status = 422 if request.form.get("step") == "done" else 200
        page = render_template("billing/staff/suspend.html", previews=[preview(each) for each in chosen], form=form)
        return page, status
    count = 0
    for each in chosen:
        contract = db.session.get(Contract, each.contract.id, with_for_update=True, populate_existing=True)
        assert contract is not None
        try:
            lifting.suspend(contract, (form.note.data or "").strip(), by=me().id)
        except Illegal:
            continue  # paid or suspended between the two steps
        count += 1
    db.session.commit()
    flash(
        gettext("%(count)s contracts are suspended. Nothing more is sent, and they are told.", count=count), "success"
    )
    return see_other(url_for("staff_arrears.index"))


def _remind(chosen: list[Debtor]) -> Answer:
    """Show what reminders would say, and send them."""
    asked, chosen = bool(chosen), [each for each in chosen if each.asked_for]
    if not chosen:
        text = gettext("What these contracts owe is in a debit that is to come: there is nothing to remind of.")
        flash(text if asked else gettext("Mark at least one contract."), "error")
        return see_other(url_for("staff_arrears.index"))
    done = request.form.get("step") == "remind_done"
    form = RemindForm(formdata=request.form if done else None, pay_by=reminding.pay_by(clock.today()))
    if not done or not form.validate():
        page = render_template("billing/staff/remind.html", debtors=chosen, form=form)
        return page, 422 if done else 200
    count = 0
    for each in chosen:
        contract = db.session.get(Contract, each.contract.id, with_for_update=True, populate_existing=True)
        assert contract is not None
        try:
            reminding.remind(contract, form.pay_by.data, by=me().id, by_letter=bool(form.by_letter.data))
        except Illegal:
            continue  # paid between the two steps
        count += 1
    db.session.commit()
    flash(gettext("%(count)s reminders are on their way.", count=count), "success")
    return see_other(url_for("staff_arrears.index"))


@blueprint.route("/contracts/<int:id>/receivables", methods=["GET", "POST"])
def owed(id: int) -> Answer:
    contract, form = found_or_404(Contract, id), ReceivableForm()
    if form.validate_on_submit():
        row = Receivable(
            contract=contract,
            customer_id=contract.customer_id,
            label=" ".join((form.label.data or "").split()),
            amount=form.amount.data,
            due_on=form.due_on.data,
        )
        db.session.add(row)
        db.session.flush()
        audit.record(
            "receivable.create",
            by=me().id,
            customer_id=contract.customer_id,
            subject=row,
            amount=row.amount,
            due=str(row.due_on),
        )
        db.session.commit()
        flash(gettext("It is entered."), "success")
        return see_other(url_for("staff_arrears.owed", id=id))
    page = render_template(
        "billing/staff/receivables.html",
        contract=contract,
        rows=receivables(id),
        first_missing=first_invoices.may_issue(contract),
        late=collecting.late_ids([id], clock.today()),
        today=clock.today(),
        form=form,
        settle_form=SettleForm(formdata=None),
        payments=payments_of(id),
        not_paid=NOT_PAID,
        may_pay=me().staff_role in (StaffRole.admin, StaffRole.billing),
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/receivables/<int:id>/settlement")
def settle(id: int) -> Answer:
    found_or_404(Receivable, id)
    row = db.session.get_one(Receivable, id, with_for_update=True, populate_existing=True)
    form = SettleForm()
    if row.settled_on is not None or not form.validate():
        flash(gettext("Please enter the day on which it came in."), "error")
    else:
        payment = paying.take(PaymentWay.transfer, form.settled_on.data, row.missing, row.contract, by=me().id)
        paying.settle(payment, row.contract, [row.id], by=me().id)
        db.session.commit()
        flash(gettext("It is settled."), "success")
    return see_other(url_for("staff_arrears.owed", id=row.contract_id))


@blueprint.route("/contracts/<int:id>/lifting", methods=["GET", "POST"])
def lift(id: int) -> Answer:
    """Show each condition of 13-2 as met or not; lifting and refusing are staff's to decide."""
    contract = db.session.get(
        Contract, id, with_for_update=request.method == "POST", populate_existing=request.method == "POST"
    )
    if contract is None or contract.state is ContractState.ended:
        abort(404)
    conditions, form = arrears.conditions(contract, clock.today()), LiftForm()
    if conditions is None:
        return see_other(url_for("staff_contracts.show", id=id))
    if form.validate_on_submit():
        refuses = request.form.get("decision") == "refuse"
        note = (form.note.data or "").strip()
        try:
            if refuses:
                lifting.refuse(contract, note, by=me().id)
            else:
                lifting.lift(contract, note, by=me().id)
        except Illegal:
            return _denied(contract)
        db.session.commit()
        said = gettext("It is refused, and the customer is told.") if refuses else gettext("The service is resumed.")
        flash(said, "success")
        if not refuses and contract.restriction:
            flash(gettext("The restriction of use (Art. 18) holds again."), "warning")
        return see_other(url_for("staff_contracts.show", id=id))
    page = render_template(
        "billing/staff/lifting.html",
        contract=contract,
        conditions=conditions,
        application=lifting.application(contract),
        form=form,
    )
    return page, 422 if form.is_submitted() else 200


def _denied(contract: Contract) -> Response:
    """Lifting that 13-2 does not allow was asked for by hand: nothing happens, and it is written down."""
    id, customer_id = contract.id, contract.customer_id
    db.session.rollback()
    audit.record("contract.denied_lifting", by=me().id, customer_id=customer_id, subject=contract)
    db.session.commit()
    flash(gettext("The conditions of Art. 13-2 are not met."), "error")
    return see_other(url_for("staff_arrears.lift", id=id))
