"""The body of a mail as the mail server can carry it: 8bit, 7bit, quoted-printable or Base64 (RFC 2045)."""

from __future__ import annotations

import re
import struct
from binascii import b2a_base64, b2a_qp
from functools import lru_cache

from wem.delivery.charsets import Charset, iso_2022_jp

_LINE_END = re.compile(r"\r\n|\r|\n")
_ASCII = bytes(range(0x80))


def utf8_lines(text: str) -> bytes:
    """Return a text in UTF-8 with CRLF at every line end, without NUL; half a surrogate pair becomes `?`."""
    try:
        return (text if text.isprintable() else _clean(text)).encode()
    except UnicodeEncodeError:
        return _clean(text).encode("utf-8", "replace")


def each_in_utf8_lines(texts: list[str]) -> list[bytes]:
    """Return what `utf8_lines` makes of each; of the short texts of a mail with a third of the calls."""
    if not texts or not "".join(texts).isprintable():
        return [*map(utf8_lines, texts)]
    return "\n".join(texts).encode().split(b"\n")


def iso_2022_jp_lines(text: str) -> bytes:
    """Return a text in ISO-2022-JP with CRLF at every line end, without NUL; raises UnicodeEncodeError."""
    return iso_2022_jp(_clean(text))


def each_in_iso_2022_jp_lines(texts: list[str]) -> list[bytes]:
    """Return what `iso_2022_jp_lines` makes of each; raises UnicodeEncodeError."""
    return [*map(iso_2022_jp_lines, texts)]


def _clean(text: str) -> str:
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    return text.replace("\n", "\r\n").replace("\0", "")


def carried(text: bytes, *, short: bool, eight_bit: bool) -> tuple[str, bytes]:
    """Return the Content-Transfer-Encoding and the text in it. `short`: no line is too long to stand as it is."""
    if short:
        if text.isascii():
            return "7bit", text
        if eight_bit:
            return "8bit", text
    # Quoted-printable makes three of an octet that is not ASCII, Base64 four of three octets.
    # ISO-2022-JP is legible in neither.
    if b"\x1b" in text or 6 * len(text.translate(None, _ASCII)) > len(text):
        return "base64", _base64(text)
    return "quoted-printable", _quoted_printable(text)


def text_part(kind: str, charset: Charset, text: bytes, *, short: bool, eight_bit: bool) -> tuple[bytes, bool]:
    """Return a text part with its own headers, and whether it holds octets that are not ASCII."""
    encoding, coded = carried(text, short=short, eight_bit=eight_bit)
    return _part_head(kind, charset, encoding) + coded, encoding == "8bit"


@lru_cache(maxsize=32)
def _part_head(kind: str, charset: Charset, encoding: str) -> bytes:
    lines = (f"Content-Type: text/{kind}; charset={charset}", f"Content-Transfer-Encoding: {encoding}", "", "")
    return "\r\n".join(lines).encode("ascii")


def _quoted_printable(text: bytes) -> bytes:
    coded = b2a_qp(text)
    # Without a line end in the text it writes its own as a bare LF.
    return coded if b"\r\n" in text else coded.replace(b"\n", b"\r\n")


def _base64(text: bytes) -> bytes:
    coded = b2a_base64(text, newline=False)
    whole, rest = divmod(len(coded), 76)
    lines = _lines(whole).unpack_from(coded)
    return b"\r\n".join((*lines, coded[-rest:]) if rest else lines)


@lru_cache(maxsize=64)
def _lines(count: int) -> struct.Struct:
    """Return what cuts Base64 into lines of 76: four times as fast as slices, and this is most of the cost."""
    return struct.Struct("76s" * count)
