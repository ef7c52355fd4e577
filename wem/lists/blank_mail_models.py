"""What a list has for blank mail (空メール): the addresses lent to it, its settings and its counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock
from wem.db import Base, BigId, db

ADDRESS_OF_A_LIST = sa.ForeignKeyConstraint(
    ["customer_id", "list_id"], ["mailing_list.customer_id", "mailing_list.id"], name="fk_lent_address_mailing_list"
)


class LentAddress(Base):
    """A dedicated address (専用メールアドレス, Art. 8-1) and its way out, lent to a list from one day to another."""

    __tablename__ = "lent_address"
    __table_args__ = (
        ADDRESS_OF_A_LIST,
        # Lent to one list at a time; who comes second fails.
        sa.Index(
            "uq_lent_address_lent",
            "code",
            unique=True,
            sqlite_where=sa.text("returned_at IS NULL"),
            postgresql_where=sa.text("returned_at IS NULL"),
        ),
        sa.Index("ix_lent_address_code", "code"),
        sa.Index("ix_lent_address_list_id", "list_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int]
    list_id: Mapped[int]
    code: Mapped[str] = mapped_column(sa.String(32))
    lent_at: Mapped[datetime] = mapped_column(default=clock.now)
    lent_by: Mapped[int | None]
    returned_at: Mapped[datetime | None]


class BlankMail(Base):
    """How a list takes sign-ups by blank mail, and how often it was used. Missing: never switched on."""

    __tablename__ = "blank_mail"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["customer_id", "list_id"],
            ["mailing_list.customer_id", "mailing_list.id"],
            name="fk_blank_mail_mailing_list",
        ),
    )

    list_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    customer_id: Mapped[int]
    on: Mapped[bool] = mapped_column("is_on", default=True)
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    # The customer's own words by kind of answer (`blank_emails.Answer`); what the law asks stands beside them.
    texts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # Mails of persons, links mailed for them, registrations that came of it, stops, mails that got no answer.
    asked: Mapped[int] = mapped_column(default=0)
    invited: Mapped[int] = mapped_column(default=0)
    confirmed: Mapped[int] = mapped_column(default=0)
    stopped: Mapped[int] = mapped_column(default=0)
    unanswered: Mapped[int] = mapped_column(default=0)


class TakenMail(Base):
    """An arrived mail that has done what it is for: handed on again, it does nothing twice."""

    __tablename__ = "taken_mail"
    __table_args__ = (sa.Index("ix_taken_mail_at", "at"),)

    number: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]


def count(list_id: int, what: str) -> None:
    """Add one to a count of a list's blank mail, as it stands in the table."""
    db.session.execute(
        sa.update(BlankMail)
        .where(BlankMail.list_id == list_id)
        .values({what: getattr(BlankMail, what) + 1})
        .execution_options(synchronize_session=False)
    )
