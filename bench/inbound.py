"""How fast mail that arrives is dealt with: bin/bench inbound [--rounds N --bounces N --json].

Reading: the mails of tests/data/mails, each read again and again on one core, in turns with Python's own
email.message_from_bytes, so that what else the machine does hits both alike.

Counting: bounces of one mailing that are kept already, as the door keeps them, until the last is counted against its
address; one worker's job on SQLite as the product opens it, in a temporary folder.
"""

from __future__ import annotations

import argparse
import email
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask_migrate import upgrade

from tests import factories
from tests.bounces.dsn import bounce_of
from tests.bounces.labelled import all_mails
from tests.bounces.mails import keys, sent_mailing
from wem import clock, create_app
from wem.bounces.models import Bounce
from wem.bounces.reading import read_mail
from wem.db import db
from wem.delivery import identity
from wem.inbound import jobs, keeping
from wem.inbound.envelopes import Envelope
from wem.inbound.keeping import Arriving
from wem.inbound.models import InboundMail
from wem.inbound.states import InboundState, Way
from wem.settings import ROOT, Settings, settings

GOAL_RATIO = 0.7
GOAL_COUNTED = 200


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench inbound", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each mail is read")
    parser.add_argument("--bounces", type=int, default=2000, help="how many mails come back and are counted")
    parser.add_argument("--json", action="store_true", help="end with the result as one line of JSON")
    given = parser.parse_args()
    result = measure_reading(given.rounds) | measure_counting(given.bounces)
    for name, value in result.items():
        print(f"{name:24} {value:,}")
    if given.json:
        print(json.dumps(result))
    return int(result["read_ratio"] < GOAL_RATIO or result["counted_per_s"] < GOAL_COUNTED)


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


def measure_counting(bounces: int) -> dict[str, Any]:
    """Return how many kept bounces one worker reads, matches and counts in a second; all of them must be counted."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        here = {"WEM_ENV": "testing", "SECRET_KEY": "x", "MASTER_KEY": "y", "VAR_DIR": folder, "LOG_LEVEL": "ERROR"}
        app = create_app(Settings(**here, REDIS_URL=f"unix://{Path(folder)}/no-redis.sock"))
        with app.app_context():
            upgrade(str(ROOT / "migrations"))
            _keep_bounces(bounces)
            begun = time.monotonic()
            while db.session.scalar(
                sa.select(InboundMail.id).where(InboundMail.state == InboundState.waiting).limit(1)
            ):
                db.session.rollback()
                jobs.route()
            seconds = time.monotonic() - begun
            counted = db.session.scalar(sa.select(sa.func.count()).select_from(Bounce))
            db.session.remove()
            db.engine.dispose()
    assert counted == bounces, f"{counted} of {bounces} were counted"
    return {"bounces": bounces, "counted_per_s": round(bounces / seconds)}


def _keep_bounces(number: int) -> None:
    listed = factories.make_side("株式会社髙橋商店", "takahashi", "readers.example.com").mailing_list
    for _ in range(number - 3):
        factories.make_subscriber(listed)
    dispatch = sent_mailing(listed, batch_size=200)
    known, domain = keys(), settings().bounce_domain
    mails = []
    for seq in range(1, number + 1):
        path = identity.return_path(dispatch.id, seq, domain, known)
        mails.append(Arriving(Envelope(clock.now(), Way.lmtp, "", (path,)), bounce_of(dispatch.id, seq, seq)))
    for first in range(0, number, 200):
        keeping.keep(mails[first : first + 200])


def _seconds(read: Callable[[bytes], object], mails: list[bytes]) -> float:
    begun = time.process_time()
    for mail in mails:
        read(mail)
    return time.process_time() - begun


if __name__ == "__main__":
    raise SystemExit(main())
