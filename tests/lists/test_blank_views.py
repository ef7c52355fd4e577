"""A list's blank mail on the screens: lending, changing, own words, QR codes, who may."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.factories import World
from tests.page import Browser
from wem.db import db
from wem.lists import blank_addresses
from wem.lists.blank_mail_models import BlankMail


@pytest.fixture
def path(world: World) -> str:
    return f"/lists/{world.ours.mailing_list.id}/blank-mail"


@pytest.fixture
def editor(world: World, browser_for: Callable[..., Browser]) -> Browser:
    return browser_for(world.ours.editor)


def lent(world: World, code: str = "otoku") -> None:
    blank_addresses.lend(world.ours.mailing_list, code, by=world.ours.owner.id)
    db.session.commit()


def test_choosing_a_name(world: World, editor: Browser, path: str) -> None:
    made = editor.submit(path, {"code": "Otoku"}, action="/address")
    assert made.status == 303
    page = editor.get(made.location)
    assert "otoku@mail.wem.example" in page.text and "otoku-stop@mail.wem.example" in page.text


@pytest.mark.parametrize("code", ["ab", "takahashi", "support", "a b", "x-stop"])
def test_names_that_cannot_be(editor: Browser, path: str, code: str) -> None:
    refused = editor.submit(path, {"code": code}, action="/address")
    assert refused.status == 422 and "field-error" in refused.html


def test_having_a_name_made(world: World, editor: Browser, path: str) -> None:
    assert editor.submit(path, action="/made-address").status == 303
    row = blank_addresses.lent_to(world.ours.mailing_list.id)
    assert row is not None and len(row.code) == 6


def test_changing_it_says_what_is_wrong_beside_the_field(world: World, editor: Browser, path: str) -> None:
    lent(world)
    blank_addresses.lend(world.theirs.mailing_list, "hana", by=1)
    db.session.commit()
    refused = editor.submit(path, {"code": "hana"}, action="/address")
    assert refused.status == 422 and "使用中" in refused.text and "otoku@" in refused.text
    assert editor.submit(path, {"code": "kisetsu"}, action="/address").status == 303
    assert "kisetsu@" in editor.get(path).text


def test_own_words_and_the_period(world: World, editor: Browser, path: str) -> None:
    lent(world)
    values = {"link": "店長の髙橋です。", "first_day": "2026-01-01", "last_day": "2026-01-31"}
    assert editor.submit(path, values, action=path).status == 303
    row = db.session.get_one(BlankMail, world.ours.mailing_list.id)
    assert row.texts == {"link": "店長の髙橋です。"}
    assert row.closes_at is not None and (row.closes_at.month, row.closes_at.day, row.closes_at.hour) == (2, 1, 0)
    page = editor.get(path)
    assert page.form(path)["last_day"] == "2026-01-31"
    preview = page.soup.find("pre", class_="mail-text")
    assert preview is not None and "店長の髙橋です。" in preview.get_text()
    assert "受け付けていません" in page.text


@pytest.mark.parametrize(
    "values",
    [
        {"link": "https://shop.example.jp"},
        {"stopped": "<b>x</b>"},
        {"already": "あ" * 401},
        {"first_day": "2026-02-01", "last_day": "2026-01-31"},
        {"first_day": "nonsense"},
    ],
)
def test_what_is_refused(world: World, editor: Browser, path: str, values: dict[str, str]) -> None:
    lent(world)
    assert editor.submit(path, values, action=path).status == 422
    assert db.session.get_one(BlankMail, world.ours.mailing_list.id).texts == {}


def test_switching_it_off(world: World, editor: Browser, path: str) -> None:
    lent(world)
    values = editor.get(path).form(path)
    del values["on"]
    assert editor.post(path, values).status == 303
    assert not db.session.get_one(BlankMail, world.ours.mailing_list.id).on


@pytest.mark.parametrize("form", ["mailto", "matmsg"])
def test_qr_codes(world: World, editor: Browser, path: str, form: str) -> None:
    lent(world)
    svg = editor.get(f"{path}/qr-{form}.svg").response
    assert svg.mimetype == "image/svg+xml" and b"<svg" in svg.get_data()
    png = editor.get(f"{path}/qr-{form}.png").response
    assert png.get_data().startswith(b"\x89PNG") and "attachment" in png.headers["Content-Disposition"]


def test_giving_it_up(world: World, editor: Browser, path: str) -> None:
    lent(world)
    assert editor.submit(path, action="/give-up").status == 303
    assert "専用メールアドレスがありません" in editor.get(path).text
    for rest in ("/qr-mailto.svg", "/qr-mailto.png"):
        assert editor.get(path + rest).location == path
    assert editor.post(path).status == 404


def test_viewers_look_and_change_nothing(world: World, browser_for: Callable[..., Browser], path: str) -> None:
    viewer = browser_for(world.ours.viewer)
    assert "まだありません" in viewer.get(path).text
    lent(world)
    page = viewer.get(path)
    assert "otoku@" in page.text and not page.soup.find("main").find("form")  # type: ignore[union-attr]
    assert viewer.post(f"{path}/give-up").status == 403
