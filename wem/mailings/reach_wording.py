"""How many readers a mailing goes to, in words."""

from __future__ import annotations

from flask_babel import format_decimal, gettext

from wem.mailings.audience import Reach


def reach_text(reach: Reach) -> str:
    """Return how many get the mailing, as a sentence."""
    count = format_decimal(reach.count)
    if not reach.narrowed:
        return str(gettext("It goes to up to %(count)s readers.", count=count))
    if not reach.told:
        return str(gettext("Currently fewer than 5 readers, filtered by segment."))
    return str(gettext("Currently %(count)s readers, filtered by segment.", count=count))


def reach_number(reach: Reach) -> str:
    """Return the number alone, as it stands in a sentence about readers."""
    if not reach.narrowed:
        return str(gettext("up to %(count)s readers", count=format_decimal(reach.count)))
    if not reach.told:
        return str(gettext("fewer than 5"))
    return str(gettext("currently %(count)s", count=format_decimal(reach.count)))
