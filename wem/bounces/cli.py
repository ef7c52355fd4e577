"""`bin/wem read-mail`: what a mail is, as JSON; needs neither database nor settings."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import click

from wem.bounces.mail_parts import MOST_BYTES
from wem.bounces.reading import read_mail
from wem.bounces.states import Kind, Reading


@click.command("read-mail")
@click.option("--batch", is_flag=True, help="Read paths of mails, one a line, and answer each with one line.")
def read_mail_command(batch: bool) -> None:
    """Say what a mail on standard input is: a bounce, a complaint, an automatic answer, an ordinary mail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # half a surrogate pair is no reason to say nothing
    if not batch:
        print(json.dumps(as_json(read_mail(sys.stdin.buffer.read(MOST_BYTES))), ensure_ascii=False))
        return
    for line in sys.stdin.buffer:
        print(json.dumps(_of_file(line.rstrip(b"\r\n")), ensure_ascii=False), flush=True)


def as_json(reading: Reading) -> dict[str, Any]:
    """Return a reading as `read-mail` prints it (inbound.md 2)."""
    return {
        "kind": reading.kind,
        "feedback_type": reading.feedback_type,
        "message_id": reading.message_id,
        "recipients": [
            {
                "address": each.address,
                "class": each.severity,
                "reason": each.reason,
                "status": each.status,
                "reply": each.reply,
                "diagnostic": each.diagnostic,
                "reporter": each.reporter,
            }
            for each in reading.recipients
        ],
    }


def _of_file(path: bytes) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return as_json(read_mail(file.read(MOST_BYTES)))
    except (OSError, ValueError) as error:
        return {**as_json(Reading(Kind.normal)), "error": type(error).__name__}
