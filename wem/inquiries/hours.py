"""The desk's hours as the settings give them."""

from __future__ import annotations

from datetime import datetime

from wem import clock
from wem.inquiries import desk_rules
from wem.settings import settings
from wem.workdays import holidays


def hours() -> desk_rules.Hours:
    """Return when the desk is open."""
    return desk_rules.read_hours(settings().HELP_DESK_HOURS)


def answer_by(received: datetime) -> datetime:
    """Return by when an answer to what was received at a moment is to be expected."""
    days = int(settings().HELP_DESK_DAYS)
    return desk_rules.answer_by(received.astimezone(clock.JAPAN), hours(), days, holidays())


def is_open() -> bool:
    """Return whether the desk works now."""
    return desk_rules.is_open(clock.now(), hours(), holidays())
