"""Reads the replies of a mail server (RFC 5321 section 4.2) from whatever pieces the network hands over."""

from __future__ import annotations

from typing import NamedTuple

# RFC 5321 section 4.5.3.1.5 says 512; servers are longer, but none needs this much.
LONGEST_LINE = 4096
LONGEST_REPLY = 65536


class Garbage(Exception):
    """What came is no reply of SMTP."""


class Reply(NamedTuple):
    """One reply; the lines of a longer one are joined by line feeds."""

    code: int
    text: str


class Replies:
    """Cuts bytes into replies; keeps what is not complete yet."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._size = 0

    @property
    def empty(self) -> bool:
        """Whether nothing has begun that is not complete."""
        return not self._rest and not self._lines

    def feed(self, data: bytes) -> list[Reply]:
        """Return the replies that these bytes complete, in order; raises Garbage."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise Garbage("a line without end")
        found: list[Reply] = []
        for line in lines:
            line = line.rstrip(b"\r")
            code, mark = line[:3], line[3:4]
            if not (len(code) == 3 and code.isdigit() and b"2" <= code[:1] <= b"5" and mark in (b" ", b"-", b"")):
                raise Garbage("a line that is no reply")
            if not self._lines and mark != b"-":
                found.append(Reply(int(code), line[4:].decode("utf-8", "replace")))
                continue
            if self._lines and self._lines[0][:3] != code:
                raise Garbage("a reply of two minds")
            self._size += len(line)
            if self._size > LONGEST_REPLY:
                raise Garbage("a reply without end")
            self._lines.append(line)
            if mark != b"-":
                text = b"\n".join(each[4:] for each in self._lines)
                found.append(Reply(int(code), text.decode("utf-8", "replace")))
                self._lines, self._size = [], 0
        return found
