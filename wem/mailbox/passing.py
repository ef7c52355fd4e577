"""Hands mail for WeM's own domains on to the door: what people reply, blank mail, and what comes back."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass

PATIENCE = 20.0  # seconds


class Refused(Exception):
    """The door did not take the mail; the message is its answer."""


@dataclass(frozen=True)
class Door:
    """Where WeM listens for arriving mail, and for which domains. Without a port there is none."""

    host: str = "127.0.0.1"
    port: int = 0
    domains: frozenset[str] = frozenset()

    def takes(self, recipient: str) -> bool:
        """Return whether mail to an address goes through the door."""
        return bool(self.port) and recipient.rpartition("@")[2].lower() in self.domains

    def hand_over(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """Give a mail to WeM by SMTP; raises Refused with the answer in one line."""
        try:
            with smtplib.SMTP(self.host, self.port, timeout=PATIENCE) as line:
                line.sendmail(sender, recipients, raw)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise Refused(_line(code, text)) from error
        except smtplib.SMTPResponseException as error:
            raise Refused(_line(error.smtp_code, error.smtp_error)) from error
        except OSError as error:
            raise Refused("451 4.4.1 WeM's door for arriving mail does not answer") from error


def _line(code: int, text: bytes | str) -> str:
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(told.split())}"
