"""Reports of deliveries: RFC 3464, whole, broken or in one part, and the forms that servers have beside it."""

from __future__ import annotations

import re

from wem.bounces.address_rules import addresses_in
from wem.bounces.complaint_reading import message_id_in
from wem.bounces.mail_parts import Part, leaves_of, open_mail
from wem.bounces.outcomes import Said, delivered, failed
from wem.bounces.report_fields import Fields, Told, host_of, read_fields
from wem.bounces.report_lines import Named, named_recipients, split_report
from wem.bounces.signs import (
    is_daemon,
    is_late_only,
    is_quoting,
    names_a_report,
    speaks_of_failure,
)
from wem.bounces.states import Kind, Reading, Reported

_STATUS_KINDS = ("message/delivery-status", "message/global-delivery-status", "message/xdelivery-status")
_RETURNED_KINDS = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "text/rfc822-header",
    "message/rfc822-headers",
)
_FINAL = re.compile(r"^(?:final|original)-recipient[ \t]*:", re.I | re.M)
_SUCCESS = ("delivered", "relayed", "expanded", "deliverable")


def read_report(mail: Part, leaves: list[Part], subject: str) -> Reading | None:
    """Return what a report of a delivery says; None when the mail is no report, or names nobody."""
    status = [leaf for leaf in leaves if leaf.kind in _STATUS_KINDS]
    trusted = bool(status) or "delivery-status" in mail.content_type.lower()
    if not trusted and not _may_be_report(mail, subject):
        return None
    text = _text_of(leaves)
    report, behind = split_report(text)
    if not trusted and not (b"x-failed-recipients" in mail.fields or _is_report(mail, subject, report)):
        return None
    returned = _returned(leaves, behind)
    fields = _fields(status, text)
    if fields.told:
        return _of_fields(fields, report, subject, returned)
    return _of_wrapped(mail, leaves) or _of_text(mail, report, subject, returned)


def _may_be_report(mail: Part, subject: str) -> bool:
    return b"x-failed-recipients" in mail.fields or is_daemon(mail) or names_a_report(subject)


def _is_report(mail: Part, subject: str, text: str) -> bool:
    """Return whether it is written by a mail server or called a report, and begins as one."""
    if is_quoting(subject) and not is_daemon(mail):
        return False
    return speaks_of_failure(text)


def _text_of(leaves: list[Part]) -> str:
    texts = [leaf.text() for leaf in leaves[:6] if leaf.kind in ("text/plain", "")]
    plain = "\n\n".join(texts)
    if plain.strip():
        return plain
    return next(
        (leaf.text() for leaf in leaves if leaf.kind.startswith(("text/", "multipart/", "message/delivery"))), ""
    )


def _returned(leaves: list[Part], behind: str) -> Part | None:
    part = next((leaf for leaf in leaves if leaf.kind in _RETURNED_KINDS), None)
    if part is not None:
        return open_mail(part.plain_bytes())
    if not behind:
        return None
    begins = re.search(r"^[A-Za-z][\w-]{1,40}:", behind, re.M)
    return open_mail(behind[begins.start() :].encode("utf-8", "replace")) if begins else None


def _fields(status: list[Part], text: str) -> Fields:
    for part in status:
        fields = read_fields(part.text())
        if fields.told:
            return fields
    if _FINAL.search(text):
        return read_fields(text)
    return Fields("", [])


def _of_fields(fields: Fields, report: str, subject: str, returned: Part | None) -> Reading:
    named = {each.address.lower(): each.words for each in named_recipients(report, "", frozenset())}
    words_of_all = report if len(fields.told) == 1 else ""
    found: dict[str, Reported] = {}
    for told in fields.told:
        found[told.address.lower()] = _reported(told, fields.reporter, named, words_of_all)
    actions = {told.action for told in fields.told}
    any_failed = not actions <= {*_SUCCESS, "delayed"} or any(
        told.action in _SUCCESS and told.status.startswith("5") for told in fields.told
    )
    kind = Kind.bounce if any_failed else Kind.delivered
    return Reading(kind, tuple(found.values()), message_id=message_id_in(returned))


def _reported(told: Told, reporter: str, named: dict[str, str], words_of_all: str) -> Reported:
    said = Said(
        diagnostic=told.diagnostic,
        words=named.get(told.address.lower(), ""),
        report=words_of_all,
        status=told.status,
        host=told.remote or told.address.rpartition("@")[2],
        reporter=reporter,
        category=told.category,
        delayed=told.action == "delayed",
    )
    return delivered(told.address, said) if told.action in _SUCCESS else failed(told.address, said)


def _of_text(mail: Part, report: str, subject: str, returned: Part | None) -> Reading | None:
    sender = next(iter(addresses_in(mail.field(b"to"))), "").lower()
    returned_to = frozenset(each.lower() for each in addresses_in(returned.field(b"to"))) if returned else frozenset()
    named = named_recipients(report, sender, returned_to)
    headed = addresses_in(mail.field(b"x-failed-recipients"))
    if headed:
        words = {each.address.lower(): each.words for each in named}
        rest = report if len(headed) == 1 else ""
        named = [Named(each, words.get(each.lower(), "") or rest) for each in headed]
    if not named and returned:
        named = [Named(each, report[:2000]) for each in addresses_in(returned.field(b"to"))[:1]]
    if not named:
        return None
    late = is_late_only(subject, report)
    whole = report if len(named) == 1 else ""
    reporter = host_of(mail.field(b"from").rpartition("@")[2].strip("> "))
    recipients = tuple(
        failed(
            each.address,
            Said(words=each.words, report=whole, host=each.address.rpartition("@")[2], reporter=reporter, delayed=late),
        )
        for each in named
    )
    return Reading(Kind.delivered if late else Kind.bounce, recipients, message_id=message_id_in(returned))


def _of_wrapped(mail: Part, leaves: list[Part]) -> Reading | None:
    """Return what a report says that a gateway put whole into another mail of its own."""
    inner = next((leaf for leaf in leaves if leaf.kind == "message/rfc822"), None)
    if inner is None or not is_daemon(mail):
        return None
    wrapped = open_mail(inner.plain_bytes())
    if not (is_daemon(wrapped) or "delivery-status" in wrapped.content_type.lower()):
        return None
    inside = leaves_of(wrapped)
    status = [leaf for leaf in inside if leaf.kind in _STATUS_KINDS]
    text = _text_of(inside)
    report, behind = split_report(text)
    fields = _fields(status, text)
    returned = _returned(inside, behind)
    if fields.told:
        return _of_fields(fields, report, "", returned)
    return _of_text(wrapped, report, "", returned)
