"""From what a report says of one recipient to what became of it: class, reason, status, reply."""

from __future__ import annotations

from wem.bounces.reply_rules import classify_reply, code_in, reason_of_words, status_in
from wem.bounces.rules import class_of
from wem.bounces.states import Reason, Reported, Severity
from wem.bounces.transcript_rules import command_of_transcript, command_said, reply_of_transcript

MOST_DIAGNOSTIC = 1000


def outcome(
    address: str,
    *,
    diagnostic: str,
    words: str,
    report: str,
    status: str,
    host: str,
    reporter: str,
    success: bool,
    delayed: bool,
) -> Reported:
    """Return what became of one recipient.

    `diagnostic` is the Diagnostic-Code, `words` what stands beside the address in the text for people, `report` that
    whole text when it speaks of this recipient alone, `status` the Status field; each may be empty.
    """
    if success:
        return Reported(
            address, Severity.other, Reason.delivered, status_in(status), code_in(diagnostic), diagnostic, reporter
        )
    said = diagnostic or words
    command = command_said(diagnostic) or command_said(words) or command_of_transcript(report, diagnostic)
    spoken = status_in(said)
    if not spoken or spoken.endswith(".0.0"):
        spoken = status_in(status) or spoken
    reply = code_in(said)
    reason = None
    for text in (diagnostic, words, reply_of_transcript(report), report[-3000:]):
        if text and (reason := reason_of_words(text, command, spoken or "", host)):
            if text is not diagnostic and text is not words and reply is None:
                reply = code_in(text) if text is not report else None
            said = said if text is report and said else text if not diagnostic else said
            break
    if reason is None:
        _, reason = classify_reply(reply, spoken, said, command, host)
    if delayed and reason in (Reason.undefined, Reason.onhold):
        reason = Reason.expired
    severity = Severity.soft if delayed else class_of(reason)
    return Reported(address, severity, reason, spoken, reply, said[:MOST_DIAGNOSTIC], host if diagnostic else reporter)
