"""Counted links, hits as they come in, the first of each delivery, and totals that nobody has to count again."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem.db import Base, BigId

# What is counted under a number: the links have theirs from 1 on.
OPEN = 0
ANY_LINK = -1


class LinkKind(enum.StrEnum):
    fixed = "fixed"  # the same address for everybody
    filled = "filled"  # holds fields: filled in for the reader who clicks


class Link(Base):
    """Where a counted link of a dispatch leads. Written when the dispatch is opened, never changed."""

    __tablename__ = "link"

    dispatch_id: Mapped[int] = mapped_column(sa.ForeignKey("dispatch.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[LinkKind]
    # As the customer wrote it, Liquid tags included.
    target: Mapped[str] = mapped_column(sa.Text)


class Hit(Base):
    """One request for a link or for the picture that counts opens; kept for 30 days to tell machines from people.

    Requests only add rows. The roll-up marks each as counted, once, and says whose it is; it leaves none that belongs
    to nobody. With the reader go the reader's hits.
    """

    __tablename__ = "hit"
    __table_args__ = (
        sa.Index(
            "ix_hit_uncounted", "id", sqlite_where=sa.text("NOT counted"), postgresql_where=sa.text("NOT counted")
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    dispatch_id: Mapped[int] = mapped_column(sa.BigInteger)
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    number: Mapped[int]
    at: Mapped[datetime] = mapped_column(index=True)
    # A part of the net (203.0.113.0/24), never one address of it.
    network: Mapped[str] = mapped_column(sa.String(43))
    agent: Mapped[str] = mapped_column(sa.String(200))
    counted: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    subscriber_id: Mapped[int | None] = mapped_column(sa.ForeignKey("subscriber.id", ondelete="CASCADE"), index=True)


class FirstHit(Base):
    """When a delivery was opened first, any of its links clicked first, and each of them. Goes with the reader."""

    __tablename__ = "first_hit"

    dispatch_id: Mapped[int] = mapped_column(sa.ForeignKey("dispatch.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    subscriber_id: Mapped[int] = mapped_column(sa.ForeignKey("subscriber.id", ondelete="CASCADE"), index=True)


class Tally(Base):
    """How often something of a dispatch was hit, and by how many deliveries. Stays when readers go."""

    __tablename__ = "tally"

    dispatch_id: Mapped[int] = mapped_column(sa.ForeignKey("dispatch.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hits: Mapped[int] = mapped_column(default=0)
    readers: Mapped[int] = mapped_column(default=0)
