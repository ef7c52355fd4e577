"""The check before sending: what is refused, what deserves a look, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.factories import World, make_list, make_mailing, make_subscriber
from tests.page import Browser
from wem.db import db
from wem.lists.states import UploadKind, UploadState
from wem.lists.upload_models import Upload
from wem.mailings import audience, checking, starting
from wem.mailings.audience import most_recipients
from wem.mailings.checking import Severity
from wem.mailings.html import clean_html
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.states import MailingState

BrowserFor = Callable[..., Browser]
REFUSAL, WARNING, OK = Severity.refusal, Severity.warning, Severity.ok


def mailing_of(world: World) -> Mailing:
    return db.session.get_one(Mailing, world.ours.mailing.id)


def found(world: World) -> dict[str, checking.Check]:
    return {check.title: check for check in checking.checks(mailing_of(world))}


def test_a_good_mailing_is_in_order(world: World) -> None:
    checks = checking.checks(mailing_of(world))
    assert not checking.refused(checks)
    assert not checking.warned(checks)
    titles = [check.title for check in checks]
    assert "配信停止の方法" in titles
    assert "法律で必要な5つの表示（特定電子メール法第4条）" in titles
    assert all(check.severity is OK for check in checks)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("no subject", {"subject": " "}, "件名"),
    ("nothing in it", {"html": " "}, "本文"),
    ("no text in a text mail", {"body_kind": BodyKind.text, "text": ""}, "本文"),
    ("no list", {"lists": []}, "リストと読者"),
    ("a field that is gone", {"html": "<p>{{ 消えた }}</p>"}, "差し込み項目"),
    ("a field that is gone in the subject", {"subject": "{{ 消えた }}"}, "差し込み項目"),
]


@pytest.mark.parametrize(("values", "title"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(world: World, values: dict[str, Any], title: str) -> None:
    mailing = mailing_of(world)
    for name, value in values.items():
        setattr(mailing, name, value)
    db.session.commit()
    check = found(world)[title]
    assert check.severity is REFUSAL
    assert check.what
    assert check.todo, "it says what to do"


@pytest.mark.parametrize(
    ("item", "said"),
    [("sender_name", "差出人"), ("postal_code", "住所"), ("postal_address", "住所"), ("contact", "問い合わせ")],
)
def test_each_of_the_legal_items_is_refused_when_it_is_missing(world: World, item: str, said: str) -> None:
    setattr(world.ours.contract, item, " ")
    db.session.commit()
    check = found(world)["法律で必要な5つの表示（特定電子メール法第4条）"]
    assert check.severity is REFUSAL
    assert "ヘルプデスク" in check.todo
    assert check.what.startswith("ご契約の登録内容に不足があります：")


DOUBLED = [
    ("default", "<p>{{ 氏名 | default: 'お客様' }}様</p>"),
    ("chosen block", "<p>{% if 氏名 %}{{ 氏名 }}{% else %}お客様{% endif %}様</p>"),
    (
        "block that nobody invented sees",
        "{% if 氏名 == '髙橋' %}{{ 氏名 | default: 'お客様' }}様{% endif %}<p>本文</p>",
    ),
]


@pytest.mark.parametrize("html", [row[1] for row in DOUBLED], ids=[row[0] for row in DOUBLED])
def test_a_title_that_stands_twice_is_warned_of(world: World, html: str) -> None:
    mailing_of(world).html = html
    db.session.commit()
    check = found(world)["名前のない読者への宛名"]
    assert check.severity is WARNING
    assert check.what == "敬称が重なります：お客様様"


@pytest.mark.parametrize(
    ("count", "usual", "unusual"),
    [(5_000, 0, False), (5_001, 0, True), (5_001, 600, False), (1_000, 100, False), (1_001, 100, True), (20, 1, True)],
)
def test_what_audience_is_unusually_large(count: int, usual: int, unusual: bool) -> None:
    assert audience.unusually_large(count, usual) is unusual


def test_an_unusually_large_audience_is_warned_of(world: World) -> None:
    mailing_of(world).lists[0].active_count = 6_000
    db.session.commit()
    check = found(world)["リストと読者"]
    assert (check.severity, check.what) == (WARNING, "最大6,000人の読者に送られます。はじめての配信です。")
    earlier = starting.start(make_mailing(world.ours.mailing_list), by=1)
    earlier.total = 500
    db.session.commit()
    check = found(world)["リストと読者"]
    assert check.what == "最大6,000人の読者に送られます。これまでの配信は、最近の10通で最大500人でした。"
    earlier.total = 600
    db.session.commit()
    assert found(world)["リストと読者"].severity is OK


def test_the_texts_are_made_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    # What was made before, in another test, is kept.
    mailing_of(world).html = "<p>一度だけ作られる本文</p>"
    db.session.commit()
    monkeypatch.setattr(starting, "clean_html", lambda source: made.append(source) or clean_html(source))
    checking.checks(mailing_of(world))
    assert len(made) == 1


def test_a_list_without_readers_is_refused(world: World) -> None:
    mailing_of(world).lists = [make_list(world.ours.customer, "空のリスト")]
    db.session.commit()
    assert found(world)["リストと読者"].severity is REFUSAL


IMAGES = "画像のアドレス（https）"
WARNED: list[tuple[str, str, str, str]] = [
    ("http", '<a href="http://shop.example.jp/">見る</a>', "リンクの暗号化（https）", "http://shop.example.jp/"),
    ("nowhere", '<a href="#">見る</a>', "リンク先", "#"),
    ("without scheme", '<a href="shop.example.jp">見る</a>', "リンク先", "shop.example.jp"),
    ("no alt", '<img src="https://shop.example.jp/a.png">', "画像の代替テキスト（alt）", "a.png"),
    ("http image", '<img alt="靴" src="http://shop.example.jp/a.png">', IMAGES, "http://shop.example.jp/a.png"),
    ("image of a page", '<img alt="靴" src="img/a.png">', IMAGES, "img/a.png"),
    ("no image", '<img alt="靴">', IMAGES, "（）"),
    ("http background", '<table background="http://x.example/b.png"><tr><td>x</td></tr></table>', IMAGES, "b.png"),
    ("http in a style", "<p style=\"background: #fff url('http://x.example/c.png')\">x</p>", IMAGES, "c.png"),
    ("http in a style block", "<style>p { background: url(http://x.example/d.png) }</style><p>x</p>", IMAGES, "d.png"),
    ("sample", '<a href="https://www.example.jp/sale">見る</a>', "リンク先", "https://www.example.jp/sale"),
    ("size", f"<p>{'長いメールです。' * 5000}</p>", "サイズ", "102 KB"),
]


@pytest.mark.parametrize(("html", "title", "said"), [row[1:] for row in WARNED], ids=[row[0] for row in WARNED])
def test_warned_of(world: World, html: str, title: str, said: str) -> None:
    mailing_of(world).html = html
    db.session.commit()
    check = found(world)[title]
    assert check.severity is WARNING
    assert said in check.what
    assert check.todo


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://shop.example.jp/">見る</a>',
        '<a href="{{ unsubscribe_url }}">停止</a>',
        '<a href="mailto:info@shop.example.jp">連絡</a> <a href="tel:0312345678">電話</a>',
        '<img alt="" src="https://shop.example.jp/line.png"><img alt="靴" src="https://shop.example.jp/shoe.png">',
        '<style>p { background: url("https://x.example/a.png") }</style><p style="background: URL(https://x.example/b)">x',
    ],
)
def test_not_warned_of(world: World, html: str) -> None:
    mailing_of(world).html = html
    db.session.commit()
    assert all(check.severity is OK for check in found(world).values())


def test_many_links_are_counted_and_not_all_named(world: World) -> None:
    mailing_of(world).html = "".join(f'<a href="http://shop{n}.example.jp/">見る</a>' for n in range(9))
    db.session.commit()
    what = found(world)["リンクの暗号化（https）"].what
    assert "shop4" in what
    assert "shop5" not in what
    assert what.endswith("…")


def test_a_long_subject_is_warned_of(world: World) -> None:
    mailing_of(world).subject = "秋の新商品" * 8
    db.session.commit()
    assert found(world)["件名"].severity is OK
    mailing_of(world).subject += "です"
    db.session.commit()
    check = found(world)["件名"]
    assert (check.severity, "全角で約42文字" in check.what) == (WARNING, True)


def test_characters_that_old_phones_do_not_show_are_warned_of_where_such_phones_read(world: World) -> None:
    mailing_of(world).text = "㈱髙橋①♨ ～ﾔﾏﾀﾞ{{ 氏名 }}"
    db.session.commit()
    assert found(world)["機種依存文字"].severity is OK
    make_subscriber(world.ours.mailing_list, "taro@docomo.ne.jp").domain_group = "docomo"
    db.session.commit()
    check = found(world)["機種依存文字"]
    assert check.severity is WARNING and check.what.endswith("：㈱、髙、①、♨")


def test_an_empty_or_old_text_part_is_warned_of(world: World) -> None:
    mailing_of(world).text = ""
    db.session.commit()
    assert found(world)["テキスト部分"].severity is WARNING
    mailing_of(world).text, mailing_of(world).text_outdated = "x", True
    db.session.commit()
    assert found(world)["テキスト部分"].severity is WARNING


def test_a_contact_that_is_a_telephone_is_no_hindrance_to_replies(world: World) -> None:
    world.ours.contract.contact = "042-123-4567"
    db.session.commit()
    assert "返信" not in found(world)


def test_readers_of_an_attested_upload_are_spoken_of(world: World) -> None:
    title = "登録後はじめてのメール"
    assert title not in found(world)
    upload = Upload(
        customer_id=world.ours.customer.id,
        list_id=world.ours.mailing_list.id,
        kind=UploadKind.attested,
        state=UploadState.applied,
        filename="同意.csv",
    )
    db.session.add(upload)
    db.session.commit()
    assert found(world)[title].severity is OK


def test_refusals_come_first_on_the_page(world: World, browser_for: BrowserFor) -> None:
    mailing = mailing_of(world)
    mailing.subject, mailing.html = "", '<a href="http://shop.example.jp/">見る</a>'
    db.session.commit()
    page = browser_for(world.ours.editor).get(f"/mailings/{mailing.id}/check")
    assert page.text.index("要修正") < page.text.rindex("要確認") < page.text.rindex("問題なし")
    assert "まだ送信できません" in page.text
    assert page.soup.find("input", {"name": "when"}) is None, "nothing to press while something is refused"


def test_the_number_is_an_upper_bound_of_readers(world: World) -> None:
    mailing = mailing_of(world)
    assert most_recipients(mailing) == 3
    mailing.lists = [*mailing.lists, make_list(world.ours.customer, "同じ読者", active_count=3)]
    db.session.commit()
    # Three people on two lists: never more than the customer's registered addresses.
    assert most_recipients(mailing) == 3


@pytest.mark.parametrize("state", [MailingState.scheduled, MailingState.sending, MailingState.done])
def test_what_is_on_its_way_is_not_checked_again(world: World, browser_for: BrowserFor, state: MailingState) -> None:
    mailing_of(world).state = state
    db.session.commit()
    page = browser_for(world.ours.editor).get(f"/mailings/{world.ours.mailing.id}/check")
    assert (page.status, page.location) == (303, f"/mailings/{world.ours.mailing.id}")
