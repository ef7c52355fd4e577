"""Sends customers' mailings: one run of a worker, over as many connections as the settings allow."""

from __future__ import annotations

import logging

from flask import current_app

from wem.db import db, keep_memory_small
from wem.delivery.carrying import Carrier
from wem.delivery.holding import BatchDesk
from wem.delivery.leasing import new_owner
from wem.delivery.pace import open_pace
from wem.delivery.smtp import server
from wem.settings import settings

log = logging.getLogger("wem.delivery")


def send_until(deadline: float) -> bool:
    """Send ready batches until there is none, or until `deadline` (monotonic); returns whether there may be more.

    Commits. A mail server that does not take mail ends it; the sweep rings again.
    """
    db.session.commit()  # what follows happens in another thread, with a session of its own
    keep_memory_small()
    app, loaded = current_app._get_current_object(), settings()  # type: ignore[attr-defined]
    there = server(loaded)
    owner, connections = new_owner(), int(loaded.SMTP_CONNECTIONS)
    desk, pace = lambda: BatchDesk(str(there), owner), lambda: open_pace(owner)
    carrier = Carrier(app, desk, there, connections, deadline, pace)
    more = carrier.carry()
    if carrier.unreachable is not None:
        log.warning("the mail server does not take mail: %s", carrier.unreachable)
    return more
