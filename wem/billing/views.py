"""A customer's invoices: the list, each as a page and as PDF, in place of paper (22-2); the evidence of the count."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask import abort, render_template
from werkzeug.wrappers import Response

from wem import clock
from wem.billing import collecting, papers, ways_to_pay
from wem.billing.invoice_models import Invoice, following
from wem.billing.invoice_wording import DOCUMENTS, OCCASIONS
from wem.billing.models import Receivable
from wem.billing.papers import rate_text
from wem.billing.rules import Occasion
from wem.contracts import rules
from wem.contracts.date_rules import month_start
from wem.contracts.models import contract_in_force
from wem.contracts.rules import Use
from wem.db import db
from wem.lists import counting, recounting
from wem.web.blueprints import CustomerBlueprint
from wem.web.files import file_answer
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404
from wem.web.paging import page_of
from wem.web.session import current_customer

blueprint = CustomerBlueprint("invoices", __name__, use=Use.contract)
Answer = str | tuple[str, int] | Response
SHOWN = 50
# What is charged to somebody else on account of a customer is not the customer's to see.
OWN = Invoice.occasion != Occasion.third_party


def _mine(number: str) -> Invoice:
    id = db.session.scalar(sa.select(Invoice.id).where(Invoice.number == number))
    return owned_or_404(Invoice, id or 0, OWN)


@blueprint.get("/invoices")
def index() -> Answer:
    customer = current_customer()
    if customer is None:
        abort(404)
    page, today = page_of(sa.select(Invoice).where(Invoice.customer_id == customer.id, OWN), Invoice.id), clock.today()
    others = sa.select(Receivable).where(
        Receivable.customer_id == customer.id, Receivable.invoice_id.is_(None), Receivable.not_paid.is_(None)
    )
    claims = list(db.session.scalars(others.order_by(Receivable.id.desc()).limit(SHOWN)))
    return render_template(
        "billing/invoices.html", page=page, documents=DOCUMENTS, occasions=OCCASIONS, open=open_sums(page.rows),
        claims=claims, claims_open=_to_pay([row for row in claims if not row.settled_on]), today=today,
        late=collecting.late_ids({row.contract_id for row in [*page.rows, *claims]}, today),
    )  # fmt: skip


def _to_pay(claims: Sequence[Receivable]) -> list[tuple[Receivable, ways_to_pay.WayToPay]]:
    found = [each for id in sorted({row.contract_id for row in claims}) for each in ways_to_pay.open_of(id)]
    return [(row, way) for row, way in found if row in claims]


def open_sums(rows: Sequence[Invoice]) -> dict[int, Receivable]:
    """Return what is owed by each of these invoices, settled or not."""
    found = sa.select(Receivable).where(Receivable.invoice_id.in_([row.id for row in rows]))
    return {row.invoice_id: row for row in db.session.scalars(found) if row.invoice_id is not None}


@blueprint.get("/invoices/<number>")
def show(number: str) -> Answer:
    row = _mine(number)
    return render_template(
        "billing/invoice.html", row=row, documents=DOCUMENTS, following=following(row.id), rate_text=rate_text,
        owed=open_sums([row]).get(row.id), today=clock.today(), way=ways_to_pay.way_to_pay(row),
        late=collecting.late_ids([row.contract_id], clock.today()),
    )  # fmt: skip


@blueprint.get("/invoices/<number>.pdf")
@limiter.limit("30/minute")
def pdf(number: str) -> Answer:
    row = _mine(number)
    return file_answer(papers.content(row), papers.file_name(row))


@blueprint.get("/contract/count")
def count() -> Answer:
    """Show on what the fee stands: the count of each day, the month's peak and when it was reached (7-2)."""
    customer = current_customer()
    contract = contract_in_force(customer.id) if customer else None
    if customer is None:
        abort(404)
    peak = counting.month_peak(customer.id)
    tiers = contract.tiers if contract else []
    return render_template(
        "billing/count.html",
        registered=counting.registered(customer.id),
        peak=peak,
        days=recounting.month_snapshots(customer.id, month_start(clock.today())),
        months=recounting.months(customer.id),
        tier=rules.tier(tiers, peak),
        next_tier=rules.next_tier(tiers, peak),
        with_tax=rules.with_tax,
    )
