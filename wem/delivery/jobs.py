"""What the sending workers run: short, rung again while there is more, harmless when run twice."""

from __future__ import annotations

import time

from wem import queue
from wem.delivery import controlling, draining, providers, recovering, sending

SECONDS = 50.0
# Uploads and audiences wait for the same workers.
LOOK_UP_SECONDS = 20.0


def send(shard: int) -> None:
    """Send ready batches of customers' mailings; `shard` only tells the rings of several processes apart."""
    if sending.send_until(time.monotonic() + SECONDS):
        queue.ring_now(queue.SEND, "wem.delivery.jobs.send", shard)


def drain_outbox() -> None:
    """Send the product's own mails that are due."""
    if draining.drain_until(time.monotonic() + SECONDS):
        queue.ring_now(queue.HI, "wem.delivery.jobs.drain_outbox")


def settle(dispatch_id: int) -> None:
    """Bring a paused, cancelled or finished dispatch to rest."""
    controlling.settle(dispatch_id)


def sweep() -> None:
    """Find what a lost queue or a dead worker left behind."""
    recovering.sweep()


def look_up_providers() -> None:
    """Ask who takes the mail of domains that audiences hold and no table names."""
    providers.look_up_until(time.monotonic() + LOOK_UP_SECONDS)
