"""How soon a confirmation leaves while mailings go at full speed: bin/bench latency [--seconds S --rate R --json].

Senders work on a large mailing; a real worker of the reserved queue, with Redis and the timetable, sends confirmations
that are posted one after the other. Told is the time from the commit to the final dot at the sink, which all share.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from bench.delivering import options, stage
from bench.delivering.rq_workers import RealWorkers
from bench.delivering.senders import Sender
from bench.delivering.sinks import OwnSink
from bench.delivering.stage import Stage
from wem import outbox
from wem.db import db
from wem.outbox import SystemMail

GOAL_P99, GOAL_P50 = 5.0, 1.0
TEXT = "このメールは、お申し込みの確認です。\n\nhttps://www.wem.example/c/0123456789abcdef\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench latency", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=10, help="confirmations a second")
    parser.add_argument("--recipients", type=int, default=200_000, help="of the mailing beside them")
    options.add(parser)
    given = parser.parse_args()
    result = measure(given)
    options.report(result, given.json)
    return int(result["p99_s"] > GOAL_P99 or result["p50_s"] > GOAL_P50 or result["missing"] > 0)


def measure(given: argparse.Namespace) -> dict[str, Any]:
    settings = {"SMTP_CONNECTIONS": str(given.connections), "SEND_WORKERS": str(given.processes)}
    with stage.staged(given.db, var=given.var, **settings) as on:
        sink, workers, senders = OwnSink(on.folder), None, list[Sender]()
        try:
            on.change(SMTP_PORT=str(sink.port))
            dispatch_id, _ = stage.snapshot(stage.make_mailing(stage.make_list(given.recipients)))
            db.session.remove()
            workers = RealWorkers(on, 0, queues=("hi",))
            senders = [Sender(on, shard, dispatch_id) for shard in range(given.processes)]
            for sender in senders:
                sender.wait_ready()
            for sender in senders:
                sender.go()
            time.sleep(1)
            committed = post(on, given.seconds, given.rate)
            time.sleep(2 * GOAL_P99)
            running = any(sender.process.poll() is None for sender in senders)
        finally:
            for sender in senders:
                sender.process.kill()
                sender.process.communicate()
            if workers:
                workers.stop()
            sink.stop()
        return found(sink, committed, given, running)


def post(on: Stage, seconds: float, rate: float) -> dict[str, float]:
    """Post confirmations at this rate; returns each one's address and when it was committed."""
    committed: dict[str, float] = {}
    begun = time.monotonic()
    while (passed := time.monotonic() - begun) < seconds:
        if len(committed) > passed * rate:
            time.sleep(0.005)
            continue
        address = f"new{len(committed)}@confirm.example.com"
        outbox.post(SystemMail(kind="reader_confirmation", recipient=address, subject="お申し込みの確認", text=TEXT))
        db.session.commit()
        committed[address] = time.time()
    return committed


def found(sink: OwnSink, committed: dict[str, float], given: argparse.Namespace, running: bool) -> dict[str, Any]:
    lines = sink.lines()
    arrived = {line.recipient: line.at for line in reversed(lines) if line.recipient in committed}
    waits = [at - committed[address] for address, at in arrived.items()]
    bulk = [line.at for line in lines if line.recipient not in committed]
    return {
        "confirmations": len(committed),
        "missing": len(committed) - len(arrived),
        "p50_s": round(statistics.median(waits), 3),
        "p99_s": round(statistics.quantiles(waits, n=100)[-1], 3),
        "longest_s": round(max(waits), 3),
        "bulk_per_s": round(len(bulk) / (max(bulk) - min(bulk)), 1),
        "bulk_still_running": running,
        "processes": given.processes,
        "db": given.db,
    }


if __name__ == "__main__":
    options.run(main)
