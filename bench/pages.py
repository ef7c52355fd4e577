"""How long pages take with many readers: bin/bench pages --readers 1000000 [--json].

The same pages on two databases, one of 1,000 readers and one of N, in turns, so that what else the machine does hits
both alike. Measured is the application's own time per request: from the call of the WSGI application to its last byte.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from tests import factories
from wem import clock, create_app
from wem.accounts.models import SignIn
from wem.db import db
from wem.delivery.models import Dispatch, DispatchState
from wem.lists.models import MailingList
from wem.lists.subscription_models import Subscriber, Subscription
from wem.mailings.states import MailingState
from wem.settings import ROOT, Settings
from wem.web.limits import limiter

SMALL = 1_000
GOAL_RATIO, GOAL_MS = 1.5, 50.0
PORTAL = "http://localhost:8000"
ADDRESS = "reader{}@readers.example.com"


@dataclass
class Installation:
    """One application with its database, and who looks at it."""

    app: Flask
    client: FlaskClient
    readers: int
    ids: dict[str, int]
    token: str = ""
    spent: tuple[float, float] = (0.0, 0.0)
    times: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)

    def ask(self, name: str, path: str, data: dict[str, str] | None = None, status: int = 200) -> None:
        method = "GET" if data is None else "POST"
        body = None if data is None else {**data, "csrf_token": self.token}
        answer = self.client.open(path, method=method, data=body, base_url=PORTAL)
        answer.get_data()
        if answer.status_code != status:
            raise SystemExit(
                f"{name}: {method} {path} answered {answer.status_code}\n{answer.get_data(as_text=True)[:500]}"
            )
        answer.close()
        for kept, spent in ((self.times, self.spent[0]), (self.cpu, self.spent[1])):
            kept.setdefault(name, []).append(spent * 1000)


def install(folder: Path, readers: int, url: str = "") -> Installation:
    settings = Settings(
        WEM_ENV="testing", VAR_DIR=str(folder), DATABASE_URL=url, SECRET_KEY="bench", MASTER_KEY="bench",
        REDIS_URL=f"unix://{folder}/none.sock", SMTP_PORT="1", MAILBOX_URL="", LOG_LEVEL="ERROR",
    )  # fmt: skip
    app = create_app(settings)
    limiter.enabled = False
    with app.app_context():
        upgrade(str(ROOT / "migrations"))
        ids, token = fill(readers)
        db.session.remove()
    client = app.test_client()
    with client.session_transaction(base_url=PORTAL) as session:
        session["_user_id"], session["_fresh"] = token, True
    installation = Installation(app, client, readers, ids)
    watch(installation)
    page = BeautifulSoup(client.get("/account", base_url=PORTAL).get_data(), "html.parser")
    installation.token = str(page.find("input", {"name": "csrf_token"})["value"])  # type: ignore[index]
    return installation


def watch(installation: Installation) -> None:
    """Have the time of each request kept in the installation."""
    inner = installation.app.wsgi_app

    def timed(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        begun, cpu = time.perf_counter(), time.process_time()
        answer = inner(environ, start)
        whole = b"".join(answer)
        installation.spent = (time.perf_counter() - begun, time.process_time() - cpu)
        if hasattr(answer, "close"):
            answer.close()
        return [whole]

    installation.app.wsgi_app = timed  # type: ignore[method-assign,assignment]


def fill(readers: int) -> tuple[dict[str, int], str]:
    """Make two customers, the first with so many readers; returns rows to look at and the owner's token."""
    world = factories.world()
    side, other = world.ours, world.theirs
    second = factories.make_list(side.customer, "季節のお便り")
    for _ in range(8):
        factories.make_list(side.customer)
    drafts = [factories.make_mailing(side.mailing_list) for _ in range(60)]
    sent = factories.make_mailing(
        side.mailing_list, state=MailingState.done, started_at=clock.now(), finished_at=clock.now()
    )
    running = factories.make_mailing(side.mailing_list, state=MailingState.sending, started_at=clock.now())
    _, token = SignIn.begin(side.owner, "127.0.0.1", "bench")
    db.session.commit()
    readers_of(other.mailing_list, max(100, readers // 10), "other{}@flowers.example.net")
    readers_of(side.mailing_list, readers, ADDRESS)
    subscribe(second, side.customer.id, readers // 10)
    count(side.mailing_list, second, other.mailing_list)
    for mailing, state in ((sent, DispatchState.done), (running, DispatchState.sending)):
        deliver(mailing.id, side.customer.id, readers, state)
    db.session.commit()
    db.session.execute(sa.text("ANALYZE"))
    db.session.commit()
    ordered = sa.select(Subscription.id).where(
        Subscription.list_id == side.mailing_list.id, Subscription.state == "active"
    )
    highest, lowest = (
        db.session.scalar(ordered.order_by(order).limit(1)) for order in (Subscription.id.desc(), Subscription.id.asc())
    )
    assert highest is not None and lowest is not None
    reader = db.session.scalar(
        sa.select(Subscriber.id).where(Subscriber.address_key == ADDRESS.format(readers // 2 // 20 * 20 + 5))
    )
    ids = {
        "list": side.mailing_list.id, "middle": (highest + lowest) // 2, "last": lowest + 60, "reader": reader or 0,
        "number": readers // 2 // 20 * 20 + 5, "draft": drafts[0].id, "sent": sent.id, "running": running.id,
    }  # fmt: skip
    return ids, token


def numbers(count: int) -> str:
    """Return SQL for a table n(n) of the numbers from 1."""
    if db.engine.dialect.name == "postgresql":
        return f"WITH n AS (SELECT n FROM generate_series(1, {count}) AS n)"
    return f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})"


def readers_of(mailing_list: MailingList, many: int, address: str) -> None:
    """Give a list so many readers of its own: nine in ten active, the others pending, stopped or removed."""
    postgresql = db.engine.dialect.name == "postgresql"
    written = "'" + address.replace("{}", "' || n || '") + "'"
    hashed = "decode(md5(n::text || :salt), 'hex')" if postgresql else "randomblob(16)"
    fields = """'{"氏名": "読者 ' || n || '"}'""" + ("::jsonb" if postgresql else "")
    fields = f"({fields})" if not postgresql else """('{"氏名": "読者 ' || n || '"}')::jsonb"""
    values = {"customer": mailing_list.customer_id, "at": naive(), "list": mailing_list.id, "salt": address}
    db.session.execute(
        sa.text(
            f"INSERT INTO subscriber (customer_id, address, address_key, address_hash, domain_group, fields, language, "
            f"active_count, created_at) {numbers(many)} SELECT :customer, {written}, {written}, {hashed}, 'other', "
            f"{fields}, 'ja', CASE WHEN n % 20 < 18 THEN 1 ELSE 0 END, :at FROM n"
        ),
        values,
    )
    db.session.execute(
        sa.text(
            "INSERT INTO subscription (customer_id, list_id, subscriber_id, state, way, created_at, confirmed_at) "
            "SELECT customer_id, :list, id, CASE WHEN active_count = 1 THEN 'active' WHEN id % 3 = 0 THEN 'pending' "
            "WHEN id % 3 = 1 THEN 'unsubscribed' ELSE 'removed' END, 'attested', :at, :at FROM subscriber "
            "WHERE customer_id = :customer AND id NOT IN (SELECT subscriber_id FROM subscription WHERE list_id = :list)"
        ),
        values,
    )
    db.session.commit()


def subscribe(mailing_list: MailingList, customer_id: int, many: int) -> None:
    db.session.execute(
        sa.text(
            "INSERT INTO subscription (customer_id, list_id, subscriber_id, state, way, created_at, confirmed_at) "
            "SELECT customer_id, :list, id, 'active', 'attested', :at, :at FROM subscriber "
            f"WHERE customer_id = :customer AND active_count = 1 ORDER BY id LIMIT {many}"
        ),
        {"customer": customer_id, "at": naive(), "list": mailing_list.id},
    )
    db.session.commit()


def count(*lists: MailingList) -> None:
    """Write the counts down that the product would have kept."""
    for row in lists:
        for state in ("active", "pending"):
            query = "SELECT count(*) FROM subscription WHERE list_id = :list AND state = :state"
            number = db.session.scalar(sa.text(query), {"list": row.id, "state": state})
            setattr(row, f"{state}_count", number)
        total = "SELECT count(*) FROM subscriber WHERE customer_id = :customer AND active_count > 0"
        values = {
            "customer": row.customer_id,
            "number": db.session.scalar(sa.text(total), {"customer": row.customer_id}),
        }
        db.session.execute(
            sa.text("UPDATE address_count SET registered = :number WHERE customer_id = :customer"), values
        )
        db.session.execute(sa.text("UPDATE month_peak SET peak = :number WHERE customer_id = :customer"), values)
    db.session.commit()


def deliver(mailing_id: int, customer_id: int, many: int, state: DispatchState) -> None:
    """Make the rows of a mailing to so many readers, one in fifty of them refused."""
    dispatch = Dispatch(
        customer_id=customer_id, mailing_id=mailing_id, state=state, content={}, total=many, expires_at=clock.now(),
        accepted=many - many // 50 - (many // 4 if state is DispatchState.sending else 0), bounced=many // 50,
    )  # fmt: skip
    db.session.add(dispatch)
    db.session.flush()
    values = {"dispatch": dispatch.id, "customer": customer_id, "at": naive()}
    hashed = "decode(md5(n::text), 'hex')" if db.engine.dialect.name == "postgresql" else "randomblob(16)"
    db.session.execute(
        sa.text(
            "INSERT INTO delivery (dispatch_id, seq, customer_id, subscriber_id, address_hash, provider, batch, state, "
            f"attempts, at) {numbers(many)} SELECT :dispatch, n, :customer, n, {hashed}, 'other', n / 200 + 1, "
            "CASE WHEN n % 50 = 0 THEN 4 ELSE 2 END, 1, :at FROM n"
        ),
        values,
    )
    db.session.execute(
        sa.text(
            "INSERT INTO attempt (at, dispatch_id, seq, number, worker, fence, host, stage, code, enhanced, reply, "
            "outcome) SELECT :at, dispatch_id, seq, 1, 'bench', 1, 'mx.example.com', 2, 550, '5.1.1', "
            "'user unknown ' || seq % 7, 4 FROM delivery WHERE dispatch_id = :dispatch AND state = 4"
        ),
        values,
    )
    db.session.commit()


def naive() -> Any:
    at = clock.now()
    return at if db.engine.dialect.name == "postgresql" else at.replace(tzinfo=None)


def pages(ids: dict[str, int]) -> dict[str, tuple[str, dict[str, str] | None, int]]:
    """Return name: (address, what is posted, the answer's status)."""
    readers = f"/lists/{ids['list']}/subscribers"
    return {
        "dashboard": ("/dashboard", None, 200),
        "lists": ("/lists", None, 200),
        "list": (f"/lists/{ids['list']}", None, 200),
        "uploads": (f"/lists/{ids['list']}/imports", None, 200),
        "subscribers, first page": (readers, None, 200),
        "subscribers, middle": (f"{readers}?before={ids['middle']}", None, 200),
        "subscribers, back from the middle": (f"{readers}?after={ids['middle']}", None, 200),
        "subscribers, last page": (f"{readers}?before={ids['last']}", None, 200),
        "subscribers, stopped": (f"{readers}?state=unsubscribed", None, 200),
        "search by whole address": (f"{readers}/find", {"address": ADDRESS.format(ids["number"])}, 303),
        "search in vain": (f"{readers}/find", {"address": "nobody@readers.example.com"}, 303),
        "subscriber": (f"{readers}/{ids['reader']}", None, 200),
        "mailings": ("/mailings", None, 200),
        "mailing, sending": (f"/mailings/{ids['running']}", None, 200),
        "mailing, progress": (f"/mailings/{ids['running']}/progress", None, 200),
        "mailing, result": (f"/mailings/{ids['sent']}/report", None, 200),
        "mailing, compose": (f"/mailings/{ids['draft']}/edit", None, 200),
        "mailing, check": (f"/mailings/{ids['draft']}/check", None, 200),
        "contract": ("/contract", None, 200),
    }


def p95(times: list[float]) -> float:
    return round(statistics.quantiles(times, n=20)[-1], 2)


def measure(small: Installation, large: Installation, samples: int) -> None:
    for turn in range(samples + 3):
        if turn == 3:  # templates are compiled, caches are warm
            for installation in (small, large):
                installation.times, installation.cpu = {}, {}
        for name in pages(small.ids):
            for installation in (small, large):
                installation.ask(name, *pages(installation.ids)[name])


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench pages", description=__doc__)
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--samples", type=int, default=60, help="requests per page and database")
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--database-url", default="", help="an empty database for the large one; else SQLite in a temporary folder"
    )
    given = parser.parse_args()
    os.environ.setdefault("WEM_ENV", "testing")
    with tempfile.TemporaryDirectory(prefix="wem-bench-") as folder:
        begun = time.perf_counter()
        small = install(Path(folder) / "small", SMALL)
        large = install(Path(folder) / "large", given.readers, given.database_url)
        print(f"{given.readers:,} readers made in {time.perf_counter() - begun:.0f} s", flush=True)
        measure(small, large, given.samples)
    base = {name: p95(times) for name, times in small.times.items()}
    found = {name: p95(times) for name, times in large.times.items()}
    cpu = {name: p95(times) for name, times in large.cpu.items()}
    cpu_base = {name: p95(times) for name, times in small.cpu.items()}
    ratio = {name: round(found[name] / base[name], 2) for name in found}
    if not given.json:
        for name in found:
            took = f"{base[name]:8.1f} ms {found[name]:8.1f} ms   × {ratio[name]:.2f}"
            print(f"{name:36}{took}   (processor {cpu_base[name]:.1f} → {cpu[name]:.1f} ms)")
    late = [name for name in found if found[name] > GOAL_MS or ratio[name] > GOAL_RATIO]
    result = {
        "readers": given.readers,
        "samples": given.samples,
        "p95_ms": found,
        "p95_ms_at_1000": base,
        "ratio": ratio,
        "cpu_p95_ms": cpu,
        "cpu_p95_ms_at_1000": cpu_base,
        "goal": {"ratio": GOAL_RATIO, "ms": GOAL_MS},
        "missed": late,
    }
    print(
        json.dumps(result, ensure_ascii=False)
        if given.json
        else ("goal missed: " + ", ".join(late) if late else "goal reached")
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
