"""Jobs of billing."""

from __future__ import annotations

from wem import clock
from wem.billing import mandate_ending
from wem.db import db


def end_mandates() -> None:
    """Stop the mandates of contracts that ended and owe nothing any more (15-2)."""
    mandate_ending.end_mandates(clock.today())
    db.session.commit()
