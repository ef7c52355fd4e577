"""Reports of abuse by anybody: a form without sign-in, and its receipt."""

from __future__ import annotations

from datetime import timedelta
from typing import BinaryIO, cast

from flask import render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock, storage, tokens
from wem.cases import reporting
from wem.cases.forms import ReportForm
from wem.db import db
from wem.tokens import Purpose
from wem.web.blueprints import OpenBlueprint
from wem.web.htmx import see_other
from wem.web.limits import limiter

blueprint = OpenBlueprint("report_abuse", __name__)
Answer = str | tuple[str, int] | Response
MAIL_BYTES = 10 * 1024 * 1024
FOLDER = "cases"
# Faster is no person.
LEAST = timedelta(seconds=3)


@blueprint.get("/report-abuse")
def enter() -> Answer:
    form = ReportForm()
    form.page.data = request.args.get("page", "").strip()[:500]
    return _page(form)


def _page(form: ReportForm, status: int = 200) -> Answer:
    # Who corrects one field is fast, and no machine: the first showing counts.
    if tokens.read(Purpose.form, form.shown.data or "") is None:
        form.shown.data = tokens.sign(Purpose.form, int(clock.now().timestamp()))
    return render_template("cases/report.html", form=form), status


@blueprint.post("/report-abuse")
@limiter.limit("10 per hour;30 per day", key_func=lambda: f"ip:{request.remote_addr}")
def report() -> Answer:
    form = ReportForm()
    upload = request.files.get("mail")
    if not form.validate_on_submit():
        return _page(form, 422)
    shown = tokens.read(Purpose.form, form.shown.data or "")
    if shown is None:
        # A page from before our key changed: what was typed is not to be lost.
        return _page(form, 422)
    if form.website.data or clock.now().timestamp() - int(shown[0]) < LEAST.total_seconds():
        return see_other(url_for("report_abuse.done"))
    file = None
    if upload and upload.filename:
        try:
            key, _ = storage.keep(FOLDER, cast(BinaryIO, upload.stream), MAIL_BYTES)
        except storage.TooLarge:
            form.mail.errors = [gettext("The file is too large. Up to 10 MB can be sent.")]
            return _page(form, 422)
        file = (key, upload.filename[:200])
    reporting.take(form.what.data or "", form.page.data or "", form.email.data or "", file)
    db.session.commit()
    return see_other(url_for("report_abuse.done"))


@blueprint.get("/report-abuse/done")
def done() -> Answer:
    return render_template("cases/reported.html")
