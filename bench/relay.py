"""Whether a real Postfix with our configuration passes mail on whole: bin/bench relay [--recipients N … --json].

An instance of Debian's Postfix of its own, with deploy/postfix and a relay host in place of the world, between the
product and our own sink. Counted at the sink; each mail that it keeps is verified by dkimpy after the relay. With
`--slow MS` the sink answers late, so that mail comes in faster than it goes out, and the depth of the queue is watched.
"""

from __future__ import annotations

import argparse
import threading
import time
from email import message_from_bytes
from typing import Any

import dkim

from bench.delivering import checking, keys, options, stage
from bench.delivering.postfix import Postfix
from bench.delivering.senders import Sender
from bench.delivering.sinks import OwnSink
from wem.db import db

PATIENCE = 600.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench relay", description=__doc__)
    parser.add_argument("--recipients", type=int, default=10_000)
    parser.add_argument("--dkim", choices=("rsa", "ed25519"), default="rsa")
    parser.add_argument("--slow", type=int, default=0, metavar="MS", help="each answer of the sink comes so much later")
    parser.add_argument("--least", type=int, default=1000, help="mails that may always lie in the queue")
    parser.add_argument("--seconds", type=float, default=120, help="how much may lie there, in time to send it")
    parser.add_argument("--keep", type=int, default=1000, help="mails verified after the relay")
    options.add(parser, "connections", "db", "json")
    given = parser.parse_args()
    result = measure(given)
    options.report(result, given.json)
    return int(result["arrived"] != given.recipients or result["doubled"] > 0 or result["not_verified"] > 0)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    settings = {"SMTP_CONNECTIONS": str(given.connections), "SEND_WORKERS": "1"}
    with stage.staged(given.db, **settings, **keys.settings(given.dkim)) as on:
        keys.use(given.dkim)
        kept = on.folder / "kept"
        kept.mkdir()
        sink = OwnSink(on.folder, keep=str(kept), most_kept=given.keep, delay=given.slow / 1000)
        postfix = Postfix(on.folder, sink.port, given.least, given.seconds)
        try:
            on.change(SMTP_PORT=str(postfix.port))
            dispatch_id, _ = stage.snapshot(stage.make_mailing(stage.make_list(given.recipients)))
            people = checking.audience(dispatch_id)
            times = relay(on, sink, postfix, dispatch_id, given.recipients)
            found = checking.check(dispatch_id, people, sink.lines(), {})
            mails = [path.read_bytes() for path in sorted(kept.iterdir())]
            return {
                "recipients": given.recipients,
                "arrived": len(sink.copies()),
                "doubled": found.duplicates,
                "falsely_accepted": found.falsely_accepted,
                **times,
                "verified": sum(verified(mail) for mail in mails),
                "not_verified": sum(not verified(mail) for mail in mails),
                "held_back": postfix.said("The queue is deep"),
                "left_in_queue": postfix.held,
            }
        finally:
            postfix.stop()
            sink.stop()


def relay(on: stage.Stage, sink: OwnSink, postfix: Postfix, dispatch_id: int, recipients: int) -> dict[str, Any]:
    """Send, and wait until Postfix has passed everything on; returns rates and the deepest queue."""
    db.session.remove()
    sender = Sender(on, 0, dispatch_id)
    sender.wait_ready()
    over, depths = threading.Event(), []

    def watch() -> None:
        while not over.wait(0.2):
            depths.append(postfix.depth)

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun = time.monotonic()
    sender.go()
    spent = sender.result()
    deadline = time.monotonic() + PATIENCE
    while len(sink.copies()) < recipients and time.monotonic() < deadline:
        time.sleep(0.2)
    ended = time.monotonic()
    over.set()
    watcher.join()
    return {
        "handed_over_per_s": round(recipients / (spent.ended - begun), 1),
        "passed_on_per_s": round(recipients / (ended - begun), 1),
        "deepest_queue": max(depths, default=0),
    }


def verified(mail: bytes) -> bool:
    """Return whether every signature of a mail holds, by dkimpy, and there is one."""
    count = len(message_from_bytes(mail).get_all("DKIM-Signature", []))
    checker = dkim.DKIM(mail)
    return count > 0 and all(checker.verify(idx=number, dnsfunc=keys.published) for number in range(count))


if __name__ == "__main__":
    options.run(main)
