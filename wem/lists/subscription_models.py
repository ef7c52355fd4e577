"""Subscribers and their subscriptions, the proof of their consent, and who said no."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.db import Base, BigId
from wem.lists.models import MailingList
from wem.lists.states import (
    ConsentKind,
    SubscriptionState,
    SuppressionReason,
    Way,
)
from wem.notices.masking_rules import mask_address

EVERY_LIST = 0


class Subscriber(Base):
    """One end-user address within one customer (読者). Gone when its last subscription ends."""

    __tablename__ = "subscriber"
    __table_args__ = (
        sa.UniqueConstraint("customer_id", "address_key"),
        sa.UniqueConstraint("customer_id", "id"),
        # Never give a number to a second person: stops and unsubscribe links carry it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    address: Mapped[str] = mapped_column(sa.String(320))
    address_key: Mapped[str] = mapped_column(sa.String(320))
    address_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(16))
    domain_group: Mapped[str] = mapped_column(sa.String(16), default="other")
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    language: Mapped[str] = mapped_column(sa.String(2), default="ja")
    # Number of active subscriptions; above 0 it is a registered address (1-5).
    active_count: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    subscriptions: Mapped[list[Subscription]] = relationship(
        back_populates="subscriber", cascade="all, delete-orphan", passive_deletes=True, order_by="Subscription.id"
    )

    @property
    def masked(self) -> str:
        """The address as a customer may see it (17-4)."""
        return mask_address(self.address)


class Subscription(Base):
    """One subscriber on one list (登録)."""

    __tablename__ = "subscription"
    __table_args__ = (
        sa.UniqueConstraint("subscriber_id", "list_id"),
        sa.Index("ix_subscription_list_id_state_id", "list_id", "state", "id"),
        # Who came to a list since a moment: sequences look every minute.
        sa.Index("ix_subscription_list_id_confirmed_at", "list_id", "confirmed_at"),
        sa.Index(
            "ix_subscription_expires_at",
            "expires_at",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
        sa.Index(
            "ix_subscription_upload_id",
            "upload_id",
            sqlite_where=sa.text("upload_id IS NOT NULL"),
            postgresql_where=sa.text("upload_id IS NOT NULL"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "subscriber_id"],
            ["subscriber.customer_id", "subscriber.id"],
            ondelete="CASCADE",
            name="fk_subscription_subscriber",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "list_id"],
            ["mailing_list.customer_id", "mailing_list.id"],
            name="fk_subscription_mailing_list",
        ),
        # Never give a number twice: confirmation links carry it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int]
    list_id: Mapped[int]
    subscriber_id: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[SubscriptionState]
    way: Mapped[Way]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    upload_id: Mapped[int | None]
    # What the form held: taken over by the confirmation, for until then anybody may have typed it.
    answers: Mapped[dict[str, Any] | None]

    subscriber: Mapped[Subscriber] = relationship(
        back_populates="subscriptions",
        foreign_keys="[Subscription.customer_id, Subscription.subscriber_id]",
        overlaps="mailing_list",
    )
    mailing_list: Mapped[MailingList] = relationship(
        foreign_keys="[Subscription.customer_id, Subscription.list_id]", overlaps="subscriber,subscriptions"
    )


class ConsentEvent(Base):
    """Append-only proof (同意記録): what, when, how, by which shown text. Knows the address by its keyed hash only."""

    __tablename__ = "consent_event"
    __table_args__ = (sa.Index("ix_consent_event_customer_id_address_hash", "customer_id", "address_hash"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # No foreign keys: the proof outlives list and subscriber.
    customer_id: Mapped[int]
    list_id: Mapped[int]
    address_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(16))
    kind: Mapped[ConsentKind]
    way: Mapped[Way | None]
    at: Mapped[datetime]
    shown_text_id: Mapped[int | None]
    upload_id: Mapped[int | None]
    account_id: Mapped[int | None]
    mailing_id: Mapped[int | None]
    ip: Mapped[str | None] = mapped_column(sa.String(45))
    user_agent: Mapped[str | None] = mapped_column(sa.String(300))


class ShownText(Base):
    """The fixed part of what a reader was shown at sign-up, kept by its digest (特定電子メール法 規則4条)."""

    __tablename__ = "shown_text"
    __table_args__ = (sa.UniqueConstraint("customer_id", "digest"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int]
    list_id: Mapped[int]
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    # notice version and text, sender name, form version, labels, way
    content: Mapped[dict[str, Any]]
    first_shown_at: Mapped[datetime]


class Suppression(Base):
    """An address that said no, or was removed: kept as a keyed hash, per list or for every list (list_id 0)."""

    __tablename__ = "suppression"

    customer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    address_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(16), primary_key=True)
    list_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=EVERY_LIST)
    reason: Mapped[SuppressionReason]
    at: Mapped[datetime]


class MailSlot(Base):
    """The right to send one confirmation mail to an address, taken for a day: what keeps list bombing small.

    list_id above 0: the one mail about that list; 0, -1, -2: the three mails of all customers together; the others
    below zero: answers to mails from the address itself (`rationing`).
    """

    __tablename__ = "mail_slot"
    __table_args__ = (sa.Index("ix_mail_slot_taken_at", "taken_at"),)

    address_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(16), primary_key=True)
    list_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    taken_at: Mapped[datetime]


class AddressChange(Base):
    """A reader's wish to move to another address; counts once that one confirms."""

    __tablename__ = "address_change"
    __table_args__ = (
        sa.Index("ix_address_change_expires_at", "expires_at"),
        # Never give a number twice: the mailed links carry it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int]
    subscriber_id: Mapped[int] = mapped_column(sa.ForeignKey("subscriber.id", ondelete="CASCADE"), index=True)
    address: Mapped[str] = mapped_column(sa.String(320))
    address_key: Mapped[str] = mapped_column(sa.String(320))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]


class MergedReader(Base):
    """A reader's number that became another by moving to the address of a reader that was there already.

    Mails sent before carry the old number; it goes with the reader that it became.
    """

    __tablename__ = "merged_reader"

    old_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    customer_id: Mapped[int]
    into_id: Mapped[int] = mapped_column(sa.ForeignKey("subscriber.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
