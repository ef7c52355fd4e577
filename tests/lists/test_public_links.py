"""The pages behind mailed links: opening changes nothing, the button acts, one click acts at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests import factories
from tests.factories import World
from tests.lists.recounting import all_rows, assert_counts_are_exact, holds
from tests.page import Browser, Page
from wem import clock, tokens
from wem.contracts.rules import SuspensionGround
from wem.contracts.stop_models import Stop
from wem.db import db
from wem.hashing import address_hash
from wem.lists import leaving, preferences, subscribing
from wem.lists.counting import registered
from wem.lists.form_inputs import input_name
from wem.lists.models import ListField
from wem.lists.rules import Address, read_address
from wem.lists.states import FieldKind, SuppressionReason, Way
from wem.lists.subscription_models import (
    AddressChange,
    ConsentEvent,
    MergedReader,
    Subscriber,
    Subscription,
    Suppression,
)
from wem.outbox import OutboxMail
from wem.sequences.merging import carry
from wem.tokens import Purpose

NEW = "new@readers.example.com"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def later() -> Iterator[Any]:
    """A clock that stands still until it is moved."""
    with time_machine.travel(clock.now(), tick=False) as now:
        yield now


def address(text: str) -> Address:
    found = read_address(text)
    assert isinstance(found, Address)
    return found


def asked(world: World, text: str = NEW, language: str = "ja") -> tuple[str, int]:
    """Sign up; returns the path of the mailed link and the subscription."""
    subscribing.request(world.ours.mailing_list, address(text), way=Way.form, fields={}, language=language)
    db.session.commit()
    row = db.session.scalars(sa.select(Subscription).order_by(Subscription.id.desc()).limit(1)).one()
    return path_in_mail("/c/"), row.id


def path_in_mail(start: str) -> str:
    """Return the path of the last mail's link that begins so, out of the mail itself."""
    mail = db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id.desc()).limit(1)).one()
    assert mail.text is not None and mail.html is not None
    line = next(line for line in mail.text.splitlines() if start in line)
    assert line.strip() in mail.html
    return line.strip().removeprefix("http://localhost:8001")


def press(public: Browser, path: str, now: Any, seconds: float = 3, changes: dict[str, Any] | None = None) -> Page:
    values = public.get(path).form()
    now.shift(timedelta(seconds=seconds))
    return public.post(path, {**values, **(changes or {})})


# /c/


def test_opening_the_link_changes_nothing(world: World, public: Browser, later: Any) -> None:
    path, _ = asked(world)
    before = all_rows()
    page = public.get(path)
    assert page.status == 200
    assert "n****@readers.example.com" in page.text and "お得情報" in page.text
    assert len(page.soup.select("main button")) == 1
    assert public.client.head(path, base_url=public.origin).status_code == 200
    assert all_rows() == before


def test_the_button_confirms(world: World, public: Browser, later: Any) -> None:
    path, number = asked(world)
    page = press(public, path, later)
    assert page.status == 200 and "登録が完了しました" in page.text
    assert registered(world.ours.customer.id) == 4
    link = page.soup.select_one("main a")
    assert link is not None and "/p/" in str(link["href"])
    # Again, and by the old page: said kindly, nothing counted.
    assert "すでに登録されています" in public.get(path).text
    assert "すでに登録されています" in public.post(path, {"page": _moment(later)}).text
    assert registered(world.ours.customer.id) == 4
    event = db.session.scalars(sa.select(ConsentEvent).order_by(ConsentEvent.id.desc())).first()
    assert event is not None and event.ip == "127.0.0.1" and event.user_agent


def _moment(now: Any) -> str:
    token = tokens.sign(Purpose.page, int(clock.now().timestamp() * 1000))
    now.shift(timedelta(seconds=5))
    return token


@pytest.mark.parametrize("seconds", [0, 0.5, 0.99])
def test_a_scanner_is_quicker_than_a_person(world: World, public: Browser, later: Any, seconds: float) -> None:
    path, _ = asked(world)
    before = all_rows()
    page = press(public, path, later, seconds)
    assert page.status == 200 and "もう一度ボタンを押してください" in page.text
    assert all_rows() == before
    values = page.form()
    later.shift(timedelta(seconds=2))
    assert "登録が完了しました" in public.post(path, values).text


