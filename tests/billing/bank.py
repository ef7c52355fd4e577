"""A bank for tests, written from the byte table of 種別 91 and from nothing of the product: reads requests, answers.

Sharing no code with the product is its point: import nothing of `wem` here.
"""

from __future__ import annotations

# (name, first byte, last byte), counted from 1.
HEADER = [
    ("record", 1, 1), ("kind", 2, 3), ("code", 4, 4), ("collector", 5, 14), ("collector_name", 15, 54), ("day", 55, 58),
    ("bank", 59, 62), ("bank_name", 63, 77), ("branch", 78, 80), ("branch_name", 81, 95), ("type", 96, 96),
    ("account", 97, 103), ("dummy", 104, 120),
]  # fmt: skip
DATA = [
    ("record", 1, 1), ("bank", 2, 5), ("bank_name", 6, 20), ("branch", 21, 23), ("branch_name", 24, 38),
    ("dummy", 39, 42), ("type", 43, 43), ("account", 44, 50), ("holder", 51, 80), ("amount", 81, 90), ("new", 91, 91),
    ("number", 92, 111), ("result", 112, 112), ("dummy2", 113, 120),
]  # fmt: skip
TRAILER = [
    ("record", 1, 1), ("count", 2, 7), ("total", 8, 19), ("paid_count", 20, 25), ("paid", 26, 37),
    ("failed_count", 38, 43), ("failed", 44, 55), ("dummy", 56, 120),
]  # fmt: skip
NUMBERS = {"kind", "code", "collector", "day", "bank", "branch", "type", "account", "amount", "new", "number", "count",
           "total", "paid_count", "paid", "failed_count", "failed"}  # fmt: skip
NAME_BYTES = set(b" ().-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") | (set(range(0xB1, 0xE0)))
PLACE_BYTES = NAME_BYTES - set(b" ().")


def cut(record: bytes, table):
    return {name: record[first - 1 : last] for name, first, last in table}


def lines_of(file: bytes, newline: bytes = b"\r\n"):
    if newline:
        assert file.endswith(newline)
        lines = file[: -len(newline)].split(newline)
    else:
        lines = [file[at : at + 120] for at in range(0, len(file), 120)]
    assert {len(line) for line in lines} == {120}, "every record has 120 bytes"
    return lines


def read_request(file: bytes, newline: bytes = b"\r\n"):
    """Return header, data and trailer of a request that keeps to the table; fails by assertion otherwise."""
    lines = lines_of(file, newline)
    assert b"".join(line[:1] for line in lines) == b"1" + b"2" * (len(lines) - 3) + b"89"
    head, tail = cut(lines[0], HEADER), cut(lines[-2], TRAILER)
    rows = [cut(line, DATA) for line in lines[1:-2]]
    assert lines[-1] == b"9" + b" " * 119
    for record in (head, tail, *rows):
        for name, value in record.items():
            if name.startswith("dummy"):
                assert not value.strip(b" "), name
            elif name in NUMBERS:
                assert all(0x30 <= byte <= 0x39 for byte in value), (name, value)
    assert head["kind"] == b"91" and head["code"] == b"0"
    assert set(head["collector_name"]) <= NAME_BYTES
    for row in rows:
        assert row["result"] == b"0" and int(row["amount"]) > 0
        assert set(row["holder"]) <= NAME_BYTES and row["holder"].strip(), row["holder"]
        assert set(row["bank_name"].rstrip(b" ")) <= PLACE_BYTES and set(row["branch_name"].rstrip(b" ")) <= PLACE_BYTES
    assert int(tail["count"]) == len(rows) and int(tail["total"]) == sum(int(row["amount"]) for row in rows)
    assert int(tail["paid_count"] + tail["paid"] + tail["failed_count"] + tail["failed"]) == 0
    return head, rows, tail


def answer(request: bytes, codes, newline: bytes = b"\r\n", change=lambda lines: lines) -> bytes:
    """Return the result file to a request; `codes`: one character for each debit. `change` spoils the lines."""
    lines = lines_of(request, newline)
    paid, failed = [], []
    for at, code in enumerate(codes, 1):
        amount = int(lines[at][80:90])
        (paid if code == "0" else failed).append(amount)
        lines[at] = lines[at][:111] + code.encode() + lines[at][112:]
    sums = b"%06d%012d%06d%012d" % (len(paid), sum(paid), len(failed), sum(failed))
    lines[-2] = lines[-2][:19] + sums + lines[-2][55:]
    return b"".join(line + b"\r\n" for line in change(lines))
