"""From what a report says of one recipient to what became of it: class, reason, status, reply."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from wem.bounces.reply_rules import certain_reason, code_in, reason_of_numbers, reason_of_words, severity_of, status_in
from wem.bounces.states import Reason, Reported, Severity
from wem.bounces.transcript_rules import command_of_transcript, command_said, reply_in, reply_of_transcript

MOST_DIAGNOSTIC = 1000

# Cisco's mail gateways put their own words before the other side's answer: 5.1.0 - Unknown address error 550-'…'.
# What stands before the other side's own words.
_ANSWER = (
    "other server returned was:", "response from the remote server was:", "the response was:", "host said:",
    "server said:",
    "host replied:", "server replied:", "server returned:", "refused to talk to me:", "] said:",
    "the reason for the problem:",
    "error message below:", "following reason:",
)  # fmt: skip
_WRAPPED = re.compile(r"\s*\d\.\d\.\d - [^'\n]{3,60}? (\d{3})[- ]'(.*)", re.S)
# PowerMTA's bounce categories and au's X-SPASIGN (japan-rules 4.5), where the words say nothing better.
REFUSED_BY_READER = "x-spasign: ng"
_CATEGORIES = {
    "bad-mailbox": Reason.userunknown, "bad-domain": Reason.hostunknown, "inactive-mailbox": Reason.suspend,
    "quota-issues": Reason.mailboxfull, "message-expired": Reason.expired, "no-answer-from-host": Reason.networkerror,
    "bad-connection": Reason.networkerror, "bad-configuration": Reason.systemerror,
    "routing-errors": Reason.systemerror, "content-related": Reason.contenterror, "invalid-sender": Reason.rejected,
    "policy-related": Reason.policyviolation, "protocol-errors": Reason.syntaxerror,
    "relaying-issues": Reason.norelaying, "spam-related": Reason.spamdetected, "virus-related": Reason.virusdetected,
    REFUSED_BY_READER: Reason.filtered,
}  # fmt: skip


_SYSEXITS = {"67": "user unknown", "68": "host unknown", "73": "can't create", "75": "temporary failure"}


# No database keeps NUL, no text the halves of surrogate pairs; neither says anything.
_UNSOUND = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def sound(text: str) -> str:
    """Return a text as it can be kept and shown."""
    return _UNSOUND.sub("", text)


@dataclass(frozen=True, slots=True)
class Said:
    """What a report says of one recipient; each text may be empty."""

    diagnostic: str = ""  # the Diagnostic-Code
    status: str = ""  # the Status field
    host: str = ""  # who refused, or the recipient's domain
    reporter: str = ""
    category: str = ""
    delayed: bool = False
    # What the text for people says beside the address, and that whole text when it speaks of this recipient alone;
    # asked only when the fields leave something open.
    texts: Callable[[], tuple[str, str]] = lambda: ("", "")


def delivered(address: str, said: Said) -> Reported:
    """Return that the mail reached this recipient, or a server that reports no further."""
    status, reply = status_in(said.status), code_in(said.diagnostic)
    return Reported(
        sound(address),
        Severity.other,
        Reason.delivered,
        status,
        reply,
        sound(said.diagnostic[:MOST_DIAGNOSTIC]),
        sound(said.reporter),
    )


def failed(address: str, said: Said) -> Reported:
    """Return what became of a recipient whom the mail did not reach, or not yet."""
    found = _Refusal(said)
    reason = found.reason()
    reply, status = found.reply(), found.status
    if reason is Reason.filtered and _CATEGORIES.get(said.category) is Reason.userunknown:
        reason = Reason.userunknown
    if reason is None:
        reason = _CATEGORIES.get(said.category) or reason_of_numbers(reply, status, found.command())
    if said.delayed and reason in (Reason.undefined, Reason.onhold):
        reason = Reason.expired
    severity = Severity.soft if said.delayed else severity_of(reason, reply, status)
    by = said.host if said.diagnostic else said.reporter
    shown = sound(found.shown()[:MOST_DIAGNOSTIC])
    return Reported(sound(address), severity, reason, status or None, reply, shown, sound(by))


class _Refusal:
    """One refusal: its diagnostic first, and what stands in the text for people when that leaves something open."""

    def __init__(self, said: Said) -> None:
        self._said = said
        self._texts: tuple[str, str] | None = None
        self._command: str | None = None
        self.diagnostic = _answer_in(_unwrapped(said.diagnostic))
        self._rest: list[str] = []
        if self.diagnostic.isdigit():
            # The exit code of a local mailer (sysexits.h): what it wrote stands in the text, if anywhere.
            self.diagnostic = _SYSEXITS.get(self.diagnostic, "mailer error") + " " + self.diagnostic
        own, told = status_in(self.diagnostic), status_in(said.status)
        # The other side's own status says more than the field, which some servers fill by their own lights.
        self.status = own if own and not own.endswith(".0.0") else told or own or ""
        if not self.diagnostic:
            self._look()

    def _look(self) -> tuple[str, str]:
        if self._texts is None:
            words, report = self._texts = self._said.texts()
            answer = reply_of_transcript(report) or reply_in(report)
            self._rest = [_answer_in(_unwrapped(text)) for text in (words, answer, report) if text]
            if not self.diagnostic and (not self.status or self.status.endswith(".0.0")):
                found = [status for text in self._rest if (status := status_in(text))]
                clear = (status for status in found if not status.endswith(".0.0"))
                self.status = next(clear, self.status or (found[0] if found else ""))
        return self._texts

    def command(self) -> str:
        if self._command is None:
            self._command = command_said(self._said.diagnostic)
            if not self._command:
                words, report = self._look()
                self._command = (
                    command_said(words) or command_of_transcript(report, self.diagnostic) or command_said(report)
                )
        return self._command

    def reply(self) -> int | None:
        code = code_in(self.diagnostic)
        return code or next((code for text in self._rest if (code := code_in(text))), None)

    def reason(self) -> Reason | None:
        host = self._said.host
        if self.diagnostic and (reason := reason_of_words(self.diagnostic, self.command, self.status, host)):
            return reason
        _, report = self._look()
        if not self.diagnostic and report and (reason := certain_reason(report)):
            return reason
        for text in self._rest:
            whole = text is self._rest[-1] and len(text) > 400
            if reason := reason_of_words(text, self.command, self.status, host, whole):
                return reason
        return None

    def shown(self) -> str:
        return self._said.diagnostic or next(iter(self._rest), "")


def _unwrapped(text: str) -> str:
    found = _WRAPPED.match(text)
    return f"{found.group(1)} {found.group(2)}" if found else text


def _answer_in(text: str) -> str:
    low = text.lower()
    last = max((at + len(words) for words in _ANSWER if (at := low.rfind(words)) >= 0), default=0)
    return text[last:].lstrip() or text
