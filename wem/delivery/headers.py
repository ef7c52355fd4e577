"""Header lines of a mail: refused when they could smuggle, encoded (RFC 2047) and folded (RFC 5322)."""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import b2a_base64
from functools import lru_cache

from wem.delivery.charsets import Charset, full_width

PREFERRED_LINE = 78
# RFC 2047 section 2: a line with an encoded word has at most 76 characters, the word at most 75.
_ENCODED_LINE = 76
_LONGEST_LINE = 998
_WORD_STARTS = {charset: f"=?{charset}?B?" for charset in Charset}
_WORD_MARK, _WORD_END = "=?", "?="
# A word has at most 75 characters, so 60 and 56 of Base64, so 15 and (with their escapes) 18 characters of full width.
_WORD_BYTES = {Charset.utf_8: 45, Charset.iso_2022_jp: 42}
_ESCAPE = 3

# C0, DEL, C1 and the two Unicode line ends; surrogates have no UTF-8.
_REFUSED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NAME = re.compile(r"[!-9;-~]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_ADDRESS = re.compile(
    r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r'|"(?:[ !#-\[\]-~]|\\[ -~])*")'
    r"@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
)
# As above, with a local part that only SMTPUTF8 carries (RFC 6532 section 3.2); the domain in A-labels all the same.
_UTF8_ATEXT = '[^\x00-\x20"(),.:;<>@\\[\\]\\\\\x7f-\xa0\u2028\u2029\ud800-\udfff]+'
_UTF8_ADDRESS = re.compile(rf"{_UTF8_ATEXT}(?:\.{_UTF8_ATEXT})*@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
# A character with what belongs to it: combining marks, variation selectors, half-width voicing marks, skin tones,
# tags, and whatever a zero-width joiner ties to it; two regional indicators are one flag.
_EXTEND = (
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\uff9e\uff9f\ufe00-\ufe0f\ufe20-\ufe2f"
    "\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\U000e0100-\U000e01ef]"
)
_CLUSTER = re.compile(
    f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|.){_EXTEND}*(?:\u200d(?:.{_EXTEND}*)?)*",
    re.DOTALL,
)
# Without one of these every character stands for itself.
_MARKED = re.compile(f"{_EXTEND}|[\u200d\U0001f1e6-\U0001f1ff]")


class HeaderRefused(ValueError):
    """A header slot holds what could end the line or name another recipient; the message names the slot only."""

    def __init__(self, header: str, reason: str) -> None:
        super().__init__(f"{header}: {reason}")
        self.header = header
        self.reason = reason


def text_header(name: str, value: str, charset: Charset = Charset.utf_8) -> str:
    """Return a whole header line with its end, for free text such as a subject.

    Here and below: raises UnicodeEncodeError for a text that does not fit the character set.
    """
    _refuse_controls(name, value)
    return _text_header(name, value, charset)


@lru_cache(maxsize=1024)
def _text_header(name: str, value: str, charset: Charset) -> str:
    if _plain(value):
        return _folded(name, value)
    return _folded(name, _encoded_words(value, len(name) + 2, charset))


def mailbox_header(name: str, display: str, address: str, charset: Charset = Charset.utf_8) -> str:
    """Return a whole address header such as From; the address as it stands on the wire, the name in any script."""
    _refuse_controls(name, display)
    check_address(name, address)
    return _mailbox_header(name, display.strip(), address, charset)


@lru_cache(maxsize=1024)
def _mailbox_header(name: str, display: str, address: str, charset: Charset) -> str:
    if not display:
        return _folded(name, address)
    return _folded(name, f"{_phrase(display, len(name) + 2, charset)} <{address}>")


def structured_header(name: str, value: str) -> str:
    """Return a whole header line for ASCII text that is already in its grammar; folded only at its spaces."""
    if not _NAME.fullmatch(name):
        raise HeaderRefused(name[:40].encode("ascii", "replace").decode(), "is not a header name")
    _refuse_controls(name, value)
    if not value.isascii():
        raise HeaderRefused(name, "is not ASCII")
    return _folded(name, value)


def phrase(text: str, charset: Charset = Charset.utf_8) -> str:
    """Return a display name for use inside a structured header, such as a List-Id's."""
    _refuse_controls("phrase", text)
    return _phrase(text, len("List-Id: "), charset)


