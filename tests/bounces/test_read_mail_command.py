"""`bin/wem read-mail`: one JSON object, or one line per path; never a traceback, nothing else needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bounces.labelled import MAILS
from wem.cli import main
from wem.settings import ROOT

ONE = MAILS / "bounces" / "mail" / "soe-lhost-exim-02.eml"


def command(folder: Path, *arguments: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("WEM_", "DATABASE", "REDIS"))}
    environment |= {
        "VAR_DIR": str(folder / "var"),
        "DATABASE_URL": "sqlite:////nowhere/at/all.db",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        [sys.executable, str(ROOT / "bin" / ".read-mail"), *arguments],
        input=given, capture_output=True, env=environment, cwd=folder, timeout=60,
    )  # fmt: skip


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_one_mail_on_standard_input(tmp_path: Path) -> None:
    (told,) = lines(command(tmp_path, given=ONE.read_bytes()))
    assert told["kind"] == "bounce" and told["feedback_type"] is None
    first, second = told["recipients"]
    assert first.items() >= {
        "address": "kijitora@example.jp", "class": "hard", "reason": "userunknown", "status": "5.1.1", "reply": 550,
    }.items()  # fmt: skip
    assert second["address"] == "sabatora@example.jp"
    assert not (tmp_path / "var").exists()


def test_nothing_and_rubbish(tmp_path: Path) -> None:
    for given in (b"", b"\x00\xff" * 1000):
        assert lines(command(tmp_path, given=given)) == [
            {"kind": "normal", "feedback_type": None, "message_id": None, "recipients": []}
        ]


def test_a_batch_answers_every_line(tmp_path: Path) -> None:
    (tmp_path / "日本 語.eml").write_bytes(ONE.read_bytes())
    paths = [str(ONE), "/nowhere/at/all.eml", "", str(tmp_path), "日本 語.eml", "a\x00b"]
    told = lines(command(tmp_path, "--batch", given="\n".join(paths).encode() + b"\n"))
    assert [one["kind"] for one in told] == ["bounce", "normal", "normal", "normal", "bounce", "normal"]
    assert ["error" in one for one in told] == [False, True, True, True, False, True]


def test_a_batch_answers_at_once(tmp_path: Path) -> None:
    """Whoever asks line by line gets each answer before the next question."""
    with subprocess.Popen(
        [sys.executable, str(ROOT / "bin" / ".read-mail"), "--batch"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    ) as asked:  # fmt: skip
        assert asked.stdin and asked.stdout
        for _ in range(3):
            asked.stdin.write(str(ONE).encode() + b"\n")
            asked.stdin.flush()
            assert json.loads(asked.stdout.readline())["kind"] == "bounce"
        asked.stdin.close()
        assert asked.wait(30) == 0


def test_what_no_text_may_hold_is_left_out(tmp_path: Path) -> None:
    told = {"notificationType": "Bounce", "bounce": {"bounceType": "Permanent", "bouncedRecipients": [
        {"emailAddress": "a@shop.example", "status": "5.1.1", "diagnosticCode": "smtp; 550 unknown \ud800 \0 user"}
    ]}}  # fmt: skip
    mail = tmp_path / "mail.eml"
    mail.write_bytes(b"From: no-reply@sns.example\n\n" + json.dumps(told).encode())
    done = subprocess.run(
        [sys.executable, str(ROOT / "bin" / ".read-mail"), "--batch"],
        input=f"{mail}\n{ONE}\n".encode(), capture_output=True, cwd=ROOT, timeout=60,
    )  # fmt: skip
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["recipients"][0]["diagnostic"] == "550 unknown   user" and second["kind"] == "bounce"


def test_the_list_of_commands_has_it() -> None:
    assert "read-mail" in main.commands


def test_it_starts_without_the_web_application(tmp_path: Path) -> None:
    asked = f"import sys, runpy; sys.argv[1:] = ['--help']; runpy.run_path({str(ROOT / 'bin' / '.read-mail')!r})"
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", asked], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "flask" not in done.stderr and "sqlalchemy" not in done.stderr
