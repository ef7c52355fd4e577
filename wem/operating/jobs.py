"""Works on customers' orders that are over, and what their customers are told."""

from __future__ import annotations

from wem.db import db
from wem.operating import ordering


def sweep() -> None:
    """Note the ends of works and tell the customers."""
    ordering.end_over()
    db.session.commit()
    ordering.tell_ended()
    db.session.commit()
