"""The days of an application in the timeline of its contract, each with whose doing it was (Art. 4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext

from wem.audit import AuditEvent
from wem.contracts.application_models import Application
from wem.contracts.application_rules import ApplicationState, Way
from wem.db import db
from wem.staff.timeline_entries import Entry, midnight, names
from wem.staff.timeline_rules import Place


def application_days(application: Application) -> Iterator[Entry]:
    """Yield the days of the application; its acts stand under no customer, for there was none."""
    refused = application.state is ApplicationState.refused
    accepted = application.contract.created_at if refused and application.contract else application.decided_at
    took_on = _took_on(application) if refused else application.decided_by
    people = names(
        {application.entered_by, application.arrived_by, application.paid_by, application.decided_by, took_on}
    )
    applicant = str(gettext("Applicant"))
    typed = people.get(application.entered_by, "") if application.entered_by else applicant
    if application.way is Way.partner and application.partner:
        typed = str(gettext("%(who)s (%(partner)s)", who=typed, partner=application.partner.name))
    days = (
        (application.filled_at, gettext("The application was filled in"), typed),
        (application.handed_or_posted_on, gettext("The application was handed over or posted (Art. 4-2)"), applicant),
        (application.arrived_on, gettext("The application is here"), people.get(application.arrived_by, "")),
        (application.paid_on, gettext("The first fee came in"), people.get(application.paid_by, "")),
        (accepted, gettext("The application was accepted"), people.get(took_on, "")),
        (
            application.decided_at if refused else None,
            gettext("The application was refused after all (Art. 4-3)"),
            people.get(application.decided_by, ""),
        ),
    )
    url = f"/staff/applications/{application.id}"
    for number, (on, what, who) in enumerate(days):
        if on is not None:
            at = on if isinstance(on, datetime) else midnight(on)
            place, dated = Place(at, 10, number), not isinstance(on, datetime)
            yield Entry(place, str(what), who=who, url=url, area="/staff/applications", dated=dated)


def _took_on(application: Application) -> int | None:
    """Return who made the contract of an application that was refused later: only who decided last stands in it."""
    if application.contract is None:
        return None
    made = sa.select(AuditEvent.account_id).where(
        AuditEvent.customer_id == application.contract.customer_id, AuditEvent.action == "contract.create"
    )
    return db.session.scalar(made.order_by(AuditEvent.id.desc()).limit(1))
