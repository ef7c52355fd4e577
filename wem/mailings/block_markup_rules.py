"""The small markup of texts in blocks: **bold**, __italic__, [words](https://…), [coloured](#c00000), lists.

Liquid tags are words meanwhile, so that nothing in them is taken for markup or escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_INLINE = re.compile(
    r"\\([\\*_\[\]()\-・])"
    # An address of the web stands as it is.
    r"|(https?://[^\s<>\"\\\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]+)"
    # Between two numbers it is a sign of arithmetic.
    r"|(?:(?<![0-9])|(?<=[0-9])(?![*]{2}[0-9]))\*\*(?=\S)(.+?)(?<=\S)\*\*"
    # Within names of Latin letters and after @ there are no marks; the word of a tag is no such name.
    r"|(?:(?<![0-9A-Za-z_@])|(?<=[0-9]e))__(?=\S)(.+?)(?<=\S)__(?:(?![0-9A-Za-z_])|(?=wq[0-9]+z))"
    r"|\[([^\[\]\n]+)\]\(([^\s()]+(?:\([^\s()]*\)[^\s()]*)*)\)",
    re.DOTALL,
)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_ITEM = re.compile(r"[ \u3000]*(?:(-[ \u3000]+|・[ \u3000]*)|\d{1,3}[.)．][ \u3000]+)(.+)")


@dataclass
class Words:
    """Puts words in the place of Liquid tags, each a word that stands nowhere in `source`."""

    source: str
    tags: list[str] = field(default_factory=list)
    _word: str = ""

    def __post_init__(self) -> None:
        number = 0
        while f"wq{number}z" in self.source:
            number += 1
        self._word = f"wq{number}z"

    def hide(self, text: str) -> str:
        """Return the text with its tags as words: `…o…` for an output, `…t…` for a tag that prints nothing."""
        return _LIQUID.sub(self._hidden, text)

    def _hidden(self, found: re.Match[str]) -> str:
        self.tags.append(found[0])
        return f"{self._word}{'o' if found[0][1] == '{' else 't'}{len(self.tags) - 1}e"

    def restore(self, text: str) -> str:
        """Return a text with the tags in place of their words."""
        return re.sub(rf"{self._word}[ot](\d+)e", lambda found: self.tags[int(found[1])], text)

    def stands_alone(self, line: str) -> bool:
        """Return whether a line holds tags that print nothing, and nothing else."""
        return bool(re.fullmatch(rf"\s*(?:{self._word}t\d+e\s*)+", line))

    def may_lead(self, address: str) -> bool:
        """Return whether a text may be a link's address: of the web, of mail, of a telephone, or a field."""
        return bool(re.match(rf"https?://|mailto:|tel:|{self._word}o", address, re.IGNORECASE))


@dataclass(frozen=True)
class Part:
    """Lines that belong together: a paragraph, the items of a list ("dots", "numbers"), or a tag alone on its line."""

    kind: str
    lines: tuple[str, ...]


def parts(text: str, words: Words) -> Iterator[Part]:
    """Yield the paragraphs and lists of a text whose tags are words."""
    kind = ""
    lines: list[str] = []
    for line in [*text.split("\n"), ""]:
        item = _ITEM.fullmatch(line)
        found = "tag" if words.stands_alone(line) else "paragraph" if line.strip() else ""
        if item:
            found = "dots" if item[1] else "numbers"
        if lines and (found != kind or found == "tag"):
            yield Part(kind, tuple(lines))
            lines = []
        kind = found
        if found:
            lines.append(item[2] if item else line.strip())


def html_of(text: str, words: Words, link: str) -> str:
    """Return paragraphs and lists as HTML; `link` is the style of a link."""
    found = []
    for part in parts(text, words):
        if part.kind == "paragraph":
            # Marks may open on one line and close on the next.
            whole = inline_html("\n".join(part.lines), words, link)
            found.append(f'<p style="margin:0 0 12px 0">{whole}</p>')
        elif part.kind == "tag":
            found.append(part.lines[0])
        else:
            found.append(list_html([inline_html(line, words, link) for line in part.lines], part.kind))
    return "".join(found)


def list_html(items: list[str], kind: str) -> str:
    """Return a list of items that are HTML; one that is a tag alone stays between them."""
    name = "ol" if kind == "numbers" else "ul"
    return (
        f'<{name} style="margin:0 0 12px 0;padding:0 0 0 24px">{"".join(f"<li>{each}</li>" for each in items)}</{name}>'
    )


def inline_html(text: str, words: Words, link: str) -> str:
    """Return a text as HTML without paragraphs."""
    written, at = [], 0
    for found in _INLINE.finditer(text):
        written.append(_escaped(text[at : found.start()]))
        written.append(_marked(found, words, link))
        at = found.end()
    return "".join([*written, _escaped(text[at:])])


def _marked(found: re.Match[str], words: Words, link: str) -> str:
    plain, address, bold, italic, label, target = found.groups()
    if plain or address:
        return _escaped(plain or address)
    if bold:
        return f"<strong>{inline_html(bold, words, link)}</strong>"
    if italic:
        return f"<em>{inline_html(italic, words, link)}</em>"
    inside = inline_html(label, words, link)
    if _COLOUR.fullmatch(target):
        return f'<span style="color:{target.lower()}">{inside}</span>'
    if words.may_lead(target):
        return f'<a href="{escape(target)}" target="_blank" style="{link}">{inside}</a>'
    return _escaped(found[0])


def _escaped(text: str) -> str:
    return escape(text).replace("\n", "<br />")


def plain_of(text: str, words: Words) -> str:
    """Return a text without its marks, as a text part shows it: a link's address stands behind its words."""

    def unmarked(found: re.Match[str]) -> str:
        plain, address, bold, italic, label, target = found.groups()
        if plain or address:
            return str(plain or address)
        if bold or italic:
            return plain_of(bold or italic, words)
        inside = plain_of(label, words)
        if _COLOUR.fullmatch(target):
            return inside
        if words.may_lead(target):
            return target if inside == target else f"{inside} <{target}>"
        return found[0]

    return _INLINE.sub(unmarked, text)


def text_of(text: str, words: Words) -> str:
    """Return paragraphs and lists as plain text, parted by empty lines."""
    found, before = [], ""
    for part in parts(text, words):
        if part.kind == "tag":
            # What prints nothing brings no empty line of its own.
            before += part.lines[0]
            continue
        if part.kind == "paragraph":
            lines = plain_of("\n".join(part.lines), words).split("\n")
        else:
            lines = listed([plain_of(line, words) for line in part.lines], part.kind)
        found.append(before + "\n".join(lines))
        before = ""
    if before:
        found[-1:] = [(found[-1] if found else "") + before]
    return "\n\n".join(found)


def listed(items: list[str], kind: str) -> list[str]:
    """Return the lines of a list with its marks."""
    return [f"{f'{number}. ' if kind == 'numbers' else '・'}{item}" for number, item in enumerate(items, 1)]
