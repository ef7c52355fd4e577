"""What one worker may send of one key: allowed already, and not used yet."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime

from wem.delivery.pace_buckets import Bucket
from wem.delivery.pace_keeping import Place

ANY_NUMBER = 1_000_000


@dataclass(frozen=True, slots=True)
class PaceKey:
    """Whose mail, from which domain, to which provider."""

    customer_id: int
    sender_domain: str
    provider: str


@dataclass
class Lane:
    """One key in this worker's hand, with what was allowed and is not used yet."""

    key: PaceKey
    warming: Place | None
    # Whether it is known what it has to keep to.
    opened: bool = False
    buckets: tuple[Bucket, ...] = ()
    tokens: int = 0
    fresh_until: float = 0.0
    # Mails reserved of the day's warm-up; none when there is none to keep to.
    reserved: int | None = None
    connections: int = ANY_NUMBER
    wanted: int | None = None
    # Nothing goes before then.
    closed_until: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def take(self) -> bool:
        """Use one token of each kind, if there is one."""
        if self.closed_until is not None:
            return False
        if self.buckets and (not self.tokens or time.monotonic() >= self.fresh_until):
            return False
        if self.reserved is not None:
            if not self.reserved:
                return False
            self.reserved -= 1
        if self.buckets:
            self.tokens -= 1
        return True
