"""Error pages: what happened and what to do, in the reader's words; nothing of the machine's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Blueprint, Flask, abort
from flask_wtf.csrf import CSRFError

from tests.conftest import PORTAL, PUBLIC, settings_for_tests
from wem import create_app
from wem.db import db
from wem.web.blueprints import OpenBlueprint
from wem.web.origins import Origin

SECRET = "a sentence that only developers should read"


@pytest.fixture(scope="module")
def breaking(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application with pages that fail in every way."""
    app = create_app(settings_for_tests(tmp_path_factory.mktemp("var")))
    app.config.update(PROPAGATE_EXCEPTIONS=False)
    blueprint: Blueprint = OpenBlueprint("breaking", __name__, origin=Origin.both)

    @blueprint.get("/break/<int:code>")
    def by_code(code: int) -> str:
        abort(code)

    @blueprint.get("/break/bug")
    def bug() -> str:
        raise RuntimeError(SECRET)

    @blueprint.get("/break/csrf")
    def csrf() -> str:
        raise CSRFError(SECRET)

    @blueprint.get("/break/database")
    def database() -> str:
        raise sa.exc.OperationalError(SECRET, {}, Exception(SECRET))

    app.register_blueprint(blueprint)
    with app.app_context():
        db.create_all()
    return app


@pytest.fixture
def ask(breaking: Flask) -> Callable[..., tuple[int, str]]:
    def get(path: str, origin: str = PORTAL, **headers: str) -> tuple[int, str]:
        answer = breaking.test_client().get(path, base_url=origin, headers=headers)
        assert answer.mimetype == "text/html"
        return answer.status_code, answer.get_data(as_text=True)

    return get


@pytest.mark.parametrize("code", [400, 403, 404, 413, 422, 429, 500, 503])
@pytest.mark.parametrize("origin", [PORTAL, PUBLIC])
def test_each_has_its_page(ask: Callable[..., tuple[int, str]], code: int, origin: str) -> None:
    status, html = ask(f"/break/{code}", origin)
    assert status == code
    assert "<h1" in html and 'lang="ja"' in html


@pytest.mark.parametrize(("path", "status"), [("bug", 500), ("csrf", 400), ("database", 503)])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_nothing_of_the_machine_is_shown(
    ask: Callable[..., tuple[int, str]], path: str, status: int, headers: dict[str, str]
) -> None:
    found, html = ask(f"/break/{path}", **headers)
    assert found == status
    for word in (SECRET, "Traceback", "RuntimeError", "OperationalError", "sqlalchemy", "werkzeug", ".py", "line "):
        assert word not in html


def test_an_unknown_code_is_a_page_too(ask: Callable[..., tuple[int, str]]) -> None:
    status, html = ask("/break/418")
    assert status == 418 and "<h1" in html


def test_a_method_that_is_not_known(breaking: Flask) -> None:
    answer = breaking.test_client().put("/login", base_url=PORTAL)
    assert answer.status_code in (400, 405)
    assert "<h1" in answer.get_data(as_text=True)


def test_readers_are_not_shown_the_provider(ask: Callable[..., tuple[int, str]]) -> None:
    _, portal = ask("/break/404", PORTAL)
    _, public = ask("/break/404", PUBLIC)
    assert "WeM" in portal
    assert "WeM" not in public


def test_after_an_error_the_next_request_works(breaking: Flask, tmp_path: Path) -> None:
    client = breaking.test_client()
    assert client.get("/break/database", base_url=PORTAL).status_code == 503
    assert client.get("/login", base_url=PORTAL).status_code == 200


def test_an_upload_past_the_limit(breaking: Flask) -> None:
    breaking.config["MAX_CONTENT_LENGTH"], kept = 1000, breaking.config["MAX_CONTENT_LENGTH"]
    try:
        answer = breaking.test_client().post("/login", data={"email": "x" * 5000}, base_url=PORTAL)
        assert answer.status_code == 413
    finally:
        breaking.config["MAX_CONTENT_LENGTH"] = kept
