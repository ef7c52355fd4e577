"""Which addresses are ours, and what for."""

from __future__ import annotations

from wem.accounts import page_names
from wem.inbound.rules import Ours, route_of
from wem.inbound.states import Route
from wem.lists import blank_addresses
from wem.lists.blank_rules import Order
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
    lent = blank_addresses.found(name)
    if lent is not None:
        return Route.stop if lent.order is Order.stop else Route.sign_up
    # What customers without a domain of their own send from, or did: some readers answer to it all the same.
    return Route.other if page_names.holder(name) is not None else None
