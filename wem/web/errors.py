"""Error pages: what happened and what to do, in the reader's language."""

from __future__ import annotations

import logging

from flask import Flask, render_template
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from wem.db import db

PAGES = {400, 403, 404, 405, 413, 422, 429, 500, 503}
log = logging.getLogger("wem.web")


def set_up_errors(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> tuple[str, int]:
        code = error.code or 500
        return render_template(f"errors/{code if code in PAGES and code != 405 else 400}.html"), code

    @app.errorhandler(CSRFError)
    def _csrf(_error: CSRFError) -> tuple[str, int]:
        return render_template("errors/400.html", form_expired=True), 400

    @app.errorhandler(OperationalError)
    def _database(error: OperationalError) -> tuple[str, int]:
        log.error("the database did not answer: %s", error)
        db.session.rollback()
        return render_template("errors/503.html"), 503

    @app.errorhandler(500)
    def _unexpected(_error: Exception) -> tuple[str, int]:
        db.session.rollback()
        return render_template("errors/500.html"), 500
