"""The hours of the day in which a customer's mailings do not leave."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock
from wem.db import Base, db
from wem.delivery.no_send_rules import NoSendHours


class NoSendSetting(Base):
    """A customer's hours; without a row mailings leave at any time."""

    __tablename__ = "no_send_setting"

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    begins: Mapped[time]
    ends: Mapped[time]
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)
    changed_by: Mapped[int | None]


def hours_of(customer_id: int) -> NoSendHours | None:
    """Return a customer's hours, None without any."""
    return _hours({customer_id}).get(customer_id)


def in_no_send_hours(customer_ids: Collection[int], at: datetime) -> set[int]:
    """Return those of these customers of whom no mailing leaves at a moment."""
    return {customer_id for customer_id, hours in _hours(customer_ids).items() if hours.hold(at)}


def _hours(customer_ids: Collection[int]) -> dict[int, NoSendHours]:
    if not customer_ids:
        return {}
    rows = db.session.execute(
        sa.select(NoSendSetting.customer_id, NoSendSetting.begins, NoSendSetting.ends).where(
            NoSendSetting.customer_id.in_(customer_ids)
        )
    )
    return {row.customer_id: NoSendHours(row.begins, row.ends) for row in rows}
