"""Payments as the books have them (電子帳簿保存法): found by day, amount and payer, and as the accountant's file."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from wem.accounts.models import Customer
from wem.billing import kana_rules
from wem.billing.books import harmless
from wem.billing.payment_models import Payment
from wem.billing.wording import PAYMENTS, WAYS
from wem.contracts.application_models import Application
from wem.contracts.application_rules import IN_VAIN
from wem.contracts.models import Contract
from wem.contracts.name_rules import spellings
from wem.db import db

REST = Payment.amount - Payment.settled - Payment.refunded
# Of an application that is not decided: neither nobody's nor too much.
HELD = Payment.application_id.in_(sa.select(Application.id).where(Application.state.not_in(IN_VAIN)))
ONLY = {
    "unmatched": sa.and_(
        REST > 0, Payment.contract_id.is_(None), Payment.application_id.is_(None), Payment.set_aside_at.is_(None)
    ),
    "over": sa.and_(
        REST > 0,
        sa.or_(Payment.contract_id.is_not(None), sa.and_(Payment.application_id.is_not(None), ~HELD)),
        Payment.set_aside_at.is_(None),
    ),
    "all": sa.true(),
}
HEAD = (
    "入金日", "入金番号", "入金方法", "状態", "契約番号", "契約者", "振込人", "入金額", "充当額", "返金額", "残額",
    "備考",
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What is looked for; empty parts do not matter. Amounts in yen."""

    since: date | None = None
    until: date | None = None
    least: int | None = None
    most: int | None = None
    payer: str = ""


def matching(found: Any, wanted: Wanted) -> Any:
    """Narrow a selection of payments: every part that is given must hold (施行規則 2条6項)."""
    if wanted.since:
        found = found.where(Payment.paid_on >= wanted.since)
    if wanted.until:
        found = found.where(Payment.paid_on <= wanted.until)
    if wanted.least is not None:
        found = found.where(Payment.amount >= wanted.least)
    if wanted.most is not None:
        found = found.where(Payment.amount <= wanted.most)
    if wanted.payer:
        names = sorted(spellings(wanted.payer))
        named = sa.select(Contract.id).join(Customer, Customer.id == Contract.customer_id)
        named = named.where(sa.or_(*(Customer.name.contains(name, autoescape=True) for name in names)))
        kana = sorted({*names, kana_rules.half_width(wanted.payer), unicodedata.normalize("NFKC", wanted.payer)})
        by_payer = [Payment.payer_kana.contains(name, autoescape=True) for name in kana if name]
        by_payer += [Payment.payer_name.contains(name, autoescape=True) for name in names]
        applied = sa.select(Application.id).where(
            sa.or_(*(Application.name.contains(name, autoescape=True) for name in names))
        )
        found = found.where(sa.or_(*by_payer, Payment.contract_id.in_(named), Payment.application_id.in_(applied)))
    return found


def rows_of(only: str, wanted: Wanted) -> Iterator[list[str]]:
    """Yield the rows of the CSV, its head first; one for each payment, by day."""
    yield list(HEAD)
    name = sa.func.coalesce(sa.func.nullif(Payment.payer_name, ""), Customer.name, Application.name)
    found: Any = sa.select(Payment, Contract.number, name)
    found = found.outerjoin(Application, Application.id == Payment.application_id)
    found = found.outerjoin(Contract, Contract.id == Payment.contract_id)
    found = found.outerjoin(Customer, Customer.id == Contract.customer_id).where(ONLY[only])
    found = matching(found, wanted).order_by(Payment.paid_on, Payment.id).execution_options(yield_per=500)
    for row, number, payer in db.session.execute(found):
        yield [
            row.paid_on.isoformat(), str(row.id), str(WAYS[row.way]), str(PAYMENTS[row.state][0]), number or "",
            harmless(payer or ""), harmless(row.payer_kana), str(row.amount), str(row.settled), str(row.refunded),
            str(row.rest), harmless(row.note),
        ]  # fmt: skip
