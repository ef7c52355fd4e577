"""The customer's page for readers and the sign-up forms, as a reader meets them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from tests import factories
from tests.factories import World
from tests.lists.recounting import all_rows, assert_counts_are_exact
from tests.page import Browser, Page
from wem import clock
from wem.contracts.rules import ContractState, SuspensionGround
from wem.db import db
from wem.lists import form_inputs
from wem.lists.form_inputs import input_name
from wem.lists.models import Field, ListField
from wem.lists.states import FieldKind
from wem.lists.subscription_models import ConsentEvent, ShownText, Subscriber, Subscription
from wem.outbox import OutboxMail
from wem.web.limits import limiter

NEW = "new@readers.example.com"
_ips = itertools.count(1)


@pytest.fixture(autouse=True)
def another_ip(public: Browser) -> None:
    """Each test comes from an address of its own: limits count by it."""
    number = next(_ips)
    public.client.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"


@pytest.fixture
def later() -> Iterator[time_machine.Coordinates]:
    """A clock that stands still until it is moved."""
    with time_machine.travel(clock.now(), tick=False) as now:
        yield now


def fill_in(public: Browser, path: str, changes: dict[str, Any], now: Any, seconds: float = 5) -> Page:
    """Open the form, take some seconds and press the button."""
    values = {**public.get(path).form("join"), **changes}
    now.shift(timedelta(seconds=seconds))
    return public.post(path, values)


def with_fields(world: World) -> dict[str, Field]:
    """Put a field of each kind onto the form of our list."""
    ours = world.ours
    made = {
        kind.value: factories.make_field(ours.customer, f"項目 {kind.value}", kind, options=options)
        for kind, options in (
            (FieldKind.text, []),
            (FieldKind.number, []),
            (FieldKind.date, []),
            (FieldKind.choice, ["東京都", "大阪府"]),
            (FieldKind.choices, ["野球", "茶道; 華道", "旅行"]),
            (FieldKind.yes_no, []),
        )
    }
    for place, field in enumerate(made.values()):
        ours.mailing_list.form_fields.append(ListField(field_id=field.id, position=place))
    db.session.commit()
    return made


def answers(text: str = NEW) -> dict[str, Any]:
    found = db.session.scalar(
        sa.select(Subscription.answers)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.address_key == text, Subscription.state == "pending")
    )
    return found or {}


def mails() -> list[OutboxMail]:
    return list(db.session.scalars(sa.select(OutboxMail)))


def test_home_says_who_sends_and_what(world: World, public: Browser) -> None:
    factories.make_list(world.ours.customer, "閉じたリスト", sign_up_open=False)
    factories.make_list(world.ours.customer, "昔のリスト", archived_at=clock.now())
    db.session.commit()
    page = public.get("/h/takahashi/")
    assert page.status == 200
    for words in ("株式会社髙橋商店", "お得情報"):
        assert words in page.text
    assert "閉じたリスト" not in page.text and "昔のリスト" not in page.text
    for words in ("東京都立川市曙町1-1-1", "info@shop.example.jp", "日本IP通信株式会社"):
        assert words in page.html
    assert public.get("/h/nobody/").status == 404


def test_the_notice_stands_before_the_button(world: World, public: Browser) -> None:
    for path in ("/h/takahashi/join", "/h/takahashi/news/join"):
        page = public.get(path)
        form = page.soup.find("form", id="join")
        assert form is not None
        html = str(form)
        assert 0 < html.index("登録の前にお読みください") < html.index("同意して登録する")
        for words in (
            "日本IP通信株式会社が",
            "広告・宣伝を含むメール",
            "開封とリンクのクリック",
            "渡すことはありません",
            "いつでも停止",
        ):
            assert words in html


def test_a_sign_up(world: World, public: Browser, later: Any) -> None:
    page = fill_in(public, "/h/takahashi/news/join", {"address": f" {NEW.upper()} "}, later)
    assert (page.status, page.location) == (303, "/h/takahashi/join/sent")
    said = public.get(page.location)
    assert "メールをお送りしました" in said.text and NEW not in said.html
    [mail] = mails()
    assert (mail.kind, mail.recipient) == ("reader_confirmation", "NEW@readers.example.com")
    event = db.session.scalars(sa.select(ConsentEvent)).one()
    assert (event.way, event.ip) == ("form", public.client.environ_base["REMOTE_ADDR"])
    assert_counts_are_exact()


def test_the_answer_is_the_same_for_known_and_unknown(world: World, public: Browser, later: Any) -> None:
    known = fill_in(public, "/h/takahashi/news/join", {"address": "tanaka@readers.example.com"}, later)
    unknown = fill_in(public, "/h/takahashi/news/join", {"address": NEW}, later)
    spent = fill_in(public, "/h/takahashi/news/join", {"address": NEW}, later)
    for page in (known, spent):
        assert (page.status, page.location, page.html) == (unknown.status, unknown.location, unknown.html)
    assert [mail.kind for mail in mails()] == ["reader_already_registered", "reader_confirmation"]


def test_every_kind_of_field(world: World, public: Browser, later: Any) -> None:
    made = with_fields(world)
    names = {kind: input_name(field.id) for kind, field in made.items()}
    typed = {
        names["text"]: "新井 三郎",
        names["number"]: "１，２３４",
        names["date"]: "昭和57年6月21日",
        names["choice"]: "大阪府",
        names["choices"]: ["野球", "茶道; 華道"],
        names["yes_no"]: "yes",
    }
    assert fill_in(public, "/h/takahashi/news/join", {"address": NEW, **typed}, later).status == 303
    assert answers() == {
        "項目 text": "新井 三郎",
        "項目 number": 1234,
        "項目 date": "1982-06-21",
        "項目 choice": "大阪府",
        "項目 choices": ["野球", "茶道; 華道"],
        "項目 yes_no": True,
    }
    shown = db.session.scalars(sa.select(ShownText)).one()
    assert shown.content["labels"] == [field.label for field in made.values()]


def test_no_answer_is_chosen_until_there_is_one_and_stands_not_where_one_is_needed(
    world: World, public: Browser, later: Any
) -> None:
    made = with_fields(world)
    names = [input_name(made[kind].id) for kind in ("choice", "yes_no")]
    page = public.get("/h/takahashi/news/join")
    for name in names:
        assert [box["value"] for box in page.soup.select(f"[name={name}][checked]")] == [""]
    assert "回答なし" in page.text
    assert fill_in(public, "/h/takahashi/news/join", {"address": NEW}, later).status == 303
    assert answers() == {}
    for row in world.ours.mailing_list.form_fields:
        row.required = True
    db.session.commit()
    page = public.get("/h/takahashi/news/join")
    assert not any(page.soup.select(f"[name={name}][value='']") for name in names)


@pytest.mark.parametrize(
    ("kind", "typed", "words"),
    [
        ("number", "十二", "数字"),
        ("date", "2026-02-30", "日"),
        ("choice", "京都府", "選"),
        ("choices", ["野球", "釣り"], "選"),
        ("yes_no", "たぶん", "はい"),
        ("text", "一行目\n二行目", "改行"),
        ("text", "", "入力"),
    ],
)
def test_what_cannot_be_is_said_at_the_field(
    world: World, public: Browser, later: Any, kind: str, typed: Any, words: str
) -> None:
    made = with_fields(world)
    for row in world.ours.mailing_list.form_fields:
        row.required = row.field.kind == "text"
    db.session.commit()
    values = {input_name(made["text"].id): "新井", input_name(made[kind].id): typed, "address": NEW}
    page = fill_in(public, "/h/takahashi/news/join", values, later)
    assert page.status == 422
    # What was typed rightly stays.
    address = page.soup.find("input", {"name": "address"})
    assert address is not None and address["value"] == NEW
    assert page.soup.find(attrs={"data-error-summary": True})
    errors = page.soup.find_all(class_="field-error")
    assert len(errors) == 1 and words in errors[0].get_text()
    assert mails() == []


@pytest.mark.parametrize("typed", ["", "nobody", "a b@example.com", "a@b@c", "a..b@example.com"])
def test_what_is_no_address(world: World, public: Browser, later: Any, typed: str) -> None:
    page = fill_in(public, "/h/takahashi/news/join", {"address": typed}, later)
    assert page.status == 422
    assert len(page.soup.find_all(class_="field-error")) == 1


# Machines


def test_the_trap(world: World, public: Browser, later: Any) -> None:
    """A machine that fills in everything gets the same answer, and nothing happens."""
    before = all_rows()
    page = fill_in(public, "/h/takahashi/news/join", {"address": NEW, form_inputs.TRAP: "buy"}, later)
    assert (page.status, page.location) == (303, "/h/takahashi/join/sent")
    assert all_rows() == before


@pytest.mark.parametrize(
    ("seconds", "good"), [(0, False), (1.9, False), (2, True), (3600, True), (3601, False), (86400, False)]
)
def test_the_time_of_a_form(world: World, public: Browser, later: Any, seconds: float, good: bool) -> None:
    values = {"address": NEW}
    page = fill_in(public, "/h/takahashi/news/join", values, later, seconds)
    if good:
        assert page.status == 303
        return
    assert page.status == 200
    assert mails() == []
    # The form comes again with what was typed and a fresh time: the same press works then.
    assert "もう一度ボタンを押してください" in page.text
    again = page.form("join")
    assert again["address"] == NEW
    later.shift(timedelta(seconds=3))
    assert public.post("/h/takahashi/news/join", again).status == 303


@pytest.mark.parametrize("shown", ["", "forged", "of another customer"])
def test_a_forged_time(world: World, public: Browser, later: Any, shown: str) -> None:
    if shown == "of another customer":
        shown = public.get("/h/yamada/news/join").form("join")[form_inputs.SHOWN]
        later.shift(timedelta(seconds=10))
    page = public.post("/h/takahashi/news/join", {"address": NEW, form_inputs.SHOWN: shown})
    assert page.status == 200 and mails() == []


def test_a_form_on_the_customers_own_site(world: World, public: Browser, later: Any) -> None:
    """Without our token the notice comes first; only our own button registers."""
    made = with_fields(world)
    before = all_rows()
    name = input_name(made["text"].id)
    headers = {"Origin": "https://www.takahashi.example.jp"}
    page = public.post("/h/takahashi/news/join", {"address": NEW, name: "新井"}, headers=headers)
    assert page.status == 200
    assert "まだ登録されていません" in page.text
    assert all_rows() == before
    values = page.form("join")
    assert (values["address"], values[name]) == (NEW, "新井")
    later.shift(timedelta(seconds=4))
    assert public.post("/h/takahashi/news/join", values).status == 303
    event = db.session.scalars(sa.select(ConsentEvent)).one()
    assert event.way == "embedded"
    assert answers() == {"項目 text": "新井"}


# Several lists


def test_several_lists_at_once(world: World, public: Browser, later: Any) -> None:
    sale = factories.make_list(world.ours.customer, "週末セール", "sale")
    factories.make_list(world.ours.customer, "誕生日", "birthday")
    name = factories.make_field(world.ours.customer, "お名前")
    sale.form_fields.append(ListField(field_id=name.id, required=True))
    db.session.commit()
    values = {"address": NEW, "list": ["news", "sale"]}
    assert "次の配信では必須です：週末セール" in public.get("/h/takahashi/join").text
    page = fill_in(public, "/h/takahashi/join", values, later)
    assert page.status == 422 and len(page.soup.find_all(class_="field-error")) == 1
    values[input_name(name.id)] = "新井"
    assert fill_in(public, "/h/takahashi/join", values, later).status == 303
    [mail] = mails()
    assert "お得情報" in (mail.text or "") and "週末セール" in (mail.text or "") and "誕生日" not in (mail.text or "")
    # Required for the other list only.
    values = {"address": "another@readers.example.com", "list": ["birthday"]}
    assert fill_in(public, "/h/takahashi/join", values, later).status == 303
    assert_counts_are_exact()


@pytest.mark.parametrize("chosen", [[], ["nothing"]])
def test_no_list_chosen(world: World, public: Browser, later: Any, chosen: list[str]) -> None:
    factories.make_list(world.ours.customer, "週末セール", "sale")
    db.session.commit()
    page = fill_in(public, "/h/takahashi/join", {"address": NEW, "list": chosen}, later)
    assert page.status == 422


# Closed


def _close_list(world: World) -> None:
    world.ours.mailing_list.sign_up_open = False


def _suspend(world: World) -> None:
    world.ours.contract.suspend(SuspensionGround.nonpayment, "", by=None)


def _end(world: World) -> None:
    world.ours.contract.state = ContractState.ended


@pytest.mark.parametrize("close", [_close_list, _suspend, _end])
def test_closed(world: World, public: Browser, later: Any, close: Any) -> None:
    values = {**public.get("/h/takahashi/news/join").form("join"), "address": NEW}
    later.shift(timedelta(seconds=5))
    close(world)
    db.session.commit()
    before = all_rows()
    for path in ("/h/takahashi/join", "/h/takahashi/news/join"):
        page = public.get(path)
        assert page.status == 200 and "休止しています" in page.text
        assert "株式会社髙橋商店" in page.html
        assert page.soup.find("form") is None
        assert public.post(path, values).status == 403
    assert "休止しています" in public.get("/h/takahashi/").text
    if close is not _end:
        assert "東京都立川市曙町1-1-1" in page.html
    assert all_rows() == before


def test_there_is_no_such_list(world: World, public: Browser) -> None:
    assert public.get("/h/takahashi/nothing/join").status == 404
    assert public.post("/h/takahashi/nothing/join", {}).status == 404


# Language, cookies, origins


def test_in_english(world: World, public: Browser, later: Any) -> None:
    page = fill_in(public, "/h/takahashi/news/join?lang=en", {"address": NEW}, later)
    assert page.location == "/h/takahashi/join/sent?lang=en"
    assert "Please look into your mailbox" in public.get(page.location).text
    reader = db.session.scalars(sa.select(Subscriber).where(Subscriber.address_key == NEW.lower())).one()
    assert reader.language == "en"
    [mail] = mails()
    assert (mail.subject or "").startswith("Please confirm")
    assert "?lang=en" in (mail.text or "")
    # The next reader sees Japanese again.
    assert public.get("/h/takahashi/news/join").soup.html["lang"] == "ja"  # type: ignore[index]


def test_many_wishes_from_one_place_are_stopped(
    world: World, public: Browser, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter, "enabled", True)
    statuses = [
        fill_in(public, "/h/takahashi/news/join", {"address": f"r{number}@readers.example.com"}, later).status
        for number in range(32)
    ]
    assert statuses == [303] * 30 + [429] * 2


def test_the_portal_has_none_of_these_pages(world: World, browser_for: Any) -> None:
    portal = browser_for()
    assert portal.get("/h/takahashi/").status == 404
    assert portal.get("/h/takahashi/news/join").status == 404
