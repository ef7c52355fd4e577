"""The demo's bank: answers a debit file as the demo's past has it."""

from __future__ import annotations

from collections.abc import Mapping

LENGTH = 120
AMOUNT, NUMBER, CODE = slice(80, 90), slice(91, 111), 111  # of a data record (全銀, 種別 91)
SUMS = slice(19, 55)  # of the trailer: how many and how much was debited, and was not


def answer(request: bytes, failed: Mapping[str, str]) -> bytes:
    """Return the result of a request file; `failed`: the code of each debit that was not made, by its 顧客番号."""
    records = [bytearray(line[:LENGTH]) for line in request.splitlines() if len(line) >= LENGTH]
    done: list[int] = []
    not_done: list[int] = []
    for record in (each for each in records if each[:1] == b"2"):
        code = failed.get(record[NUMBER].decode(), "0")
        record[CODE : CODE + 1] = code.encode()
        (done if code == "0" else not_done).append(int(record[AMOUNT]))
    for record in (each for each in records if each[:1] == b"8"):
        record[SUMS] = b"%06d%012d%06d%012d" % (len(done), sum(done), len(not_done), sum(not_done))
    return b"".join(bytes(each) + b"\r\n" for each in records)
