"""Bytes of a mail into text, the Japanese charsets as they are really used included."""

from __future__ import annotations

import re

# What senders call ISO-2022-JP carries NEC and IBM characters (①, ㈱, 髙) and half-width kana; Python's codec refuses.
ISO_2022_JP = {"iso-2022-jp", "iso-2022-jp-ms", "iso-2022-jp-1", "csiso2022jp", "iso2022jp", "cp50220", "cp50221"}
UNTOLD = {"", "us-ascii", "ascii", "unknown-8bit", "default"}
SAME_AS = {"shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932"}
ESCAPE = re.compile(rb"\x1b(\$[@B]|\$\(D|\([BJI])")


def decode(raw: bytes, charset: str | None) -> str:
    """Return the text; what cannot be read becomes U+FFFD, never an error. Without a (known) charset it is guessed."""
    name = (charset or "").strip().strip("'\"").lower()
    if name in ISO_2022_JP and (raw.isascii() or ESCAPE.search(raw)):
        return decode_iso_2022_jp(raw)
    if name not in UNTOLD | ISO_2022_JP:
        try:
            return raw.decode(SAME_AS.get(name, name), "replace")
        except (LookupError, ValueError):
            pass
    if ESCAPE.search(raw):
        return decode_iso_2022_jp(raw)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp932", "replace")


def decode_iso_2022_jp(raw: bytes) -> str:
    """Return the text of ISO-2022-JP (RFC 1468) and of its supersets CP50220 and CP50221."""
    pieces = ESCAPE.split(raw)
    text = [pieces[0].decode("ascii", "replace")]
    for escape, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if escape in (b"$B", b"$@"):
            text.append(_double_bytes(piece))
        elif escape == b"$(D":
            text.append((b"\x1b$(D" + piece).decode("iso2022_jp_ext", "replace"))
        elif escape == b"(I":
            kana = bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in piece)
            text.append(kana.decode("cp932", "replace"))
        else:
            text.append(piece.decode("ascii", "replace"))
    return "".join(text)


def _double_bytes(piece: bytes) -> str:
    """JIS X 0208 with rows 13 and 89 to 92, by the arithmetic that leads from JIS to Shift_JIS."""
    shifted = bytearray()
    place = 0
    while place < len(piece):
        high = piece[place]
        if high < 0x21 or place + 1 == len(piece):  # a line end inside the two-byte state is seen in the wild
            shifted.append(high if high < 0x80 else 0x3F)
            place += 1
            continue
        low = piece[place + 1]
        row = (high - 0x21) // 2 + 0x81
        shifted.append(row if row < 0xA0 else row + 0x40)
        shifted.append((low + (0x1F if low < 0x60 else 0x20) if high % 2 else low + 0x7E) & 0xFF)
        place += 2
    return shifted.decode("cp932", "replace")
