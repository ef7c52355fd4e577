"""Reports written for people: which lines name a recipient, in the forms that servers have, and what stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wem.bounces.address_rules import ADDRESS, addresses_in
from wem.bounces.signs import speaks_of_failure

MOST_TEXT = 40_000
MOST_LINES = 800
MOST_RECIPIENTS = 500
MOST_DIAGNOSTIC = 2000

# Where the mail that came back begins: what a line says after its dashes, by its first letters.
_RETURNED = (
    "original message follows", "original message attached", "original message header", "original message below",
    "original mail", "original e-mail", "original headers", "original header", "the original message follows",
    "below this line", "below the next line", "below is a copy", "this is a copy", "this is your returned",
    "included is a", "enclosed is a", "attached is a", "here is a copy", "here is your", "following is a copy",
    "a copy of the original message", "a copy of your message", "a copy of the message", "message header",
    "message text follows", "message body follows", "message contents follow", "start of returned message",
    "start of message header", "start of the returned", "start of forwarded", "returned message", "returned mail",
    "returned text", "returned header", "the returned message", "unsent message", "unsent mail",
    "undelivered message",
    "undelivered mail", "the undelivered message", "header of the original", "headers of the original",
    "header of your",
    "headers of your", "the header of the original", "the headers of", "your original message", "your message reads",
    "your message follows", "your message is enclosed", "your message was:", "old message:",
    "content of the original",
    "content of original", "content of the returned", "mensaje original", "ursprüngliche nachricht",
    "message headers follow", "message follows", "copy of the original", "copy of your message", "copy of message",
    "元のメッセージ", "元のメール", "original info", "delivered message follows",
)  # fmt: skip
_RETURNED_WHOLE = ("original message", "original message details", "original message:", "original message details:")
_RETURNED_RAW = (
    "return-path:", "received:", "delivered-to:", "dkim-signature:", "x-originating-ip:", "mime-version:",
)  # fmt: skip
_FIRST_LETTERS = frozenset(words[:4] for words in (*_RETURNED, *_RETURNED_WHOLE))
_RAW_LETTERS = frozenset(words[:4] for words in _RETURNED_RAW)
# Headers of a mail without a word before them.
_HEADERS = re.compile(
    r"^(?:message-id|date|from|to|subject|reply-to|sender|content-type):[^\n]{0,400}\n(?:[ \t][^\n]{0,400}\n){0,5}"
    r"(?:message-id|date|from|to|subject|reply-to|sender|mime-version|content-type|content-transfer-encoding|cc):",
    re.I | re.M,
)
# From here on the recipients stand; what stands before is the mail that is spoken of.
_LIST_BEGINS = re.compile(
    r"did not reach the following|following recipients?|following address|following user|"
    r"(?:recipients?|addresses) (?:were|was|is|are) affected|failed (?:recipients|addresses)|affected recipient|"
    r"addresses had|list of (?:failed )?recipients|distribution lists|以下のメールアドレス|次のあて先|"
    r"delivery to the following|not delivered to:?\s*$|could not be delivered to:?\s*$",
    re.I | re.M,
)
_SKIPPED = re.compile(
    r"\s*(?:>>> ?mail from|>>> ?(?:helo|ehlo)|from|subject|message-?id|date|sent|reply-?to|return-path|sender|cc|"
    r"x-[\w-]+|received|mail from|reporting-mta|arrival-date|references|envelope-id|the mts-id|msexch|"
    r"original-envelope-id|in-reply-to)\b[ \t]*[:<]",
    re.I,
)
_BRACKETED = re.compile(rf"\s{{0,8}}<({ADDRESS})>,?\s*(?:\((?:expanded|generated|ultimately)[^)]*\)?\s*)?(.*)$")
_BARE = re.compile(rf"\s{{0,24}}(?:[Rr]fc822;\s*)?({ADDRESS})(?=$|[\s:,;(\[.])(?!\s+(?:wrote|said)\b)(.*)$")
_CODED = re.compile(rf"\s*(?:\d{{3}} )?(?:\d\.\d\.\d )?<?({ADDRESS})>?\s*\.\.\.\s*(.*)$")
_KEYED = re.compile(
    rf"\W{{0,6}}(?:\w+ )?(?:final |failed |original |intended |undeliverable |rejected |e-?mail |error.)?"
    rf"(?:recipients?(?: address)?|address|to|for|mailbox|user(?:name)?|rcpt to|destinataire|empf.nger|宛先\w*|"
    rf"送信先\w*|受信者)"
    rf"\s*(?:is|was)?\s*[:=：]\s*(?:\[?smtp[:=])?\s*[<\['\"]?\s*({ADDRESS})(.*)$",
    re.I,
)
_BULLET = re.compile(rf"\s*(?:[*•·o+>|]|-{{1,3}}>?|--|=>)\s*[<\[]?(?:smtp:)?({ADDRESS})[>\]]?(.*)$", re.I)
_ENDING = re.compile(rf"(.*?:\s*)<?({ADDRESS})>?[\s.;]*$")
_OF_STAFF = re.compile(
    r"(?:postmaster|mailer-?daemon|abuse|support|help(?:desk)?|hostmaster|webmaster|admin(?:istrator)?|root|"
    r"contact)@",
    re.I,
)

_FOLLOWS_OTHERS = re.compile(r"\s{0,8}(?:<[^<>\s@]{1,100}@|[^\s<>@]{1,100}@[\w.-]+[:\s]*$)")


@dataclass(slots=True)
class Named:
    """A recipient that a text names, and the words that stand with it."""

    address: str
    words: str


def split_report(text: str) -> tuple[str, str]:
    """Return the report proper and the mail that came back with it, headers first; the latter may be empty."""
    text = text[:MOST_TEXT]
    for at in _markers(text):
        before = text[:at]
        if "@" in before or len(before) > 400:
            return before, text[at:]
    for found in _HEADERS.finditer(text):
        before = text[: found.start()]
        if ("@" in before or len(before) > 400) and speaks_of_failure(before):
            return before, text[found.start() :]
    return text, ""


def _markers(text: str) -> Iterator[int]:
    at = 0
    for line in text.split("\n", MOST_LINES):
        begins = line[:120].lower()
        said = begins.strip(" \t>|*_=#-")
        worded = said[:4] in _FIRST_LETTERS and (said.startswith(_RETURNED) or said in _RETURNED_WHOLE)
        if worded or (begins[:4] in _RAW_LETTERS and begins.startswith(_RETURNED_RAW)):
            yield at
        at += len(line) + 1


def named_recipients(report: str, sender: str, returned_to: frozenset[str]) -> list[Named]:
    """Return the recipients that a report names, by the surest form of line that occurs in it.

    `sender` is whom the report is addressed to, `returned_to` whom the mail that came back was addressed to, both in
    lower case.
    """
    begins = _LIST_BEGINS.search(report)
    listed = report[begins.end() :] if begins else ""
    if "@" in listed:
        return _named(listed, sender, returned_to) or _named(report, sender, returned_to)
    return _named(report, sender, returned_to)


def _named(report: str, sender: str, returned_to: frozenset[str]) -> list[Named]:
    lines = report.split("\n", MOST_LINES)[:MOST_LINES]
    forms: dict[int, list[tuple[int, str, str]]] = {}
    for at, line in enumerate(lines):
        if "@" in line and len(line) < 2000 and (found := _form(line)):
            form, address, rest = found
            if _OF_STAFF.match(address) and form > 1 and address.lower() not in returned_to:
                continue
            forms.setdefault(form, []).append((at, address, rest))
    if not forms:
        return []
    if len({address.lower() for lines_of in forms.values() for _, address, _ in lines_of}) > 1:
        _leave_out(forms, sender)
    surest = min(forms)
    chosen = forms[surest]
    if surest > 5:
        chosen = _likeliest(chosen, returned_to)
    return _with_words(lines, chosen)


def _leave_out(forms: dict[int, list[tuple[int, str, str]]], sender: str) -> None:
    """Whom the report is written to is a recipient only where a line names him beyond doubt."""
    for form in [form for form in forms if form > 1]:
        forms[form] = [each for each in forms[form] if each[1].lower() != sender]
        if not forms[form]:
            del forms[form]


def _form(line: str) -> tuple[int, str, str] | None:
    if found := _BRACKETED.match(line):
        return 1, found.group(1), found.group(2)
    if _SKIPPED.match(line):
        return None
    if found := _CODED.match(line):
        return 2, found.group(1), found.group(2)
    if found := _BARE.match(line):
        return (2 if found.group(2)[:1] in ("", ":") else 3), found.group(1), found.group(2)
    if found := _KEYED.match(line):
        return 2, found.group(1), found.group(2)
    if found := _BULLET.match(line):
        return 2, found.group(1), found.group(2)
    if "://" in line or "mailto:" in line:
        return None
    if found := _ENDING.match(line):
        return 5, found.group(2), found.group(1)
    addresses = addresses_in(line)
    return (6, addresses[0], line) if addresses else None


def _likeliest(found: list[tuple[int, str, str]], returned_to: frozenset[str]) -> list[tuple[int, str, str]]:
    known = [each for each in found if each[1].lower() in returned_to]
    return known or found[:1]


def _with_words(lines: list[str], chosen: list[tuple[int, str, str]]) -> list[Named]:
    out: dict[str, Named] = {}
    starts = {at for at, _, _ in chosen}
    for at, address, rest in chosen:
        words = [rest.strip()]
        for number in range(at + 1, min(at + 40, len(lines))):
            line = lines[number]
            if number in starts or not line.strip():
                break
            if not _SKIPPED.match(line):
                words.append(line.strip())
        said = " ".join(filter(None, words)).lstrip(": ")[:MOST_DIAGNOSTIC]
        key = address.lower()
        if key in out:
            out[key].words = (out[key].words + " " + said)[:MOST_DIAGNOSTIC]
        elif len(out) < MOST_RECIPIENTS:
            out[key] = Named(address, said)
    return list(out.values())
