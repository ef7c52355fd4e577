"""The HTTP interface of the mailbox, in JSON: what tests and demos ask it. Open to everyone on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, request

from wem.mail_reading import read_mail
from wem.mailbox.current import mailbox
from wem.mailbox.rules import BehaviourError, read_behaviour
from wem.mailbox.storing import Store

bp = Blueprint("api", __name__, url_prefix="/api")
MOST_AT_ONCE = 10_000


@bp.get("/mails")
def mails() -> list[dict[str, Any]]:
    after = request.args.get("after", type=int)
    limit = min(request.args.get("limit", 100, type=int), MOST_AT_ONCE)
    return mailbox().store.mails(_arg("recipient"), _arg("subject"), after=after, limit=limit)


@bp.get("/mails/<int:id>")
def mail(id: int) -> dict[str, Any]:
    known, raw = mailbox().store.mail(id) or abort(404)
    read = read_mail(raw)
    attachments = [
        {"number": part.number, "name": part.name, "type": part.type, "size": len(part.content)} for part in read.parts
    ]
    shown = {"headers": read.headers, "text": read.text, "html": read.html, "links": read.links}
    return {**known, **shown, "attachments": attachments}


@bp.get("/mails/<int:id>/source")
def source(id: int) -> Response:
    _, raw = mailbox().store.mail(id) or abort(404)
    return Response(raw, mimetype="application/octet-stream")


@bp.get("/mails/<int:id>/attachments/<int:number>")
def attachment(id: int, number: int) -> Response:
    _, raw = mailbox().store.mail(id) or abort(404)
    found = next((part for part in read_mail(raw).parts if part.number == number), None) or abort(404)
    return Response(found.content, mimetype="application/octet-stream")


@bp.get("/count")
def count() -> dict[str, int]:
    return {"count": mailbox().store.count(_arg("recipient"), _arg("subject"))}


@bp.get("/recipients")
def recipients() -> Response:
    return Response(_lines(mailbox().store), mimetype="application/x-ndjson")


@bp.delete("/mails")
def delete_mails() -> dict[str, int]:
    return {"deleted": mailbox().store.delete_all()}


@bp.get("/behaviours")
def behaviours() -> list[dict[str, Any]]:
    return [asdict(behaviour) for behaviour in mailbox().behaviours.listed()]


@bp.put("/behaviours")
def replace_behaviours() -> Any:
    given = request.get_json()
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        return {"error": "a list of behaviours is expected"}, 400
    try:
        mailbox().behaviours.replace_all([read_behaviour(each) for each in given])
    except BehaviourError as error:
        return {"error": f"{error.field}: {error}"}, 400
    return behaviours()


@bp.delete("/behaviours")
def delete_behaviours() -> list[dict[str, Any]]:
    mailbox().behaviours.replace_all([])
    return []


def _arg(name: str) -> str:
    return request.args.get(name, "")


def _lines(store: Store) -> Iterator[str]:
    for portion in store.walk():
        yield "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in portion)
