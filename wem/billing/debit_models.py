"""Debit files as rows: one run for each day of debit, its debits, and the sums that each of them is for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock, vault
from wem.billing.debit_rules import RUN, EntryAction, EntryState, Method, Outcome, RunAction, RunState
from wem.billing.models import Receivable
from wem.billing.zengin_rules import Collector
from wem.contracts.mandate_models import Mandate
from wem.contracts.models import Contract
from wem.contracts.state_rules import after
from wem.db import Base, BigId, db

LOST = "lost"  # in place of the hash


class DebitRun(Base):
    """The file for one day of debit: as it was made, and as the bank answered it; both are sealed.

    `collector` is who collected, as it was then: the result is checked against it.
    """

    __tablename__ = "debit_run"
    __table_args__ = (
        sa.Index(
            "uq_debit_run_live",
            "debit_on",
            unique=True,
            sqlite_where=sa.text("state <> 'withdrawn'"),
            postgresql_where=sa.text("state <> 'withdrawn'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    state: Mapped[RunState] = mapped_column(default=RunState.made)
    month: Mapped[date]  # the 1st of the month whose debit it is
    debit_on: Mapped[date]
    deadline: Mapped[date]
    result_on: Mapped[date]  # when the bank's answer is expected
    collector: Mapped[dict[str, Any]]
    count: Mapped[int]
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    file_sealed: Mapped[bytes] = mapped_column(deferred=True)
    file_hash: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    made_by: Mapped[int]
    fetched_at: Mapped[datetime | None]  # downloaded for the first time
    result_sealed: Mapped[bytes | None] = mapped_column(deferred=True)
    result_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None]
    paid_count: Mapped[int] = mapped_column(default=0)
    paid_amount: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    failed_count: Mapped[int] = mapped_column(default=0)
    failed_amount: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    warnings: Mapped[list[Any]] = mapped_column(default=list)  # [line, what], as `zengin_reading_rules.Warned`
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")  # why it was withdrawn

    @property
    def profile(self) -> Collector:
        return Collector(**self.collector)

    @property
    def lost(self) -> bool:
        """Return whether it was made after a backup that was restored: of its file only numbers are left."""
        return self.file_hash == LOST

    @property
    def file(self) -> bytes:
        """Return the request file, byte for byte as it was made. Raises vault.CannotOpen."""
        return vault.open_sealed(self.file_sealed, "debit file", self.file_hash)

    def take(self, action: RunAction) -> None:
        """Go along one line of the table. Raises state_rules.Illegal."""
        self.state = after(RUN, self.state, action)


class DebitEntry(Base):
    """One debit of a run: a record of its file."""

    __tablename__ = "debit_entry"
    __table_args__ = (
        sa.Index("ix_debit_entry_run_id_place", "run_id", "place", unique=True),
        sa.Index(
            "ix_debit_entry_open",
            "state",
            sqlite_where=sa.text("state IN ('waiting', 'with_staff')"),
            postgresql_where=sa.text("state IN ('waiting', 'with_staff')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[int] = mapped_column(sa.ForeignKey("debit_run.id"))
    place: Mapped[int]  # from 0, in the file
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), index=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    mandate_id: Mapped[int] = mapped_column(sa.ForeignKey("mandate.id"), index=True)
    number: Mapped[str] = mapped_column(sa.String(20))
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    new_code: Mapped[int]
    state: Mapped[EntryState] = mapped_column(default=EntryState.waiting)
    code: Mapped[str] = mapped_column(sa.String(1), default="")  # as the bank wrote it
    outcome: Mapped[Outcome | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")

    run: Mapped[DebitRun] = relationship()
    contract: Mapped[Contract] = relationship()
    mandate: Mapped[Mandate] = relationship()
    items: Mapped[list[DebitItem]] = relationship(order_by="DebitItem.id", back_populates="entry")

    def take(self, action: EntryAction, table: Any) -> None:
        """Go along one line of the table. Raises state_rules.Illegal."""
        self.state = after(table, self.state, action)


class DebitItem(Base):
    """One sum within a debit; `first`: it had never been asked for before."""

    __tablename__ = "debit_item"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("debit_entry.id"), index=True)
    receivable_id: Mapped[int] = mapped_column(sa.ForeignKey("receivable.id"), index=True)
    amount: Mapped[int]
    first: Mapped[bool]

    entry: Mapped[DebitEntry] = relationship(back_populates="items")
    receivable: Mapped[Receivable] = relationship()


class PaymentChoice(Base):
    """Another way of payment for a contract or one sum, with its reason and who decided (6-1d); the newest holds."""

    __tablename__ = "payment_choice"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    receivable_id: Mapped[int | None] = mapped_column(sa.ForeignKey("receivable.id"), index=True)
    method: Mapped[Method]
    reason: Mapped[str] = mapped_column(sa.String(500))
    chosen_at: Mapped[datetime] = mapped_column(default=clock.now)
    chosen_by: Mapped[int]


def live_runs() -> list[DebitRun]:
    """Return the runs that were not withdrawn, the newest first."""
    found = sa.select(DebitRun).where(DebitRun.state != RunState.withdrawn).order_by(DebitRun.debit_on.desc())
    return list(db.session.scalars(found))


def methods(contract_ids: Iterable[int] | None = None) -> dict[tuple[int, int | None], PaymentChoice]:
    """Return what holds, by contract and sum (None: the whole contract); of all contracts unless some are named."""
    found = sa.select(PaymentChoice).order_by(PaymentChoice.id)
    if contract_ids is not None:
        found = found.where(PaymentChoice.contract_id.in_(list(contract_ids)))
    return {(row.contract_id, row.receivable_id): row for row in db.session.scalars(found)}


def method_of(
    contract_id: int, receivable_id: int | None, chosen: dict[tuple[int, int | None], PaymentChoice]
) -> Method:
    """Return how a sum is paid: as chosen for it, else as chosen for its contract, else by direct debit (6-1b)."""
    row = chosen.get((contract_id, receivable_id)) if receivable_id is not None else None
    row = row or chosen.get((contract_id, None))
    return row.method if row else Method.debit


OPEN = (EntryState.waiting, EntryState.with_staff)


def in_file() -> sa.ColumnElement[bool]:
    """Return the condition on receivables: the bank has been asked for it, and nobody knows yet what became of that."""
    return sa.exists(
        sa.select(DebitItem.id)
        .join(DebitEntry)
        .where(
            DebitItem.receivable_id == Receivable.id,
            DebitEntry.state.in_(OPEN),
        )
    )


def in_flight() -> sa.ColumnElement[bool]:
    """Return the condition on receivables: asked for the first time, and the bank has not answered, or not clearly.

    Nobody can know yet that such a sum is not paid.
    """
    return sa.exists(
        sa.select(DebitItem.id)
        .join(DebitEntry)
        .where(DebitItem.receivable_id == Receivable.id, DebitItem.first, DebitEntry.state.in_(OPEN))
    )