def test_a_post_without_our_page(world: World, public: Browser, later: Any) -> None:
    path, _ = asked(world)
    before = all_rows()
    for values in ({}, {"page": "forged"}, {"page": path.removeprefix("/c/")}, ONE_CLICK):
        assert "登録の確認" in public.post(path, values).text
    assert all_rows() == before


@pytest.mark.parametrize(("hours", "good"), [(7 * 24 - 1, True), (7 * 24 + 1, False)])
def test_a_link_is_good_for_seven_days(world: World, public: Browser, later: Any, hours: int, good: bool) -> None:
    path, _ = asked(world)
    later.shift(timedelta(hours=hours))
    page = public.get(path)
    assert page.status == 200
    if good:
        assert "登録が完了しました" in press(public, path, later).text
        return
    assert "使えなくなりました" in page.text
    before = all_rows()
    assert "使えなくなりました" in public.post(path, {"page": _moment(later)}).text
    assert all_rows() == before


def test_a_link_to_what_is_gone(world: World, public: Browser, later: Any) -> None:
    path, number = asked(world)
    row = db.session.get(Subscription, number)
    assert row is not None
    leaving.leave(row.subscriber, [row.list_id])
    db.session.commit()
    page = public.get(path)
    assert page.status == 200 and "使えなくなりました" in page.text
    assert public.post(path, {"page": _moment(later)}).status == 200
    # The number goes to nobody else: the old link stays dead.
    _, another = asked(world, "other@readers.example.com")
    assert another > number
    assert "使えなくなりました" in public.get(path).text


def test_confirming_while_suspended(world: World, public: Browser, later: Any) -> None:
    path, number = asked(world)
    values = public.get(path).form()
    world.ours.contract.suspend(SuspensionGround.danger, "", by=None)
    db.session.commit()
    later.shift(timedelta(seconds=3))
    for page in (public.get(path), public.post(path, values)):
        assert page.status == 403 and "休止しています" in page.text
    row = db.session.get(Subscription, number)
    assert row is not None and row.state == "pending"
    world.ours.contract.resume("", by=None)
    db.session.commit()
    assert "登録が完了しました" in press(public, path, later).text


@pytest.mark.parametrize("token", ["x", "WzFd.aaaa.bbbb", "..", "%00"])
@pytest.mark.parametrize("start", ["/c/", "/u/", "/p/", "/p/new/"])
def test_forged_links(world: World, public: Browser, start: str, token: str) -> None:
    assert public.get(start + token).status == 404
    assert public.post(start + token, {}).status in (404, 405)


def test_a_link_is_good_for_one_purpose(world: World, public: Browser) -> None:
    reader = world.ours.readers[0].id
    signed = {
        "/c/": tokens.sign(Purpose.confirm, 1),
        "/u/": tokens.sign(Purpose.unsubscribe, reader, 0),
        "/p/": tokens.sign(Purpose.preferences, reader),
        "/p/new/": tokens.sign(Purpose.address_change, 1),
    }
    for start in signed:
        for other, token in signed.items():
            if other != start:
                assert public.get(start + token).status == 404, (start, other)
                assert public.post(start + token, ONE_CLICK).status in (404, 405)


def test_the_language_follows_the_reader(world: World, public: Browser, later: Any) -> None:
    path, _ = asked(world, language="en")
    assert path.endswith("?lang=en")
    assert "Complete your registration" in public.get(path).text
    assert "Complete your registration" in public.get(path.removesuffix("?lang=en")).text
    assert "登録の確認" in public.get(path.replace("lang=en", "lang=ja")).text
    assert "Your registration is complete" in press(public, path, later).text


# /u/


def leave_path(world: World, mailing_id: int | None = None) -> str:
    number = world.ours.mailing.id if mailing_id is None else mailing_id
    return "/u/" + tokens.sign(Purpose.unsubscribe, world.ours.readers[0].id, number)


def test_opening_the_way_out_changes_nothing(world: World, public: Browser) -> None:
    before = all_rows()
    page = public.get(leave_path(world))
    assert "t****@readers.example.com" in page.text and "お得情報" in page.text
    assert [button["value"] for button in page.soup.select("main button")] == ["lists", "everything"]
    assert public.client.head(leave_path(world), base_url=public.origin).status_code == 200
    assert all_rows() == before


