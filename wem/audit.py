"""Who did what for which customer: an append-only record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import g, has_request_context, request
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock
from wem.db import Base, BigId, db


class AuditEvent(Base):
    __tablename__ = "audit_event"
    __table_args__ = (
        sa.Index("ix_audit_event_customer_id_id", "customer_id", "id"),
        # What happened to one mailing stands on its page.
        sa.Index("ix_audit_event_subject_id", "subject", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    # Plain numbers, no foreign keys: the record outlives what it speaks of.
    account_id: Mapped[int | None]
    customer_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(sa.String(64))
    subject: Mapped[str] = mapped_column(sa.String(64), default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    ip: Mapped[str] = mapped_column(sa.String(45), default="")
    # The customer's order on which our staff did it (9-4).
    on_behalf_of: Mapped[int | None]


def record(
    action: str, *, by: int | None, customer_id: int | None = None, subject: object = None, **details: Any
) -> AuditEvent:
    """Add an event to the session, in the same transaction as the act itself.

    `action` is `domain.verb` (`contract.suspend`); details hold ids and plain values, never an end user's address.
    """
    event = AuditEvent(
        at=clock.now(),
        account_id=by,
        customer_id=customer_id,
        action=action,
        subject="" if subject is None else f"{type(subject).__name__} {getattr(subject, 'id', '')}",
        details=details,
        ip=(request.remote_addr or "") if has_request_context() else "",
        on_behalf_of=g.get("on_behalf_of") if has_request_context() else None,
    )
    db.session.add(event)
    return event
