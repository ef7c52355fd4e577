"""Which SMTP command a refusal answered, as the reports of mail servers say it."""

from __future__ import annotations

import re

MOST_TEXT = 4000

_COMMANDS = {
    "rcpt": "RCPT", "mail": "MAIL", "data": "DATA", "bdat": "DATA", "helo": "EHLO", "ehlo": "EHLO", "end": "DATA",
    "initial": "CONN", "pipelined": "DATA", "final": "DATA", "connect": "CONN", "auth": "AUTH",
    "starttls": "STARTTLS",
    "body": "DATA", "message": "DATA", "quit": "QUIT", "rset": "RSET", "lhlo": "EHLO",
}  # fmt: skip
_SAID = re.compile(
    r"in reply to (?:the )?(end)? ?(?:of )?(rcpt|mail|data|helo|ehlo|bdat|initial|connect|message|end|starttls|"
    r"auth|body)"
    r"|after (?:sending )?(?:pipelined )?(end of data|rcpt|mail|data|helo|ehlo|initial|end|connect|starttls|"
    r"auth|lhlo)\b"
    r"|did not like our (final data|rcpt|mail|data|helo|ehlo)"
    r"|(rcpt|mail|data|helo|ehlo)(?: to| from)? (?:command )?generated following"
    r"|(body) of message generated|smtp command\s+(rcpt|mail|data|helo|ehlo)"
    r"|(rcpt to|mail from|data): (?=\d\d\d)",
    re.I,
)
_BEGINS = (
    "in reply to ", "after ", "did not like our", "generated following", "of message generated", "smtp command",
    "rcpt to: ", "mail from: ", "data: ",
)  # fmt: skip
_QMAIL = (
    ("does not like recipient", "RCPT"), ("failed after i sent the message", "DATA"), ("sender was rejected", "MAIL"),
    ("but my name was rejected", "EHLO"), ("greeting failed", "CONN"), ("failed on data command", "DATA"),
    ("wasn't able to establish an smtp connection", "CONN"), ("refused to talk to me", "CONN"),
    ("connect to ", "CONN"),
)  # fmt: skip
# InterScan writes "Sent <<< RCPT TO" and "Received >>> 550".
_LINE = re.compile(r"^[ \t]{0,8}(?:(?:>>>|Sent\s+<<<) ?([A-Za-z]{4})|(<<<|Received\s+>>>) ?(.*))", re.M)


def command_said(text: str) -> str:
    """Return the command (RCPT, DATA, …) that a report says in words; empty when it says none."""
    low = text[:MOST_TEXT].lower()
    found = _SAID.search(low) if any(words in low for words in _BEGINS) else None
    if found:
        word = next(group for group in found.groups() if group).lower().partition(" ")[0]
        return _COMMANDS.get(word, "")
    return next((command for words, command in _QMAIL if words in low), "")


def command_of_transcript(text: str, reply: str) -> str:
    """Return the command before the line `<<< reply` in a transcript of `>>>` and `<<<` lines; empty without one.

    Without such a line the command before the first refusal is taken. A refusal before any command is CONN.
    """
    if "<<<" not in text and ">>>" not in text:
        return ""
    command, first = "CONN", ""
    begins = reply.strip()[:40]
    for sent, _, answer in _LINE.findall(text):
        if sent:
            command = _COMMANDS.get(sent.lower(), sent.upper())
        elif begins and answer.startswith(begins):
            return command
        elif not first and answer[:1] in ("4", "5"):
            first = command
    return first


_REPLY = re.compile(
    r"(?:^|[:>(]\s*)[ \t-]{0,10}((?:4[2-5]\d|5[0-7]\d)[ -](?!\d\d:)\S[^\n]{0,400}(?:\n[^\n]*\S[^\n]{0,400}){0,6})", re.M
)


def reply_in(report: str) -> str:
    """Return the first paragraph of a report that begins with a refusal's code; empty without one."""
    found = _REPLY.search(report)
    return found.group(1) if found else ""


def reply_of_transcript(text: str) -> str:
    """Return the first refusal in a transcript, its lines joined; empty without one."""
    said: list[str] = []
    for sent, _, answer in _LINE.findall(text):
        if said and (sent or answer[:3] != said[0][:3]):
            break
        if answer[:1] in ("4", "5"):
            said.append(answer)
    return " ".join(said)
