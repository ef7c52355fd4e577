"""Reports of deliveries: RFC 3464, whole, broken or in one part, and the forms that servers have beside it."""

from __future__ import annotations

import re
from collections.abc import Callable

from wem.bounces.address_rules import addresses_in
from wem.bounces.complaint_reading import message_id_in
from wem.bounces.mail_parts import Part, leaves_of, open_mail
from wem.bounces.outcomes import REFUSED_BY_READER, Said, delivered, failed
from wem.bounces.report_fields import Fields, Told, host_of, read_fields
from wem.bounces.report_lines import Named, named_recipients, split_report
from wem.bounces.signs import is_daemon, is_late_only, is_quoting, names_a_report, speaks_of_failure
from wem.bounces.states import Kind, Reading, Reported

_STATUS_KINDS = ("message/delivery-status", "message/global-delivery-status", "message/xdelivery-status")
_RETURNED_KINDS = (
    "message/rfc822", "message/global", "text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers",
)  # fmt: skip
_FINAL = re.compile(r"^(?:final|original)-recipient[ \t]*:", re.I | re.M)
_HEADER_LINE = re.compile(r"^[A-Za-z][\w-]{1,40}:", re.M)
_MESSAGE_ID = re.compile(r"^[ \t]{0,8}(?:x-)?(?:original-)?message-id:[ \t]*\n?[ \t]*(<[^<>\s]{3,900}>)", re.I | re.M)
_SUCCESS = ("delivered", "relayed", "expanded", "deliverable")


def read_report(mail: Part, leaves: list[Part], subject: str) -> Reading | None:
    """Return what a report of a delivery says; None when the mail is no report, or names nobody."""
    status = [leaf for leaf in leaves if leaf.kind in _STATUS_KINDS]
    trusted = bool(status) or "delivery-status" in mail.content_type.lower()
    if not trusted and not _may_be_report(mail, subject):
        return None
    text = _Text(leaves)
    if not trusted and not (mail.has(b"x-failed-recipients") or _is_report(mail, subject, text.report)):
        return None
    fields = _fields(status, text)
    if fields.told:
        return _of_fields(fields, text)
    return _of_wrapped(mail, leaves) or _of_text(mail, text, subject)


class _Text:
    """What a report says to people, read only when it is asked, and the mail that came back with it."""

    def __init__(self, leaves: list[Part]) -> None:
        self._leaves = leaves
        self._split: tuple[str, str] | None = None
        self._named: dict[str, str] | None = None

    def _read(self) -> tuple[str, str]:
        if self._split is None:
            texts = [leaf.text() for leaf in self._leaves[:6] if leaf.kind in ("text/plain", "")]
            text = "\n\n".join(texts)
            if not text.strip():
                others = (
                    leaf for leaf in self._leaves if leaf.kind.startswith(("text/", "multipart/", "message/deli"))
                )
                text = next((leaf.text() for leaf in others), "")
            self._split = split_report(text)
        return self._split

    @property
    def report(self) -> str:
        return self._read()[0]

    @property
    def whole(self) -> str:
        return "\n".join(self._read())

    def beside(self, address: str) -> str:
        """Return what the text says beside an address."""
        if self._named is None:
            self._named = {each.address.lower(): each.words for each in named_recipients(self.report, "", frozenset())}
        return self._named.get(address.lower(), "")

    def message_id(self, returned: Part | None) -> str | None:
        """Return the Message-ID of the mail that came back, wherever the report has it."""
        if found := message_id_in(returned):
            return found
        fields = [leaf.body[:20_000].decode("latin-1") for leaf in self._leaves if leaf.kind in _STATUS_KINDS]
        named = next((match for text in (self.whole, *fields) if (match := _MESSAGE_ID.search(text))), None)
        return named.group(1) if named else None

    def returned(self) -> Part | None:
        part = next((leaf for leaf in self._leaves if leaf.kind in _RETURNED_KINDS), None)
        if part is not None:
            return open_mail(part.plain_bytes())
        behind = self._read()[1]
        begins = _HEADER_LINE.search(behind)
        return open_mail(behind[begins.start() :].encode("utf-8", "replace")) if begins else None


