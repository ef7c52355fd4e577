"""A mail server that takes everything, notes it before it answers, and errs where it is told to.

Each final dot is written to the log (`time<TAB>recipient<TAB>message id<TAB>octets<TAB>what was answered`) before the
answer goes out; the log survives a SIGKILL of this process. Run as a program: `python bench/delivering/sink.py LOG …`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import time
from dataclasses import dataclass
from pathlib import Path

_ADDRESS = re.compile(rb"<([^>]*)>")
_MESSAGE_ID = re.compile(rb"^message-id:\s*<([^>]*)>", re.IGNORECASE | re.MULTILINE)


@dataclass
class Behaviour:
    """How often (0 to 1) it errs, what it offers, and how long each answer takes in seconds."""

    delay: float = 0.0
    drop: float = 0.0  # takes the mail and closes without an answer
    later: float = 0.0  # 451 to RCPT
    never: float = 0.0  # 550 to RCPT
    closing: float = 0.0  # 421 after the dot, the mail not taken
    pipelining: bool = True
    eight_bit: bool = True
    keep: str = ""  # a folder for the first mails
    most_kept: int = 1000


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, behaviour: Behaviour, log: int, dice: random.Random) -> None:
        self.behaviour = behaviour
        self.log = log
        self.dice = dice
        self.buffer = bytearray()
        self.in_data = False
        self.searched = 0
        self.recipient = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.answer(b"220 sink ESMTP\r\n")

    def answer(self, text: bytes) -> None:
        if self.behaviour.delay:
            asyncio.get_running_loop().call_later(self.behaviour.delay, self._write, text)
        else:
            self._write(text)

    def _write(self, text: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(text)

    def note(self, what: bytes, octets: int, message_id: bytes = b"") -> None:
        line = b"%.6f\t%s\t%s\t%d\t%s\n" % (time.time(), self.recipient, message_id, octets, what)
        os.write(self.log, line)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while not self.transport.is_closing():
            if not (self.take_message() if self.in_data else self.take_command()):
                return

    def take_command(self) -> bool:
        end = self.buffer.find(b"\r\n")
        if end < 0:
            return False
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 2]
        verb = line[:4].upper()
        if verb == b"MAIL":
            self.recipient = b""
            self.answer(b"250 2.1.0 Ok\r\n")
        elif verb == b"RCPT":
            self.rcpt(line)
        elif verb == b"DATA":
            self.in_data = bool(self.recipient)
            self.searched = 0
            self.answer(b"354 End data with <CR><LF>.<CR><LF>\r\n" if self.in_data else b"554 5.5.1 No recipient\r\n")
        elif verb == b"EHLO":
            self.answer(self.greeting())
        elif verb == b"QUIT":
            self.answer(b"221 2.0.0 Bye\r\n")
            asyncio.get_running_loop().call_later(self.behaviour.delay, self.transport.close)
        elif verb in (b"HELO", b"RSET", b"NOOP"):
            self.answer(b"250 2.0.0 Ok\r\n")
        else:
            self.answer(b"502 5.5.2 Not known\r\n")
        return True

    def greeting(self) -> bytes:
        offers = [b"sink", b"ENHANCEDSTATUSCODES", b"SIZE 50000000"]
        offers += [b"PIPELINING"] if self.behaviour.pipelining else []
        offers += [b"8BITMIME"] if self.behaviour.eight_bit else []
        return b"".join(b"250-%s\r\n" % offer for offer in offers[:-1]) + b"250 %s\r\n" % offers[-1]

    def rcpt(self, line: bytes) -> None:
        found = _ADDRESS.search(line)
        self.recipient = found[1] if found else b"?"
        drawn = self.dice.random()
        if drawn < self.behaviour.later:
            self.note(b"451", 0)
            self.answer(b"451 4.3.0 Come back later\r\n")
        elif drawn < self.behaviour.later + self.behaviour.never:
            self.note(b"550", 0)
            self.answer(b"550 5.1.1 No such person\r\n")
        else:
            self.answer(b"250 2.1.5 Ok\r\n")
            return
        self.recipient = b""

    def take_message(self) -> bool:
        end = self.buffer.find(b"\r\n.\r\n", max(0, self.searched - 4))
        if end < 0:
            self.searched = len(self.buffer)
            return False
        head = bytes(self.buffer[: min(end, 8192)])
        if self.behaviour.keep and self.behaviour.most_kept > 0:
            self.behaviour.most_kept -= 1
            whole = bytes(self.buffer[: end + 2]).replace(b"\r\n..", b"\r\n.")
            Path(self.behaviour.keep, f"{self.behaviour.most_kept:06}.eml").write_bytes(whole)
        octets = end + 2
        del self.buffer[: end + 5]
        self.in_data = False
        found = _MESSAGE_ID.search(head)
        message_id = found[1] if found else b"-"
        drawn = self.dice.random()
        if drawn < self.behaviour.drop:
            self.note(b"dropped", octets, message_id)
            self.transport.abort()
        elif drawn < self.behaviour.drop + self.behaviour.closing:
            self.note(b"421", octets, message_id)
            self.answer(b"421 4.3.2 Closing\r\n")
            asyncio.get_running_loop().call_later(self.behaviour.delay, self.transport.close)
        else:
            self.note(b"250", octets, message_id)
            self.answer(b"250 2.0.0 Ok\r\n")
        return True


async def serve(port: int, log: int, behaviour: Behaviour, seed: int | None) -> None:
    loop, dice = asyncio.get_running_loop(), random.Random(seed)
    server = await loop.create_server(
        lambda: Session(behaviour, log, dice), "127.0.0.1", port, backlog=1024, reuse_address=True
    )
    print("ready", flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("log")
    parser.add_argument("port", type=int)
    parser.add_argument("--seed", type=int)
    for name in ("delay", "drop", "later", "never", "closing"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    parser.add_argument("--keep", default="")
    parser.add_argument("--most-kept", type=int, default=1000)
    parser.add_argument("--no-pipelining", action="store_false", dest="pipelining")
    parser.add_argument("--no-eight-bit", action="store_false", dest="eight_bit")
    given = vars(parser.parse_args())
    seed, port = given.pop("seed"), given.pop("port")
    log = os.open(given.pop("log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    asyncio.run(serve(port, log, Behaviour(**given), seed))


if __name__ == "__main__":
    main()
