"""What a mail server's refusal means for the address: for the texts of reports and for answers at SMTP time alike."""

from __future__ import annotations

import re
from collections.abc import Callable

from wem.bounces.rules import class_of
from wem.bounces.states import Reason, Severity
from wem.bounces.text_rules import certain, meaning

LONGEST = 2000

_SPACES = re.compile(r"\s+")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE = re.compile(
    r"(?<![\d.\[:=-])(2(?:11|14|2[01]|5[0-3])|4(?:2[12]|3[1-4]|[5-9]\d)|5(?:0[0-5]|1[02]|2[1-5]|3\d|4\d|5\d|"
    r"7\d))(?=[ \-:]|$)(?!-?\d\d)"
)
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"'@]{1,100}@[\w.-]{1,255}")

# RFC 3463 and its registry: what a code means where the words say nothing.
_BY_STATUS = {
    "1.0": Reason.userunknown, "1.1": Reason.userunknown, "1.2": Reason.hostunknown, "1.3": Reason.userunknown,
    "1.4": Reason.filtered, "1.6": Reason.hasmoved, "1.7": Reason.rejected, "1.8": Reason.rejected,
    "1.9": Reason.systemerror, "1.10": Reason.notaccept, "2.0": Reason.filtered, "2.1": Reason.filtered,
    "2.2": Reason.mailboxfull, "2.3": Reason.exceedlimit, "2.4": Reason.filtered, "3.0": Reason.systemerror,
    "3.1": Reason.systemfull, "3.2": Reason.notaccept, "3.3": Reason.systemerror, "3.4": Reason.mesgtoobig,
    "3.5": Reason.systemerror, "4.0": Reason.networkerror, "4.1": Reason.expired, "4.2": Reason.networkerror,
    "4.3": Reason.systemerror, "4.4": Reason.hostunknown, "4.5": Reason.systemfull, "4.6": Reason.networkerror,
    "4.7": Reason.expired, "5.3": Reason.exceedlimit, "5.4": Reason.syntaxerror, "6.0": Reason.contenterror,
    "7.0": Reason.securityerror, "7.1": Reason.securityerror, "7.2": Reason.rejected, "7.8": Reason.securityerror,
    "7.13": Reason.suspend, "7.17": Reason.hasmoved, "7.18": Reason.hasmoved, "7.20": Reason.authfailure,
    "7.21": Reason.authfailure, "7.22": Reason.authfailure, "7.23": Reason.authfailure, "7.24": Reason.authfailure,
    "7.25": Reason.requireptr, "7.26": Reason.authfailure, "7.27": Reason.notaccept, "7.28": Reason.speeding,
}  # fmt: skip
_BY_CODE = {
    421: Reason.blocked, 422: Reason.mailboxfull, 432: Reason.securityerror, 452: Reason.systemfull,
    521: Reason.notaccept, 523: Reason.exceedlimit, 525: Reason.suspend, 551: Reason.hasmoved,
    552: Reason.mailboxfull, 556: Reason.notaccept,
}  # fmt: skip
_KNOWS_THE_USER = re.compile(r"[45]\.1\.\d|[45]\.2\.1$")
_TEMPORARY_MEANS_MORE = {Reason.userunknown, Reason.hostunknown, Reason.hasmoved, Reason.notaccept}


def classify_reply(
    code: int | None, enhanced: str | None, text: str, command: str, host: str
) -> tuple[Severity, Reason]:
    """Return how bad a refusal is and why it came: hard only when the address is dead.

    `code` is the SMTP reply code and `enhanced` the status of RFC 3463, as far as known (either may stand in `text`
    too); `command` is what was refused, in upper case (CONN, EHLO, MAIL, RCPT, DATA; empty when unknown); `host` the
    server that answered or the recipient's domain. The words decide first, then the status, then the code.
    """
    status = enhanced or status_in(text) or ""
    code = code or code_in(text)
    reason = reason_of_words(text, lambda: command, status, host) or reason_of_numbers(code, status, command)
    return severity_of(reason, code, status), reason


def certain_reason(report: str) -> Reason | None:
    """Return the reason that a report for people leaves no doubt of; None without one."""
    plain = plain_words(report)
    return next((line.reason for line in certain() if line.holds(plain, str, "")), None)


def plain_words(text: str) -> str:
    """Return a reply in lower case with single spaces, its addresses taken out: they are anybody's words."""
    plain = _SPACES.sub(" ", text[:LONGEST]).lower().strip()
    return _ADDRESS.sub("", plain) if "@" in plain else plain


def severity_of(reason: Reason, code: int | None, status: str) -> Severity:
    """Return the class of a reason given with these numbers: what is temporary has killed no address."""
    severity = class_of(reason)
    temporary = status.startswith("4") if status else 400 <= (code or 0) < 500
    return Severity.soft if temporary and severity is Severity.hard else severity


def reason_of_words(
    text: str, command: Callable[[], str], status: str, host: str, whole: bool = False
) -> Reason | None:
    """Return the reason that the words of a refusal give; None when they say nothing that the tables know.

    With `whole` the text is a report for people, of which much says nothing of the reason: only plain words count.
    """
    found = meaning(plain_words(text), command, status, host.lower(), whole)
    if found is None:
        return None
    if found.reason is Reason.userunknown and not found.sure:
        return _user_unknown(command, status)
    return found.reason


def status_in(text: str) -> str | None:
    """Return the first enhanced status code (RFC 3463) in a reply that says more than x.0.0, else any, else None."""
    found = [".".join(match) for match in _STATUS.findall(text[:LONGEST])]
    return next((each for each in found if not each.endswith(".0.0")), found[0] if found else None)


def code_in(text: str) -> int | None:
    """Return the first SMTP reply code in a text; None without one."""
    found = _CODE.search(text[:LONGEST])
    return int(found.group(1)) if found else None


def _user_unknown(command: Callable[[], str], status: str) -> Reason:
    """Return userunknown, or filtered where a server says so only after it saw the mail or for policy's sake.

    Carriers and filters answer "user unknown" for mail that its reader does not want (japan-rules 4.5): it is believed
    with a status of addressing, or as the answer to RCPT.
    """
    if _KNOWS_THE_USER.match(status) or command() == "RCPT":
        return Reason.userunknown
    return Reason.filtered


def reason_of_numbers(code: int | None, status: str, command: str) -> Reason:
    """Return what the status and the reply code alone mean."""
    detail = status.partition(".")[2]
    reason = _BY_STATUS.get(detail)
    if reason is None or detail == "0.0":
        reason = _BY_CODE.get(code or 0)
    if reason in _TEMPORARY_MEANS_MORE and (status.startswith("4") or 400 <= (code or 0) < 500):
        return Reason.expired
    if reason is not None:
        return reason
    if code and code >= 500 and command == "MAIL":
        return Reason.rejected
    return Reason.onhold if code or status else Reason.undefined
