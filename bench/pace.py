"""Whether many processes keep to one rate and use it: bin/bench pace [--rate N,M --processes P --minutes M --json].

Each process asks the product's own pace for one mail after the other, as its senders do, on one Redis and one database.
Counted is when each mail was let go (one clock for all processes): the most in any window of several lengths against
rate x 1.01 + one second of it + 1, and how much of the rate was used.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import time
from array import array
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from flask import Flask  # noqa: E402
from flask_migrate import upgrade  # noqa: E402

from wem import create_app  # noqa: E402
from wem.db import db  # noqa: E402
from wem.delivery.pace import Pace, TooSoon  # noqa: E402
from wem.delivery.pace_lanes import PaceKey  # noqa: E402
from wem.delivery.pace_limits import Limits  # noqa: E402
from wem.delivery.pace_rules import Limit  # noqa: E402
from wem.running.redis_server import answers, find_server, program  # noqa: E402
from wem.settings import Settings  # noqa: E402

WINDOWS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
KEY = PaceKey(1, "mail.wem.example", "gmail")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench pace", description=__doc__)
    parser.add_argument("--rate", default="100", help="mails a second, of all processes; several with commas")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each rate")
    parser.add_argument("--minutes", type=float, default=0.0, help="for each rate, instead of --seconds")
    parser.add_argument("--json", action="store_true", help="the last line is JSON alone")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    results = []
    for rate in map(float, given.rate.split(",")):
        results.append(result := measure(rate, given.processes, given.minutes * 60 or given.seconds))
        if not given.json:
            print("\n".join(f"{name:>24}  {value}" for name, value in result.items()), flush=True)
    if given.json:
        print(
            json.dumps(
                results[0] if len(results) == 1 else {"kept": all(each["kept"] for each in results), "rates": results}
            )
        )
    return 0 if all(result["kept"] and result["used"] >= 0.97 for result in results) else 1


def measure(rate: float, processes: int, seconds: float) -> dict[str, Any]:
    """Return what all processes together were allowed, beside what they may."""
    folder = Path(tempfile.mkdtemp(prefix="wem-pace-", dir="/tmp"))
    server = subprocess.Popen(program(find_server(), folder / "s", folder / "data").command, stdout=subprocess.DEVNULL)
    try:
        url = f"unix://{folder}/s"
        while not answers(url):
            time.sleep(0.01)
        app = make_app(folder, url)
        fork = multiprocessing.get_context("fork")
        start, results = fork.Barrier(processes), fork.Queue()
        each = [
            fork.Process(target=run, args=(app, url, rate, processes, seconds, start, results))
            for _ in range(processes)
        ]
        for process in each:
            process.start()
        gathered = [results.get(timeout=seconds + 300) for _ in each]
        for process in each:
            process.join()
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder)
    times = sorted(at for noted, _ in gathered for at in array("d", noted))
    return judged(rate, times) | {
        "processes": processes,
        "cpu_us_per_mail": round(1e6 * sum(cpu for _, cpu in gathered) / max(1, len(times)), 1),
    }


def make_app(folder: Path, url: str) -> Flask:
    values = {"WEM_ENV": "testing", "SECRET_KEY": "x", "MASTER_KEY": "a master key", "LOG_LEVEL": "ERROR"}
    app = create_app(Settings(**values, VAR_DIR=str(folder), REDIS_URL=url))
    with app.app_context():
        upgrade(str(ROOT / "migrations"))
        db.session.remove()
        db.engine.dispose()
    return app


def run(app: Flask, url: str, rate: float, processes: int, seconds: float, start: Any, results: Any) -> None:
    """Be one worker: note when each mail was let go."""

    async def ask() -> bytes:
        pace = Pace(db.engine, url, f"worker-{multiprocessing.current_process().pid}", limits, processes)
        times = array("d")
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            try:
                async with asyncio.timeout(until - now):
                    await pace.permit(KEY)
                times.append(time.monotonic())
            except TooSoon:
                await asyncio.sleep(min(0.1, 0.2 / rate))
            except TimeoutError:
                break
        await pace.release()
        return times.tobytes()

    limits = Limits(providers={KEY.provider: Limit(rate)})
    with app.app_context():
        start.wait()
        cpu = time.process_time()
        times = asyncio.run(ask())
        results.put((times, time.process_time() - cpu))


def judged(rate: float, times: list[float]) -> dict[str, Any]:
    """Return the most in any window beyond the rate, whether that is within the burst, and the share that was used."""
    over = {}
    for window in WINDOWS:
        first, most = 0, 0
        for last, at in enumerate(times):
            while times[first] < at - window:
                first += 1
            most = max(most, last - first + 1)
        over[window] = round(most - rate * window * 1.01, 2)
    span = times[-1] - times[0] if len(times) > 1 else 0.0
    return {
        "rate": rate,
        "mails": len(times),
        "seconds": round(span, 3),
        "used": round((len(times) - 1) / (rate * span), 4) if span else 0.0,
        "worst_over_rate": max(over.values()),
        "burst": rate + 1,
        "kept": max(over.values()) <= rate + 1,
        "over_rate_by_window": {str(window): number for window, number in over.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
