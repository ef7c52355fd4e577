"""Puts counted links into the HTML of a dispatch.

Only HTML is counted. In a plain text the address is what the reader sees and judges: it stays as the customer wrote it.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

from wem.delivery.markup import Shielded, shield
from wem.delivery.personalising import MAX_SOURCE
from wem.delivery.rendering import LINK_TOKEN, OPEN_TOKEN
from wem.delivery.template_nodes import TemplateProblem
from wem.delivery.template_reading import pieces
from wem.tracking.addresses import filled, host_of, location, names_in, tags_in, trimmed
from wem.tracking.models import LinkKind

_ELEMENTS = ("a", "area")
_ATTRIBUTE = re.compile(r"""(?<=[\s"'/])([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?""")
_LINK = '"{public}/l/{number}.{{{{ ' + LINK_TOKEN + ' }}}}"'
_PICTURE = '<img src="{public}/o/{{{{ ' + OPEN_TOKEN + ' }}}}.gif" alt="" width="1" height="1" border="0">'
_ANY_LINK = re.compile(r'"[^"]*/l/([0-9]{1,6})\.\{\{ ' + LINK_TOKEN + r' \}\}"')
_ANY_PICTURE = re.compile(r'<img src="[^"]*/o/\{\{ ' + OPEN_TOKEN + r' \}\}\.gif"[^>]*>')


@dataclass(frozen=True)
class Target:
    """Where counted link `number` leads, as the customer wrote it."""

    number: int
    kind: LinkKind
    address: str


@dataclass(frozen=True)
class Counted:
    """HTML whose links and opens are counted, and its links."""

    html: str
    targets: tuple[Target, ...] = ()


def counted(html: str, fields: Collection[str], public_url: str) -> Counted:
    """Return finished HTML (footer included) with its web links counted and the picture of opens at its end.

    One address has one number wherever it stands. Left as they are: links to WeM's own pages, those whose host is not
    written in clear, and those that hold anything but these `fields`. HTML that would grow too large is not counted.
    """
    public = public_url.rstrip("/")
    shielded = shield(html)
    targets: dict[str, Target] = {}
    written: list[str] = []
    at = 0
    for start, end in _addresses(shielded.html):
        found = _target(shielded, shielded.html[start:end], frozenset(fields), host_of(public))
        if found is None:
            continue
        kind, address = found
        target = targets.setdefault(address, Target(len(targets) + 1, kind, address))
        written += [shielded.html[at:start], _LINK.format(public=public, number=target.number)]
        at = end
    changed = shielded.restore("".join([*written, shielded.html[at:]]))
    body, end_tag, rest = changed.rpartition("</body>")
    if not end_tag:
        body, rest = changed, ""
    changed = body + _PICTURE.format(public=public) + end_tag + rest
    return Counted(changed, tuple(targets.values())) if len(changed) <= MAX_SOURCE else Counted(html)


def uncounted(html: str, addresses: Mapping[int, str]) -> str:
    """Return counted HTML with the addresses that its numbers stand for: for those who are not its readers."""

    def original(found: re.Match[str]) -> str:
        address = addresses.get(int(found[1]))
        return found[0] if address is None else f'"{_as_attribute(address)}"'

    return _ANY_LINK.sub(original, _ANY_PICTURE.sub("", html))


def _target(shielded: Shielded, quoted: str, fields: frozenset[str], own: str | None) -> tuple[LinkKind, str] | None:
    """Return kind and address of what stands in an href; None when it is not to be counted."""
    value = quoted[1:-1] if quoted[0] in "\"'" else quoted
    tags = [shielded.text_of(number) for number in shielded.numbers(value)]
    address = trimmed(_as_written(shielded, value))
    if host_of(address) in (None, own):
        return None
    try:
        # Entities may have hidden what looks like a tag and is none.
        if tags_in(address) != tags:
            return None
        if not tags:
            return (LinkKind.fixed, address) if location(address) else None
        if names_in(address) <= fields and location(filled(address, {}, "ja")):
            return LinkKind.filled, address
    except TemplateProblem:
        pass
    return None


def _as_written(shielded: Shielded, value: str) -> str:
    """Return the address in an attribute: its entities read, its Liquid tags as they are."""
    parts: list[str] = []
    at = 0
    for found in shielded.pattern.finditer(value):
        parts += [entities.unescape(value[at : found.start()]), shielded.text_of(int(found[1] or found[2]))]
        at = found.end()
    return "".join([*parts, entities.unescape(value[at:])])


def _as_attribute(address: str) -> str:
    return "".join(
        _escaped(part) if isinstance(part, str) else address[part.start : part.end] for part in pieces(address)
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("\xa0", "&nbsp;")


def _addresses(html: str) -> Iterator[tuple[int, int]]:
    """Yield where the value of each link's href begins and ends, quotation marks included."""
    reader = _Links(html)
    reader.feed(html)
    reader.close()
    for start, tag in reader.found:
        # Whole attributes are read one after the other, so that no href inside another's value is taken for one.
        for attribute in _ATTRIBUTE.finditer(tag):
            if attribute[1].lower() == "href" and attribute[2] is not None:
                yield start + attribute.start(2), start + attribute.end(2)
                break


class _Links(HTMLParser):
    """Gathers each link's opening tag with its place."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.lines = [0]
        for line in html.split("\n"):
            self.lines.append(self.lines[-1] + len(line) + 1)
        self.found: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ELEMENTS:
            line, column = self.getpos()
            self.found.append((self.lines[line - 1] + column, self.get_starttag_text() or ""))
