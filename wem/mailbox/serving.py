"""The web side: the mailbox's own small application, and the server on loopback that answers with it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, render_template, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from wem.mailbox import api, pages, words, writing_pages
from wem.mailbox.current import Mailbox

ROOT = Path(__file__).resolve().parent.parent.parent
HOSTS = ["localhost", "127.0.0.1"]  # any other name in Host is a page of somebody else that was pointed at loopback
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def create_site(shared: Mailbox) -> Flask:
    """Return the web application with pages and interface."""
    app = Flask("wem.mailbox", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(TRUSTED_HOSTS=HOSTS, MAX_CONTENT_LENGTH=8 * 1024 * 1024)
    app.extensions["mailbox"] = shared
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True  # as the product's components expect
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(words.word, words.words, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals.update(moment=words.moment, size=words.size)
    app.before_request(_choose_language)
    app.before_request(_refuse_other_sites)
    app.after_request(_add_headers)
    app.register_blueprint(pages.bp)
    app.register_blueprint(writing_pages.bp)
    app.register_blueprint(api.bp)
    app.register_error_handler(403, _error)
    app.register_error_handler(404, _error)
    return app


def serve(app: Flask, port: int) -> BaseWSGIServer:
    """Answer on loopback in a thread of its own; return the server (port 0 takes a free one)."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_QuietHandler)
    threading.Thread(target=server.serve_forever, name="mailbox-web", daemon=True).start()
    return server


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def _choose_language() -> None:
    chosen = request.args.get("lang") or request.cookies.get("mailbox_language", "")
    g.language = chosen if chosen in words.LANGUAGES else "ja"


def _refuse_other_sites() -> None:
    """Forms may be sent only by our own pages. The interface needs no such check: browsers ask first before they let
    another site send PUT or DELETE, and the answer is no."""
    if request.method in ("GET", "HEAD", "OPTIONS") or request.path.startswith("/api/"):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        allowed = site in ("same-origin", "none")
    else:
        allowed = urlsplit(request.headers.get("Origin", "")).netloc == request.host
    if not allowed:
        abort(403)


def _add_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if not request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "HX-Request"
    if request.args.get("lang") in words.LANGUAGES:
        response.set_cookie("mailbox_language", g.language, samesite="Lax", httponly=True)
    return response


def _error(error: Any) -> Any:
    if request.path.startswith("/api/"):
        return {"error": error.name}, error.code
    return render_template("mailbox/error.html", code=error.code), error.code
