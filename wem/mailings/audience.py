"""How many a mailing can reach, from maintained counters alone."""

from __future__ import annotations

from wem.lists import counting
from wem.mailings.models import Mailing


def most_recipients(mailing: Mailing) -> int:
    """Return the most readers that the mailing can go to now: a person on several lists gets one.

    Exact for one list; for several it is an upper bound, never above the customer's registered addresses.
    """
    active = [row.active_count for row in mailing.lists if row.archived_at is None]
    if len(active) < 2:
        return sum(active)
    return min(sum(active), counting.registered(mailing.customer_id))
