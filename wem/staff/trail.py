"""The audit trail in words: who did what, when, from where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from wem.accounts.models import Account, Customer
from wem.audit import AuditEvent
from wem.contracts.catalogue_models import Course
from wem.contracts.wording import DETAILS
from wem.db import db
from wem.lists.problems import PROBLEM_TEXTS
from wem.lists.upload_texts import FILE_GONE_TEXT
from wem.staff import trail_naming
from wem.staff.trail_naming import Key
from wem.staff.trail_wording import CODES, DAYS, LABELS, MOMENTS, NUMBERS
from wem.staff.wording import ACTIONS


@dataclass(frozen=True)
class Detail:
    """One thing that an event notes: its label, and the value as text, number, day or moment."""

    label: str
    value: str | int | date | datetime


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
    details: list[Detail]
    ip: str


def lines(events: Sequence[AuditEvent]) -> list[Line]:
    """Return the events with names for numbers and codes; one query for each kind of what they speak of."""
    people = _names(Account, {event.account_id for event in events})
    customers = _names(Customer, {event.customer_id for event in events})
    called = trail_naming.names(key for event in events for key in _keys(event))
    courses = _courses({event.details["course"] for event in events if "course" in event.details})
    return [
        Line(
            id=event.id,
            at=event.at,
            who=_who(event, people),
            customer_id=event.customer_id,
            customer=customers.get(event.customer_id, "") if event.customer_id else "",
            action=event.action,
            what=str(ACTIONS.get(event.action, event.action)),
            subject=called.get(_key(event.subject), ""),
            details=[
                Detail(str(LABELS.get(key, key)), _value(key, value, {**called, **courses}))
                for key, value in event.details.items()
                if value not in ("", None, [])
            ],
            ip=event.ip,
        )
        for event in events
    ]


def _who(event: AuditEvent, people: dict[int | None, str]) -> str:
    name = people.get(event.account_id, "") if event.account_id else gettext("The system")
    if event.on_behalf_of is None:
        return str(name)
    return str(gettext("%(who)s, on the customer's order no. %(number)s", who=name, number=event.on_behalf_of))


def _names(model: Any, ids: set[int | None]) -> dict[int | None, str]:
    wanted = [id for id in ids if id is not None]
    if not wanted:
        return {}
    return {row.id: row.name for row in db.session.execute(sa.select(model.id, model.name).where(model.id.in_(wanted)))}


def _key(subject: str) -> Key:
    model, _, number = subject.partition(" ")
    return model, number


def _keys(event: AuditEvent) -> list[Key]:
    """Return whatever an event names by a number."""
    noted = [
        (NUMBERS[key], str(each)) for key, value in event.details.items() if key in NUMBERS for each in _all(value)
    ]
    return [_key(event.subject), *noted] if event.subject else noted


def _all(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _courses(codes: set[Any]) -> dict[Key, str]:
    if not codes:
        return {}
    found = sa.select(Course.code, Course.name).where(Course.code.in_([str(code) for code in codes]))
    return {("course", row.code): row.name for row in db.session.execute(found)}


def _value(key: str, value: Any, called: Mapping[Key, str]) -> str | int | date | datetime:
    if key in NUMBERS:
        return _together([called[NUMBERS[key], str(each)] for each in _all(value)])
    if (key, str(value)) in called:
        return called[key, str(value)]
    if isinstance(value, bool):
        return str(gettext("Yes") if value else gettext("No"))
    if isinstance(value, int) and str(value) not in CODES.get(key, {}):
        return value
    if isinstance(value, list):
        texts = [str(CODES.get(key, {}).get(str(each), each)) for each in value]
        # A detail that was changed: what it was, what it is.
        return f"{texts[0] or '–'} → {texts[1] or '–'}" if key in DETAILS and len(texts) == 2 else _together(texts)
    text = str(value)
    if key == "problem" and text not in CODES[key]:
        return str(gettext(PROBLEM_TEXTS.get(text, FILE_GONE_TEXT)))
    if key in CODES:
        return str(CODES[key].get(text, text))
    if key in MOMENTS:
        return datetime.fromisoformat(text)
    return date.fromisoformat(text) if key in DAYS else text


def _together(texts: list[str]) -> str:
    return str(gettext(", ").join(texts))
