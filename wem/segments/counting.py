"""How many readers a segment fits, and some of them, masked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from wem.db import db
from wem.lists import counting
from wem.lists.subscription_models import Subscriber
from wem.notices.masking_rules import mask_address
from wem.segments.matching import fits
from wem.segments.rules import Conditions

SAMPLE = 5
# Below it nobody is told how many opened or clicked: one condition more would name the person.
FEW = 5


@dataclass(frozen=True)
class Found:
    """Of how many registered addresses how many fit (None: not told), and some of them masked.

    Not told is which side has fewer than FEW, those whom it fits (`few`) or the others.
    """

    count: int | None
    of: int
    sample: tuple[str, ...] = ()
    few: bool = False


def found(conditions: Conditions, customer_id: int, at: datetime) -> Found:
    """Count the registered addresses that fit now. Looks at each reader once: some seconds for a million."""
    readers = (
        Subscriber.customer_id == customer_id,
        Subscriber.active_count > 0,
        fits(conditions, customer_id, at),
    )
    count = db.session.scalar(sa.select(sa.func.count()).select_from(Subscriber).where(*readers)) or 0
    of = counting.registered(customer_id)
    if conditions.about_behaviour:
        # Nor is anybody shown: five masked addresses are five persons who opened.
        few, but_few = count < FEW, of - count < FEW
        return Found(None if few or but_few else count, of, few=few)
    if not count:
        return Found(0, of)
    some = db.session.scalars(sa.select(Subscriber.address).where(*readers).order_by(Subscriber.id).limit(SAMPLE))
    return Found(count, of, tuple(mask_address(address) for address in some))
