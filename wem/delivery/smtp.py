"""One SMTP conversation with the mail server that takes our mail: opened late, used again, honest about its end."""

from __future__ import annotations

import smtplib
import socket
import time
from dataclasses import dataclass

from wem.delivery.models import Stage
from wem.delivery.rules import enhanced_code

CLOSING = 421


class Unreachable(Exception):
    """The mail server does not take mail at present; no recipient is to blame."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The last word about one recipient. Without a code the line was lost at that stage."""

    stage: Stage
    code: int | None
    text: str

    @property
    def accepted(self) -> bool:
        return self.code is not None and 200 <= self.code < 300

    @property
    def enhanced(self) -> str | None:
        return enhanced_code(self.text)

    @property
    def lost(self) -> bool:
        return self.code is None


class Line:
    """A connection to the mail server, made when it is first needed and again when it was lost."""

    def __init__(self, host: str, port: int, name: str, seconds: float) -> None:
        self.host = host
        self.port = port
        self.name = name
        self.seconds = seconds
        self._smtp: smtplib.SMTP | None = None

    def open(self) -> None:
        """Connect and greet unless that is done; raises Unreachable."""
        if self._smtp is not None:
            return
        smtp = smtplib.SMTP(local_hostname=self.name, timeout=self.seconds)
        try:
            code, text = smtp.connect(self.host, self.port)
            if code == 220:
                code, text = smtp.ehlo()
        except (OSError, smtplib.SMTPException, ValueError) as error:
            smtp.close()
            raise Unreachable(f"{self.host}:{self.port}: {error}") from error
        if not 200 <= code < 300:
            smtp.close()
            raise Unreachable(f"{self.host}:{self.port}: {code} {_text(text)}")
        assert smtp.sock is not None
        # The body and its final dot are two writes; without this the second waits for the first's acknowledgement.
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._smtp = smtp

    def send(self, sender: str, recipient: str, data: bytes, until: float) -> Answer:
        """Hand over one mail and return the answer; `until` (monotonic) is when we must have stopped waiting.

        A line that was lost before the final dot is opened once more: the mail cannot have been taken. Raises
        Unreachable when it cannot be opened, or when the server closes before it has heard the recipient.
        """
        fresh = self._smtp is None
        answer = self._try(sender, recipient, data, until)
        if not fresh and answer.stage < Stage.rcpt and (answer.lost or answer.code == CLOSING):
            # A kept line that the server had closed meanwhile, as servers do.
            answer = self._try(sender, recipient, data, until)
        elif answer.lost and answer.stage < Stage.after_data and time.monotonic() < until:
            answer = self._try(sender, recipient, data, until)
        if answer.stage < Stage.rcpt and (answer.lost or answer.code == CLOSING):
            raise Unreachable(f"{self.host}:{self.port}: {answer.code or ''} {answer.text}")
        return answer

    def close(self) -> None:
        """Say goodbye, if there is somebody to say it to."""
        if self._smtp is not None:
            try:
                self._smtp.quit()
            except (OSError, smtplib.SMTPException):
                self._smtp.close()
            self._smtp = None

    def _try(self, sender: str, recipient: str, data: bytes, until: float) -> Answer:
        self.open()
        smtp = self._smtp
        assert smtp is not None and smtp.sock is not None
        stage = Stage.mail
        try:
            for stage, line, good in (
                (Stage.mail, f"mail FROM:<{sender}>", 250),
                (Stage.rcpt, f"rcpt TO:<{recipient}>", 250),
                (Stage.data, "data", 354),
            ):
                code, text = self._say(line.encode("ascii") + b"\r\n", until)
                if code != good and not (stage is Stage.rcpt and code == 251):
                    return self._refused(Answer(stage, code, text))
            whole = _stuffed(data)
            smtp.sock.settimeout(_left(until))
            smtp.sock.sendall(whole[:-3])
            _left(until)  # the last moment at which nothing has happened yet
            stage = Stage.after_data
            code, text = self._say(b".\r\n", until)
            answer = Answer(stage, code, text)
            if code == CLOSING:
                self._drop()
            return answer
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Answer(stage, None, type(error).__name__)

    def _say(self, line: bytes, until: float) -> tuple[int, str]:
        smtp = self._smtp
        assert smtp is not None and smtp.sock is not None
        smtp.sock.settimeout(_left(until))
        smtp.sock.sendall(line)
        code, text = smtp.getreply()
        if code < 200 or code > 599:
            raise smtplib.SMTPServerDisconnected("no answer of SMTP")
        return code, _text(text)

    def _refused(self, answer: Answer) -> Answer:
        if answer.code == CLOSING:
            self._drop()
            return answer
        assert self._smtp is not None
        code, _ = self._smtp.rset()
        if code != 250:
            self._drop()
        return answer

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time to wait is over")
    return left


def _stuffed(data: bytes) -> bytes:
    """Return the data as it stands on the wire with its final dot (RFC 5321 section 4.5.2)."""
    if data[:1] == b".":
        data = b"." + data
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    return data.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _text(text: bytes) -> str:
    return text.decode("utf-8", "replace")
