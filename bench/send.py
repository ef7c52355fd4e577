"""How fast mail goes out: bin/bench send [--recipients N --connections C --processes P --dkim … --db … --json].

A mailing of about 14 KB with 20 links and five fields is written down and sent by the product's own code to Postfix's
smtp-sink, which counts; each outcome is on disk before the next mail of its connection ends. In the same run, to the
same sink: smtp-source with messages of the same size and as many sessions, before and after; and a plain loop over
smtplib, EmailMessage and dkimpy.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from bench.delivering import keys, options, sinks, stage, yardsticks
from bench.delivering.processes import family_cpu, usage
from bench.delivering.senders import Sender
from bench.delivering.sinks import OwnSink, SmtpSink
from bench.delivering.stage import Stage
from wem.db import db
from wem.delivery import jobs

SAMPLE = 20  # mails sent before, to know their size


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench send", description=__doc__)
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--dkim", choices=("none", "rsa", "ed25519"), default="none")
    parser.add_argument("--latency", type=int, default=0, metavar="MS", help="each answer comes so much later")
    parser.add_argument("--plain-seconds", type=float, default=4.0)
    options.add(parser)
    given = parser.parse_args()
    result = measure(given)
    options.report(result, given.json)
    return 0 if result["counted_at_sink"] == result["recipients"] else 1


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Return all figures of one run; raises NotHere."""
    sinks.tool("smtp-sink"), sinks.tool("smtp-source")
    settings = {"SMTP_CONNECTIONS": str(given.connections), "SEND_WORKERS": str(given.processes)}
    with stage.staged(given.db, var=given.var, **settings, **keys.settings(given.dkim)) as on:
        keys.use(given.dkim)
        octets = message_size(on)
        readers = stage.make_list(given.recipients)
        size_before = on.database.size()
        mailing = stage.make_mailing(readers)
        dispatch_id, snapshot_s = stage.snapshot(mailing)
        sink: SmtpSink | OwnSink = (
            OwnSink(on.folder, delay=given.latency / 1000) if given.latency else SmtpSink(on.folder)
        )
        try:
            return {
                "recipients": given.recipients,
                "connections": given.connections,
                "processes": given.processes,
                "dkim": given.dkim,
                "db": given.db,
                "latency_ms": given.latency,
                "sink": "own sink that waits" if given.latency else "smtp-sink",
                "message_bytes": octets,
                "snapshot_s": round(snapshot_s, 2),
                **compare(on, sink, given, octets, dispatch_id, size_before),
            }
        finally:
            sink.stop()


def message_size(on: Stage) -> int:
    """Send the mailing to a few readers of another customer and return the octets of one mail."""
    sink = OwnSink(on.folder)
    on.change(SMTP_PORT=str(sink.port))
    stage.snapshot(stage.make_mailing(stage.make_list(SAMPLE, "有限会社山田花店", "yamada")))
    jobs.send(0)
    db.session.remove()
    sink.stop()
    return round(statistics.mean(line.octets for line in sink.lines()))


def compare(
    on: Stage, sink: SmtpSink | OwnSink, given: argparse.Namespace, octets: int, dispatch_id: int, size_before: int
) -> dict[str, Any]:
    """Run the yardstick, the product, the yardstick again, and the plain loop."""
    sessions = given.connections * given.processes
    messages = max(sessions, min(given.recipients, 20_000))
    sources = [yardsticks.smtp_source(sink.port, octets, sessions, messages)]
    commits = [yardsticks.commit_ms()]
    before = sink.messages
    sent = send(on, sink, given.processes, dispatch_id)
    counted = sink.messages - before
    size_after = on.database.size()
    sources.append(yardsticks.smtp_source(sink.port, octets, sessions, messages))
    commits.append(yardsticks.commit_ms())
    plain = yardsticks.plain(sink.port, given.plain_seconds, *keys.plain(given.dkim))
    rate, source = counted / sent["seconds"], statistics.mean(sources)
    cpu, rss = [each.cpu_s for each in sent["spent"]], [each.peak_rss_mb for each in sent["spent"]]
    return {
        "counted_at_sink": counted,
        "seconds": round(sent["seconds"], 2),
        "messages_per_s": round(rate, 1),
        "cpu_s_per_1000": round(1000 * sum(cpu) / counted, 4),
        "peak_rss_mb": round(max(rss), 1),
        "smtp_source_per_s": round(source, 1),
        "smtp_source_before_after": [round(each, 1) for each in sources],
        "plain_per_s": round(plain, 1),
        "commit_ms": round(statistics.mean(commits), 2),
        "ratio_to_smtp_source": round(rate / source, 3),
        "ratio_to_plain": round(rate / plain, 2),
        "sink_cpu_s_per_1000": round(1000 * sent["sink_cpu_s"] / counted, 4),
        "database_cpu_s_per_1000": round(1000 * sent["database_cpu_s"] / counted, 4),
        "db_bytes_per_recipient": round((size_after - size_before) / given.recipients),
        "each_process": [
            {
                "cpu_s_per_1000": round(1000 * each.cpu_s / counted, 4),
                "peak_rss_mb": round(each.peak_rss_mb, 1),
                "rss_at_start_mb": round(each.rss_at_start_mb, 1),
            }
            for each in sent["spent"]
        ],
    }


def send(on: Stage, sink: SmtpSink | OwnSink, processes: int, dispatch_id: int) -> dict[str, Any]:
    """Have so many fresh processes send the dispatch; returns seconds from the word "go" to the last commit."""
    on.change(SMTP_PORT=str(sink.port))
    db.session.remove()
    senders = [Sender(on, shard, dispatch_id) for shard in range(processes)]
    for sender in senders:
        sender.wait_ready()
    sink_before, database = usage(sink.process.pid).cpu_s, on.database.pid
    database_before = family_cpu(database) if database else 0.0
    begun = time.monotonic()
    for sender in senders:
        sender.go()
    spent = [sender.result() for sender in senders]
    return {
        "seconds": max(each.ended for each in spent) - begun,
        "spent": spent,
        "sink_cpu_s": usage(sink.process.pid).cpu_s - sink_before,
        "database_cpu_s": (family_cpu(database) - database_before) if database else 0.0,
    }


if __name__ == "__main__":
    options.run(main)
