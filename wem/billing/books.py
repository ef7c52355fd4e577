"""The books (電子帳簿保存法): invoices by date, amount and counterparty, sums by month and rate, ageing, CSV."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import jaconv
import sqlalchemy as sa

from wem.accounts.models import Customer
from wem.billing.invoice_models import Invoice, InvoiceTax
from wem.billing.invoice_wording import DOCUMENTS, OCCASIONS
from wem.billing.models import Receivable
from wem.billing.rules import InvoiceKind, Occasion
from wem.contracts.models import Contract
from wem.contracts.name_rules import spellings
from wem.db import db

AGES = (0, 30, 60, 90, 180)  # days overdue from which each column of the ageing begins


@dataclass(frozen=True)
class Wanted:
    """What is looked for; empty parts do not matter. Amounts in yen with tax, as the document says: of a return without
    a minus."""

    since: date | None = None
    until: date | None = None
    least: int | None = None
    most: int | None = None
    counterparty: str = ""
    kind: InvoiceKind | None = None
    contract_id: int | None = None


def matching(wanted: Wanted) -> sa.Select[Invoice]:
    """Select the invoices that are looked for: every part that is given must hold (施行規則 2条6項)."""
    found = sa.select(Invoice)
    if wanted.since:
        found = found.where(Invoice.issued_on >= wanted.since)
    if wanted.until:
        found = found.where(Invoice.issued_on <= wanted.until)
    if wanted.least is not None:
        found = found.where(sa.func.abs(Invoice.total) >= wanted.least)
    if wanted.most is not None:
        found = found.where(sa.func.abs(Invoice.total) <= wanted.most)
    if wanted.kind is not None:
        found = found.where(Invoice.kind == wanted.kind)
    if wanted.contract_id is not None:
        found = found.where(Invoice.contract_id == wanted.contract_id)
    if wanted.counterparty:
        typed = wanted.counterparty
        contracts = sa.select(Contract.id).where(Contract.number == typed)
        names = [Invoice.recipient_name.contains(name, autoescape=True) for name in sorted(spellings(typed))]
        read = jaconv.hira2kata(unicodedata.normalize("NFKC", typed))
        kana = sa.select(Customer.id).where(Customer.kana.contains(read, autoescape=True))
        by_kana = sa.and_(Invoice.customer_id.in_(kana), Invoice.occasion != Occasion.third_party)
        found = found.where(sa.or_(*names, Invoice.number == typed, Invoice.contract_id.in_(contracts), by_kana))
    return found


def sums(wanted: Wanted) -> tuple[int, int]:
    """Return how many invoices are found, and what they come to in yen with tax."""
    found = matching(wanted).subquery()
    row = db.session.execute(sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(found.c.total), 0))).one()
    return int(row[0]), int(row[1])


@dataclass(frozen=True)
class MonthSum:
    """One rate of one month: documents, net, tax in yen; what was given back taken off."""

    month: date
    rate: int
    documents: int
    net: int
    tax: int

    @property
    def total(self) -> int:
        return self.net + self.tax


def month_sums(months: int = 13) -> list[MonthSum]:
    """Return the sums by month of issue and rate, the newest month first."""
    newest = sa.select(Invoice.month).distinct().order_by(Invoice.month.desc()).limit(months)
    found = (
        sa.select(
            Invoice.month, InvoiceTax.rate, sa.func.count(), sa.func.sum(InvoiceTax.net), sa.func.sum(InvoiceTax.tax)
        )
        .join(InvoiceTax, InvoiceTax.invoice_id == Invoice.id)
        .where(Invoice.month.in_(newest))
        .group_by(Invoice.month, InvoiceTax.rate)
        .order_by(Invoice.month.desc(), InvoiceTax.rate.desc())
    )
    return [
        MonthSum(month, rate, count, int(net), int(tax)) for month, rate, count, net, tax in db.session.execute(found)
    ]


@dataclass(frozen=True)
class Age:
    """Open sums of one age: from so many days overdue, to before so many; None has no end, -1 is not due yet."""

    since: int
    until: int | None
    count: int
    amount: int


def ageing(today: date) -> list[Age]:
    """Return what is open by its age, what is not due yet first; claims against others than customers with it."""
    bounds: list[tuple[int, int | None]] = [(-1, 0), *zip(AGES, [*AGES[1:], None], strict=True)]
    ages = []
    for since, until in bounds:
        row = db.session.execute(
            sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Receivable.amount - Receivable.paid), 0)).where(
                Receivable.settled_on.is_(None), _aged(Receivable.due_on, today, since, until)
            )
        ).one()
        others = db.session.execute(
            sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(CLAIMED), 0)).where(
                CLAIM, _aged(_CLAIM_DUE, today, since, until)
            )
        ).one()
        ages.append(Age(since, until, int(row[0] + others[0]), int(row[1] + others[1])))
    return ages


# A claim of costs against somebody who is no customer (12特約): owed by no contract, so no receivable stands for it.
# What was given back of it is claimed no more.
_BACK = sa.orm.aliased(Invoice)
CLAIMED = Invoice.total + (
    sa.select(sa.func.coalesce(sa.func.sum(_BACK.total), 0))
    .where(_BACK.corrects_id == Invoice.id, _BACK.kind == InvoiceKind.give_back)
    .correlate(Invoice)
    .scalar_subquery()
)
CLAIM = sa.and_(
    Invoice.occasion == Occasion.third_party,
    Invoice.kind == InvoiceKind.invoice,
    Invoice.settled_on.is_(None),
    CLAIMED > 0,
)
_CLAIM_DUE = sa.func.coalesce(Invoice.due_on, Invoice.issued_on)


def claims(limit: int, before: date | None = None) -> list[Invoice]:
    """Return the open claims against others than customers, the oldest first; `before`: those that were due then."""
    found = sa.select(Invoice).where(CLAIM)
    if before is not None:
        found = found.where(before > _CLAIM_DUE)
    return list(db.session.scalars(found.order_by(_CLAIM_DUE, Invoice.id).limit(limit)))


def _aged(due_on: sa.SQLColumnExpression[date], today: date, since: int, until: int | None) -> sa.ColumnElement[bool]:
    if since < 0:
        return due_on >= today
    # Overdue on the day after the due date: one day then.
    newest = today - timedelta(days=max(since, 1))
    found = due_on <= newest
    return found if until is None else sa.and_(found, due_on > today - timedelta(days=until))


# As an accountant's program reads it; one row for each rate of each document.
HEAD = (
    "発行日", "番号", "書類", "事由", "登録番号", "契約番号", "取引先", "対象期間開始", "対象期間終了", "税率",
    "税抜金額", "消費税額", "税込金額", "支払期限", "元の請求書", "入金日", "貸倒・免除日",
    "貸倒・免除額",
)  # fmt: skip


def rows_of(wanted: Wanted) -> Iterator[list[str]]:
    """Yield the rows of the CSV, its head first; billing data, which is not readers' data (17-4)."""
    yield list(HEAD)
    numbers = sa.orm.aliased(Invoice)
    settled = (
        sa.select(
            Receivable.invoice_id,
            sa.func.max(Receivable.settled_on).label("settled_on"),
            sa.func.max(Receivable.not_paid).label("not_paid"),
            sa.func.max(Receivable.amount - Receivable.paid).label("missing"),
        )
        .where(Receivable.invoice_id.is_not(None))
        .group_by(Receivable.invoice_id)
        .subquery()
    )
    found = (
        matching(wanted)
        .add_columns(
            InvoiceTax.rate,
            InvoiceTax.net,
            InvoiceTax.tax,
            Contract.number,
            numbers.number,
            settled.c.settled_on,
            settled.c.not_paid,
            settled.c.missing,
        )
        .join(InvoiceTax, InvoiceTax.invoice_id == Invoice.id)
        .join(Contract, Contract.id == Invoice.contract_id)
        .outerjoin(numbers, numbers.id == Invoice.corrects_id)
        .outerjoin(settled, settled.c.invoice_id == Invoice.id)
        .order_by(Invoice.issued_on, Invoice.id, InvoiceTax.rate.desc())
        .execution_options(yield_per=500)
    )
    for row, rate, net, tax, contract, corrects, settled_on, not_paid, missing in db.session.execute(found):
        paid_on, lost_on = (None, settled_on) if not_paid else (settled_on, None)
        third = row.occasion is Occasion.third_party
        yield [
            row.issued_on.isoformat(), row.number, str(DOCUMENTS[row.kind]), str(OCCASIONS[row.occasion]),
            row.issuer["number"], contract, harmless(row.recipient_name), _iso(row.period_from), _iso(row.period_to),
            f"{rate}%" if rate else "不課税", str(net), str(tax), str(net + tax), _iso(row.due_on), corrects or "",
            _iso(row.settled_on if third else paid_on), _iso(lost_on), str(missing) if lost_on else "",
        ]  # fmt: skip


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def harmless(text: str) -> str:
    """Return a text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def written(rows: Iterator[list[str]]) -> Iterator[bytes]:
    """Yield a CSV as spreadsheets in Japan open it: UTF-8 with a mark, CRLF."""
    yield "\ufeff".encode()
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow(row)
        yield line.getvalue().encode()
