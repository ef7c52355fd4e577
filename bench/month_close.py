"""How fast a month closes: `bin/bench month-close --contracts 10000 --addresses 5000000 --json`; time and memory.

Everything runs in a temporary folder on SQLite as the product opens it, the close in a process of its own as a worker
would run it. The dry run, the issuing and the telling are measured apart: the invoices are there after the second.
`--steps 1000` closes with so many contracts before, and says how both grow. Readers are counted, not stored: the close
reads the kept count, and one recount over as many rows as `--addresses` says is measured beside it.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import sqlalchemy as sa  # noqa: E402
from flask import Flask  # noqa: E402
from flask_migrate import upgrade  # noqa: E402

from wem import clock, create_app  # noqa: E402
from wem.db import db  # noqa: E402
from wem.settings import Settings  # noqa: E402

AT_ONCE = 2_000


def make_app(var: Path) -> Flask:
    logging.disable(logging.WARNING)
    keys = {"WEM_ENV": "testing", "SECRET_KEY": "x", "MASTER_KEY": "a master key", "LOG_LEVEL": "ERROR"}
    return create_app(Settings(**keys, VAR_DIR=str(var), REDIS_URL=f"unix://{var}/no-redis.sock"))


def month() -> date:
    return clock.today().replace(day=1)


def fill(contracts: int, addresses: int) -> None:
    """Make contracts since long, with their month before open and their readers' count as it would be kept."""
    from wem.accounts.models import Customer
    from wem.billing.month_models import ContractMonth
    from wem.contracts import catalogue
    from wem.contracts.catalogue_models import course_price
    from wem.contracts.models import Contract
    from wem.contracts.rules import ContractState
    from wem.lists.count_models import AddressCount, MonthPeak

    catalogue.found_catalogue()
    course = catalogue.course_of("standard")
    price = course_price(course.id, month())
    assert price is not None
    before, each, at = (month() - timedelta(days=1)).replace(day=1), max(addresses // contracts, 1), clock.now()
    start, long_ago = before - timedelta(days=400), datetime(2020, 1, 1, tzinfo=clock.JAPAN)
    for first in range(1, contracts + 1, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, contracts + 1))
        rows: dict[Any, list[dict[str, Any]]] = {
            Customer: [],
            Contract: [],
            AddressCount: [],
            MonthPeak: [],
            ContractMonth: [],
        }
        for number in numbers:
            rows[Customer].append(
                {"id": number, "name": f"株式会社第{number}商店", "slug": f"shop-{number}", "kana": "ショウテン"}
            )
            rows[Contract].append(
                {
                    "id": number, "number": f"B{number:06}", "customer_id": number, "course_id": course.id,
                    "state": ContractState.active, "start_date": start, "effective_on": start,
                    "sender_name": "商店", "postal_code": "190-0012", "postal_address": "東京都立川市曙町1-1-1",
                    "contact": "042-000-0000", "notice_email": f"notice-{number}@shop.example.jp",
                }
            )  # fmt: skip
            # Every third has grown into the next tier during the month.
            count = 900 if number % 3 == 0 else each
            rows[AddressCount].append({"customer_id": number, "registered": count})
            peak = count + 200 if number % 3 == 0 else count
            rows[MonthPeak].append(
                {"customer_id": number, "month": before, "peak": peak, "opening": count, "reached_at": long_ago}
            )
            rows[ContractMonth].append(
                {
                    "contract_id": number, "month": before, "course": course.name, "tiers": price.tiers, "options": [],
                    "free": False, "first": False, "count": count, "opening_days": 30, "charged_base": 3_000,
                    "charged_options": [], "invoiced_at": at,
                }
            )  # fmt: skip
        for model, values in rows.items():
            db.session.execute(sa.insert(model), values)
        db.session.commit()