@pytest.mark.parametrize("options", [{}, {"content_type": "multipart/form-data"}])
def test_one_click(world: World, public: Browser, options: dict[str, Any]) -> None:
    """RFC 8058: at once, without cookie or redirect, twice as good as once."""
    path = leave_path(world)
    page = public.post(path, ONE_CLICK, **options)
    assert (page.status, page.location, page.response.mimetype) == (200, "", "text/plain")
    assert "Set-Cookie" not in page.response.headers
    assert holds("tanaka@readers") == []
    assert world.ours.mailing.unsubscribed == 1
    before = all_rows()
    assert public.post(path, ONE_CLICK).status == 200
    page = public.get(path)
    assert page.status == 200 and "メールは送信されません" in page.text
    assert "メールは送信されません" in public.post(path, {"what": "everything"}).text
    assert all_rows() == before
    # Nothing is mailed to who has just left.
    assert db.session.scalars(sa.select(OutboxMail)).all() == []
    [event] = db.session.scalars(sa.select(ConsentEvent))
    assert event.mailing_id == world.ours.mailing.id


def test_the_button_stops_the_lists_of_the_mailing(world: World, public: Browser) -> None:
    tanaka = world.ours.readers[0]
    sale, other = (factories.make_list(world.ours.customer, name) for name in ("週末セール", "誕生日"))
    for each in (sale, other):
        preferences.change_lists(tanaka, [each.id], [each.id], ip=None, user_agent=None, language="ja")
    world.ours.mailing.lists.append(sale)
    db.session.commit()
    page = public.submit(leave_path(world), {"what": "lists"})
    assert "配信を停止しました" in page.text
    assert "お得情報" in page.text and "週末セール" in page.text and "誕生日" not in page.text
    assert {row.list_id: row.state for row in tanaka.subscriptions} == {
        world.ours.mailing_list.id: "unsubscribed",
        sale.id: "unsubscribed",
        other.id: "active",
    }
    assert world.ours.mailing.unsubscribed == 1
    assert path_in_mail("/p/")  # says what has stopped, and how to see the rest
    # A later press on the old page.
    assert "すでに停止しています" in public.post(leave_path(world), {"what": "lists"}).text
    assert world.ours.mailing.unsubscribed == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Stop)) == 1
    assert_counts_are_exact()


def test_everything_from_this_customer(world: World, public: Browser) -> None:
    page = public.submit(leave_path(world), {"what": "everything"})
    assert "配信を停止しました" in page.text and "消去しました" in page.text
    assert holds("tanaka@readers") == []
    found = db.session.scalars(
        sa.select(Suppression.list_id).where(Suppression.address_hash == address_hash("tanaka@readers.example.com"))
    )
    assert set(found) == {0, world.ours.mailing_list.id}
    assert world.ours.mailing.unsubscribed == 1
    assert_counts_are_exact()


def test_without_a_mailing_every_list_stops(world: World, public: Browser) -> None:
    tanaka = world.ours.readers[0]
    sale = factories.make_list(world.ours.customer, "週末セール")
    preferences.change_lists(tanaka, [sale.id], [sale.id], ip=None, user_agent=None, language="ja")
    db.session.commit()
    assert public.post(leave_path(world, 0), ONE_CLICK).status == 200
    assert holds("tanaka@readers") == []
    assert world.ours.mailing.unsubscribed == 0


def test_a_mailing_of_another_customer_is_not_counted(world: World, public: Browser) -> None:
    """Cannot be signed by us; would do no harm."""
    assert public.post(leave_path(world, world.theirs.mailing.id), ONE_CLICK).status == 200
    assert world.theirs.mailing.unsubscribed == 0


def test_the_way_out_is_open_while_suspended(world: World, public: Browser) -> None:
    world.ours.contract.suspend(SuspensionGround.nonpayment, "", by=None)
    db.session.commit()
    assert public.get(leave_path(world)).status == 200
    assert public.post(leave_path(world), ONE_CLICK).status == 200
    assert holds("tanaka@readers") == []