def _may_be_report(mail: Part, subject: str) -> bool:
    return mail.has(b"x-failed-recipients") or is_daemon(mail) or names_a_report(subject)


def _is_report(mail: Part, subject: str, text: str) -> bool:
    """Return whether it is written by a mail server or called a report, and begins as one."""
    if is_quoting(subject) and not is_daemon(mail):
        return False
    return (is_daemon(mail) and names_a_report(subject)) or speaks_of_failure(text)


def _fields(status: list[Part], text: _Text) -> Fields:
    for part in status:
        fields = read_fields(part.text())
        if fields.told:
            return fields
    if _FINAL.search(text.whole):
        return read_fields(text.whole)
    return Fields("", [])


def _of_fields(fields: Fields, text: _Text) -> Reading:
    alone = len(fields.told) == 1
    found: dict[str, Reported] = {}
    for told in fields.told:
        found[told.address.lower()] = _reported(told, fields.reporter, text, alone)
    any_failed = any(told.action not in (*_SUCCESS, "delayed") for told in fields.told)
    kind = Kind.bounce if any_failed else Kind.delivered
    return Reading(kind, tuple(found.values()), message_id=text.message_id(text.returned()))


def _reported(told: Told, reporter: str, text: _Text, alone: bool) -> Reported:
    said = Said(
        diagnostic=told.diagnostic,
        status=told.status,
        host=told.remote or told.address.rpartition("@")[2],
        reporter=reporter,
        category=told.category,
        delayed=told.action == "delayed",
        texts=lambda: (text.beside(told.address), text.report if alone else ""),
    )
    return delivered(told.address, said) if told.action in _SUCCESS else failed(told.address, said)


def _of_text(mail: Part, text: _Text, subject: str) -> Reading | None:
    report, returned = text.report, text.returned()
    sender = next(iter(addresses_in(mail.field(b"to"))), "").lower()
    returned_to = addresses_in(returned.field(b"to")) if returned else []
    named = named_recipients(report, sender, frozenset(each.lower() for each in returned_to))
    headed = addresses_in(mail.field(b"x-failed-recipients"))
    if headed:
        words = {each.address.lower(): each.words for each in named}
        named = [Named(each, words.get(each.lower(), "")) for each in headed]
    if not named:
        named = [Named(each, "") for each in returned_to[:1]]
    if not named:
        return None
    late = is_late_only(subject, report)
    category = REFUSED_BY_READER if mail.field(b"x-spasign").upper() == "NG" else ""
    whole = report if len(named) == 1 else ""
    reporter = host_of(mail.field(b"from").rpartition("@")[2].strip("> "))
    recipients = tuple(
        failed(
            each.address,
            Said(
                host=each.address.rpartition("@")[2],
                reporter=reporter,
                category=category,
                delayed=late,
                texts=_fixed(each.words, whole),
            ),
        )
        for each in named
    )
    return Reading(Kind.delivered if late else Kind.bounce, recipients, message_id=text.message_id(returned))


def _fixed(words: str, report: str) -> Callable[[], tuple[str, str]]:
    return lambda: (words, report)


def _of_wrapped(mail: Part, leaves: list[Part]) -> Reading | None:
    """Return what a report says that a gateway put whole into another mail of its own."""
    inner = next((leaf for leaf in leaves if leaf.kind == "message/rfc822"), None)
    if inner is None or not is_daemon(mail):
        return None
    wrapped = open_mail(inner.plain_bytes())
    if not (is_daemon(wrapped) or "delivery-status" in wrapped.content_type.lower()):
        return None
    inside = leaves_of(wrapped)
    text = _Text(inside)
    fields = _fields([leaf for leaf in inside if leaf.kind in _STATUS_KINDS], text)
    return _of_fields(fields, text) if fields.told else _of_text(wrapped, text, "")
