"""The main job as a person does it, step by step over HTTP: for `bin/run --check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wem.mailbox.client import MailboxClient
from wem.running.browsing import Browser
from wem.settings import Settings

Step = tuple[str, Callable[[], object]]


class MainJob:
    """One customer's person and some readers; each step stands on the one before."""

    def __init__(self, settings: Settings) -> None:
        self.portal = settings.PORTAL_URL
        self.mailbox = MailboxClient(settings.MAILBOX_URL)
        self.person = Browser()
        self.reader = Browser()

    def steps(self) -> Iterator[Step]:
        """Yield what is done and how, in order."""
        yield "the portal answers", lambda: self.person.get(f"{self.portal}/").title
        yield "the mailbox answers", lambda: f"{self.mailbox.count()} mails"
