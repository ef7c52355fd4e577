"""What was set about the pace: by the settings for all, by staff for one customer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import sqlalchemy as sa

from wem.db import db
from wem.delivery import pace_rules as rules
from wem.delivery.fairness import batch_size
from wem.delivery.pace_models import CustomerTurn
from wem.delivery.pace_rules import FREE, Limit
from wem.domain_rules import DomainGroup
from wem.settings import Settings, settings


class WarmUp(StrEnum):
    """What is warmed up: nothing, each sending domain, or our own addresses as a whole."""

    none = ""
    domain = "domain"
    pool = "pool"


@dataclass(frozen=True)
class Limits:
    """What was set: mails a second of each customer and each sending domain, limits of providers, the warm-up."""

    customer: float | None = None
    sender_domain: float | None = None
    providers: dict[str, Limit] = field(default_factory=dict)
    warm_up: WarmUp = WarmUp.none

    @classmethod
    def of(cls, given: Settings) -> Limits:
        """Return those of the settings."""
        return cls(
            rules.rate_from(given.CUSTOMER_RATE),
            rules.rate_from(given.SENDER_RATE),
            rules.limits_from(given.PROVIDER_RATES),
            WarmUp(given.WARM_UP),
        )


def batch_sizes(customer_id: int, most: int) -> dict[str, int]:
    """Return how many recipients make a batch to each provider: some two seconds of work, at most `most`."""
    limits = Limits.of(settings())
    own = db.session.scalar(sa.select(CustomerTurn.rate).where(CustomerTurn.customer_id == customer_id))
    sizes = {}
    for provider in DomainGroup:
        rates = (own or limits.customer, limits.sender_domain, limits.providers.get(provider.value, FREE).rate)
        sizes[provider.value] = batch_size(most, min((rate for rate in rates if rate is not None), default=None))
    return sizes
