"""Payments as the books have them (電子帳簿保存法): found by day, amount and payer, and as the accountant's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from wem.accounts.models import Customer
from wem.billing.books import harmless
from wem.billing.payment_models import Payment
from wem.billing.wording import PAYMENTS, WAYS
from wem.contracts.models import Contract
from wem.db import db

REST = Payment.amount - Payment.settled - Payment.refunded
ONLY = {
    "unmatched": sa.and_(
        REST > 0, Payment.contract_id.is_(None), Payment.application_id.is_(None), Payment.set_aside_at.is_(None)
    ),
    "over": sa.and_(REST > 0, sa.or_(Payment.contract_id.is_not(None), Payment.application_id.is_not(None))),
    "all": sa.true(),
}
ASKED = ("from", "to", "least", "most", "payer")
HEAD = (
    "入金日", "入金番号", "入金方法", "状態", "契約番号", "契約者", "振込人", "入金額", "充当額", "返金額", "残額",
    "備考",
)  # fmt: skip


def asked(query: Mapping[str, str]) -> dict[str, str]:
    """Return what of a query narrows the search, as it was typed."""
    return {name: query.get(name, "").strip()[:40] for name in ASKED}


def matching(found: Any, wanted: Mapping[str, str]) -> Any:
    """Narrow a selection of payments by day, amount and payer; what cannot be read narrows nothing."""
    days = {name: _day(wanted[name]) for name in ("from", "to")}
    yen = {name: int(wanted[name]) for name in ("least", "most") if wanted[name].isascii() and wanted[name].isdigit()}
    if days["from"]:
        found = found.where(Payment.paid_on >= days["from"])
    if days["to"]:
        found = found.where(Payment.paid_on <= days["to"])
    if "least" in yen:
        found = found.where(Payment.amount >= yen["least"])
    if "most" in yen:
        found = found.where(Payment.amount <= yen["most"])
    if wanted["payer"]:
        named = sa.select(Contract.id).join(Customer, Customer.id == Contract.customer_id)
        named = named.where(Customer.name.contains(wanted["payer"], autoescape=True))
        by_payer = Payment.payer_kana.contains(wanted["payer"], autoescape=True)
        found = found.where(sa.or_(by_payer, Payment.contract_id.in_(named)))
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def rows_of(only: str, wanted: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the rows of the CSV, its head first; one for each payment, by day."""
    yield list(HEAD)
    found: Any = sa.select(Payment, Contract.number, Customer.name)
    found = found.outerjoin(Contract, Contract.id == Payment.contract_id)
    found = found.outerjoin(Customer, Customer.id == Contract.customer_id).where(ONLY[only])
    found = matching(found, wanted).order_by(Payment.paid_on, Payment.id).execution_options(yield_per=500)
    for row, number, name in db.session.execute(found):
        yield [
            row.paid_on.isoformat(), str(row.id), str(WAYS[row.way]), str(PAYMENTS[row.state][0]), number or "",
            harmless(name or ""), harmless(row.payer_kana), str(row.amount), str(row.settled), str(row.refunded),
            str(row.rest), harmless(row.note),
        ]  # fmt: skip
