"""The text of a mail on an SMTP or LMTP line: read up to its final dot in large pieces, not line by line."""

from __future__ import annotations

import asyncio

END = b"\r\n.\r\n"
_ALL = 1 << 30


async def read_data(reader: asyncio.StreamReader, most: int) -> bytes | None:
    """Return what was sent up to the final dot (RFC 5321 section 4.5.2), dots unstuffed; None when it was too big.

    Raises IncompleteReadError when the line ends before. Only CRLF ends a line here: a bare line feed beside a dot
    ends no mail, so that none can be smuggled in behind another. What follows the dot stays in the reader.
    """
    text = bytearray(b"\r\n")  # the dot may follow at once
    looked, too_big = 0, False
    while (end := text.find(END, max(0, looked - len(END)))) < 0:
        if len(text) > most + len(END):
            too_big = True
            del text[: -len(END)]
        looked = len(text)
        piece = await reader.read(_ALL)
        if not piece:
            raise asyncio.IncompleteReadError(b"", None)
        text += piece
    if rest := bytes(text[end + len(END) :]):
        # Nobody else has read since: all that the reader held is in `text`.
        reader.feed_data(rest)
    if too_big or end > most:
        return None
    return bytes(text[: end + 2]).replace(b"\r\n.", b"\r\n")[2:]
