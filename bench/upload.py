"""How fast an attested upload goes: file read, rows checked, readers registered; beside a bare executemany.

`bin/bench upload --rows 1000000 --json`. Everything runs in a temporary folder on SQLite as the product opens it. The
jobs run in a process of their own as a worker would run them; its peak memory is measured, and that of its reader. The
bare run inserts the very same subscribers, subscriptions and consent events into a copy of the same tables, in one
transaction per 20,000, without the foreign keys.
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import logging
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import sqlalchemy as sa  # noqa: E402
from flask import Flask  # noqa: E402
from flask_migrate import upgrade  # noqa: E402

from bench._beside import Writer  # noqa: E402
from wem import create_app  # noqa: E402
from wem.db import Base, db  # noqa: E402
from wem.settings import Settings  # noqa: E402

HEAD = ["メールアドレス", "氏名", "フリガナ", "都道府県", "生年月日", "性別", "会員区分", "登録日時"]
NAMES = ["渡辺 葵", "吉田 真由美", "鈴木 太郎", "髙橋 直樹", "﨑山 恵子", "山本 結衣", "伊藤 健", "中村 美咲"]
KANA = ["ワタナベ アオイ", "ヨシダ マユミ", "スズキ タロウ", "タカハシ ナオキ", "サキヤマ ケイコ", "ヤマモト ユイ"]
PLACES = ["東京都", "京都府", "静岡県", "神奈川県", "愛知県", "広島県", "青森県", "福岡県"]
DOMAINS = ["mail.example.jp", "freemail.example.com", "keitai.example.ne.jp", "docomo.ne.jp", "gmail.com"]
BATCH = 20_000


def write_file(path: Path, rows: int) -> None:
    """Write rows as a shop's list has them: distinct addresses in no order, eight columns, UTF-8."""
    dice = random.Random(1)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        for number in range(rows):
            mixed = number * 7_368_787 % 2_147_483_647
            writer.writerow(
                [
                    f"reader{mixed}.{number}@{DOMAINS[mixed % 5]}",
                    NAMES[mixed % 8] + str(mixed % 9973),
                    KANA[mixed % 6],
                    PLACES[mixed % 8],
                    f"{1940 + mixed % 65}/{1 + mixed % 12:02}/{1 + mixed % 28:02}",
                    ("女性", "男性", "回答しない")[mixed % 3],
                    ("一般", "特別会員")[mixed % 2],
                    f"20{18 + number % 8}/0{1 + dice.randrange(9)}/1{dice.randrange(10)} 12:{dice.randrange(60):02}",
                ]
            )


def make_app(var: Path, database: str) -> Flask:
    logging.disable(logging.WARNING)
    settings = {"WEM_ENV": "testing", "SECRET_KEY": "x", "MASTER_KEY": "a master key", "LOG_LEVEL": "ERROR"}
    redis = f"unix://{var}/no-redis.sock"
    return create_app(Settings(**settings, VAR_DIR=str(var), REDIS_URL=redis, DATABASE_URL=database))


def prepare(file: Path) -> int:
    """Receive the file for a customer and choose its columns as they suggest themselves; returns the upload."""
    from tests import factories
    from wem.lists import upload_columns, uploading
    from wem.lists.reading import FileShape
    from wem.lists.states import UploadKind
    from wem.storage import path_of

    side = factories.make_side("株式会社髙橋商店", "takahashi", "readers.example.com")
    side.contract.attested_uploads = True
    db.session.commit()
    list_id, owner, customer = side.mailing_list.id, side.owner.id, side.customer.id
    db.session.rollback()
    with open(file, "rb") as stream:
        key, size, shape = uploading.store(stream)
    from wem.lists.models import MailingList

    mailing_list = db.session.get_one(MailingList, list_id)
    upload = uploading.receive(mailing_list, UploadKind.attested, file.name, key, size, shape, by=owner)
    labels = uploading.field_labels(customer)
    kept = FileShape.from_dict(upload.shape)
    choices = upload_columns.guessed(path_of(key), kept, labels, address_only=False)
    mapping = upload_columns.mapping_of(choices, path_of(key), kept, list(labels))
    uploading.check(upload, {**mapping, "update_known": True}, {"how": "店頭", "when": "2025年"}, by=owner)
    db.session.commit()
    return int(upload.id)


def run_jobs(upload_id: int) -> dict[str, float]:
    """Run the upload's jobs one after another, as a worker would; returns the seconds of each step."""
    from wem.lists import jobs, uploading
    from wem.lists.states import UploadState
    from wem.lists.upload_models import Upload

    def state() -> UploadState:
        db.session.rollback()
        return db.session.get_one(Upload, upload_id, populate_existing=True).state

    seconds = {}
    begun = time.perf_counter()
    while state() is UploadState.reading:
        jobs.read_upload(upload_id)
    seconds["check_s"] = time.perf_counter() - begun
    upload = db.session.get_one(Upload, upload_id)
    by = upload.created_by or 0
    uploading.apply(upload, by=by)
    uploading.approve(upload, "", by=by)
    db.session.commit()
    begun = time.perf_counter()
    while state() is UploadState.applying:
        jobs.apply_upload(upload_id)
    seconds["apply_s"] = time.perf_counter() - begun
    upload = db.session.get_one(Upload, upload_id)
    seconds["applied"] = upload.applied
    return seconds