def check_address(header: str, address: str, utf8: bool = False) -> None:
    """Raise HeaderRefused unless the address is one plain `local@domain` in wire form (RFC 5321, A-labels).

    With `utf8` its local part may hold other characters than ASCII.
    """
    fits = _ADDRESS.fullmatch(address) or (utf8 and _UTF8_ADDRESS.fullmatch(address))
    if len(address) > 320 or not fits or ".." in address.rpartition("@")[2]:
        raise HeaderRefused(header, "is not one mail address")


def _refuse_controls(name: str, value: str) -> None:
    if _REFUSED.search(value):
        raise HeaderRefused(name, "holds a control character")


def _plain(value: str) -> bool:
    """Return whether a reader gets this text back unchanged without encoding, in lines of good length."""
    return (
        value.isascii()
        and "=?" not in value
        and "  " not in value
        and value == value.strip()
        and all(len(word) < 60 for word in value.split(" "))
    )


def _phrase(text: str, used: int, charset: Charset) -> str:
    if _ATOMS.fullmatch(text) and _plain(text):
        return text
    if _plain(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _encoded_words(text, used, charset)


def _encoded_words(text: str, used: int, charset: Charset) -> str:
    """Return encoded words with one space between; the first leaves room for `used` characters on its line."""
    start, longest = _WORD_STARTS[charset], _WORD_BYTES[charset]
    room = max((_ENCODED_LINE - used - len(start) - len(_WORD_END)) // 4 * 3, 12)
    data = charset.coded(text)
    if len(data) <= min(room, longest):
        return start + b2a_base64(data, newline=False).decode("ascii") + _WORD_END
    if charset is Charset.iso_2022_jp:
        words = _iso_words(full_width(text), min(room, longest), longest)
    else:
        words = _utf8_words(text, min(room, longest), longest)
    return " ".join(start + b64encode(word).decode("ascii") + _WORD_END for word in words)


def _utf8_words(text: str, room: int, longest: int) -> list[bytes]:
    words: list[bytes] = []
    current = b""
    for piece in _pieces(text, longest):
        if current and len(current) + len(piece) > (longest if words else room):
            words.append(current)
            current = b""
        current += piece
    return [*words, current]


def _iso_words(text: str, room: int, longest: int) -> list[bytes]:
    """Return the words of a text whose characters take one byte (ASCII) or two; each word ends in ASCII."""
    words: list[bytes] = []
    current, size, wide = "", 0, False
    for character in text:
        shifts = character.isascii() == wide
        cost = (1 if character.isascii() else 2) + (_ESCAPE if shifts else 0)
        end = 0 if character.isascii() else _ESCAPE
        if current and size + cost + end > (longest if words else room):
            words.append(Charset.iso_2022_jp.coded(current))
            current, size, wide = "", 0, False
            cost = 1 if character.isascii() else 2 + _ESCAPE
        current, size, wide = current + character, size + cost, not character.isascii()
    return [*words, Charset.iso_2022_jp.coded(current)]


def _pieces(text: str, longest: int) -> list[bytes]:
    """Return the text's characters in UTF-8, each with its marks; apart only where together they fit no word."""
    if not _MARKED.search(text):
        return [character.encode() for character in text]
    pieces: list[bytes] = []
    for cluster in _CLUSTER.findall(text):
        data = cluster.encode()
        pieces += [data] if len(data) <= longest else [character.encode() for character in cluster]
    return pieces


def _folded(name: str, value: str) -> str:
    """Return the line with its end, broken before spaces so that lines keep to 78 characters where they can."""
    line = f"{name}: {value}"
    limit = _ENCODED_LINE if _WORD_MARK in value else PREFERRED_LINE
    if len(line) <= limit:
        return line + "\r\n"
    lines: list[str] = []
    current = f"{name}:"
    for word in value.split(" "):
        # No line of nothing but spaces: it would end the headers for some readers.
        breakable = bool(word and current.strip()) and (
            bool(lines) or current[-1] != ":" or word.startswith(_WORD_MARK)
        )
        if breakable and len(current) + 1 + len(word) > limit:
            lines.append(current)
            current = ""
        current += " " + word
    lines.append(current)
    if max(map(len, lines)) > _LONGEST_LINE:
        raise HeaderRefused(name, "is too long")
    return "\r\n".join(lines) + "\r\n"
