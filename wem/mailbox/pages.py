"""The pages of the mailbox: the list, one mail, the behaviours."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wem.mail_reading import WEB_LINK, Mail, read_mail
from wem.mailbox.current import mailbox
from wem.mailbox.rules import ACTIONS, STAGES, Behaviour, BehaviourError, read_behaviour

bp = Blueprint("pages", __name__)
PAGE = 50
LONGEST_SHOWN = 500_000  # characters of source or text on a page
VIEWS = ("html", "text", "headers", "source")
# The mail's own HTML: no script, no form, nothing from outside but pictures of this machine; links open elsewhere.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src data: http://localhost:* http://127.0.0.1:*; style-src 'unsafe-inline'; frame-ancestors 'self'"
)
HEAD = re.compile(r"<head(?:\s[^>]*)?>", re.IGNORECASE)
OPENING = re.compile(r"\s*(?:<!doctype[^>]*>)?\s*(?:<html(?:\s[^>]*)?>)?", re.IGNORECASE)


@bp.get("/")
def mails() -> Any:
    asked = request.args.get("q", "").strip()
    before, after = request.args.get("before", type=int), request.args.get("after", type=int)
    store = mailbox().store
    total = store.count(anywhere=asked)
    state = f"{store.newest()}-{total}"
    if request.args.get("seen") == state:
        return Response(status=204)
    rows = store.mails(anywhere=asked, before=before, after=after, limit=PAGE + 1)
    more, rows = len(rows) > PAGE, rows[:PAGE]
    if after is not None:
        rows.reverse()
    older, newer = (more, before is not None) if after is None else (True, more)
    fragment = request.headers.get("HX-Request") == "true"
    return render_template(
        "mailbox/_mails.html" if fragment else "mailbox/mails.html",
        mails=rows,
        total=total,
        q=asked,
        older=rows[-1]["id"] if older and rows else None,
        newer=rows[0]["id"] if newer and rows else None,
        state=state,
        live=before is None and after is None,
    )


@bp.get("/mails/<int:id>")
def mail(id: int) -> str:
    known, raw = mailbox().store.mail(id) or abort(404)
    read = read_mail(raw)
    view = request.args.get("view", "")
    if view not in VIEWS:
        view = "html" if read.html else "text"
    source = raw.decode("utf-8", "replace") if view == "source" else ""
    return render_template(
        "mailbox/mail.html",
        mail=known,
        read=read,
        view=view,
        pieces=_linked(read.text[:LONGEST_SHOWN]) if view == "text" else [],
        source=source[:LONGEST_SHOWN],
        stoppable=any(name.lower() == "list-unsubscribe" and "mailto:" in value for name, value in read.headers),
        returnable=bool(known["sender"]) and mailbox().door.takes(known["sender"]),
        cut=len(source if view == "source" else read.text) > LONGEST_SHOWN,
    )


@bp.get("/mails/<int:id>/html")
def html(id: int) -> Response:
    _, raw = mailbox().store.mail(id) or abort(404)
    response = Response(_for_frame(id, read_mail(raw)), mimetype="text/html")
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response


@bp.get("/mails/<int:id>/source")
def source(id: int) -> Response:
    _, raw = mailbox().store.mail(id) or abort(404)
    return _download(raw, f"mail-{id}.eml")


@bp.get("/mails/<int:id>/parts/<int:number>")
def part(id: int, number: int) -> Response:
    _, raw = mailbox().store.mail(id) or abort(404)
    found = next((part for part in read_mail(raw).parts if part.number == number), None) or abort(404)
    if found.type in ("image/png", "image/jpeg", "image/gif", "image/webp"):
        response = Response(found.content, mimetype=found.type)
        response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # the frame's origin is nobody's
        return response
    return _download(found.content, found.name)


@bp.route("/delete", methods=["GET", "POST"])
def delete() -> Any:
    if request.method == "POST":
        mailbox().store.delete_all()
        return _see(url_for("pages.mails"))
    return render_template("mailbox/delete.html", total=mailbox().store.count())


@bp.route("/behaviours", methods=["GET", "POST"])
def behaviours() -> Any:
    if request.method == "GET":
        listed = mailbox().behaviours.listed()
        chosen = next((each for each in listed if each.id == request.args.get("change", type=int)), None)
        return _behaviours_page(_as_form(chosen) if chosen else {}, changed=chosen.id if chosen else 0)
    form = request.form.to_dict()
    changed = request.form.get("changed", 0, type=int)
    try:
        made = read_behaviour({**form, "chance": _share(form.get("percent", ""))})
    except BehaviourError as error:
        field = "percent" if error.field == "chance" else error.field
        return _behaviours_page(form, changed=changed, field=field, error=str(error)), 422
    if not (changed and mailbox().behaviours.change(changed, made)):
        mailbox().behaviours.add(made)
    return _see(url_for("pages.behaviours"))


@bp.post("/behaviours/<int:id>/remove")
def remove_behaviour(id: int) -> AnyResponse:
    mailbox().behaviours.remove(id)
    return _see(url_for("pages.behaviours"))


@bp.post("/behaviours/<int:id>/raise")
def raise_behaviour(id: int) -> AnyResponse:
    mailbox().behaviours.raise_by_one(id)
    return _see(url_for("pages.behaviours"))


def _behaviours_page(form: dict[str, Any], changed: int = 0, field: str = "", error: str = "") -> str:
    shown = {"pattern": "*@example.jp", "stage": "rcpt", "action": "reply", "code": "451", "percent": "100", **form}
    return render_template(
        "mailbox/behaviours.html",
        behaviours=mailbox().behaviours.listed(),
        form=shown,
        changed=changed,
        field=field,
        error=error,
        stages=STAGES,
        actions=ACTIONS,
    )


def _as_form(behaviour: Behaviour) -> dict[str, Any]:
    return {
        "pattern": behaviour.pattern,
        "stage": behaviour.stage,
        "action": behaviour.action,
        "code": behaviour.code or "",
        "text": behaviour.text,
        "seconds": f"{behaviour.seconds:g}" if behaviour.seconds else "",
        "percent": f"{behaviour.chance * 100:g}",
        "times": behaviour.times or "",
    }


def _share(percent: str) -> str:
    try:
        return str(float(percent or "100") / 100)
    except ValueError:
        return percent


def _linked(text: str) -> list[tuple[str, bool]]:
    """Return the text in pieces, each with whether it is a link."""
    pieces: list[tuple[str, bool]] = []
    place = 0
    for link in WEB_LINK.finditer(text):
        pieces += [(text[place : link.start()], False), (link[0], True)]
        place = link.end()
    return [*pieces, (text[place:], False)]


def _for_frame(id: int, read: Mail) -> str:
    """Return the mail's HTML with links that open in a new tab and with its own pictures."""
    by_content_id = {part.content_id: url_for("pages.part", id=id, number=part.number) for part in read.parts}
    shown = re.sub(r"cid:([^\s\"'<>)]+)", lambda found: by_content_id.get(found[1], found[0]), read.html)
    opening = HEAD.search(shown) or OPENING.match(shown)
    place = opening.end() if opening else 0
    return f'{shown[:place]}<base target="_blank">{shown[place:]}'


def _download(content: bytes, name: str) -> Response:
    response = Response(content, mimetype="application/octet-stream")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _see(place: str) -> AnyResponse:
    return redirect(place, 303)
