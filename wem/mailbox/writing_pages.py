"""The pages on which mail is written: a new one, a reply, a stop by mail, what is reported about a mail."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from wem.mail_reading import read_mail
from wem.mailbox.current import mailbox
from wem.mailbox.passing import Refused
from wem.mailbox.writing import FAILURES, CannotWrite, complained, quoted, returned, written

bp = Blueprint("writing", __name__)
_MAILTO = re.compile(r"<mailto:([^?>]+)")
_ANGLED = re.compile(r"<([^<>]+@[^<>]+)>")


@bp.get("/compose")
def compose() -> Any:
    form = {"sender": "hanako@example.jp", "recipient": "", "subject": "", "text": "", "answers": ""}
    number, what = request.args.get("mail", type=int), request.args.get("what", "")
    if number is not None:
        known, raw = mailbox().store.mail(number) or abort(404)
        form |= {"sender": known["recipient"], **(_stop(raw) if what == "stop" else _reply(known, raw))}
    form |= {name: request.args[name] for name in ("sender", "recipient") if request.args.get(name)}
    return _page(form)


@bp.post("/compose")
def send() -> Any:
    form = {name: request.form.get(name, "") for name in ("sender", "recipient", "subject", "text", "answers")}
    form["sender"], form["recipient"] = form["sender"].strip(), form["recipient"].strip()
    try:
        raw = written(form["sender"], form["recipient"], form["subject"], form["text"], form["answers"])
    except CannotWrite as error:
        return _page(form, error.field, str(error)), 422
    door = mailbox().door
    if not door.takes(form["recipient"]):
        return _page(form, "recipient", "Only addresses of this WeM can be written to from here."), 422
    try:
        door.hand_over(form["sender"], [form["recipient"]], raw)
    except Refused as refused:
        return _page(form, answer=str(refused)), 422
    return redirect(url_for("writing.sent"), 303)


@bp.get("/compose/sent")
def sent() -> Any:
    return render_template("mailbox/sent.html")


@bp.post("/mails/<int:id>/return")
def give_back(id: int) -> Any:
    """Report to the sender that the mail could not be delivered, as the recipient's server would."""
    known, raw = mailbox().store.mail(id) or abort(404)
    failure = FAILURES.get(request.form.get("failure", "")) or abort(400)
    door = mailbox().door
    if not known["sender"] or not door.takes(known["sender"]):
        abort(404)
    try:
        door.hand_over("", [known["sender"]], returned(raw, known["recipient"], failure))
    except Refused as refused:
        return render_template("mailbox/sent.html", answer=str(refused)), 502
    return redirect(url_for("writing.sent"), 303)


@bp.post("/mails/<int:id>/complain")
def complain(id: int) -> Any:
    """Report a mailing as a nuisance to its sender's feedback address, as the recipient's provider would."""
    known, raw = mailbox().store.mail(id) or abort(404)
    door, address = mailbox().door, f"fbl@{known['sender'].rpartition('@')[2]}"
    if not known["sender"] or not door.takes(address):
        abort(404)
    try:
        door.hand_over("", [address], complained(raw, known["sender"], known["recipient"]))
    except Refused as refused:
        return render_template("mailbox/sent.html", answer=str(refused)), 502
    return redirect(url_for("writing.sent"), 303)


def _reply(known: dict[str, Any], raw: bytes) -> dict[str, str]:
    headers = {name.lower(): value for name, value in reversed(read_mail(raw).headers)}
    to = headers.get("reply-to") or headers.get("from", "")
    subject = headers.get("subject", "")
    return {
        "recipient": (_ANGLED.findall(to) or [to])[-1].strip(),
        "subject": subject if subject.lower().startswith("re:") else f"Re: {subject}",
        "text": f"\n\n{quoted(raw)}",
        "answers": headers.get("message-id", ""),
    }


def _stop(raw: bytes) -> dict[str, str]:
    headers = {name.lower(): value for name, value in reversed(read_mail(raw).headers)}
    found = _MAILTO.search(headers.get("list-unsubscribe", "")) or abort(404)
    return {"recipient": found[1], "subject": "unsubscribe"}


def _page(form: dict[str, str], field: str = "", error: str = "", answer: str = "") -> str:
    return render_template("mailbox/compose.html", form=form, field=field, error=error, answer=answer)
