"""Which addresses are ours, and what for."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from wem.accounts.models import Customer
from wem.db import db
from wem.inbound.rules import Ours, route_of
from wem.inbound.states import Route
from wem.settings import Settings, settings


def ours(loaded: Settings) -> Ours:
    """Return the service's own domains and addresses."""
    return Ours(
        service_domain=loaded.SERVICE_DOMAIN.lower(),
        bounce_domain=loaded.bounce_domain.lower(),
        help_desk=loaded.SUPPORT_EMAIL.lower(),
        course_change=loaded.COURSE_CHANGE_EMAIL.lower(),
    )


def route_for(recipient: str) -> Route | None:
    """Return what one of our addresses (any case) is for; None when nobody has it. May ask the database."""
    return route_of(recipient.lower(), ours(settings()), _named)


def _named(name: str) -> Route | None:
    return Route.other if _exists(sa.select(Customer.id).where(Customer.slug == name)) else None


def _exists(found: sa.Select[Any]) -> bool:
    return db.session.scalar(found.limit(1)) is not None