def worker(var: Path, database: str, upload_id: int) -> None:
    """Be the worker's process: do the jobs and say how it went."""
    with make_app(var, database).app_context():
        before = resource.getrusage(resource.RUSAGE_SELF)
        result = run_jobs(upload_id)
        after = resource.getrusage(resource.RUSAGE_SELF)
        reader = resource.getrusage(resource.RUSAGE_CHILDREN)
    result["cpu_s"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result["reader_cpu_s"] = reader.ru_utime + reader.ru_stime
    memory = {"rss_at_start_mb": before, "peak_rss_mb": after, "reader_peak_rss_mb": reader}
    print(json.dumps({**result, **{name: usage.ru_maxrss // 1024 for name, usage in memory.items()}}))


def bare(target: sa.Engine) -> float:
    """Insert the rows of the three tables that the upload made into empty tables; returns the seconds."""
    tables = [Base.metadata.tables[name] for name in ("subscriber", "subscription", "consent_event")]
    seconds = 0.0
    raw = target.raw_connection()
    try:
        cursor = raw.cursor()
        mark = "%s" if target.dialect.name == "postgresql" else "?"
        for table in tables:
            names = [column.name for column in table.columns]
            into = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"
            for rows in _rows_of(table):
                gc.collect()
                begun = time.perf_counter()
                cursor.execute("BEGIN")
                cursor.executemany(into, rows)
                cursor.execute("COMMIT")
                seconds += time.perf_counter() - begun
    finally:
        raw.close()
    return seconds


def _rows_of(table: sa.Table) -> Iterator[list[Any]]:
    last = 0
    names = ", ".join(f"{column.name}" for column in table.columns)
    while True:
        with db.engine.connect() as connection:
            rows = connection.exec_driver_sql(
                f"SELECT {names} FROM {table.name} WHERE id > {last} ORDER BY id LIMIT {BATCH}"
            ).all()
        if not rows:
            return
        last = rows[-1].id
        yield [tuple(row) for row in rows]


def main() -> int:
    parser = argparse.ArgumentParser(description="bin/bench upload")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="the last line is JSON alone")
    parser.add_argument("--beside", action="store_true", help="another writes every 100 ms: how long does it wait?")
    parser.add_argument("--var", type=Path, help="where the temporary folder is made")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(Path(options.worker[0]), options.worker[1], int(options.worker[2]))
        return 0
    folder = Path(tempfile.mkdtemp(prefix="wem-bench-", dir=options.var))
    try:
        result = measure(folder, options.rows, beside=options.beside)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not options.json:
        for name, value in result.items():
            print(f"{name:>26}  {value:,}" if isinstance(value, int | float) else f"{name:>26}  {value}")
    print(json.dumps(result))
    return 0


def measure(folder: Path, rows: int, *, beside: bool) -> dict[str, Any]:
    file, var = folder / "readers.csv", folder / "var"
    write_file(file, rows)
    database = f"sqlite:///{var}/wem.sqlite3"
    app = make_app(var, database)
    with app.app_context():
        upgrade(str(ROOT / "migrations"))
        begun = time.perf_counter()
        upload_id = prepare(file)
        receive = time.perf_counter() - begun
        db.session.remove()
        db.engine.dispose()
        command = [sys.executable, __file__, "--worker", str(var), database, str(upload_id)]
        with Writer(app) if beside else nullcontext() as writer:
            ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        measured = json.loads(ran.stdout.splitlines()[-1])
        waited = writer.waited() if writer else {}
        assert measured["applied"] == rows, measured
        bare_seconds = _measure_bare(var)
    seconds = measured["check_s"] + measured["apply_s"]
    rate, bare_rate = rows / seconds, rows / bare_seconds
    return {
        "rows": rows,
        "rows_per_s": round(rate),
        "peak_rss_mb": measured["peak_rss_mb"],
        "reader_peak_rss_mb": measured["reader_peak_rss_mb"],
        "rss_at_start_mb": measured["rss_at_start_mb"],
        "bare_executemany_per_s": round(bare_rate),
        "ratio": round(rate / bare_rate, 3),
        "receive_s": round(receive, 2),
        "check_s": round(measured["check_s"], 2),
        "apply_s": round(measured["apply_s"], 2),
        "cpu_s": round(measured["cpu_s"], 2),
        "reader_cpu_s": round(measured["reader_cpu_s"], 2),
        "bare_s": round(bare_seconds, 2),
        "file_mb": round(file.stat().st_size / 1e6, 1),
        **waited,
    }


def _measure_bare(var: Path) -> float:
    from wem.db import open_as_we_need

    empty = create_app(
        Settings(WEM_ENV="testing", SECRET_KEY="x", MASTER_KEY="x", VAR_DIR=str(var / "bare"), LOG_LEVEL="ERROR")
    )
    with empty.app_context():
        upgrade(str(ROOT / "migrations"))
        db.session.remove()
        db.engine.dispose()
    target = sa.create_engine(f"sqlite:///{var}/bare/wem.sqlite3")
    open_as_we_need(target, empty.config["WEM"].SQLITE_SYNCHRONOUS)
    # The rows speak of customers and lists that the copy lacks; everything else is as in the product.
    sa.event.listen(target, "checkout", lambda driver, _record, _proxy: driver.execute("PRAGMA foreign_keys=OFF"))
    return bare(target)


if __name__ == "__main__":
    sys.exit(main())
