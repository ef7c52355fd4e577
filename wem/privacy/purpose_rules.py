"""Whether a customer's data may be used for a purpose, by what the customer answered; plain functions (同意3)."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Via(enum.StrEnum):
    """How an answer came."""

    application = "application"
    portal = "portal"
    link = "link"  # of a mail; nobody signs in for it
    staff = "staff"  # by telephone, mail or letter, typed in by us


@dataclass(frozen=True, slots=True)
class Given:
    """A customer's last answer, and which version of the text it was given to."""

    yes: bool
    version: int


def may_use(named: bool, given: Given | None, asks_from: int) -> bool:
    """Return whether data may be used for a purpose.

    What the consent clauses name is agreed to with the application and holds until a no. Anything else holds only from
    a yes on, and only if that was said to this text: to the version `asks_from` or a later one.
    """
    if named:
        return given is None or given.yes
    return given is not None and given.yes and given.version >= asks_from


def awaits(given: Given | None, asks_from: int) -> bool:
    """Return whether the customer is asked: never answered, or agreed to a text that says something else now.

    A no stays a no and is not asked again.
    """
    return given is None or (given.yes and given.version < asks_from)
