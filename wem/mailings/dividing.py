"""The readers' places in a mailing as both databases count them: see `dividing_rules.place`."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from wem.lists.subscription_models import Subscriber
from wem.mailings.dividing_rules import BY_MAILING, BY_READER, PLACES, PRIME


def place(mailing_id: int) -> sa.ColumnElement[int]:
    """Return the place in a mailing of a row of Subscriber."""
    reader = sa.cast(Subscriber.id, sa.BigInteger) % PRIME * BY_READER
    spread = (reader + mailing_id % PRIME * BY_MAILING) % PRIME
    return spread * spread % PRIME % PLACES


def within(mailing_id: int, low: int | None, below: int | None) -> list[sa.ColumnElement[Any]]:
    """Return conditions over Subscriber for the readers of these places; none when all of them are meant."""
    if low is None or below is None:
        return []
    mine = place(mailing_id)
    return [mine >= low, mine < below]
