"""Uploads of addresses into lists, and their rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.db import Base, BigId, Small
from wem.lists.models import MailingList
from wem.lists.states import (
    RowState,
    UploadKind,
    UploadState,
)


class Upload(Base):
    """A file of addresses (CSV or Excel) on its way into a list."""

    __tablename__ = "upload"
    __table_args__ = (sa.Index("ix_upload_list_id_id", "list_id", "id"), sa.Index("ix_upload_state", "state"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    list_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing_list.id"))
    kind: Mapped[UploadKind]
    state: Mapped[UploadState]
    filename: Mapped[str] = mapped_column(sa.String(200))
    storage_key: Mapped[str | None] = mapped_column(sa.String(64))
    size: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    # encoding, delimiter, has_header, sheets … as detected, and as the person corrected them
    shape: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # {"address": column, "fields": {column: field key}, "new": [fields to be made], "update_known", "everywhere"}
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # attested: how, when, wording, told; evidence's storage key
    statement: Mapped[dict[str, Any]] = mapped_column(default=dict)
    total: Mapped[int] = mapped_column(default=0)
    read: Mapped[int] = mapped_column(default=0)
    good: Mapped[int] = mapped_column(default=0)
    bad: Mapped[int] = mapped_column(default=0)
    duplicate: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)
    # Readers of the customer's other lists; and how many rows would raise the registered addresses.
    elsewhere: Mapped[int] = mapped_column(default=0)
    raising: Mapped[int] = mapped_column(default=0)
    opted_out: Mapped[int] = mapped_column(default=0)
    # Not invited: the address had its confirmation mails for the day.
    limited: Mapped[int] = mapped_column(default=0)
    applied: Mapped[int] = mapped_column(default=0)
    undone: Mapped[int] = mapped_column(default=0)
    # Last record done in the present step: with the rows of that step, in one transaction. Below zero: how many parts
    # were searched for duplicates.
    cursor: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(sa.String(64), default="")
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    decided_by: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str] = mapped_column(sa.String(500), default="")
    finished_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    owner: Mapped[str | None] = mapped_column(sa.String(64))
    fence: Mapped[int] = mapped_column(default=0)

    mailing_list: Mapped[MailingList] = relationship()


class UploadRow(Base):
    """One record of an upload, checked; gone once it is applied. A refused one stays for a while without address."""

    __tablename__ = "upload_row"
    __table_args__ = (
        # The report of refused rows; a million good ones cost it nothing.
        sa.Index(
            "ix_upload_row_refused",
            "upload_id",
            "record",
            sqlite_where=sa.text("state IN (1, 2)"),
            postgresql_where=sa.text("state IN (1, 2)"),
        ),
        # Rows lie in the order in which they are applied.
        {"sqlite_with_rowid": False},
    )

    upload_id: Mapped[int] = mapped_column(sa.ForeignKey("upload.id", ondelete="CASCADE"), primary_key=True)
    record: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[RowState] = mapped_column(Small(RowState))
    address: Mapped[str | None] = mapped_column(sa.String(320))
    address_key: Mapped[str | None] = mapped_column(sa.String(320))
    address_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16))
    domain_group: Mapped[str | None] = mapped_column(sa.String(16))
    fields: Mapped[dict[str, Any] | None]
    problem: Mapped[str | None] = mapped_column(sa.String(64))
    # Which column and what was wrong, never the address itself.
    place: Mapped[str | None] = mapped_column(sa.String(100))
