"""Cutting a mail into headers and parts, with as little work as reading it needs; bounded in size, depth and number."""

from __future__ import annotations

import binascii
import html
import re
from collections.abc import Iterator

# A report stands at the front of its mail; what lies behind a megabyte is the mail that came back.
MOST_BYTES = 1_000_000
MOST_HEADER_BYTES = 100_000
MOST_FIELD_BYTES = 8_000
MOST_TEXT_BYTES = 150_000
MOST_PARTS = 40
DEEPEST = 6

_BOUNDARY = re.compile(r"boundary[ \t]*=[ \t\n]*(?:\"([^\"]{1,300})\"|([^\s;\"]{1,300}))", re.I)
_CHARSET = re.compile(r"charset[ \t]*=[ \t\n]*\"?([\w.:+-]{1,40})", re.I)
_NAME = re.compile(r"\s*([\w.+-]{1,60}/[\w.+-]{1,80})")
_HEADER_LINE = re.compile(rb"[!-9;-~]{1,76}[ \t]{0,9}:")

# Only these are asked of Python: some of its codecs take quadratic time, others are no character sets at all.
_CODECS = {
    "us-ascii": "latin-1", "ascii": "latin-1", "iso-8859-1": "latin-1", "latin1": "latin-1", "utf-8": "utf-8",
    "utf8": "utf-8", "utf-7": "latin-1", "iso-2022-jp": "iso2022_jp_ext", "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext", "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932",
    "cp932": "cp932", "windows-31j": "cp932", "euc-jp": "euc_jp", "x-euc-jp": "euc_jp", "gb2312": "gb18030",
    "gbk": "gb18030", "gb18030": "gb18030", "big5": "big5", "euc-kr": "euc_kr", "ks_c_5601-1987": "euc_kr",
    "koi8-r": "koi8_r", "windows-1251": "cp1251", "windows-1252": "cp1252", "windows-1250": "cp1250",
    "windows-1256": "cp1256", "iso-8859-2": "iso8859_2", "iso-8859-7": "iso8859_7", "iso-8859-9": "iso8859_9",
    "iso-8859-15": "iso8859_15", "utf-16": "utf-16", "koi8-u": "koi8_u", "iso-8859-5": "iso8859_5",
}  # fmt: skip


class Part:
    """A mail or a part of one: its header, looked up as asked, and its body; all lines end with LF."""

    __slots__ = ("_low", "body", "content_type", "head", "kind")

    def __init__(self, head: bytes, body: bytes) -> None:
        self.head, self.body = b"\n" + head, body
        self._low = self.head.lower()
        self.content_type = self.field(b"content-type")
        named = _NAME.match(self.content_type)
        self.kind = named.group(1).lower() if named else ""

    def has(self, name: bytes) -> bool:
        """Return whether there is a field of this name, given in lower case."""
        return b"\n" + name + b":" in self._low

    def field(self, name: bytes) -> str:
        """Return the first field of this name, unfolded, encoded words left alone; empty when it is missing."""
        at = self._low.find(b"\n" + name + b":")
        if at < 0:
            return ""
        begins = at + len(name) + 2
        ends = self.head.find(b"\n", begins)
        while ends >= 0 and ends - begins < MOST_FIELD_BYTES and self.head[ends + 1 : ends + 2] in (b" ", b"\t"):
            ends = self.head.find(b"\n", ends + 1)
        value = self.head[begins : ends if ends >= 0 else None][:MOST_FIELD_BYTES]
        return value.decode("latin-1").replace("\n", " ").strip()

    def text(self) -> str:
        """Return the body as text: transfer encoding undone, bytes of no character replaced, tags taken out."""
        body = self.body[:MOST_TEXT_BYTES]
        coding = self.field(b"content-transfer-encoding").lower()
        if "quoted" in coding:
            body = binascii.a2b_qp(body)
        elif "base64" in coding:
            body = _unbase64(body)
        text = _decoded(body, self.content_type)
        return plain_of_markup(text) if self.kind == "text/html" else text

    def plain_bytes(self) -> bytes:
        """Return the body with its transfer encoding undone."""
        coding = self.field(b"content-transfer-encoding").lower()
        if "base64" in coding:
            return _unbase64(self.body[:MOST_TEXT_BYTES])
        return binascii.a2b_qp(self.body[:MOST_TEXT_BYTES]) if "quoted" in coding else self.body


