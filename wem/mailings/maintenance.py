"""Announced maintenance and the mailings that fall into it: held and sent afterwards, or cancelled (Art. 13-1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from wem import audit, clock
from wem.db import db
from wem.mailings.maintenance_models import MaintenanceChoice
from wem.mailings.maintenance_rules import Choice, Window, window_on
from wem.mailings.models import Mailing
from wem.mailings.states import HeldReason, MailingState
from wem.notices.models import Incident
from wem.notices.models import windows as incidents


@dataclass(frozen=True)
class Affected:
    """A mailing that falls into a window, and what the customer wants for it."""

    incident: Incident
    mailing: Mailing
    choice: Choice


def windows_of(customer_id: int, since: datetime) -> list[Window]:
    """Return the windows of a customer that were not over at a moment."""
    return [_window(incident) for incident in incidents(customer_id, since)]


def _window(incident: Incident) -> Window:
    return Window(incident.id, incident.begins_at, incident.ends_at)


def window_now(customer_id: int) -> Window | None:
    """Return the window in which nothing of a customer is sent at present."""
    at = clock.now()
    return window_on(windows_of(customer_id, at), at)


def window_at(customer_id: int, at: datetime) -> Window | None:
    """Return the window that a moment lies in, past or to come."""
    return window_on(windows_of(customer_id, at), at)


def choice_of(mailing_id: int, incident_id: int) -> Choice:
    """Return what the customer wants for a mailing and a window; to have it held, unless they said otherwise."""
    row = db.session.get(MaintenanceChoice, (incident_id, mailing_id))
    return row.choice if row else Choice.hold


def choose(mailing: Mailing, incident: Incident, choice: Choice, *, by: int) -> bool:
    """Write the customer's choice down; returns whether it is another than before. The caller commits."""
    if choice_of(mailing.id, incident.id) is choice:
        return False
    row = db.session.get(MaintenanceChoice, (incident.id, mailing.id))
    if row is None:
        row = MaintenanceChoice(incident_id=incident.id, mailing_id=mailing.id, customer_id=mailing.customer_id)
        db.session.add(row)
    row.choice, row.chosen_at, row.chosen_by = choice, clock.now(), by
    audit.record(
        "mailing.maintenance",
        by=by,
        customer_id=mailing.customer_id,
        subject=mailing,
        choice=choice.value,
        incident=incident.id,
    )
    return True


def affected(customer_id: int) -> list[Affected]:
    """Return the customer's mailings that fall into windows that are not over, soonest first.

    Those scheduled within one, and while it is on also those being sent and those that it holds.
    """
    at, found = clock.now(), []
    for incident in incidents(customer_id, at):
        rows = db.session.scalars(
            sa.select(Mailing)
            .where(Mailing.customer_id == customer_id, falls_into(_window(incident), at))
            .order_by(Mailing.scheduled_at, Mailing.id)
        )
        found += [Affected(incident, mailing, choice_of(mailing.id, incident.id)) for mailing in rows]
    return found


def falls_into(window: Window, at: datetime) -> sa.ColumnElement[bool]:
    """Return the condition for mailings that fall into a window, looked at at a moment."""
    within = [Mailing.scheduled_at >= window.begins_at]
    if window.ends_at is not None:
        within.append(Mailing.scheduled_at < window.ends_at)
    scheduled = sa.and_(Mailing.state == MailingState.scheduled, *within)
    if not window.holds(at):
        return scheduled
    held = sa.and_(Mailing.state == MailingState.held, Mailing.held_reason == HeldReason.maintenance.value)
    return sa.or_(scheduled, held, Mailing.state == MailingState.sending)
