"""What a person sees and does in the browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.page import Page
from wem.mail_reading import glance
from wem.mailbox.current import Mailbox
from wem.mailbox.rules import Behaviours
from wem.mailbox.serving import create_site
from wem.mailbox.storing import Received, Store
from wem.mailbox.words import translations

OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    store = Store(tmp_path)
    yield create_site(Mailbox(store, Behaviours()))
    store.close()


@pytest.fixture
def visitor(site: Flask) -> FlaskClient:
    return site.test_client()


@pytest.fixture
def shared(site: Flask) -> Mailbox:
    made: Mailbox = site.extensions["mailbox"]
    return made


def keep(shared: Mailbox, to: str = "taro@example.jp", subject: str = "ご案内", html: str = "") -> int:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "店 <shop@example.jp>", to, subject
    mail.set_content("こんにちは <b> https://example.jp/c/1\n")
    if html:
        mail.add_alternative(html, "html")
        _, part = mail.iter_parts()
        assert isinstance(part, EmailMessage)
        part.add_related(b"\x89PNG", "image", "png", cid="<p1>")
    raw = mail.as_bytes()
    head = glance(raw)
    row = ("2026-01-15T10:05:33.000+09:00", "b@example.jp", [to], head["subject"], head["from"], head["to"], "", raw)
    return shared.store.keep(Received(*row)).result(10)[0]


def page(visitor: FlaskClient, path: str, **options: Any) -> Any:
    return Page(visitor.get(path, **options), signed_origin=False)


def test_the_empty_list_says_what_to_do(visitor: FlaskClient) -> None:
    shown = page(visitor, "/")
    assert "メールはまだ届いていません" in shown.text
    assert shown.soup.html["lang"] == "ja"
    assert "script-src 'self'" in shown.response.headers["Content-Security-Policy"]


def test_the_list_shows_the_newest_first_and_pages(visitor: FlaskClient, shared: Mailbox) -> None:
    for n in range(120):
        keep(shared, subject=f"第{n}号")
    first = page(visitor, "/")
    assert "120通" in first.text
    assert [a.text for a in first.soup.select("tbody a")] == [f"第{n}号" for n in range(119, 69, -1)]
    second = page(visitor, first.soup.find("a", rel="next")["href"])
    third = page(visitor, second.soup.find("a", rel="next")["href"])
    assert [a.text for a in third.soup.select("tbody a")] == [f"第{n}号" for n in range(19, -1, -1)]
    assert third.soup.find("a", rel="next") is None
    back = page(visitor, third.soup.find("a", rel="prev")["href"])
    assert [a.text for a in back.soup.select("tbody a")] == [a.text for a in second.soup.select("tbody a")]
    assert not second.soup.find(id="mails").has_attr("hx-get"), "only the newest page asks for itself"


def test_the_list_refreshes_itself_only_when_something_came(visitor: FlaskClient, shared: Mailbox) -> None:
    keep(shared)
    asks = page(visitor, "/").soup.find(id="mails")["hx-get"]
    assert visitor.get(asks, headers={"HX-Request": "true"}).status_code == 204
    keep(shared, subject="新着")
    fragment = page(visitor, asks, headers={"HX-Request": "true"})
    assert fragment.status == 200
    assert not fragment.is_page
    assert "新着" in fragment.html
    assert visitor.get(fragment.soup.find(id="mails")["hx-get"]).status_code == 204


def test_search_finds_part_of_recipient_or_subject(visitor: FlaskClient, shared: Mailbox) -> None:
    keep(shared, to="hanako@docomo.ne.jp", subject="一")
    keep(shared, to="taro@example.jp", subject="docomo の方へ")
    keep(shared, subject="三")
    assert "2通見つかりました" in page(visitor, "/?q=docomo").text
    assert "該当するメールはありません" in page(visitor, "/?q=nobody").text


def test_one_mail_in_all_its_views(visitor: FlaskClient, shared: Mailbox) -> None:
    html = (
        '<html><head><title>t</title></head><body><a href="https://example.jp/">行</a><img src="cid:p1"></body></html>'
    )
    id = keep(shared, html=html)
    shown = page(visitor, f"/mails/{id}")
    assert "2026年1月15日（木）10:05:33" in shown.text
    frame = shown.soup.find("iframe")
    assert frame["sandbox"] == ["allow-popups", "allow-popups-to-escape-sandbox"]
    inside = visitor.get(frame["src"])
    assert inside.headers["Content-Security-Policy"].startswith(
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    )
    assert inside.mimetype == "text/html"
    assert '<head><base target="_blank"><title>' in inside.text
    picture = visitor.get(f"/mails/{id}/parts/2")
    assert f'src="/mails/{id}/parts/2"' in inside.text
    assert (picture.data, picture.mimetype) == (b"\x89PNG", "image/png")
    text = page(visitor, f"/mails/{id}?view=text")
    assert "こんにちは <b>" in text.soup.find("pre").text
    assert text.soup.select_one("pre a")["href"] == "https://example.jp/c/1"
    assert "店 <shop@example.jp>" in page(visitor, f"/mails/{id}?view=headers").soup.select_one(".mailbox-headers").text
    assert "MIME-Version: 1.0" in page(visitor, f"/mails/{id}?view=source").soup.find("pre").text
    assert b"MIME-Version: 1.0" in visitor.get(f"/mails/{id}/source").data


@pytest.mark.parametrize(
    ("html", "start"),
    [
        ("<p>a", '<base target="_blank"><p>a'),
        ("<!DOCTYPE html><p>a", '<!DOCTYPE html><base target="_blank"><p>a'),
        ("<!doctype html>\n<html lang=ja>\n<body>", '<!doctype html>\n<html lang=ja><base target="_blank">\n<body>'),
        ("<HTML><HEAD ><base href=x>", '<HTML><HEAD ><base target="_blank"><base href=x>'),
    ],
)
def test_links_open_in_a_new_tab_in_every_html(visitor: FlaskClient, shared: Mailbox, html: str, start: str) -> None:
    id = keep(shared, html=html)
    assert visitor.get(f"/mails/{id}/html").text.startswith(start)


def test_deleting_says_the_number_and_asks_once(visitor: FlaskClient, shared: Mailbox) -> None:
    keep(shared)
    keep(shared)
    asked = page(visitor, "/delete")
    assert "2通を削除" in asked.text
    assert shared.store.count() == 2
    assert visitor.post("/delete", headers=OWN).status_code == 303
    assert shared.store.count() == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),  # another port of localhost
        ({"Origin": "http://localhost"}, 303),
        ({"Origin": "http://localhost:8000"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_forms_come_from_our_own_page(visitor: FlaskClient, headers: dict[str, str], status: int) -> None:
    assert visitor.post("/delete", headers=headers).status_code == status


def test_a_name_pointed_at_loopback_is_refused(visitor: FlaskClient) -> None:
    assert visitor.get("/api/mails", base_url="http://rebound.example:8025").status_code == 400
    assert visitor.get("/api/mails", base_url="http://127.0.0.1:8025").status_code == 200


def test_behaviours_are_added_changed_moved_and_removed(visitor: FlaskClient, shared: Mailbox) -> None:
    assert "動作は設定されていません" in page(visitor, "/behaviours").text
    values = page(visitor, "/behaviours").form()
    added = {
        **values,
        "pattern": "*@docomo.ne.jp",
        "code": "550",
        "text": "5.1.1 unknown",
        "percent": "50",
        "times": "3",
    }
    assert visitor.post("/behaviours", data=added, headers=OWN).status_code == 303
    visitor.post("/behaviours", data={**values, "action": "drop", "pattern": "x@*"}, headers=OWN)
    shown = page(visitor, "/behaviours")
    assert "550 5.1.1 unknown" in shown.text
    assert "50 % の割合、残り3回" in shown.text
    first, second = shared.behaviours.listed()
    assert (first.chance, first.times, second.action) == (0.5, 3, "drop")
    form = page(visitor, f"/behaviours?change={first.id}").soup.select_one("form.form")
    changed = {field["name"]: field.get("value", "") for field in form.find_all("input")}
    changed |= {"stage": "rcpt", "action": "reply", "code": "451"}
    visitor.post("/behaviours", data=changed, headers=OWN)
    assert [each.code for each in shared.behaviours.listed()] == [451, None]
    visitor.post(f"/behaviours/{shared.behaviours.listed()[1].id}/raise", headers=OWN)
    assert [each.action for each in shared.behaviours.listed()] == ["drop", "reply"]
    visitor.post(f"/behaviours/{shared.behaviours.listed()[0].id}/remove", headers=OWN)
    assert [each.pattern for each in shared.behaviours.listed()] == ["*@docomo.ne.jp"]


@pytest.mark.parametrize(
    ("wrong", "field", "message"),
    [
        ({"code": "7"}, "code", "SMTPコードは400から599の数字を入力してください。"),
        ({"percent": "many"}, "percent", "入力できる範囲の数字ではありません。"),
        ({"pattern": ""}, "pattern", "宛先のパターンを入力してください。"),
    ],
)
def test_a_wrong_form_comes_back_with_the_error_at_the_field(
    visitor: FlaskClient, shared: Mailbox, wrong: dict[str, str], field: str, message: str
) -> None:
    values = {**page(visitor, "/behaviours").form(), **wrong}
    answer: Any = Page(visitor.post("/behaviours", data=values, headers=OWN), signed_origin=False)
    assert answer.status == 422
    assert answer.soup.find(id=f"{field}-error").text.strip() == message
    assert answer.soup.find(id=field)["aria-invalid"] == "true"
    assert answer.soup.find(id=field)["value"] == wrong[field]
    assert shared.behaviours.listed() == []


def test_english_by_choice_stays(visitor: FlaskClient, shared: Mailbox) -> None:
    keep(shared)
    assert "Received mails" in page(visitor, "/?lang=en").text
    shown = page(visitor, "/")
    assert shown.soup.html["lang"] == "en"
    assert "1 mail " in f"{shown.text} "
    assert "受信メール" in page(visitor, "/?lang=ja").text


def test_what_is_not_there(visitor: FlaskClient) -> None:
    missing = page(visitor, "/mails/7")
    assert missing.status == 404
    assert "このメールはありません" in missing.text
    assert visitor.get("/api/mails/7").get_json() == {"error": "Not Found"}


def test_no_english_is_left_on_the_japanese_pages() -> None:
    root = Path(__file__).resolve().parent.parent.parent
    japanese = translations("ja")
    for template in (root / "templates" / "mailbox").glob("*.html"):
        for message in re.findall(r'\b_\("([^"]+)"', template.read_text("utf-8")):
            assert japanese.gettext(message) != message, f"{template.name}: {message}"
