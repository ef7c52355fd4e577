"""What became of one recipient, as it is handed from a connection to those who write it down."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from wem.delivery.models import DeliveryState
from wem.delivery.rules import without_addresses
from wem.delivery.smtp import Answer


class Outcome(NamedTuple):
    """What became of one recipient in this try; `due` is when it is tried again."""

    seq: int
    state: DeliveryState
    attempt: int
    at: datetime
    answer: Answer | None = None
    due: datetime | None = None

    @property
    def mta_reference(self) -> str | None:
        """The words with which the server took the mail: they name it in the server's own log."""
        answer = self.answer
        return without_addresses(answer.text)[:100] if answer and answer.accepted else None
