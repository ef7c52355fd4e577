"""How fast mail that arrives is dealt with: bin/bench inbound [--rounds N --json].

Reading: the mails of tests/data/mails, each read again and again on one core, in turns with Python's own
email.message_from_bytes, so that what else the machine does hits both alike.
"""

from __future__ import annotations

import argparse
import email
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from tests.bounces.labelled import all_mails
from wem.bounces.reading import read_mail

GOAL_RATIO = 0.7


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench inbound", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each mail is read")
    parser.add_argument("--json", action="store_true", help="end with the result as one line of JSON")
    given = parser.parse_args()
    result = measure_reading(given.rounds)
    for name, value in result.items():
        print(f"{name:24} {value:,}")
    if given.json:
        print(json.dumps(result))
    return int(result["read_ratio"] < GOAL_RATIO)


def measure_reading(rounds: int) -> dict[str, Any]:
    """Return mails read per second of one core, what email.message_from_bytes does, and the ratio of the two."""
    mails = all_mails()
    _seconds(read_mail, mails)
    _seconds(email.message_from_bytes, mails)
    pairs = [(_seconds(read_mail, mails), _seconds(email.message_from_bytes, mails)) for _ in range(rounds)]
    ours, theirs = (statistics.median(each) for each in zip(*pairs, strict=True))
    return {
        "mails": len(mails),
        "read_per_s": round(len(mails) / ours),
        "message_from_bytes_per_s": round(len(mails) / theirs),
        "read_ratio": round(statistics.median(second / first for first, second in pairs), 2),
        "slowest_ms": round(max(_seconds(read_mail, [mail]) for mail in mails) * 1000, 1),
    }


def _seconds(read: Callable[[bytes], object], mails: list[bytes]) -> float:
    begun = time.process_time()
    for mail in mails:
        read(mail)
    return time.process_time() - begun


if __name__ == "__main__":
    raise SystemExit(main())