def run() -> dict[str, Any]:
    """Do the dry run, the close and the telling as a worker would; returns the seconds of each and what came of it."""
    from wem.billing import closing, drafting
    from wem.billing.invoice_models import Invoice
    from wem.billing.rules import CloseStep

    result: dict[str, Any] = {}
    begun = time.perf_counter()
    close = drafting.begin(month(), by=1)
    for _ in drafting.pieces(close):
        db.session.commit()
    result["dry_run_s"] = round(time.perf_counter() - begun, 2)
    closing.start(close, by=1)
    db.session.commit()
    begun = time.perf_counter()
    for step in closing.pieces(close):
        db.session.commit()
        if step is CloseStep.invoice:
            result["close_s"] = round(time.perf_counter() - begun, 2)
    result["told_s"] = round(time.perf_counter() - begun - result["close_s"], 2)
    found = sa.select(sa.func.count(), sa.func.sum(Invoice.total), sa.func.count(sa.distinct(Invoice.number)))
    count, total, numbers = db.session.execute(found).one()
    result |= {"invoices": count, "yen": int(total or 0), "numbers": numbers}
    return result


def recount(addresses: int) -> float:
    """Return the seconds of the night's recount of one customer with so many readers."""
    from wem.lists import recounting

    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) "
    db.session.execute(
        sa.text(
            "INSERT INTO subscriber (customer_id, address, address_key, address_hash, domain_group, fields, language, "
            "active_count, created_at) " + rows + "SELECT 1, 'reader' || i || '@readers.example.com', "
            "'reader' || i || '@readers.example.com', randomblob(16), 'other', '{}', 'ja', 1, '2026-01-01' FROM n"
        ),
        {"most": addresses},
    )
    db.session.commit()
    begun = time.perf_counter()
    _, counted = recounting.count(1)
    seconds = time.perf_counter() - begun
    assert counted == addresses
    return round(seconds, 2)


def worker(var: Path) -> None:
    with make_app(var).app_context():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        result = run()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({**result, "rss_at_start_mb": before, "peak_rss_mb": peak}))


def measure(folder: Path, contracts: int, addresses: int, *, count_too: bool) -> dict[str, Any]:
    var = folder / f"var-{contracts}"
    app = make_app(var)
    with app.app_context():
        upgrade(str(ROOT / "migrations"))
        fill(contracts, addresses)
        db.session.remove()
        db.engine.dispose()
    done = subprocess.run([sys.executable, __file__, "--worker", str(var)], capture_output=True, text=True, check=True)
    result = {"contracts": contracts, "addresses": addresses, **json.loads(done.stdout.splitlines()[-1])}
    result["per_contract_ms"] = round(result["close_s"] * 1000 / contracts, 2)
    if count_too:
        with app.app_context():
            result["recount_s"] = recount(addresses)
            db.session.remove()
            db.engine.dispose()
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description="bin/bench month-close")
    parser.add_argument("--contracts", type=int, default=1_000)
    parser.add_argument("--addresses", type=int, default=500_000, help="registered addresses of all contracts together")
    parser.add_argument("--steps", type=int, default=0, help="close with so many contracts first, and compare")
    parser.add_argument("--recount", action="store_true", help="measure a recount over that many readers too")
    parser.add_argument("--json", action="store_true", help="the last line is JSON alone")
    parser.add_argument("--var", type=Path, help="where the temporary folder is made")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(Path(options.worker))
        return 0
    folder = Path(tempfile.mkdtemp(prefix="wem-bench-", dir=options.var)).resolve()
    try:
        result = measure(folder, options.contracts, options.addresses, count_too=options.recount)
        if options.steps:
            share = options.addresses * options.steps // options.contracts
            small = measure(folder, options.steps, share, count_too=False)
            result["before"] = small
            result["growth"] = round(result["close_s"] / small["close_s"], 2)
            result["growth_of_contracts"] = round(options.contracts / options.steps, 2)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not options.json:
        for name, value in result.items():
            print(f"{name:>20}  {value}")
    print(json.dumps(result))
    return 0 if result["invoices"] == result["numbers"] else 1


if __name__ == "__main__":
    sys.exit(main())
