"""The audit trail in words: who did what, when, from where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from wem.accounts.models import Account, Customer
from wem.audit import AuditEvent
from wem.db import db
from wem.staff.wording import ACTIONS


@dataclass(frozen=True)
class Line:
    """One event as people read it; `action` is the code under which it is found again."""

    id: int
    at: datetime
    who: str
    customer_id: int | None
    customer: str
    action: str
    what: str
    subject: str
    details: list[tuple[str, str]]
    ip: str


def lines(events: Sequence[AuditEvent]) -> list[Line]:
    """Return the events with names for numbers; two queries however many there are."""
    people = _names(Account, {event.account_id for event in events})
    customers = _names(Customer, {event.customer_id for event in events})
    return [
        Line(
            id=event.id,
            at=event.at,
            who=people.get(event.account_id, "") if event.account_id else gettext("The system"),
            customer_id=event.customer_id,
            customer=customers.get(event.customer_id, "") if event.customer_id else "",
            action=event.action,
            what=str(ACTIONS.get(event.action, event.action)),
            subject=event.subject,
            details=[(name, _plain(value)) for name, value in event.details.items() if value not in ("", None)],
            ip=event.ip,
        )
        for event in events
    ]


def _names(model: Any, ids: set[int | None]) -> dict[int | None, str]:
    wanted = [id for id in ids if id is not None]
    if not wanted:
        return {}
    return {row.id: row.name for row in db.session.execute(sa.select(model.id, model.name).where(model.id.in_(wanted)))}


def _plain(value: Any) -> str:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(each, str) for each in value):
        return f"{value[0] or '–'} → {value[1] or '–'}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
