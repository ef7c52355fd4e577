"""A small mailing beside a large one: bin/bench fairness [--large N --small N --whole --json].

The small mailing of one customer is sent alone; then the large one of another is sent, and a second small one is begun
in the middle of it. Told are both times, from the start to the last outcome, and how much the large one was slowed.
With `--whole` the large one is sent to its end, and the memory of each sender and the growth of the database are told.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import sqlalchemy as sa

from bench.delivering import options, stage
from bench.delivering.processes import resident, usage
from bench.delivering.senders import Sender
from bench.delivering.sinks import SmtpSink
from bench.delivering.stage import Stage
from wem.db import db
from wem.delivery.models import Dispatch, DispatchState
from wem.lists.models import MailingList

PATIENCE = 3600.0
WARM = 3.0  # seconds that the large mailing runs before it is looked at


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench fairness", description=__doc__)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--whole", action="store_true", help="send the large mailing to its end")
    options.add(parser)
    given = parser.parse_args()
    result = measure(given)
    options.report(result, given.json)
    return int(result["small_beside_s"] > result["small_allowed_s"])


def measure(given: argparse.Namespace) -> dict[str, Any]:
    settings = {"SMTP_CONNECTIONS": str(given.connections), "SEND_WORKERS": str(given.processes)}
    with stage.staged(given.db, var=given.var, **settings) as on:
        sink = SmtpSink(on.folder)
        on.change(SMTP_PORT=str(sink.port))
        try:
            small = int(stage.make_list(given.small, "有限会社山田花店", "yamada").id)
            large = int(stage.make_list(given.large).id)
            size = on.database.size()
            dispatch_id, snapshot_s = stage.snapshot(mailing_to(large))
            hold(dispatch_id)
            alone = small_alone(on, small, given.processes)
            resume(dispatch_id)
            return {
                "large": given.large,
                "small": given.small,
                "processes": given.processes,
                "db": given.db,
                "snapshot_s": round(snapshot_s, 2),
                **beside(on, small, dispatch_id, given, alone, size),
            }
        finally:
            sink.stop()


def mailing_to(list_id: int) -> Any:
    return stage.make_mailing(db.session.get_one(MailingList, list_id))


def hold(dispatch_id: int) -> None:
    _set(dispatch_id, DispatchState.paused)


def resume(dispatch_id: int) -> None:
    _set(dispatch_id, DispatchState.sending)


def _set(dispatch_id: int, state: DispatchState) -> None:
    db.session.execute(sa.update(Dispatch).where(Dispatch.id == dispatch_id).values(state=state))
    db.session.commit()


def small_alone(on: Stage, list_id: int, processes: int) -> float:
    """Return the seconds of the small mailing with nothing beside it."""
    begun, dispatch_id = time.monotonic(), stage.snapshot(mailing_to(list_id))[0]
    prepared = time.monotonic() - begun
    senders = started(on, dispatch_id, processes)
    begun = time.monotonic()
    for sender in senders:
        sender.go()
    return prepared + max(sender.result().ended for sender in senders) - begun


def started(on: Stage, dispatch_id: int, processes: int) -> list[Sender]:
    db.session.remove()
    senders = [Sender(on, shard, dispatch_id) for shard in range(processes)]
    for sender in senders:
        sender.wait_ready()
    return senders


def beside(
    on: Stage, small: int, dispatch_id: int, given: argparse.Namespace, alone: float, size: int
) -> dict[str, Any]:
    """Send the large mailing, and the small one in the middle of it."""
    senders = started(on, dispatch_id, given.processes)
    pids = [sender.process.pid for sender in senders]
    begun = time.monotonic()
    for sender in senders:
        sender.go()
    time.sleep(WARM)
    early = max(map(resident, pids))
    first, at = accepted(dispatch_id)[0], time.monotonic()
    time.sleep(WARM)
    rate_alone = (accepted(dispatch_id)[0] - first) / (time.monotonic() - at)
    first, at = accepted(dispatch_id)[0], time.monotonic()
    other = stage.snapshot(mailing_to(small))[0]
    wait_for(other)
    took = time.monotonic() - at
    rate_beside = (accepted(dispatch_id)[0] - first) / took
    still = accepted(dispatch_id)[1] is DispatchState.sending
    whole: dict[str, Any] = {}
    if given.whole:
        wait_for(dispatch_id)
        whole = {
            "large_s": round(time.monotonic() - begun, 1),
            "large_per_s": round(given.large / (time.monotonic() - begun), 1),
            "db_bytes_per_recipient": round((on.database.size() - size) / (given.large + 2 * given.small)),
        }
    used = [usage(sender.process.pid) for sender in senders if sender.process.poll() is None]
    for sender in senders:
        sender.process.kill()
        sender.process.communicate()
    return {
        "small_alone_s": round(alone, 2),
        "small_beside_s": round(took, 2),
        "small_allowed_s": round(2 * alone + 2, 2),
        "large_was_running": still,
        "large_per_s_before": round(rate_alone, 1),
        "large_per_s_beside": round(rate_beside, 1),
        "large_slowed": round(1 - rate_beside / rate_alone, 3),
        "rss_after_3_s_mb": round(early, 1),
        "peak_rss_mb": round(max((each.peak_rss_mb for each in used), default=0), 1),
        **whole,
    }


def accepted(dispatch_id: int) -> tuple[int, DispatchState]:
    """Return how many are accepted and where the dispatch stands."""
    row = db.session.execute(sa.select(Dispatch.accepted, Dispatch.state).where(Dispatch.id == dispatch_id)).one()
    db.session.rollback()
    return row.accepted, row.state


def wait_for(dispatch_id: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while accepted(dispatch_id)[1] is not DispatchState.done:
        if time.monotonic() > deadline:
            raise RuntimeError("the mailing does not end")
        time.sleep(0.02)


if __name__ == "__main__":
    options.run(main)
