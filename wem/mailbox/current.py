"""What the SMTP side and the web side share."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import current_app

from wem.mailbox.passing import Door
from wem.mailbox.rules import Behaviours
from wem.mailbox.storing import Store


@dataclass(frozen=True)
class Mailbox:
    """The kept mails, the behaviours in force, and where mail to WeM goes."""

    store: Store
    behaviours: Behaviours
    door: Door = field(default_factory=Door)


def mailbox() -> Mailbox:
    """Return the mailbox of the running application."""
    shared: Mailbox = current_app.extensions["mailbox"]
    return shared
