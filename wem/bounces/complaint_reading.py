"""Feedback reports: RFC 5965 (ARF), its broken relatives, and Microsoft's JMRP."""

from __future__ import annotations

import re

from wem.bounces.address_rules import addresses_in
from wem.bounces.mail_parts import Part, open_mail
from wem.bounces.states import Kind, Reading, Reason, Reported, Severity

MOST_RECIPIENTS = 100

_FIELD = re.compile(r"^([A-Za-z][A-Za-z-]{1,40})[ \t]{0,9}:[ \t]*(.*(?:\n[ \t].*)*)", re.M)
_TYPE = re.compile(r"[a-z][a-z-]{1,30}")
_JMRP_SUBJECT = re.compile(r"\s*complaint about message from", re.I)
_RETURNED_KINDS = ("message/rfc822", "text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers")


def read_complaint(mail: Part, leaves: list[Part]) -> Reading | None:
    """Return a feedback report with its type and recipients; None when the mail is none."""
    report = next((leaf for leaf in leaves if leaf.kind == "message/feedback-report"), None)
    if report is None:
        if "feedback-report" in mail.content_type.lower():
            report = next((leaf for leaf in leaves if b"eedback-type:" in leaf.body[:20000].lower()), leaves[0])
        elif _is_jmrp(mail):
            return _reading("abuse", [], _returned(leaves))
        else:
            return None
    fields = _FIELD.findall(report.plain_bytes()[:100_000].decode("latin-1"))
    kind = next((value for name, value in fields if name.lower() == "feedback-type"), "abuse")
    found = _TYPE.match(kind.strip().lower())
    return _reading(found.group() if found else "abuse", fields, _returned(leaves))


def _is_jmrp(mail: Part) -> bool:
    sender = mail.field(b"from").lower()
    if mail.has(b"x-hmxmroriginalrecipient") or "jmrp" in sender:
        return True
    return "staff@hotmail.com" in sender and bool(_JMRP_SUBJECT.match(mail.field(b"subject")))


def _returned(leaves: list[Part]) -> Part | None:
    returned = next((leaf for leaf in leaves if leaf.kind in _RETURNED_KINDS), None)
    return open_mail(returned.plain_bytes()) if returned else None


def _reading(kind: str, fields: list[tuple[str, str]], returned: Part | None) -> Reading:
    addresses = _named(fields, "original-rcpt-to") or _named(fields, "removal-recipient")
    if not addresses and returned:
        told = returned.field(b"x-hmxmroriginalrecipient")
        addresses = addresses_in(told or returned.field(b"to"))
    unique = list({each.lower(): each for each in addresses}.values())[:MOST_RECIPIENTS]
    reporter = next((value.strip()[:200] for name, value in fields if name.lower() == "user-agent"), "")
    senders = _named(fields, "original-mail-from") or (addresses_in(returned.field(b"return-path")) if returned else [])
    return Reading(
        kind=Kind.feedback,
        recipients=tuple(Reported(each, Severity.other, Reason.feedback, reporter=reporter) for each in unique),
        feedback_type=kind,
        message_id=message_id_in(returned),
        return_path=next(iter(senders), None),
    )


def _named(fields: list[tuple[str, str]], wanted: str) -> list[str]:
    return [each for name, value in fields if name.lower() == wanted for each in addresses_in(value)]


_MESSAGE_ID = re.compile(r"<[^<>\s]{3,900}>")


def message_id_in(returned: Part | None) -> str | None:
    """Return the Message-ID of the mail that came back, with its brackets; None without one."""
    found = _MESSAGE_ID.search(returned.field(b"message-id")) if returned else None
    return found.group() if found else None
