"""What the product is compared with: Postfix's smtp-source, and mail sent plainly with Python's own means."""

from __future__ import annotations

import smtplib
import statistics
import subprocess
import time
from email.message import EmailMessage
from email.utils import format_datetime

import dkim
import jinja2

from bench.delivering import content
from bench.delivering.sinks import tool
from wem import clock
from wem.db import db


def smtp_source(port: int, octets: int, sessions: int, messages: int) -> float:
    """Return the messages per second of smtp-source: it keeps its connections and personalises nothing."""
    program = tool("smtp-source")
    options = ["-d", "-s", str(sessions), "-l", str(octets), "-m", str(messages)]
    begun = time.perf_counter()
    subprocess.run([program, *options, f"127.0.0.1:{port}"], check=True, capture_output=True)
    return messages / (time.perf_counter() - begun)


def commit_ms(number: int = 100) -> float:
    """Return the milliseconds that one small commit takes to be on disk (median), on the application's database."""
    table = "(id integer primary key, n integer)"
    times = []
    with db.engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE TABLE bench_commit {table}")
        connection.exec_driver_sql("INSERT INTO bench_commit VALUES (1, 0)")
        connection.commit()
        for _ in range(number):
            begun = time.perf_counter()
            connection.exec_driver_sql("UPDATE bench_commit SET n = n + 1")
            connection.commit()
            times.append(time.perf_counter() - begun)
        connection.exec_driver_sql("DROP TABLE bench_commit")
        connection.commit()
    return 1000 * statistics.median(times)


def plain(port: int, seconds: float, key: bytes | None, algorithm: bytes) -> float:
    """Return the messages per second of one loop over smtplib, EmailMessage and, with a key, dkimpy.

    One connection, no record of what was sent. The texts are filled in by Jinja templates compiled once.
    """
    environment = jinja2.Environment(autoescape=True)
    html = environment.from_string(_as_jinja(content.html()))
    text = jinja2.Environment().from_string(_as_jinja(content.text()))
    smtp = smtplib.SMTP("127.0.0.1", port)
    begun, sent = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        values = {f"f{n}": value for n, value in enumerate(content.fields_of(sent).values())}
        message = EmailMessage()
        message["From"] = "株式会社髙橋商店 <takahashi@mail.wem.example>"
        message["To"] = f"reader{sent}@readers.example.com"
        message["Subject"] = f"{values['f0']}様へ、秋の新商品のお知らせ"
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = f"<{sent}.plain@mail.wem.example>"
        message["List-Unsubscribe"] = f"<https://www.wem.example/u/{sent}>, <mailto:u.{sent}@mail.wem.example>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message["List-Id"] = "<1.takahashi.mail.wem.example>"
        message.set_content(text.render(values))
        message.add_alternative(html.render(values), subtype="html")
        if key is None:
            smtp.send_message(message)
        else:
            data = message.as_bytes().replace(b"\n", b"\r\n")
            head = dkim.sign(data, b"wem1", b"mail.wem.example", key, signature_algorithm=algorithm)
            smtp.sendmail("b@mail.wem.example", [message["To"]], head + data)
        sent += 1
    rate = sent / (time.perf_counter() - begun)
    smtp.quit()
    return rate


def _as_jinja(source: str) -> str:
    for number, name in enumerate(content.FIELDS):
        source = source.replace(name, f"f{number}") if "{{ " + name in source else source
    return source.replace("default: 'お客様'", "default('お客様')").replace('default: "お客様"', 'default("お客様")')
