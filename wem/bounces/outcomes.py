"""From what a report says of one recipient to what became of it: class, reason, status, reply."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wem.bounces.reply_rules import certain_reason, code_in, reason_of_numbers, reason_of_words, severity_of, status_in
from wem.bounces.states import Reason, Reported, Severity
from wem.bounces.transcript_rules import command_of_transcript, command_said, reply_in, reply_of_transcript

MOST_DIAGNOSTIC = 1000

# Cisco's mail gateways put their own words before the other side's answer: 5.1.0 - Unknown address error 550-'…'.
# What stands before the other side's own words.
_ANSWER = re.compile(
    r"(?:other server returned was|response from the remote server was|the response was|(?:host|server) (?:said|"
    r"replied|returned)"
    r"|refused to talk to me|\] said|the reason for the problem|error message below|following reason)\s*:\s*",
    re.I,
)
_WRAPPED = re.compile(r"\s*\d\.\d\.\d - [^'\n]{3,60}? (\d{3})[- ]'(.*)", re.S)
# PowerMTA's bounce categories, where the words say nothing better.
_CATEGORIES = {
    "bad-mailbox": Reason.userunknown, "bad-domain": Reason.hostunknown, "inactive-mailbox": Reason.suspend,
    "quota-issues": Reason.mailboxfull, "message-expired": Reason.expired, "no-answer-from-host": Reason.networkerror,
    "bad-connection": Reason.networkerror, "bad-configuration": Reason.systemerror,
    "routing-errors": Reason.systemerror, "content-related": Reason.contenterror, "invalid-sender": Reason.rejected,
    "policy-related": Reason.policyviolation, "protocol-errors": Reason.syntaxerror,
    "relaying-issues": Reason.norelaying, "spam-related": Reason.spamdetected, "virus-related": Reason.virusdetected,
}  # fmt: skip


_SYSEXITS = {"67": "user unknown", "68": "host unknown", "73": "can't create", "75": "temporary failure"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a report says of one recipient; each text may be empty."""

    diagnostic: str = ""  # the Diagnostic-Code
    words: str = ""  # what stands beside the address in the text for people
    report: str = ""  # that whole text, when it speaks of this recipient alone
    status: str = ""  # the Status field
    host: str = ""  # who refused, or the recipient's domain
    reporter: str = ""
    category: str = ""
    delayed: bool = False


def delivered(address: str, said: Said) -> Reported:
    """Return that the mail reached this recipient, or a server that reports no further."""
    status, reply = status_in(said.status), code_in(said.diagnostic)
    return Reported(
        address, Severity.other, Reason.delivered, status, reply, said.diagnostic[:MOST_DIAGNOSTIC], said.reporter
    )


def failed(address: str, said: Said) -> Reported:
    """Return what became of a recipient whom the mail did not reach, or not yet."""
    diagnostic = said.diagnostic
    wrapped = _WRAPPED.match(diagnostic or said.words)
    if wrapped:
        diagnostic = f"{wrapped.group(1)} {wrapped.group(2)}"
    command = (
        command_said(diagnostic)
        or command_said(said.words)
        or command_of_transcript(said.report, diagnostic)
        or command_said(said.report)
    )
    answer = reply_of_transcript(said.report) or reply_in(said.report)
    if diagnostic.isdigit():
        # The exit code of a local mailer (sysexits.h): what it wrote stands in the text, if anywhere.
        diagnostic = _SYSEXITS.get(diagnostic, "mailer error") + " " + diagnostic
    diagnostic, words = _answer_in(diagnostic), _answer_in(said.words)
    texts = [text for text in (diagnostic, words, answer, _answer_in(said.report)) if text]
    status = _status(texts[:1] if diagnostic else texts, said.status)
    reply = next((code for text in texts if (code := code_in(text))), None)
    reason, from_text = _reason(texts, command, status, said.host)
    if not diagnostic:
        reason = certain_reason(said.report) or reason
    if _CATEGORIES.get(said.category) is Reason.userunknown and reason is Reason.filtered:
        reason = Reason.userunknown
    if reason is None:
        reason = _CATEGORIES.get(said.category) or reason_of_numbers(reply, status, command)
    if said.delayed and reason in (Reason.undefined, Reason.onhold):
        reason = Reason.expired
    severity = Severity.soft if said.delayed else severity_of(reason, reply, status)
    shown = said.diagnostic or said.words or from_text
    by = said.host if said.diagnostic else said.reporter
    return Reported(address, severity, reason, status or None, reply, shown[:MOST_DIAGNOSTIC], by)


def _status(texts: list[str], field: str) -> str:
    """The other side's own status says more than the field, which some servers fill by their own lights."""
    found = [status for text in texts if (status := status_in(text))]
    told = status_in(field)
    plain = [*found[:1], *([told] if told else []), *found[1:]]
    return next((status for status in plain if not status.endswith(".0.0")), plain[0] if plain else "")


def _answer_in(text: str) -> str:
    last = 0
    for found in _ANSWER.finditer(text):
        last = found.end()
    return text[last:] or text


def _reason(texts: list[str], command: str, status: str, host: str) -> tuple[Reason | None, str]:
    for text in texts:
        if reason := reason_of_words(text, command, status, host, whole=text is texts[-1] and len(text) > 400):
            return reason, text
    return None, texts[0] if texts else ""
