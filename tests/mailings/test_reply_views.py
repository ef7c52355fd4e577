"""Replies on the screens: found, read, answered, put away; the address shown to nobody but on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests import factories
from tests.factories import World
from tests.mailings.test_replies import reply
from tests.page import Browser
from tests.tracking.mailed import start
from wem.audit import AuditEvent
from wem.db import db
from wem.delivery.models import Dispatch
from wem.domains.rules import DomainState
from wem.lists.subscription_models import Subscriber
from wem.mailings import starting
from wem.mailings.models import Mailing
from wem.mailings.reply_models import Conversation, ConversationState, ReplySetting
from wem.outbox import OutboxMail

SECRET = "tanaka"


@pytest.fixture
def dispatch(world: World) -> Dispatch:
    return start(world.ours)


@pytest.fixture
def editor(world: World, browser_for: Callable[..., Browser]) -> Browser:
    return browser_for(world.ours.editor)


def replied(world: World, dispatch: Dispatch, text: str = "在庫はありますか。", **more: Any) -> str:
    """Have the first reader reply; returns the page of the conversation."""
    return f"/replies/{reply(dispatch, world.ours.readers[0], text, **more).id}"


def conversation() -> Conversation:
    return db.session.scalars(sa.select(Conversation).execution_options(populate_existing=True)).one()


def test_replies_stand_in_the_inbox_and_at_their_mailing(world: World, dispatch: Dispatch, editor: Browser) -> None:
    assert "未対応の返信はありません" in editor.get("/replies").text
    replied(world, dispatch)
    for path in ("/replies", f"/mailings/{dispatch.mailing_id}/replies"):
        page = editor.get(path)
        assert "t****@readers.example.com" in page.text and "未読" in page.text and SECRET not in page.html
    other = factories.make_mailing(world.ours.mailing_list)
    db.session.commit()
    assert "t****" not in editor.get(f"/mailings/{other.id}/replies").text
    nav = editor.get("/dashboard").soup.find("nav", class_="site-nav")
    assert nav is not None and "返信 1" in " ".join(nav.get_text(" ").split())


def test_automatic_answers_stand_apart(world: World, dispatch: Dispatch, editor: Browser) -> None:
    path = replied(world, dispatch, "不在です", known_automatic=True)
    assert "t****" not in editor.get("/replies").text
    assert "t****" in editor.get("/replies?state=automatic").text
    page = editor.get(path)
    assert "返信の必要はありません" in page.text
    assert editor.post(f"{path}/answer", {"text": "はい"}).status == 404


def test_reading_answering_and_putting_away(world: World, dispatch: Dispatch, editor: Browser) -> None:
    path = replied(world, dispatch)
    page = editor.get(path)
    assert "在庫はありますか。" in page.text and SECRET not in page.html
    assert conversation().unread, "opening changes nothing"
    assert editor.post(f"{path}/read", htmx=True).status == 200
    assert not conversation().unread
    assert editor.submit(path, {"text": " "}, action="/answer").status == 422
    assert editor.submit(path, {"text": "ございます。"}, action="/answer").status == 303
    mail = db.session.scalars(sa.select(OutboxMail)).one()
    assert mail.text is not None and "ございます。" in mail.text
    assert (
        "ございます。" in editor.get("/replies?state=answered").text
        or "t****" in editor.get("/replies?state=answered").text
    )
    assert editor.submit(path, action="/close").status == 303
    assert conversation().state is ConversationState.closed
    assert editor.submit(path, action="/reopen").status == 303
    assert conversation().state is ConversationState.open


def test_four_answers_in_a_row_are_too_many(world: World, dispatch: Dispatch, editor: Browser) -> None:
    path = replied(world, dispatch)
    for _ in range(3):
        assert editor.submit(path, {"text": "はい"}, action="/answer").status == 303
    refused = editor.submit(path, {"text": "はい"}, action="/answer")
    assert refused.status == 422 and "続けて3回" in refused.text


def test_a_wish_to_stop_has_its_button(world: World, dispatch: Dispatch, editor: Browser) -> None:
    number = world.ours.readers[0].id
    path = replied(world, dispatch, "配信停止をお願いします")
    page = editor.get(path)
    assert "配信停止の希望と思われます" in page.text
    assert editor.submit(path, action="/stop").status == 303
    assert db.session.get(Subscriber, number, populate_existing=True) is None
    assert editor.get(path).status == 404, "erased with the reader"
    assert db.session.get_one(Mailing, dispatch.mailing_id, populate_existing=True).unsubscribed == 1


def test_the_address_is_shown_on_the_persons_word_alone(
    world: World, dispatch: Dispatch, editor: Browser, browser_for: Callable[..., Browser]
) -> None:
    words = "このアドレスに直接お返事ください"
    path = replied(world, dispatch, "在庫はありますか。")
    assert "本人が返信の中で希望した場合に限り" in editor.get(path).text and "/reveal" not in editor.get(path).html
    editor.post(f"{path}/reveal")
    assert "希望していないため" in editor.get(path).text and conversation().revealed_at is None
    replied(world, dispatch, f"{words}。tanaka@readers.example.com 田中")
    page = editor.get(path)
    assert words in page.text and SECRET not in page.html
    assert editor.submit(path, action="/reveal").status == 303
    page = editor.get(path)
    assert "tanaka@readers.example.com" in page.text and "記録" in page.text
    assert SECRET not in editor.get("/replies").html, "in lists never"
    assert SECRET not in browser_for(world.ours.viewer).get(path).html
    event = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "reply.reveal")).one()
    assert event.details == {"passage": f"{words}。"}
    trail = browser_for(world.admin).get("/staff/audit")
    assert "読者のアドレスを表示" in trail.text and words in trail.text


def test_viewers_read_and_change_nothing(world: World, dispatch: Dispatch, browser_for: Callable[..., Browser]) -> None:
    viewer, path = browser_for(world.ours.viewer), replied(world, dispatch)
    assert not viewer.get(path).soup.find("main").find("form")  # type: ignore[union-attr]
    for act in ("answer", "read", "close", "reopen", "reveal", "stop"):
        assert viewer.post(f"{path}/{act}").status == 403


def test_where_replies_go(world: World, dispatch: Dispatch, editor: Browser) -> None:
    factories.make_domain(world.ours.customer, "takahashi.example.jp")
    factories.make_domain(world.ours.customer, "soon.example.jp", DomainState.checking)
    factories.make_domain(world.theirs.customer, "theirs.example.jp")
    db.session.commit()
    for bad in ("", "nonsense", "a@soon.example.jp", "a@theirs.example.jp", "a@gmail.com"):
        assert editor.submit("/replies/settings", {"where": "own", "address": bad}).status == 422, bad
    saved = {"where": "own", "address": "info@takahashi.example.jp", "keep_days": "30"}
    assert editor.submit("/replies/settings", saved).status == 303
    mailing = factories.make_mailing(world.ours.mailing_list)
    db.session.commit()
    content = starting.start(mailing, by=1).content
    assert content["reply_to"] == "info@takahashi.example.jp"
    db.session.rollback()
    assert "info@takahashi.example.jp に届きます" in editor.get("/replies").text
    assert editor.submit("/replies/settings", {"where": "wem"}).status == 303
    row = db.session.get_one(ReplySetting, world.ours.customer.id, populate_existing=True)
    assert (row.address, row.keep_days) == ("", 30)