def open_mail(raw: bytes) -> Part:
    """Return the mail in `raw`, whatever ends its lines; an mbox's From line is left out."""
    raw = raw[:MOST_BYTES]
    if b"\r" in raw:
        raw = raw.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if raw[:5] in (b"From ", b">From"):
        raw = raw.partition(b"\n")[2]
    raw = raw.lstrip(b"\n")
    head, _, body = raw.partition(b"\n\n")
    return Part(head[:MOST_HEADER_BYTES], body)


def leaves_of(part: Part) -> list[Part]:
    """Return the parts that hold something, in order; a mail inside a mail is one part."""
    return list(_walk(part, 0, [MOST_PARTS]))


def _walk(part: Part, depth: int, left: list[int]) -> Iterator[Part]:
    pieces = _pieces(part) if part.kind.startswith("multipart/") and depth < DEEPEST else []
    if not pieces:
        yield part
        return
    for piece in pieces:
        if left[0] <= 0:
            return
        left[0] -= 1
        yield from _walk(_part_of(piece), depth + 1, left)


def _pieces(part: Part) -> list[bytes]:
    found = _BOUNDARY.search(part.content_type)
    if not found:
        return []
    mark = b"\n--" + (found.group(1) or found.group(2)).rstrip().encode("latin-1", "replace")
    pieces: list[bytes] = []
    for piece in (b"\n" + part.body).split(mark, MOST_PARTS + 5)[1:]:
        if piece[:2] == b"--" and piece[2:3] in (b"", b"\n", b" ", b"\t"):
            break
        if piece[:1] in (b"\n", b" ", b"\t", b""):
            pieces.append(piece)
        elif pieces:
            pieces[-1] += mark + piece  # a longer boundary that begins like this one
    return pieces


def _part_of(piece: bytes) -> Part:
    piece = piece.partition(b"\n")[2]
    if piece[:1] == b"\n":
        return Part(b"", piece[1:])
    if not _HEADER_LINE.match(piece):
        return Part(b"", piece)
    head, _, body = piece.partition(b"\n\n")
    return Part(head[:MOST_HEADER_BYTES], body)


def _unbase64(body: bytes) -> bytes:
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:
        clean = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
        return binascii.a2b_base64(clean[: len(clean) // 4 * 4])


def _decoded(body: bytes, content_type: str) -> str:
    if b"\x1b$" in body:
        return body.decode("iso2022_jp_ext", "replace")
    if body.isascii():
        return body.decode("ascii")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        found = _CHARSET.search(content_type)
        codec = _CODECS.get(found.group(1).lower(), "latin-1") if found else "latin-1"
        if codec in ("utf-8", "iso2022_jp_ext"):
            # Carriers' gateways say ISO-2022-JP and send EUC (seen from au, 2013).
            codec = "euc_jp" if codec == "iso2022_jp_ext" else codec
        return body.decode(codec, "replace")


_DROPPED = ("style", "script", "head")
_BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/h\d|/li|/td|/table)\b[^<>]{0,200}>", re.I)
_TAG = re.compile(r"<(?![^<>\s]{1,200}@)[/!?a-zA-Z][^<>]{0,2000}>")


def plain_of_markup(text: str) -> str:
    """Return the words of an HTML text, each block on its own line; addresses in angle brackets stay."""
    for name in _DROPPED:
        text = _without(text, name)
    text = _BREAKS.sub("\n", text.replace("\n", " "))
    return html.unescape(_TAG.sub("", text))


def _without(text: str, name: str) -> str:
    low, kept, at = text.lower(), [], 0
    while (begins := low.find("<" + name, at)) >= 0:
        ends = low.find("</" + name, begins)
        if ends < 0 or low[begins + len(name) + 1 : begins + len(name) + 2].isalpha():
            ends = begins + 1 if ends >= 0 else len(text)
            kept.append(text[at:ends])
        else:
            kept.append(text[at:begins])
        at = ends
    return "".join(kept) + text[at:] if kept else text