def test_an_old_link_stops_nothing_of_a_new_registration(world: World, public: Browser, later: Any) -> None:
    """Who came back is another row: the old mail's link says that nothing is sent for it."""
    path = leave_path(world)
    public.post(path, ONE_CLICK)
    later.shift(timedelta(days=2))
    link, _ = asked(world, "tanaka@readers.example.com")
    assert "登録が完了しました" in press(public, link, later).text
    assert "メールは送信されません" in public.get(path).text


# /p/


def preferences_path(world: World) -> str:
    return "/p/" + tokens.sign(Purpose.preferences, world.ours.readers[0].id)


def test_the_page_shows_all_that_is_stored(world: World, public: Browser) -> None:
    tanaka = world.ours.readers[0]
    name = world.ours.field
    tanaka.fields = {"氏名": "田中 一郎", "興味": ["野球", "旅行"], "会員": True}
    factories.make_field(world.ours.customer, "興味")
    factories.make_field(world.ours.customer, "会員")
    db.session.commit()
    page = public.get(preferences_path(world))
    for words in ("tanaka@readers.example.com", name.label, "田中 一郎", "野球 / 旅行", "はい", "お得情報"):
        assert words in page.text
    assert "suzuki" not in page.html


def test_choosing_lists(world: World, public: Browser) -> None:
    tanaka, news = world.ours.readers[0], world.ours.mailing_list
    sale = factories.make_list(world.ours.customer, "週末セール")
    factories.make_list(world.ours.customer, "閉じたリスト", sign_up_open=False)
    foreign = world.theirs.mailing_list.id
    db.session.commit()
    path = preferences_path(world)
    assert "閉じたリスト" not in public.get(path).text
    page = public.submit(path, {"list": [str(news.id), str(sale.id), str(foreign)]}, action="/lists")
    assert page.status == 303
    assert "変更を保存しました" in public.get(page.location).text
    # Joined at once: the address is proven. The proof says so.
    assert {row.list_id: row.state for row in tanaka.subscriptions} == {news.id: "active", sale.id: "active"}
    event = db.session.scalars(sa.select(ConsentEvent).order_by(ConsentEvent.id.desc())).first()
    assert event is not None
    assert (event.kind, event.way, event.list_id) == ("confirmed", "form", sale.id)
    assert event.shown_text_id is not None
    assert registered(world.ours.customer.id) == 3
    public.submit(path, {"list": str(sale.id)}, action="/lists")
    assert {row.list_id: row.state for row in tanaka.subscriptions} == {news.id: "unsubscribed", sale.id: "active"}
    assert_counts_are_exact()
    # Asked once, with what it does.
    page = public.submit(path, {"list": []}, action="/lists")
    assert page.status == 200 and "すべての配信を停止しますか" in page.text
    assert tanaka.active_count == 1
    page = public.post(path + "/lists", page.form())
    assert "お預かりしている情報はありません" in public.get(page.location).text
    assert holds("tanaka@readers") == []
    assert_counts_are_exact()


@pytest.mark.parametrize("number", ["²", "１", "9" * 5000, "-1", "x"])
def test_what_is_no_number_of_a_list(world: World, public: Browser, number: str) -> None:
    page = public.post(preferences_path(world) + "/lists", {"list": [str(world.ours.mailing_list.id), number]})
    assert page.status == 303
    assert world.ours.readers[0].active_count == 1


def test_joining_clears_the_no(world: World, public: Browser) -> None:
    tanaka = world.ours.readers[0]
    sale = factories.make_list(world.ours.customer, "週末セール")
    leaving.suppress(world.ours.customer.id, tanaka.address_hash, [sale.id], SuppressionReason.unsubscribed)
    db.session.commit()
    public.submit(preferences_path(world), {"list": [str(world.ours.mailing_list.id), str(sale.id)]}, action="/lists")
    assert db.session.scalars(sa.select(Suppression)).all() == []


def test_while_suspended_one_may_leave_but_not_join(world: World, public: Browser) -> None:
    tanaka, news = world.ours.readers[0], world.ours.mailing_list
    sale = factories.make_list(world.ours.customer, "週末セール")
    world.ours.contract.suspend(SuspensionGround.nonpayment, "", by=None)
    db.session.commit()
    path = preferences_path(world)
    assert "週末セール" not in public.get(path).text
    public.post(path + "/lists", {"list": [str(news.id), str(sale.id)]})
    assert [row.list_id for row in tanaka.subscriptions] == [news.id]
    public.post(path + "/lists", {"sure": "1"})
    assert holds("tanaka@readers") == []


