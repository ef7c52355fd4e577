"""From the bytes of a text file to text: which encoding it is in, and its text in blocks of whole lines."""

import codecs
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from wem.lists.problems import FileProblem, UnreadableFile

# Python's name: what the screen calls it.
ENCODINGS = {
    "utf-8": "UTF-8",
    "cp932": "Shift_JIS (CP932)",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16 (big endian)",
    "euc_jp": "EUC-JP",
    "iso2022_jp_ext": "ISO-2022-JP (JIS)",
}

BLOCK = 1 << 18
MAX_LINE = 8 << 20  # bytes without a line break after which a file is no table
_HEAD = 1 << 16
_LINES_JUDGED = 2_000
_TAIL_JUDGED = 500

_BOMS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
# What CP932 in Python makes of bytes that no Shift_JIS file holds: C1, NBSP, the Macintosh leftovers.
_NO_SHIFT_JIS = re.compile("[\x80-\xa0\uf8f0-\uf8f3]").search
_HALF_KANA = re.compile("[\uff61-\uff9f]")


class Source(Protocol):
    """Where bytes come from: a file, or a pipe."""

    def read(self, size: int, /) -> bytes: ...


def guess_encoding(path: Path) -> str:
    """The encoding of a text file, a key of ENCODINGS, judged over the whole file in a fixed order.

    A byte order mark; UTF-16 by its zero bytes; UTF-8 if all of it is; ISO-2022-JP by its escapes; else
    whichever of UTF-8, CP932 and EUC-JP reads most of the lines that are not ASCII, the earlier one where they
    are equal. Raises UnreadableFile on binary.
    """
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise UnreadableFile(FileProblem.NOT_A_TABLE)
    for encoding, bom in _BOMS.items():
        if head.startswith(bom):
            return encoding
    if utf16 := _bare_utf16(head, path.stat().st_size):
        return utf16
    controls = len(head) - len(head.translate(None, bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))))
    if controls * 20 > len(head):
        raise UnreadableFile(FileProblem.NOT_A_TABLE)
    whole, escapes = _is_utf8(path)
    if whole:
        return "iso2022_jp_ext" if escapes else "utf-8"
    return _likeliest(_lines_to_judge(path))


def _bare_utf16(head: bytes, size: int) -> str | None:
    if size % 2:
        return None
    first, second = head[0::2].count(0), head[1::2].count(0)
    if (first + second) * 10 < len(head):
        return None
    if second >= 9 * first:
        return "utf-16-le"
    return "utf-16-be" if first >= 9 * second else None


def _is_utf8(path: Path) -> tuple[bool, bool]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    escapes = False
    with open(path, "rb") as file:
        try:
            while chunk := file.read(1 << 20):
                if not (chunk.isascii() and not decoder.getstate()[0]):
                    decoder.decode(chunk)
                escapes = escapes or b"\x1b$" in chunk
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            return False, escapes
    return True, escapes


def _lines_to_judge(path: Path) -> list[bytes]:
    """The first lines that are not ASCII, wherever they begin, and the last ones."""
    first: list[bytes] = []
    last: deque[bytes] = deque(maxlen=_TAIL_JUDGED)
    with open(path, "rb") as file:
        for line in _byte_lines(file):
            if not line.isascii():
                first.append(line)
                if len(first) >= _LINES_JUDGED:
                    break
        tail = path.stat().st_size - (1 << 20)
        if tail > file.tell():
            file.seek(tail)
            _, *lines = _byte_lines(file)
            last += (line for line in lines if not line.isascii())
    return [*first, *last]


def _byte_lines(file: Source) -> Iterator[bytes]:
    rest = b""
    while chunk := file.read(BLOCK):
        *lines, rest = (rest[-MAX_LINE:] + chunk).replace(b"\r", b"\n").split(b"\n")
        yield from lines
    yield rest


def _likeliest(lines: list[bytes]) -> str:
    utf8 = cp932 = euc = cp932_kana = euc_kana = 0
    for line in lines:
        utf8 += _decoded(line, "utf-8") is not None
        if (text := _decoded(line, "cp932")) is not None and not _NO_SHIFT_JIS(text):
            cp932 += 1
            cp932_kana += len(_HALF_KANA.findall(text))
        if (text := _decoded(line, "euc_jp")) is not None:
            euc += 1
            euc_kana += len(_HALF_KANA.findall(text))
    if utf8 * 2 >= len(lines) or utf8 >= max(cp932, euc):
        return "utf-8"
    # Read as CP932, EUC-JP is a row of half-width kana without an error.
    if euc > cp932 or (euc == cp932 and euc_kana < cp932_kana):
        return "euc_jp"
    return "cp932"


def _decoded(line: bytes, encoding: str) -> str | None:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None


def newline_of(path: Path, encoding: str) -> str:
    """The character that ends a line: "\\n", or "\\r" in files of the old Macintosh."""
    with open(path, "rb") as file:
        text = file.read(1 << 20).decode(encoding, "ignore")
    return "\r" if "\r" in text and "\n" not in text else "\n"


def text_blocks(source: Source, encoding: str, newline: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """The text from where the source stands, in blocks of whole lines, each with its offset in bytes.

    The first offset is `start`. Bytes that are no text become U+FFFD. Raises UnreadableFile when a line has over 8 MB.
    """
    end = newline.encode(encoding)
    rest, offset = b"", start
    while chunk := source.read(BLOCK):
        data = rest + chunk
        if offset == 0:
            bom = _BOMS.get(encoding)
            if bom and data.startswith(bom):
                data, offset = data[len(bom) :], len(bom)
        cut = _last_line_end(data, end)
        if cut < 0:
            if len(data) > MAX_LINE:
                raise UnreadableFile(FileProblem.NO_LINES)
            rest = data
            continue
        yield offset, _text(data[:cut], encoding)
        rest, offset = data[cut:], offset + cut
    # Old DOS programs end a file with Ctrl-Z.
    if last := _text(rest, encoding).rstrip("\x1a"):
        yield offset, last


def _last_line_end(data: bytes, end: bytes) -> int:
    found = data.rfind(end)
    # In UTF-16 the two bytes may belong to two characters.
    while found >= 0 and found % len(end):
        found = data.rfind(end, 0, found + len(end) - 1)
    return found + len(end) if found >= 0 else -1


def _text(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode(encoding, "replace")
