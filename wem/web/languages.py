"""Japanese by default, English by choice."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel

from wem.web.htmx import wants_fragment
from wem.web.origins import Origin, here
from wem.web.session import current_account

LANGUAGES = [("ja", "日本語"), ("en", "English")]
CODES = [code for code, _ in LANGUAGES]
FOLDER = Path(__file__).resolve().parent.parent / "translations"
babel = Babel()


def choose_language() -> str:
    """Return the language of this request: asked for, else the person's, else the browser's session, else Japanese.

    A fragment is in the language of the page that it becomes a part of, which htmx-config.js tells.
    """
    if not has_request_context():
        return "ja"
    if "language" in g:
        return str(g.language)
    asked = request.args.get("lang")
    if asked in CODES:
        if here() is Origin.portal:
            session["language"] = asked
        return str(asked)
    if wants_fragment() and (page := request.accept_languages.best_match(CODES)):
        return page
    if here() is Origin.public:
        return "ja"
    account = current_account()
    if account is not None and account.language in CODES:
        return account.language
    chosen = session.get("language")
    return chosen if chosen in CODES else "ja"


def set_up_languages(app: Flask) -> None:
    """Every domain has a catalogue of its own; together they are the translation."""
    domains = sorted(path.stem for path in (FOLDER / "ja" / "LC_MESSAGES").glob("*.po"))
    app.config.update(
        BABEL_DEFAULT_LOCALE="ja",
        BABEL_DEFAULT_TIMEZONE="Asia/Tokyo",
        BABEL_TRANSLATION_DIRECTORIES=";".join([str(FOLDER)] * len(domains)),
        BABEL_DOMAIN=";".join(domains),
    )
    babel.init_app(app, locale_selector=choose_language)
