"""The mail server that takes our mail, and the last word that it says about one recipient."""

from __future__ import annotations

import enum
import ipaddress
from dataclasses import dataclass
from typing import NamedTuple

from wem.delivery import rules
from wem.delivery.leasing import margin
from wem.delivery.models import Stage
from wem.delivery.rules import Verdict
from wem.settings import Settings

CLOSING = 421
# A wait for the mail server must be over, and its outcome written down, while the batch is still ours.
PATIENCE = 60.0


class Unreachable(Exception):
    """The mail server does not take mail at present; no recipient is to blame."""


class Answer(NamedTuple):
    """The last word about one recipient. Without a code the line was lost at that stage."""

    stage: Stage
    code: int | None
    text: str

    @property
    def accepted(self) -> bool:
        return self.code is not None and 200 <= self.code < 300

    @property
    def enhanced(self) -> str | None:
        return rules.enhanced_code(self.text)

    @property
    def lost(self) -> bool:
        return self.code is None

    @property
    def of_the_server(self) -> bool:
        """Whether the server speaks of itself, before it heard of a recipient: it closes, or its disk is full."""
        return self.stage < Stage.rcpt and rules.speaks_of_itself(self.code, self.enhanced)


class Tls(enum.StrEnum):
    """When the line is encrypted."""

    off = "off"
    try_ = "try"  # where the server offers it, whoever it is
    require = "require"  # always, and only with a server that can prove its name


@dataclass(frozen=True, slots=True)
class Server:
    """Where our mail goes and how the line there is opened. `seconds` is how long we wait for a reply."""

    host: str
    port: int
    name: str
    seconds: float
    tls: Tls = Tls.off
    ca_file: str = ""
    user: str = ""
    password: str = ""
    mails: int = 500  # on one connection
    # Whether it is an MTA of ours: then no answer of its own tells what a provider thinks.
    ours: bool = True

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"<Server {self}>"  # never the password

    @property
    def near(self) -> bool:
        """Whether it is this machine: nobody listens on the way."""
        return on_loopback(self.host)


def server(loaded: Settings) -> Server:
    """Return the mail server that the settings name."""
    seconds = min(PATIENCE, max(loaded.lease_seconds - 2 * margin(), 0.5))
    tls = Tls(loaded.SMTP_TLS) if loaded.SMTP_TLS else (Tls.off if on_loopback(loaded.SMTP_HOST) else Tls.try_)
    return Server(
        loaded.SMTP_HOST,
        int(loaded.SMTP_PORT),
        loaded.SERVICE_DOMAIN,
        seconds,
        tls,
        loaded.SMTP_CA_FILE,
        loaded.SMTP_USER,
        loaded.SMTP_PASSWORD,
        int(loaded.SMTP_MAILS_PER_CONNECTION),
        loaded.SMTP_SPEAKS_FOR == "itself",
    )


def on_loopback(host: str) -> bool:
    """Return whether a host's name or address says that it is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def judge(answer: Answer) -> Verdict:
    """Return what an answer means for its recipient.

    A refusal of the sender (MAIL) says nothing about the recipient: it is tried again, and nobody is removed for it.
    """
    if answer.lost:
        return Verdict.uncertain if answer.stage is Stage.after_data else Verdict.deferred
    assert answer.code is not None
    found = rules.verdict(answer.code)
    if answer.stage is Stage.after_data:
        return found
    # Before the mail is handed over nothing is accepted: 354 missing, 2xx to DATA.
    return Verdict.bounced if found is Verdict.bounced and answer.stage is not Stage.mail else Verdict.deferred
