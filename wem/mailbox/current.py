"""What the SMTP side and the web side share."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from wem.mailbox.rules import Behaviours
from wem.mailbox.storing import Store


@dataclass(frozen=True)
class Mailbox:
    """The kept mails and the behaviours in force."""

    store: Store
    behaviours: Behaviours


def mailbox() -> Mailbox:
    """Return the mailbox of the running application."""
    shared: Mailbox = current_app.extensions["mailbox"]
    return shared
