"""Invoices on staff's screens: found by date, amount, counterparty; each with its papers; corrected by further ones."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import flash, render_template, request, url_for
from flask_babel import force_locale, gettext
from werkzeug.wrappers import Response

from wem import audit, clock, workdays
from wem.accounts.rules import StaffRole
from wem.billing import books, collecting, correcting, first_invoices, issuing, papers, refunding
from wem.billing.books import Wanted
from wem.billing.csv_views import csv_answer
from wem.billing.invoice_forms import BooksForm, CostForm, FirstForm, HandForm, SettledForm
from wem.billing.invoice_models import Invoice, following
from wem.billing.invoice_rules import ItemKind, Line
from wem.billing.invoice_wording import DOCUMENTS, NOT_READY, OCCASIONS
from wem.billing.models import Receivable
from wem.billing.papers import rate_text
from wem.billing.payment_forms import ReturnForm, decision_forms
from wem.billing.payment_models import refunds_of
from wem.billing.rules import InvoiceKind, Occasion
from wem.billing.wording import GROUNDS, NOT_PAID, REFUNDS
from wem.billing.write_off_models import in_state
from wem.billing.write_off_rules import WriteOffState
from wem.contracts import rules
from wem.contracts.date_rules import bank_day_from
from wem.contracts.models import Contract
from wem.contracts.name_rules import honorific
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.files import file_answer
from wem.web.filters import yen
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_invoices", __name__, roles=frozenset({StaffRole.contracts, StaffRole.billing}), url_prefix="/staff"
)
act_blueprint = StaffBlueprint(
    "staff_invoice_acts", __name__, roles=frozenset({StaffRole.billing}), url_prefix="/staff"
)
Answer = str | tuple[str, int] | Response
SHOWN = 50
TO_PAY = timedelta(days=30)


def to_pay_by(today: date) -> date:
    """Return the day that is proposed for the payment of what is issued today: one on which banks work."""
    return bank_day_from(today + TO_PAY, workdays.holidays())


@act_blueprint.errorhandler(issuing.NotReady)
def not_ready(_: issuing.NotReady) -> Answer:
    db.session.rollback()
    flash(NOT_READY, "error")
    return see_other(url_for("staff_invoices.index"))


def wanted(form: BooksForm) -> Wanted | None:
    """Return what is looked for; None when something of it cannot be read, which the form says at its field."""
    if not form.validate():
        return None
    kind = InvoiceKind(form.kind.data) if form.kind.data else None
    return Wanted(form.since.data, form.until.data, form.least.data, form.most.data, form.plain_counterparty(), kind)


@blueprint.get("/invoices")
def index() -> Answer:
    return _index(BooksForm(request.args))


def _index(form: BooksForm) -> tuple[str, int]:
    asked = wanted(form)
    count, total = books.sums(asked) if asked else (0, 0)
    found = books.matching(asked) if asked else sa.select(Invoice).where(sa.false())
    kept = {name: value for name, value in request.args.items() if name not in ("before", "after") and value}
    page = render_template(
        "billing/staff/invoices.html", form=form, page=page_of(found, Invoice.id), count=count, total=total, kept=kept,
        documents=DOCUMENTS, occasions=OCCASIONS,
    )  # fmt: skip
    return page, 200 if asked else 422


@act_blueprint.get("/invoices/csv")
def accountants_file() -> Answer:
    """Give the accountant what was searched for, one row for each rate of each document."""
    form = BooksForm(request.args)
    asked = wanted(form)
    return csv_answer(books.rows_of(asked), "invoices") if asked else _index(form)


@blueprint.get("/invoices/<int:id>")
def show(id: int) -> Answer:
    return invoice_page(found_or_404(Invoice, id))


def invoice_page(row: Invoice, status: int = 200, **forms: Any) -> tuple[str, int]:
    free, refunds = refunding.left_of_return(row) if row.credit else 0, refunds_of(row.id)
    page = render_template(
        "billing/staff/invoice.html", row=row, documents=DOCUMENTS, occasions=OCCASIONS, following=following(row.id),
        rate_text=rate_text, owed=db.session.scalar(sa.select(Receivable).where(Receivable.invoice_id == row.id)),
        today=clock.today(), may_correct=correcting.may_correct(row), left=correcting.left(row),
        form=forms.get("settled") or SettledForm(formdata=None, settled_on=clock.today()), free=free,
        refund=forms.get("refund") or ReturnForm(formdata=None, amount=free), refunds=refunds, grounds=GROUNDS,
        refund_states=REFUNDS, mine=me().id, decisions=decision_forms(refunds, forms.get("decisions", {})),
        late=collecting.late_ids([row.contract_id], clock.today()),
    )  # fmt: skip
    return page, status


@blueprint.get("/invoices/<int:id>/pdf")
def pdf(id: int) -> Answer:
    row = found_or_404(Invoice, id)
    return file_answer(papers.content(row), papers.file_name(row))


@act_blueprint.route("/contracts/<int:id>/invoices/new", methods=["GET", "POST"])
def new(id: int) -> Answer:
    contract = found_or_404(Contract, id)
    form = HandForm(due_on=to_pay_by(clock.today()), token=secrets.token_urlsafe(16))
    if form.validate_on_submit():
        lines = form.typed()
        if sum(line.amount for line in lines) > 0:
            found = correcting.by_hand(
                contract,
                lines,
                form.due_on.data,
                (form.note.data or "").strip(),
                by=me().id,
                token=_token(form.token.data),
            )
            db.session.commit()
            flash(gettext("%(number)s is issued, and the customer is told.", number=found.number), "success")
            return see_other(url_for("staff_invoices.show", id=found.id))
        form.form_errors.append(gettext("The lines must come to more than nothing."))
    page = render_template("billing/staff/by_hand.html", contract=contract, form=form)
    return page, 422 if form.is_submitted() else 200


@act_blueprint.route("/contracts/<int:id>/invoices/first", methods=["GET", "POST"])
def first(id: int) -> Answer:
    """Issue the first invoice of a contract that came without an application, or was charged otherwise (4-1)."""
    contract = found_or_404(Contract, id)
    form = FirstForm(due_on=to_pay_by(clock.today()))
    db.session.get(Contract, id, with_for_update=True, populate_existing=True)
    possible = first_invoices.may_issue(contract)
    fee = first_invoices.by_table(contract) if possible else None
    if form.validate_on_submit() and fee is not None:
        found = first_invoices.issue(contract, fee, form.due_on.data, paid_on=form.paid_on.data, by=me().id)
        db.session.commit()
        if found is None:
            flash(gettext("There is nothing to pay: the first month is written down as free."), "success")
            return see_other(url_for("staff_arrears.owed", id=id))
        flash(gettext("%(number)s is issued, and the customer is told.", number=found.number), "success")
        return see_other(url_for("staff_invoices.show", id=found.id))
    page = render_template(
        "billing/staff/first.html", contract=contract, form=form, fee=fee, possible=possible,
        option_facts=[(name, yen(each)) for name, each in fee.options] if fee else [],
        total=rules.with_tax(fee.initial + fee.monthly + sum(yen for _, yen in fee.options)) if fee else 0,
    )  # fmt: skip
    return page, 422 if form.is_submitted() else 200


def _token(text: str | None) -> str:
    return (text or "")[:40] or secrets.token_urlsafe(16)


@act_blueprint.route("/contracts/<int:id>/costs", methods=["GET", "POST"])
def costs(id: int) -> Answer:
    """Charge what mails to fictitious addresses cost (12特約), with the numbers that it stands on beside the form."""
    contract = found_or_404(Contract, id)
    today = clock.today()
    month = today.replace(day=1)
    form = CostForm(since=month, until=today, due_on=to_pay_by(today), token=secrets.token_urlsafe(16))
    # What cannot be counted is said beside the field; the numbers are then those of this month.
    counted = not form.is_submitted() or (
        form.since.validate(form) and form.until.validate(form, [CostForm.validate_until])
    )  # fmt: skip
    since, until = (form.since.data or month, form.until.data or today) if counted else (month, today)
    evidence = correcting.failures(contract.customer_id, since, until)
    # Only what is to be issued is checked; counting a period complains of nothing.
    issues = form.is_submitted() and request.form.get("step") == "issue"
    if issues and form.validate():
        third = form.to.data == "third"
        name = " ".join((form.name.data or "").split())
        recipient = {
            "name": name, "honorific": honorific(name), "postal_code": (form.postal_code.data or "").strip(),
            "address": " ".join((form.address.data or "").split()),
        } if third else None  # fmt: skip
        with force_locale("ja"):
            label = str(gettext("Handling of mails to fictitious addresses (Art. 12)"))
        line = Line(
            ItemKind.cost, form.quantity.data * form.unit.data, name=label, quantity=form.quantity.data,
            unit=form.unit.data, rate=int(form.rate.data),
        )  # fmt: skip
        found = correcting.by_hand(
            contract, [line], form.due_on.data, (form.note.data or "").strip(), by=me().id,
            token=_token(form.token.data), occasion=Occasion.third_party if third else Occasion.cost,
            period=(since, until), recipient=recipient,
        )  # fmt: skip
        db.session.commit()
        flash(gettext("%(number)s is issued.", number=found.number), "success")
        return see_other(url_for("staff_invoices.show", id=found.id))
    page = render_template("billing/staff/costs.html", contract=contract, form=form, evidence=evidence)
    return page, 422 if issues else 200


@act_blueprint.post("/invoices/<int:id>/settlement")
def settle(id: int) -> Answer:
    """Note that somebody who is no customer has paid a claim of costs."""
    row, form = found_or_404(Invoice, id), SettledForm()
    # Before a return of the same claim, or after it: it must know whether there was money.
    db.session.get(Contract, row.contract_id, with_for_update=True)
    db.session.refresh(row)
    claimed = row.third_party and row.settled_on is None and correcting.claimed(row) > 0
    if claimed and not form.validate():
        return invoice_page(row, 422, settled=form)
    if claimed:
        row.settled_on = form.settled_on.data
        audit.record("invoice.settle", by=me().id, customer_id=row.customer_id, subject=row, day=str(row.settled_on))
        db.session.commit()
        flash(gettext("It is settled."), "success")
    return see_other(url_for("staff_invoices.show", id=id))


@blueprint.get("/books")
def sums() -> Answer:
    """Show sums by month and rate, and what is open by its age."""
    rows = books.month_sums()
    months = sorted({row.month for row in rows})
    charted = [(month, sum(row.total for row in rows if row.month == month)) for month in months]
    return render_template(
        "billing/staff/books.html",
        rows=rows,
        charted=charted,
        ages=books.ageing(clock.today()),
        rate_text=rate_text,
        claims=[(row, correcting.claimed(row)) for row in books.claims(SHOWN)],
        written_off=in_state(WriteOffState.written_off, SHOWN),
        kinds=NOT_PAID,
    )
