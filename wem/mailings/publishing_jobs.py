"""What workers run for back numbers: showing what has been sent, as its customer wished."""

from __future__ import annotations

import logging

from wem.db import db
from wem.mailings import back_numbers

log = logging.getLogger("wem.mailings")


def publish(mailing_id: int) -> None:
    """Show a mailing that has been sent to everybody, as its customer wished."""
    back_numbers.publish_wanted(mailing_id)
    db.session.commit()


def publish_sent() -> None:
    """Find mailings that have been sent and wait to be published."""
    for mailing_id in back_numbers.waiting():
        try:
            publish(mailing_id)
        except Exception:
            # One that cannot be shown keeps nobody else's waiting.
            db.session.rollback()
            log.exception("mailing %s is not published", mailing_id)
