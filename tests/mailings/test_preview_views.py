"""Previews: sandboxed, filled in with invented readers or a masked one, with the legal block; test copies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.conftest import PUBLIC
from tests.factories import World, made_of_blocks, make_field
from tests.page import Browser
from wem import clock
from wem.audit import AuditEvent
from wem.db import db
from wem.hashing import address_hash
from wem.lists.states import SuppressionReason
from wem.lists.subscription_models import EVERY_LIST, Suppression
from wem.mailings import block_editing, models, starting, testing
from wem.mailings.models import BodyKind, Mailing
from wem.outbox import OutboxMail

BrowserFor = Callable[..., Browser]
ADDRESSES = ("tanaka@readers.example.com", "suzuki@readers.example.com", "takahashi@readers.example.com")


@pytest.fixture
def editor(world: World, browser_for: BrowserFor) -> Browser:
    return browser_for(world.ours.editor)


def preview(world: World, rest: str = "") -> str:
    return f"/mailings/{world.ours.mailing.id}/preview{rest}"


def test_the_mail_stands_in_a_frame_of_its_own_without_any_right(world: World, editor: Browser) -> None:
    frame = editor.get(preview(world)).soup.find("iframe")
    assert frame is not None
    assert not frame["sandbox"], "no right at all"
    assert frame["title"]
    mail = editor.get(str(frame["src"]))
    policy = mail.response.headers["Content-Security-Policy"]
    rules = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert rules["sandbox"] == ""
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == f"https: data: {PUBLIC}"
    assert rules["style-src"] == "'unsafe-inline'"
    assert rules["frame-ancestors"] == "'self'"
    assert "script-src" not in rules
    assert mail.response.headers["X-Content-Type-Options"] == "nosniff"
    assert mail.response.mimetype == "text/html"


def test_images_are_off_when_asked(world: World, editor: Browser) -> None:
    frame = editor.get(preview(world, "?view=images")).soup.find("iframe")
    assert frame is not None
    policy = editor.get(str(frame["src"])).response.headers["Content-Security-Policy"]
    assert "img-src 'none';" in policy


def test_beside_the_editor_the_mail_has_its_place_and_no_right_to_run(world: World, editor: Browser) -> None:
    mailing, frame = world.ours.mailing, preview(world, "/html?beside=1")
    assert editor.get(frame).response.headers["Content-Security-Policy"].startswith("sandbox;"), "no blocks, no editor"
    mailing.body_kind, mailing.html, mailing.text = BodyKind.blocks, "", ""
    block_editing.begin(mailing, made_of_blocks(), by=world.ours.editor.id)
    db.session.commit()
    mail = editor.get(frame)
    policy = mail.response.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-same-origin; default-src 'none'; ")
    assert "script" not in policy
    # The editor finds its blocks in it; nobody else gets the marks.
    assert [len(mail.soup.select(f".wm-at-{id}")) for id in ("b2", "b4", "b5")] == [1, 1, 1]
    assert "wm-at-" not in mailing.html + editor.get(preview(world, "/html")).html


def test_all_readers_stand_side_by_side(world: World, editor: Browser) -> None:
    page = editor.get(preview(world, "/readers"))
    assert len(page.soup.select("iframe.mail-frame")) == 4, "the old phone shows text"
    assert len(page.soup.select("pre.mail-text")) == 1
    assert len(editor.get(preview(world, "/readers?show=worst")).soup.select("iframe.mail-frame")) == 2


def test_a_dark_background_is_a_choice_of_its_own_within_the_frame(world: World, editor: Browser) -> None:
    world.ours.mailing.html = '<p style="color:#000000">{{ 氏名 }}様</p>'
    db.session.commit()
    page = editor.get(preview(world, "?reader=2&view=dark"))
    chosen = page.soup.find("a", attrs={"aria-current": True}, string="暗い背景")
    assert chosen is not None
    frame = page.soup.find("iframe", class_="mail-frame-dark")
    assert frame is not None and not frame["sandbox"]
    mail = editor.get(str(frame["src"]))
    assert mail.response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "background-color:#1f1f1f" in mail.html
    assert "寿限無" in mail.html, "as the reader who was chosen"
    assert "#000000" not in mail.html
    assert "#000000" in editor.get(preview(world, "/html?reader=2")).html


def test_the_legal_block_is_shown_in_html_and_text(world: World, editor: Browser) -> None:
    for path in (preview(world, "/html"), preview(world, "?view=text")):
        text = editor.get(path).html
        for item in ("株式会社髙橋商店", "190-0012", "東京都立川市曙町1-1-1", "info@shop.example.jp", "/u/"):
            assert item in text, (path, item)


@pytest.mark.parametrize(
    ("reader", "greeting"), [(0, "﨑山 花子様"), (1, "お客様"), (2, "寿限無"), (3, "ﾔﾏﾀﾞ ﾀﾛｳ様"), (4, "O&#39;Brien")]
)
def test_five_invented_readers(world: World, editor: Browser, reader: int, greeting: str) -> None:
    assert greeting in editor.get(preview(world, f"/html?reader={reader}")).html
    page = editor.get(preview(world, f"?reader={reader}&view=text"))
    assert page.soup.find("pre", class_="mail-text") is not None


def test_an_old_phone_shows_text_by_itself(world: World, editor: Browser) -> None:
    assert editor.get(preview(world, "?reader=3")).soup.find("iframe") is None
    assert editor.get(preview(world, "?reader=3&view=phone")).soup.find("iframe", class_="mail-frame-phone")


@pytest.mark.parametrize("reader", ["99", "", "x", "0.5", "²"])
def test_any_other_reader_is_the_first(world: World, editor: Browser, reader: str) -> None:
    page = editor.get(preview(world, f"?reader={reader}"))
    assert page.status == 200
    assert "すべての項目に値がある" in page.text


def test_one_reader_is_looked_up_and_masked(world: World, editor: Browser, browser_for: BrowserFor) -> None:
    make_field(world.ours.customer, "予備メール")
    reader = world.ours.readers[0]
    reader.fields = {**reader.fields, "予備メール": "tanaka@readers.example.com"}
    mailing = world.ours.mailing
    mailing.html, mailing.text = "<p>{{ 氏名 }} {{ 予備メール }}</p>", "{{ 氏名 }} {{ email }} {{ 予備メール }}"
    db.session.commit()
    found = editor.submit(preview(world), {"address": "Tanaka@readers.example.com"}, action="preview/reader")
    assert found.status == 303
    page = editor.get(found.location + "&view=text")
    assert "田中 一郎" in page.text
    assert "t****@readers.example.com" in page.text
    mail = editor.get(str(editor.get(found.location).soup.find("iframe")["src"]))  # type: ignore[index]
    assert "田中 一郎" in mail.html
    for answer in (page, mail):
        assert "tanaka@" not in answer.html.lower()
    # The way out in it is nobody's.
    assert db.session.scalars(sa.select(AuditEvent.action)).all().count("subscriber.find") == 1
    assert "tanaka@" not in str([event.details for event in db.session.scalars(sa.select(AuditEvent))])
    # The link is that person's alone, and not for long.
    other = browser_for(world.ours.owner).get(found.location + "&view=text")
    assert "田中 一郎" not in other.text
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=31), tick=True):
        late = browser_for(world.ours.editor).get(found.location + "&view=text")
        assert "田中 一郎" not in late.text


@pytest.mark.parametrize("address", ["nobody@readers.example.com", "tanaka", "tanaka@flowers.example.net"])
def test_a_look_up_that_finds_nobody(world: World, editor: Browser, address: str) -> None:
    page = editor.submit(preview(world), {"address": address}, action="preview/reader")
    assert page.status == 422
    assert "読者" in page.soup.find(id="address-error").get_text()  # type: ignore[union-attr]


def test_a_reader_of_another_customer_is_not_found(world: World, editor: Browser) -> None:
    theirs = world.theirs.readers[0].address
    assert editor.submit(preview(world), {"address": theirs}, action="preview/reader").status == 422


def test_gmail_is_warned_of(world: World, editor: Browser) -> None:
    world.ours.mailing.html = f"<p>{'長いメールです。' * 5000}</p>"
    db.session.commit()
    page = editor.get(preview(world))
    assert "Gmailで途中までしか表示されません" in page.text
    assert "102 KB" in page.text


def test_a_plain_text_mail_has_no_frame(world: World, editor: Browser) -> None:
    world.ours.mailing.body_kind = BodyKind.text
    db.session.commit()
    page = editor.get(preview(world))
    assert page.soup.find("iframe") is None
    assert "新商品のお知らせです。" in page.text
    assert editor.get(preview(world, "/html")).status == 404


def test_a_mail_whose_field_is_gone_says_so(world: World, editor: Browser) -> None:
    world.ours.mailing.html = "<p>{{ 消えた項目 }}</p>"
    db.session.commit()
    page = editor.get(preview(world))
    assert "メールを表示できません" in page.text
    assert "「消えた項目」という項目はありません" in page.text


def a_tester(world: World) -> models.Tester:
    row = models.Tester(customer_id=world.ours.customer.id, name="山田 確認", email="check@shop.example.jp")
    db.session.add(row)
    db.session.commit()
    return row


def test_testers_are_added_and_removed(world: World, editor: Browser) -> None:
    assert "まだありません" in editor.get("/testers").text
    added = editor.submit("/testers", {"name": "山田 確認", "email": " check@shop.example.jp "})
    assert added.status == 303
    assert "check@shop.example.jp" in editor.get("/testers").text
    again = editor.post("/testers", {"name": "確認", "email": "ｃｈｅｃｋ＠ｓｈｏｐ．ｅｘａｍｐｌｅ．ｊｐ"})
    assert "すでに" in again.text, "full width is the same address"
    rows = testing.testers_of(world.ours.customer.id)
    assert len(rows) == 1
    assert editor.post(f"/testers/{rows[0].id}/remove").status == 303
    assert testing.testers_of(world.ours.customer.id) == []


def test_wrong_addresses_double_ones_and_too_many_testers_are_refused(world: World, editor: Browser) -> None:
    assert editor.post("/testers", {"name": "x", "email": "check@"}).status == 422
    a_tester(world)
    assert editor.post("/testers", {"name": "x", "email": "check@shop.example.jp"}).status == 422
    for number in range(testing.MOST_TESTERS - 1):
        assert editor.post("/testers", {"name": "x", "email": f"check{number}@shop.example.jp"}).status == 303
    assert editor.post("/testers", {"name": "x", "email": "one-more@shop.example.jp"}).status == 422
    assert len(testing.testers_of(world.ours.customer.id)) == testing.MOST_TESTERS


def test_another_customers_tester_does_not_exist(world: World, editor: Browser, browser_for: BrowserFor) -> None:
    row = a_tester(world)
    assert browser_for(world.theirs.editor).post(f"/testers/{row.id}/remove").status == 404
    theirs = browser_for(world.theirs.editor)
    values = {"testers": [str(row.id)], "reader": "0"}
    assert theirs.post(f"/mailings/{world.theirs.mailing.id}/test", values).status == 422
    assert db.session.scalars(sa.select(OutboxMail)).all() == []


def test_test_copies_go_to_testers_marked_and_as_nobody(world: World, editor: Browser) -> None:
    row = a_tester(world)
    sent = editor.submit(preview(world), {"testers": [str(row.id)], "reader": "0"}, action="/test")
    assert sent.status == 303
    assert "テストメールを1通送りました" in editor.get(sent.location).text
    mail = db.session.scalars(sa.select(OutboxMail)).one()
    assert mail.kind == "test_copy"
    assert mail.recipient == "check@shop.example.jp"
    assert mail.subject == "【テスト】秋の新商品のお知らせ"
    assert mail.sender_name == "株式会社髙橋商店"
    assert mail.reply_to is None
    assert (mail.sender, mail.sender_domain_id) == ("takahashi@mail.wem.example", None)
    assert mail.customer_id == world.ours.customer.id
    for part in (mail.text, mail.html):
        assert part is not None
        assert "﨑山 花子様" in part
        assert "東京都立川市曙町1-1-1" in part
        assert not any(address in part for address in ADDRESSES)
    assert "mailing.test" in db.session.scalars(sa.select(AuditEvent.action)).all()


@pytest.mark.parametrize("on_every_list", [True, False])
def test_no_test_copy_goes_to_who_stopped_the_mails(world: World, editor: Browser, on_every_list: bool) -> None:
    row = a_tester(world)
    db.session.add(
        Suppression(
            customer_id=world.ours.customer.id,
            address_hash=address_hash("check@shop.example.jp"),
            list_id=EVERY_LIST if on_every_list else world.ours.mailing_list.id,
            reason=next(iter(SuppressionReason)),
            at=clock.now(),
        )
    )
    db.session.commit()
    sent = editor.submit(preview(world), {"testers": [str(row.id)], "reader": "0"}, action="/test")
    assert "山田 確認さんにはテストメールを送りません" in editor.get(sent.location).text
    assert db.session.scalars(sa.select(OutboxMail)).all() == []


def test_the_way_out_in_a_test_copy_ends_nobodys_subscription(world: World, editor: Browser, public: Browser) -> None:
    row = a_tester(world)
    editor.submit(preview(world), {"testers": [str(row.id)], "reader": "0"}, action="/test")
    text = db.session.scalars(sa.select(OutboxMail.text)).one() or ""
    link = next(line for line in text.splitlines() if "/u/" in line).split("localhost:8001")[1]
    assert public.get(link).status in (200, 404, 410)
    public.post(link, {"List-Unsubscribe": "One-Click"})
    assert all(reader.active_count == 1 for reader in world.ours.readers)


def test_no_tester_chosen_is_said(world: World, editor: Browser) -> None:
    a_tester(world)
    page = editor.submit(preview(world), {"testers": [], "reader": "0"}, action="/test")
    assert page.status == 422
    assert "テスト送信先を1人以上" in page.text


def test_what_was_sent_is_shown_as_it_was_sent(world: World, editor: Browser) -> None:
    mailing = db.session.get_one(Mailing, world.ours.mailing.id)
    starting.start(mailing, by=None)
    db.session.commit()
    world.ours.contract.postal_address = "東京都八王子市新町2-2"
    db.session.commit()
    assert "東京都立川市曙町1-1-1" in editor.get(preview(world, "/html")).html