def test_own_details(world: World, public: Browser) -> None:
    tanaka = world.ours.readers[0]
    world.ours.mailing_list.form_fields.append(ListField(field_id=world.ours.field.id, required=True))
    tanaka.fields = {**tanaka.fields, "顧客番号": "K-77"}  # not on the form: stays
    db.session.commit()
    path, name = preferences_path(world), input_name(world.ours.field.id)
    page = public.submit(path, {name: "﨑山 次郎"}, action="/details")
    assert page.status == 303
    assert tanaka.fields == {"氏名": "﨑山 次郎", "顧客番号": "K-77"}
    page = public.submit(path, {name: ""}, action="/details")
    assert page.status == 422 and tanaka.fields["氏名"] == "﨑山 次郎"
    kinds = [event.kind for event in db.session.scalars(sa.select(ConsentEvent))]
    assert kinds == ["changed"]


def test_own_choices_that_are_offered_no_more(world: World, public: Browser) -> None:
    tanaka = world.ours.readers[0]
    colour = factories.make_field(world.ours.customer, "色", FieldKind.choice, key="色", options=["赤", "青"])
    likes = factories.make_field(world.ours.customer, "趣味", FieldKind.choices, key="趣味", options=["旅行"])
    for row in (world.ours.field, colour, likes):
        world.ours.mailing_list.form_fields.append(ListField(field_id=row.id, required=True))
    tanaka.fields = {"氏名": "田中 一郎", "色": "緑", "趣味": ["将棋"]}
    db.session.commit()
    page = public.submit(preferences_path(world), {input_name(world.ours.field.id): "田中 次郎"}, action="/details")
    assert page.status == 303
    assert tanaka.fields == {"氏名": "田中 次郎", "色": "緑", "趣味": ["将棋"]}


def test_another_address(world: World, public: Browser, later: Any) -> None:
    tanaka = world.ours.readers[0]
    path = preferences_path(world)
    page = public.submit(path, {"address": "あいう"}, action="/address")
    assert page.status == 422
    page = public.submit(path, {"address": "new@docomo.ne.jp"}, action="/address")
    assert "新しいアドレスに確認メールをお送りしました" in public.get(page.location).text
    link = path_in_mail("/p/new/")
    before = all_rows()
    assert "n****@docomo.ne.jp" in public.get(link).text
    assert "もう一度" in press(public, link, later, 0.2).text
    assert all_rows() == before
    assert "メールアドレスを変更しました" in press(public, link, later).text
    assert tanaka.address == "new@docomo.ne.jp"
    assert holds("tanaka@readers") == []
    assert "使えなくなりました" in public.get(link).text
    assert_counts_are_exact()


def merge(number: int, into: str) -> None:
    reader = db.session.get_one(Subscriber, number)
    preferences.ask_address_change(reader, address(into), language="ja")
    change = db.session.scalars(sa.select(AddressChange).where(AddressChange.subscriber_id == number)).one()
    moved, _ = preferences.move_address(change, ip=None, user_agent=None, carry=carry)
    assert moved is preferences.Moved.merged
    db.session.commit()


def test_old_links_lead_to_the_reader_that_two_became(world: World, public: Browser) -> None:
    """Twice: the first becomes the second, the second the third; the mails to the first are still there."""
    first, second, third = (reader.id for reader in world.ours.readers)
    leave, own = leave_path(world), preferences_path(world)
    addresses = [reader.address for reader in world.ours.readers]
    merge(first, addresses[1])
    assert "お得情報" in public.get(leave).text
    merge(second, addresses[2])
    assert {row.old_id: row.into_id for row in db.session.scalars(sa.select(MergedReader))} == {
        first: third,
        second: third,
    }
    assert addresses[2] in public.get(own).text
    page = public.submit(own, {"address": "suzuki@flowers.example.net"}, action="/address")
    assert page.status == 303
    page = public.get(leave)
    assert page.status == 200 and "お得情報" in page.text
    assert public.post(leave, ONE_CLICK).status == 200
    assert db.session.get(Subscriber, third) is None
    assert world.ours.mailing.unsubscribed == 1
    # With the reader goes what led there.
    assert db.session.scalars(sa.select(MergedReader)).all() == []
    assert "メールは送信されません" in public.get(leave).text
    assert "お預かりしている情報はありません" in public.get(own).text
    assert_counts_are_exact()


