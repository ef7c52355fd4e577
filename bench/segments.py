"""How long segments take over many readers: bin/bench segments --readers 1000000 [--json] [--database-url URL].

Each segment is counted (that is what its page asks while somebody writes it), and asked for one portion of 5,000
readers as when a mailing is written down. Readers have six fields, one or two subscriptions, four mailings behind them
with opens and clicks. Milliseconds, the best and the median of the runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask_migrate import upgrade

from bench.pages import deliver, naive, numbers, subscribe
from tests import factories
from wem import clock, create_app
from wem.db import db
from wem.delivery.models import Dispatch, DispatchState
from wem.lists.models import Field, MailingList
from wem.lists.states import FieldKind
from wem.lists.subscription_models import Subscriber
from wem.mailings.expanding import WINDOW
from wem.segments import counting
from wem.segments.matching import fits
from wem.segments.rules import Condition, Conditions, Group
from wem.segments.topic_rules import Match, Op, Topic
from wem.settings import ROOT, Settings

PORTION_GOAL_MS = 250.0


def fill(readers: int) -> tuple[MailingList, MailingList, dict[str, Field], list[int]]:
    """Make a customer with so many readers, its fields, and four mailings."""
    side = factories.world().ours
    second = factories.make_list(side.customer, "季節のお便り")
    kinds = {
        "都道府県": FieldKind.text,
        "年齢": FieldKind.number,
        "生年月日": FieldKind.date,
        "趣味": FieldKind.choices,
        "会員": FieldKind.yes_no,
    }
    fields = {label: factories.make_field(side.customer, label, kind) for label, kind in kinds.items()}
    mailings = [factories.make_mailing(side.mailing_list).id for _ in range(4)]
    db.session.commit()
    postgresql = db.engine.dialect.name == "postgresql"
    hashed = "decode(md5(n::text || 'bench'), 'hex')" if postgresql else "randomblob(16)"
    parts = (
        """'{"氏名": "読者 ' || n || '", "都道府県": "'""",
        "CASE n % 5 WHEN 0 THEN '東京都' WHEN 1 THEN '大阪府' ELSE '北海道' END",
        """'", "年齢": ' || (n % 80) || ', "生年月日": "19' || (50 + n % 50)""",
        """'-0' || (1 + n % 9) || '-1' || (n % 10)""",
        """'", "趣味": ["'""",
        "CASE n % 3 WHEN 0 THEN '山' ELSE '海' END",
        """'", "本"], "会員": '""",
        "CASE n % 2 WHEN 0 THEN 'true' ELSE 'false' END",
        "'}'",
    )
    written = " || ".join(parts)
    written = f"({written})::jsonb" if postgresql else f"({written})"
    db.session.execute(
        sa.text(
            "INSERT INTO subscriber (customer_id, address, address_key, address_hash, domain_group, fields, language, "
            f"active_count, created_at) {numbers(readers)} SELECT :customer, 'r' || n || '@readers.example.com', "
            f"'r' || n || '@readers.example.com', {hashed}, CASE n % 4 WHEN 0 THEN 'docomo' ELSE 'gmail' END, "
            f"{written}, 'ja', 1, :at FROM n"
        ).bindparams(customer=side.customer.id, at=naive())
    )
    # The readers of the world are on the list already.
    db.session.execute(sa.text("DELETE FROM subscription"))
    subscribe(side.mailing_list, side.customer.id, readers)
    subscribe(second, side.customer.id, readers // 3)
    # Half of them long ago.
    joined = "UPDATE subscription SET created_at = :at, confirmed_at = :at WHERE subscriber_id % 2 = :odd"
    for odd, days in ((0, 400), (1, 20)):
        db.session.execute(sa.text(joined).bindparams(odd=odd, at=before(days=days)))
    for mailing in mailings:
        deliver(mailing, side.customer.id, readers, DispatchState.done)
    # Begun before the segments are asked; every third reader opened, every tenth clicked.
    db.session.execute(sa.update(Dispatch).values(created_at=clock.now() - timedelta(days=3)))
    for number, every in ((0, 3), (-1, 10)):
        db.session.execute(
            sa.text(
                "INSERT INTO first_hit (dispatch_id, seq, number, at, subscriber_id) SELECT d.dispatch_id, d.seq, "
                ":number, :at, d.subscriber_id FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id "
                "WHERE d.seq % :every = 0"
            ).bindparams(number=number, every=every, at=before(days=2))
        )
    db.session.execute(sa.text("UPDATE address_count SET registered = :n").bindparams(n=readers))
    db.session.commit()
    db.session.execute(sa.text("ANALYZE"))
    db.session.commit()
    return side.mailing_list, second, fields, mailings


def before(days: int) -> Any:
    """Return a moment as the database keeps it."""
    at = clock.now() - timedelta(days=days)
    return at if db.engine.dialect.name == "postgresql" else at.astimezone(UTC).replace(tzinfo=None)


def segments(second: MailingList, fields: dict[str, Field], mailings: list[int]) -> dict[str, Conditions]:
    def one(topic: Topic, op: Op, *values: str, label: str = "") -> Condition:
        field = fields[label] if label else None
        return Condition(topic, op, values, field.id if field else 0, field.key if field else "")

    def of(*conditions: Condition, match: Match = Match.all) -> Conditions:
        return Conditions(Match.all, (Group(match, conditions),))

    tokyo = one(Topic.text, Op.contains, "東京", label="都道府県")
    age = one(Topic.number, Op.between, "20", "39", label="年齢")
    birthday = one(Topic.date, Op.birthday, "7", label="生年月日")
    unopened = one(Topic.opened, Op.not_last_days, "90")
    return {
        "a text field contains": of(tokyo),
        "a number between": of(age),
        "birthday within 7 days": of(birthday),
        "one of several choices": of(one(Topic.choices, Op.any_of, "山", "川", label="趣味")),
        "yes": of(one(Topic.yes_no, Op.yes, label="会員")),
        "a provider": of(one(Topic.domain, Op.any_of, "docomo")),
        "on another list": of(one(Topic.lists, Op.any_of, str(second.id))),
        "registered in the last 30 days": of(one(Topic.signed_up, Op.last_days, "30")),
        "opened nothing for 90 days": of(unopened),
        "clicked in a mailing": of(one(Topic.clicked, Op.mailing, str(mailings[0]))),
        "not sent a mailing": of(one(Topic.received, Op.not_mailing, str(mailings[1]))),
        "none of the last 3 mailings": of(one(Topic.received, Op.none_of_last, "3")),
        "five of these, all": of(tokyo, age, unopened, one(Topic.received, Op.of_last, "3"), birthday),
        "five of these, any": of(
            tokyo, age, unopened, one(Topic.received, Op.none_of_last, "3"), birthday, match=Match.any
        ),
    }


def times(ask: Callable[[], Any], runs: int) -> list[float]:
    found = []
    for _ in range(runs):
        begun = time.perf_counter()
        ask()
        found.append((time.perf_counter() - begun) * 1000)
        db.session.rollback()
    return found


def measure(readers: int, runs: int) -> dict[str, dict[str, float]]:
    mailing_list, second, fields, mailings = fill(readers)
    customer, at = mailing_list.customer_id, clock.now()
    middle = db.session.scalar(sa.select(sa.func.max(Subscriber.id))) or 0
    result = {}
    for name, conditions in segments(second, fields, mailings).items():
        portion = sa.select(Subscriber.id).where(
            Subscriber.customer_id == customer,
            Subscriber.id > middle // 2,
            Subscriber.id <= middle // 2 + WINDOW,
            fits(conditions, customer, at),
        )
        found = counting.found(conditions, customer, at)
        whole = times(lambda conditions=conditions: counting.found(conditions, customer, at), runs)  # type: ignore[misc]
        part = times(lambda portion=portion: db.session.execute(portion).all(), runs)  # type: ignore[misc]
        result[name] = {
            "fit": found.count or 0,
            "count_ms": round(min(whole)),
            "count_median_ms": round(statistics.median(whole)),
            "portion_ms": round(min(part), 1),
        }
        print(f"{name:34}{result[name]}", flush=True)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench segments", description=__doc__)
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--database-url", default="", help="an empty database; else SQLite in a temporary folder")
    given = parser.parse_args()
    os.environ.setdefault("WEM_ENV", "testing")
    with tempfile.TemporaryDirectory(prefix="wem-bench-") as folder:
        settings = Settings(
            WEM_ENV="testing", VAR_DIR=folder, DATABASE_URL=given.database_url, SECRET_KEY="bench", MASTER_KEY="bench",
            REDIS_URL=f"unix://{Path(folder)}/none.sock", SMTP_PORT="1", MAILBOX_URL="", LOG_LEVEL="ERROR",
        )  # fmt: skip
        with create_app(settings).app_context():
            upgrade(str(ROOT / "migrations"))
            begun = time.perf_counter()
            found = measure(given.readers, given.runs)
            print(f"all in {time.perf_counter() - begun:.0f} s", flush=True)
    late = [name for name, row in found.items() if row["portion_ms"] > PORTION_GOAL_MS]
    result = {"readers": given.readers, "segments": found, "portion_goal_ms": PORTION_GOAL_MS, "missed": late}
    print(json.dumps(result, ensure_ascii=False) if given.json else f"missed: {', '.join(late) or 'nothing'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
