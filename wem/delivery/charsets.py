"""The character set of a mail: UTF-8, or ISO-2022-JP for old phones when every character fits.

ISO-2022-JP is written as the code page 50220 does it: JIS X 0208 with NEC's row 13 and the kanji that NEC took from
IBM, katakana of half width made full, everything else refused. Each run of Japanese begins with ESC $ B and ends with
ESC ( B, so that lines begin and end in ASCII (RFC 1468) and texts that were coded apart can be put together.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from functools import cache, lru_cache

from wem.domain_rules import is_carrier

_JAPANESE, _ASCII = b"\x1b$B", b"\x1b(B"
_RUN = re.compile("[^\x00-\x7f]+")
# They would change the character set themselves.
_SHIFTS = re.compile("[\x0e\x0f\x1b]")
_HALF_WIDTH_KATAKANA = re.compile("[\uff61-\uff9f]+")
# What the normal form of a voicing mark that stands alone, or with a letter that has no voiced form in JIS, becomes.
_MARKS = {0x3099: "゛", 0x309A: "゜", 0x30F7: "ワ゛", 0x30FA: "ヲ゛"}
# Two Unicode characters for one of JIS: the first is what mail programs of today write, the second what the table has.
_SAME = {"〜": "～", "−": "－", "‖": "∥", "—": "―", "¢": "￠", "£": "￡", "¬": "￢", "¥": "￥"}


class Charset(enum.StrEnum):
    """The name as it stands in a mail's headers."""

    utf_8 = "UTF-8"
    iso_2022_jp = "ISO-2022-JP"

    def coded(self, text: str) -> bytes:
        """Return the text in this character set; raises UnicodeEncodeError when it does not fit."""
        return text.encode() if self is Charset.utf_8 else iso_2022_jp(text)


@lru_cache(maxsize=4096)
def charsets_for(domain: str) -> tuple[Charset, ...]:
    """Return which character sets to try for a reader at this domain, in turn; the last one takes every text."""
    return (Charset.iso_2022_jp, Charset.utf_8) if is_carrier(domain) else (Charset.utf_8,)


@lru_cache(maxsize=4096)
def takes_html(domain: str) -> bool:
    """Return whether readers at this domain get the HTML too; phone carriers' get the text alone."""
    return not is_carrier(domain)


def iso_2022_jp(text: str) -> bytes:
    """Return the text in ISO-2022-JP; raises UnicodeEncodeError for what code page 50220 cannot write."""
    if shift := _SHIFTS.search(text):
        raise UnicodeEncodeError("iso-2022-jp", text, shift.start(), shift.end(), "changes the character set")
    return _RUN.sub(_coded, text).encode("ascii")


def full_width(text: str) -> str:
    """Return the text with full-width katakana for half-width ones, voicing marks and all."""
    return _HALF_WIDTH_KATAKANA.sub(_full_width, text)


def joined_iso_2022_jp(parts: bytes) -> bytes:
    """Return texts that were coded apart and put together, without the escapes between Japanese and Japanese."""
    return parts.replace(_ASCII + _JAPANESE, b"")


def _coded(run: re.Match[str]) -> str:
    found = full_width(run[0]).translate(_table())
    return f"\x1b$B{found}\x1b(B" if found.isascii() else found


def _full_width(katakana: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", katakana[0]).translate(_MARKS)


@cache
def _table() -> dict[int, str]:
    """Return the two bytes of JIS, as ASCII characters, of each character; made from Python's table of CP932.

    Where two places hold one character the first is taken: JIS X 0208 before row 13 before NEC's copies of IBM's.
    """
    table: dict[int, str] = {}
    for row in range(94):
        lead = row // 2 + (0x81 if row < 62 else 0xC1)
        for cell in range(94):
            trail = cell + (0x9F if row % 2 else 0x40 if cell < 63 else 0x41)
            try:
                character = bytes((lead, trail)).decode("cp932")
            except UnicodeDecodeError:
                continue
            table.setdefault(ord(character), chr(0x21 + row) + chr(0x21 + cell))
    for other, known in _SAME.items():
        table.setdefault(ord(other), table[ord(known)])
    return table
