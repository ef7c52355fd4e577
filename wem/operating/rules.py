"""For how long an order to operate for a customer may run."""

from __future__ import annotations

from datetime import datetime, timedelta

LONGEST = timedelta(days=93)


def order_problem(ordered: datetime, begins: datetime, ends: datetime, now: datetime) -> str | None:
    """Return what is wrong with an order's times: `future`, `order`, `past`, `long`; None when they will do."""
    if ordered > now:
        return "future"
    if ends <= begins:
        return "order"
    if ends <= now:
        return "past"
    return "long" if ends - begins > LONGEST else None
