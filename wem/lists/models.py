"""Lists, a customer's fields, and which of them stand on a list's sign-up form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.db import Base, BigId
from wem.lists.states import (
    FieldKind,
)


class MailingList(Base):
    """A named list (リスト) of one customer."""

    __tablename__ = "mailing_list"
    __table_args__ = (sa.UniqueConstraint("customer_id", "slug"), sa.UniqueConstraint("customer_id", "id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    name: Mapped[str] = mapped_column(sa.String(100))
    slug: Mapped[str] = mapped_column(sa.String(40))
    description: Mapped[str] = mapped_column(sa.String(500), default="")
    sign_up_open: Mapped[bool] = mapped_column(default=True)
    sign_up_intro: Mapped[str] = mapped_column(sa.Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    archived_at: Mapped[datetime | None]
    # Kept with each change, never counted over the table.
    active_count: Mapped[int] = mapped_column(default=0)
    pending_count: Mapped[int] = mapped_column(default=0)
    # Goes up with each change of what the sign-up form shows; consent events name it.
    form_version: Mapped[int] = mapped_column(default=1)

    form_fields: Mapped[list[ListField]] = relationship(
        back_populates="mailing_list", order_by="ListField.position", cascade="all, delete-orphan"
    )


class Field(Base):
    """A custom field of a customer's readers."""

    __tablename__ = "field"
    __table_args__ = (sa.UniqueConstraint("customer_id", "key"), sa.UniqueConstraint("customer_id", "id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    key: Mapped[str] = mapped_column(sa.String(64))
    label: Mapped[str] = mapped_column(sa.String(100))
    kind: Mapped[FieldKind]
    options: Mapped[list[Any]] = mapped_column(default=list)
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class DeletedField(Base):
    """A deleted field, until what readers entered in it is erased; before, its key is not given to another."""

    __tablename__ = "deleted_field"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int]
    key: Mapped[str] = mapped_column(sa.String(64))
    # Last reader whose value is erased.
    cursor: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class ListField(Base):
    """A field that stands on a list's sign-up form."""

    __tablename__ = "list_field"

    list_id: Mapped[int] = mapped_column(sa.ForeignKey("mailing_list.id", ondelete="CASCADE"), primary_key=True)
    field_id: Mapped[int] = mapped_column(sa.ForeignKey("field.id", ondelete="CASCADE"), primary_key=True, index=True)
    required: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)

    mailing_list: Mapped[MailingList] = relationship(back_populates="form_fields")
    field: Mapped[Field] = relationship()
