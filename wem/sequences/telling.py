"""Tells the customer's people that a sequence waits for their decision, once each time."""

from __future__ import annotations

from wem import outbox
from wem.mailings.telling import people
from wem.sequences import emails
from wem.sequences.models import Sequence
from wem.sequences.rules import SequenceState


def tell_people(sequence: Sequence) -> int:
    """Put a mail about a sequence that is held into the outbox for each who works on mailings; returns how many.

    Call it in the transaction that holds it; going on makes it tellable again.
    """
    if sequence.state is not SequenceState.held or sequence.told_of is SequenceState.held:
        return 0
    sequence.told_of = SequenceState.held
    told = people(sequence.customer_id)
    for person in told:
        outbox.post(emails.held(sequence, person), customer_id=sequence.customer_id, about=f"sequence {sequence.id}")
    return len(told)
