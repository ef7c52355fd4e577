"""Invoices as they were issued (消法 57条の4): numbered without gaps, never changed, corrected by further documents."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem.billing.invoice_rules import TaxSum
from wem.billing.rules import InvoiceKind, Occasion
from wem.contracts.models import Contract
from wem.db import Base, BigId, db, insert_ignoring
from wem.documents import Document

# All that the document says; a trigger in the database refuses to change it.
CONTENT = (
    "number", "kind", "occasion", "customer_id", "contract_id", "month", "period_from", "period_to", "issued_on",
    "due_on", "recipient", "issuer", "lines", "net", "tax", "total", "corrects_id", "note", "evidence", "locked_until",
)  # fmt: skip


class Invoice(Base):
    """One 適格請求書, or one 適格返還請求書 with negative sums; all sums in yen.

    `done_once` names what it was issued for, so that nothing is charged twice.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        sa.Index("ix_invoice_issued_on_total", "issued_on", "total"),
        sa.Index("ix_invoice_customer_id_id", "customer_id", "id"),
        sa.Index(
            "ix_invoice_untold",
            "id",
            sqlite_where=sa.text("told_at IS NULL"),
            postgresql_where=sa.text("told_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)
    done_once: Mapped[str] = mapped_column(sa.String(64), unique=True)
    kind: Mapped[InvoiceKind]
    occasion: Mapped[Occasion]
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    month: Mapped[date] = mapped_column(index=True)  # 1st of the month in whose books it stands
    period_from: Mapped[date | None]
    period_to: Mapped[date | None]
    issued_on: Mapped[date]
    issued_at: Mapped[datetime]
    issued_by: Mapped[int | None]
    due_on: Mapped[date | None]
    # {"name", "honorific", "postal_code", "address"} and {"name", "number", "postal_code", "address"}, as they were.
    recipient: Mapped[dict[str, Any]]
    recipient_name: Mapped[str] = mapped_column(sa.String(200), index=True)
    issuer: Mapped[dict[str, Any]]
    # [{"kind", "label", "quantity", "unit", "amount", "rate", "month"}, …]
    lines: Mapped[list[Any]]
    net: Mapped[int]
    tax: Mapped[int]
    total: Mapped[int]
    corrects_id: Mapped[int | None] = mapped_column(sa.ForeignKey("invoice.id"), index=True)
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    # What a claim of costs stands on: counts, periods, reasons; never addresses (12特約).
    evidence: Mapped[dict[str, Any] | None]
    locked_until: Mapped[date]  # first day on which it need not be kept any more
    # What became of it since.
    told_at: Mapped[datetime | None]
    notice_id: Mapped[int | None] = mapped_column(sa.ForeignKey("notice.id"), index=True)
    document_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document.id"), index=True)
    # Of a return: how much of it went into what is owed, or back by a refund.
    set_off: Mapped[int] = mapped_column(default=0)
    settled_on: Mapped[date | None]  # of a claim against a third party, which owes nothing by the contract

    contract: Mapped[Contract] = relationship()
    corrects: Mapped[Invoice | None] = relationship(remote_side="Invoice.id")
    document: Mapped[Document | None] = relationship()
    taxes: Mapped[list[InvoiceTax]] = relationship(order_by="InvoiceTax.rate.desc()")

    @property
    def about(self) -> str:
        """Return how its notices and documents are found."""
        return f"invoice {self.id}"

    @property
    def credit(self) -> int:
        """Return what a return still has to give, in yen."""
        return max(-self.total - self.set_off, 0)

    @property
    def third_party(self) -> bool:
        return self.occasion is Occasion.third_party


class InvoiceTax(Base):
    """The sums of one rate on one invoice: a percentage, 0 out of scope; yen."""

    __tablename__ = "invoice_tax"

    invoice_id: Mapped[int] = mapped_column(sa.ForeignKey("invoice.id"), primary_key=True)
    rate: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    net: Mapped[int]
    tax: Mapped[int]

    @property
    def sums(self) -> TaxSum:
        return TaxSum(self.rate, self.net, self.tax)


class InvoiceCounter(Base):
    """The last number given in a year; who takes the next one holds the row until the invoice is committed."""

    __tablename__ = "invoice_counter"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(default=0)


def next_number(year: int) -> str:
    """Return the next number of a year, `2026-000001`: without gaps, for it goes back with its transaction."""
    db.session.execute(insert_ignoring(InvoiceCounter).values(year=year, last=0))
    taken = db.session.execute(
        sa.update(InvoiceCounter)
        .where(InvoiceCounter.year == year)
        .values(last=InvoiceCounter.last + 1)
        .returning(InvoiceCounter.last)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    return f"{year}-{taken:06}"


def issued(done_once: str) -> Invoice | None:
    """Return the invoice that was issued for something already."""
    return db.session.scalar(sa.select(Invoice).where(Invoice.done_once == done_once))


def following(invoice_id: int) -> list[Invoice]:
    """Return the documents that correct an invoice or give something of it back."""
    return list(db.session.scalars(sa.select(Invoice).where(Invoice.corrects_id == invoice_id).order_by(Invoice.id)))
