"""Sender domains, their DKIM keys, and which address a list sends from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import clock
from wem.db import Base, BigId, db
from wem.domains.record_rules import (
    Record,
    RecordKind,
    dkim_record,
    dmarc_record,
    return_path,
    return_path_record,
)
from wem.domains.rules import DomainState, KeyKind, KeyState

# What a domain that is or was proven keeps others from.
CLAIMED = sa.text("customer_id IS NOT NULL AND state IN ('proven', 'broken')")
OF_SERVICE = sa.text("customer_id IS NULL")


class SenderDomain(Base):
    """A domain that a customer sends from (送信ドメイン); without a customer it is the service's own."""

    __tablename__ = "sender_domain"
    __table_args__ = (
        sa.UniqueConstraint("customer_id", "name"),
        sa.UniqueConstraint("customer_id", "id"),
        # Two who prove the same domain at one moment: the database lets one of them.
        sa.Index("ix_sender_domain_claimed", "name", unique=True, sqlite_where=CLAIMED, postgresql_where=CLAIMED),
        sa.Index("ix_sender_domain_service", "name", unique=True, sqlite_where=OF_SERVICE, postgresql_where=OF_SERVICE),
        sa.Index("ix_sender_domain_check_at", "check_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer.id"))
    name: Mapped[str] = mapped_column(sa.String(253))  # A-labels
    state: Mapped[DomainState] = mapped_column(default=DomainState.checking)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    proven_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    check_at: Mapped[datetime] = mapped_column(default=clock.now)
    failing_since: Mapped[datetime | None]
    # Whether the last look found the DMARC policy, and the alias of the return path.
    dmarc_found: Mapped[bool] = mapped_column(default=False)
    return_path_found: Mapped[bool] = mapped_column(default=False)
    # Name of a record: {"finding": …, "found": [texts]}, of the last look.
    findings: Mapped[dict[str, Any]] = mapped_column(default=dict)

    keys: Mapped[list[DomainKey]] = relationship(
        back_populates="domain", order_by="DomainKey.id", cascade="all, delete-orphan"
    )

    @classmethod
    def by_id(cls, id: int) -> SenderDomain | None:
        """Return the domain of a number."""
        return db.session.get(cls, id)

    @classmethod
    def of_service(cls, name: str) -> SenderDomain | None:
        """Return the service's own domain of this name."""
        return db.session.scalar(sa.select(cls).where(cls.customer_id.is_(None), cls.name == name))

    @property
    def shown(self) -> str:
        """The name as people write it."""
        try:
            return self.name.encode("ascii").decode("idna")
        except UnicodeError:
            return self.name

    @property
    def check_due(self) -> bool:
        """Whether a worker is about to look at the records, or does so now."""
        return self.check_at <= clock.now()

    @property
    def signing_keys(self) -> list[DomainKey]:
        """The keys that sign: the one in use, RSA before Ed25519; a second kind only once its record is found."""
        used = [key for key in self.keys if key.state is KeyState.used]
        return sorted(
            [key for key in used if key.kind is KeyKind.rsa or key.found], key=lambda key: key.kind is not KeyKind.rsa
        )

    def key_in(self, state: KeyState, kind: KeyKind = KeyKind.rsa) -> DomainKey | None:
        """Return the newest key of a kind in this state."""
        return next((key for key in reversed(self.keys) if key.state is state and key.kind is kind), None)

    def records(self, bounce_domain: str) -> list[Record]:
        """Return what is to stand in DNS: the keys, the DMARC policy, and for customers the way back for bounces."""
        found = [dkim_record(self.name, key.selector, key.kind, key.public) for key in self.keys if not key.ended_at]
        found.append(dmarc_record(self.name))
        if self.customer_id is not None:
            found.append(return_path_record(self.name, bounce_domain))
        return found

    @property
    def return_path(self) -> str | None:
        """The domain of return paths below this one; None unless its alias was found."""
        return return_path(self.name) if self.return_path_found and self.state is DomainState.proven else None


class DomainKey(Base):
    """A DKIM key of a sender domain. The private half is sealed, and erased when the key is past."""

    __tablename__ = "domain_key"
    __table_args__ = (sa.UniqueConstraint("domain_id", "selector"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    domain_id: Mapped[int] = mapped_column(sa.ForeignKey("sender_domain.id", ondelete="CASCADE"))
    selector: Mapped[str] = mapped_column(sa.String(63))
    kind: Mapped[KeyKind] = mapped_column(default=KeyKind.rsa)
    state: Mapped[KeyState] = mapped_column(default=KeyState.waiting)
    public: Mapped[str] = mapped_column(sa.Text)
    sealed: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    # Whether the last look found its record.
    found: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_since: Mapped[datetime | None]
    past_since: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    domain: Mapped[SenderDomain] = relationship(back_populates="keys")


class ListSender(Base):
    """The address that a list's mails come from (差出人アドレス); without one, from the service's domain."""

    __tablename__ = "list_sender"
    __table_args__ = (
        sa.ForeignKeyConstraint(["customer_id", "list_id"], ["mailing_list.customer_id", "mailing_list.id"]),
        sa.ForeignKeyConstraint(["customer_id", "domain_id"], ["sender_domain.customer_id", "sender_domain.id"]),
        sa.Index("ix_list_sender_customer_id", "customer_id"),
    )

    list_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    customer_id: Mapped[int]
    domain_id: Mapped[int]
    local_part: Mapped[str] = mapped_column(sa.String(64))

    domain: Mapped[SenderDomain] = relationship(viewonly=True)

    @property
    def address(self) -> str:
        return f"{self.local_part}@{self.domain.name}"


def finding_of(domain: SenderDomain, record: Record) -> dict[str, Any]:
    """Return what the last look found for a record, `{}` when nobody has looked."""
    kept = domain.findings.get(record.name)
    return dict(kept) if isinstance(kept, dict) else {}


def list_senders(list_ids: Sequence[int]) -> dict[int, ListSender]:
    """Return the sender's address of each list that has one."""
    rows = db.session.scalars(sa.select(ListSender).where(ListSender.list_id.in_(list_ids)))
    return {row.list_id: row for row in rows}


__all__ = ["DomainKey", "ListSender", "RecordKind", "SenderDomain", "finding_of", "list_senders"]