def test_an_old_link_stops_one_of_two_lists(world: World, public: Browser) -> None:
    first, second = world.ours.readers[0].id, world.ours.readers[1].id
    sale = factories.make_list(world.ours.customer, "週末セール")
    preferences.change_lists(world.ours.readers[1], [sale.id], [sale.id], ip=None, user_agent=None, language="ja")
    db.session.commit()
    leave = leave_path(world)
    merge(first, world.ours.readers[1].address)
    page = public.submit(leave, {"what": "lists"})
    assert "配信を停止しました" in page.text and "お得情報" in page.text
    # What is left is shown by a link that names the reader of now.
    links = re.findall(r'/p/([^"/?]+)', page.html)
    assert [second] in [tokens.read(Purpose.preferences, link, timedelta(days=1)) for link in links]
    assert {row.list_id: row.state for row in db.session.get_one(Subscriber, second).subscriptions} == {
        world.ours.mailing_list.id: "unsubscribed",
        sale.id: "active",
    }


def test_another_readers_address_looks_the_same(world: World, public: Browser, later: Any) -> None:
    """The page does not tell who is registered; only who holds both mailboxes gets further."""
    path = preferences_path(world)
    known = public.submit(path, {"address": "suzuki@readers.example.com"}, action="/address")
    unknown = public.submit(path, {"address": "unknown@readers.example.com"}, action="/address")
    own = public.submit(path, {"address": "tanaka@readers.example.com"}, action="/address")
    assert known.location == unknown.location == own.location
    # The last wish counts; a wish for one's own address is none.
    assert [change.address for change in db.session.scalars(sa.select(AddressChange))] == [
        "unknown@readers.example.com"
    ]


def test_delete_me(world: World, public: Browser) -> None:
    path = preferences_path(world)
    before = all_rows()
    page = public.get(path + "/delete")
    assert "元に戻すことはできません" in page.text
    assert all_rows() == before
    page = public.submit(path + "/delete", {})
    assert "すべて削除しました" in page.text
    assert holds("tanaka@readers") == []
    assert registered(world.ours.customer.id) == 2
    noes = set(db.session.scalars(sa.select(Suppression.list_id)))
    assert noes == {0, world.ours.mailing_list.id}
    for each in (path, path + "/delete"):
        assert "お預かりしている情報はありません" in public.get(each).text
    for each in ("/lists", "/details", "/address", "/delete"):
        assert public.post(path + each, {}).status == 200
    assert_counts_are_exact()


# All of them


def test_no_page_sets_a_cookie_or_changes_anything_by_opening(
    app: Flask, world: World, public: Browser, later: Any
) -> None:
    confirm, _ = asked(world)
    preferences.ask_address_change(world.ours.readers[1], address("moved@readers.example.com"), language="ja")
    db.session.commit()
    change = path_in_mail("/p/new/")
    own = preferences_path(world)
    paths = ["/h/takahashi/", "/h/takahashi/join", "/h/takahashi/news/join", "/h/takahashi/join/sent", confirm, change]
    paths += [leave_path(world), own, own + "/delete"]
    before = all_rows()
    for path in paths:
        for language in ("", "?lang=en"):
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = public.client.open(path + language, method=method, base_url=public.origin)
                assert answer.status_code == 200, path
                assert "Set-Cookie" not in answer.headers, path
        page = public.get(path)
        assert "csrf_token" not in page.html
        assert page.response.headers["Referrer-Policy"] == "no-referrer"
        assert page.response.headers["Cache-Control"] == "no-store"
    assert all_rows() == before
    # Nor by acting: every form there is.
    for path, values in [
        ("/h/takahashi/news/join", {}),
        (confirm, {}),
        (change, {}),
        (own + "/lists", {"list": "1"}),
        (own + "/details", {}),
        (own + "/address", {"address": "x@readers.example.com"}),
        (own + "/delete", {}),
        (leave_path(world), ONE_CLICK),
    ]:
        answer = public.client.post(path, data=values, base_url=public.origin)
        assert "Set-Cookie" not in answer.headers, path
    assert db.session.get(Subscriber, world.ours.readers[0].id) is None
