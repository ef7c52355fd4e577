"""What pace and fairness remember: whose turn it is, how a provider takes our mail, where a domain's mail goes."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem.db import Base


class CustomerTurn(Base):
    """How much a customer has had of the senders, in recipients by weight; and what was agreed about the pace."""

    __tablename__ = "customer_turn"

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    # Start and finish tag of the batch taken last, as start-time fair queueing calls them.
    start: Mapped[float] = mapped_column(sa.Double, default=0.0, index=True)
    finish: Mapped[float] = mapped_column(sa.Double, default=0.0)
    # Recipients that small mailings may go before the running one of the same customer.
    saved: Mapped[float] = mapped_column(sa.Double, default=0.0)
    weight: Mapped[float] = mapped_column(sa.Double, default=1.0)
    # Mails a second; none means that of the settings.
    rate: Mapped[float | None] = mapped_column(sa.Double)


class ProviderState(Base):
    """How a provider takes mail of one pool: our own addresses as a whole (""), or one sending domain."""

    __tablename__ = "provider_state"

    pool: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    provider: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    # Mails a second since it complained; none when nothing holds us back.
    rate: Mapped[float | None] = mapped_column(sa.Double)
    rate_before: Mapped[float | None] = mapped_column(sa.Double)
    troubled_at: Mapped[datetime | None]
    grown_at: Mapped[datetime | None]
    # One mail a minute over one connection until then; nothing at all until then.
    slow_until: Mapped[datetime | None]
    cooldown_until: Mapped[datetime | None]
    warm_day: Mapped[date | None] = mapped_column(sa.Date)
    warm_step: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    sent_today: Mapped[int] = mapped_column(default=0)
    deferred_today: Mapped[int] = mapped_column(default=0)
    bounced_today: Mapped[int] = mapped_column(default=0)
    complained_today: Mapped[int] = mapped_column(default=0)


class MailDomain(Base):
    """Who takes the mail of a domain that no table names, as its MX records say."""

    __tablename__ = "mail_domain"

    domain: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    provider: Mapped[str] = mapped_column(sa.String(16), default="other")
    due_at: Mapped[datetime] = mapped_column(index=True)
    # Failed look-ups in a row.
    failures: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    # When an audience held it last; what nobody writes to is forgotten.
    wanted_at: Mapped[datetime] = mapped_column(index=True)
