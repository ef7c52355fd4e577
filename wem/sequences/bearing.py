"""Which sequences send under a sender's name: they are held once it is no longer approved."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from wem.db import db
from wem.sequences.models import Sequence, SequenceStep
from wem.sequences.rules import SequenceState

BEGUN = (SequenceState.running, SequenceState.paused, SequenceState.held)


def under_names(customer_id: int, numbers: Collection[int]) -> dict[int, int]:
    """Return for a customer's names, by their numbers, how many sequences that have begun have them in live steps."""
    bears = SequenceStep.live["sender_name_id"].as_integer()
    rows = db.session.execute(
        sa.select(bears, sa.func.count(Sequence.id.distinct()))
        .join(Sequence, Sequence.id == SequenceStep.sequence_id)
        .where(
            Sequence.customer_id == customer_id,
            Sequence.state.in_(BEGUN),
            SequenceStep.removed_at.is_(None),
            bears.in_(numbers),
        )
        .group_by(bears)
    )
    return dict(iter(rows))
