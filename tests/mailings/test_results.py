"""Results: numbers and reasons in plain words, never an address, and the mails about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.factories import World
from tests.page import Browser
from wem import clock
from wem.accounts.models import Membership
from wem.bounces.models import WHOLE, BounceTally
from wem.bounces.states import Reason
from wem.db import db
from wem.delivery.models import Attempt, DeliveryState, Dispatch, DispatchState, Stage
from wem.mailings import starting, telling
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.states import HeldReason, MailingState
from wem.outbox import OutboxMail
from wem.tracking.models import ANY_LINK, OPEN, Tally

BrowserFor = Callable[..., Browser]


def sent(world: World, state: MailingState = MailingState.done, **counters: int) -> Mailing:
    """The mailing as if it had been sent, with these numbers."""
    mailing = db.session.get_one(Mailing, world.ours.mailing.id)
    dispatch = starting.start(mailing, by=None)
    dispatch.state = DispatchState.done if state is MailingState.done else DispatchState.sending
    dispatch.started_at = clock.now()
    for name, value in counters.items():
        setattr(dispatch, name, value)
    mailing.state = state
    if state is MailingState.done:
        mailing.finished_at = clock.now()
    db.session.commit()
    return mailing


def attempts(mailing: Mailing, outcome: DeliveryState, number: int, **values: Any) -> None:
    dispatch = db.session.scalars(sa.select(Dispatch).where(Dispatch.mailing_id == mailing.id)).one()
    for seq in range(number):
        details: dict[str, Any] = {
            "stage": Stage.rcpt,
            "code": 550,
            "enhanced": "5.1.1",
            "reply": "<tanaka@readers.example.com> unknown",
        }
        who: dict[str, Any] = {"dispatch_id": dispatch.id, "seq": seq, "number": 1, "worker": "w", "fence": 1}
        db.session.add(Attempt(at=clock.now(), host="mx", outcome=outcome, **who, **{**details, **values}))
    db.session.commit()


def came_back(mailing: Mailing, reason: Reason, number: int) -> None:
    dispatch = db.session.scalars(sa.select(Dispatch).where(Dispatch.mailing_id == mailing.id)).one()
    whose = {"customer_id": mailing.customer_id, "dispatch_id": dispatch.id, "list_id": WHOLE}
    db.session.add(BounceTally(**whose, day=clock.today(), reason=reason, number=number))
    db.session.commit()


def test_numbers_and_reasons(world: World, browser_for: BrowserFor) -> None:
    counters = {
        "total": 1234, "accepted": 1200, "bounced": 20, "expired": 4, "deferred": 0, "uncertain": 3, "suppressed": 7
    }  # fmt: skip
    mailing = sent(world, **counters)
    mailing.unsubscribed = 2
    came_back(mailing, Reason.userunknown, 15)
    came_back(mailing, Reason.mailboxfull, 7)
    came_back(mailing, Reason.feedback, 1)
    page = browser_for(world.ours.viewer).get(f"/mailings/{mailing.id}/report")
    shown = {
        dt.get_text(strip=True): dd.find(class_="stat-value").get_text(strip=True)  # type: ignore[union-attr]
        for dt, dd in zip(page.soup.select(".stat dt"), page.soup.select(".stat dd"), strict=True)
    }
    assert shown == {
        "宛先": "1,234", "受付": "1,200", "失敗": "24", "再送待ち": "0", "不明": "3", "送信対象外": "7",
        "配信停止": "2", "迷惑メール報告": "1", "開封（推定）": "0", "クリック": "0",
    }  # fmt: skip
    assert "送信結果" in page.text
    rows = [[cell.get_text(strip=True) for cell in row.select("th, td")] for row in page.soup.select("tbody tr")]
    # What was refused this minute is not looked at yet: the reasons add up to what failed.
    for row in (["アドレスが存在しない", "15"], ["メールボックスがいっぱい", "7"], ["理由を確認中", "2"]):
        assert row in rows
    assert "「不明」とは" in page.text
    assert "@" not in page.text, "no address, not even a server's"


def test_the_figures_of_a_stopped_mailing_add_up(world: World, browser_for: BrowserFor) -> None:
    counters = {"total": 20, "accepted": 9, "bounced": 1, "cancelled": 7, "uncertain": 1, "suppressed": 2}
    page = browser_for(world.ours.viewer).get(f"/mailings/{sent(world, **counters).id}")
    shown = {
        dt.get_text(strip=True): dd.find(class_="stat-value").get_text(strip=True)  # type: ignore[union-attr]
        for dt, dd in zip(page.soup.select(".stat dt"), page.soup.select(".stat dd"), strict=True)
    }
    whole = shown.pop("宛先")
    assert (shown["中止"], shown["送信対象外"], shown["不明"]) == ("7", "2", "1")
    assert sum(map(int, shown.values())) == int(whole)


def test_no_result_yet(world: World, browser_for: BrowserFor) -> None:
    page = browser_for(world.ours.editor).get(f"/mailings/{world.ours.mailing.id}/report")
    assert "まだ送信結果はありません" in page.text


def test_no_page_of_a_mailing_shows_a_readers_address(world: World, browser_for: BrowserFor) -> None:
    mailing = sent(world, total=3, accepted=2, bounced=1)
    attempts(mailing, DeliveryState.bounced, 1)
    editor = browser_for(world.ours.editor)
    pages = ["", "/progress", "/report", "/preview", "/preview?view=text", "/preview/html", "/preview/html?reader=2"]
    for path in ["/mailings", "/testers", *(f"/mailings/{mailing.id}{rest}" for rest in pages)]:
        answer = editor.get(path)
        assert answer.status == 200, path
        for reader in (*world.ours.readers, *world.theirs.readers):
            assert reader.address not in answer.html, path


STATES = [
    (MailingState.done, "mailing_done", "送信が完了しました"),
    (MailingState.held, "mailing_held", "【保留】"),
    (MailingState.cancelled, "mailing_stopped", "送信を中止しました"),
    (MailingState.failed, "mailing_failed", "送信できませんでした"),
]


@pytest.mark.parametrize(("state", "kind", "subject"), STATES)
def test_who_works_on_it_is_told_once(world: World, state: MailingState, kind: str, subject: str) -> None:
    mailing = sent(world, state=MailingState.done, total=3, accepted=2, bounced=1, uncertain=0)
    mailing.state = state
    mailing.held_reason = HeldReason.missed.value if state is MailingState.held else ""
    assert telling.tell_people(mailing) == 2
    assert telling.tell_people(mailing) == 0, "told already"
    db.session.commit()
    mails = db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id)).all()
    assert [mail.recipient for mail in mails] == ["owner@takahashi.example.jp", "editor@takahashi.example.jp"]
    for mail in mails:
        assert mail.kind == kind
        assert subject in (mail.subject or "")
        assert "秋の新商品のお知らせ" in (mail.subject or "")
        assert f"http://localhost:8000/mailings/{mailing.id}" in (mail.text or "")
        assert "受付" in (mail.text or "")
        assert mail.html
        assert not any(reader.address in (mail.text or "") + mail.html for reader in world.ours.readers)


def test_held_again_is_told_again(world: World) -> None:
    mailing = sent(world, state=MailingState.held)
    assert telling.tell_people(mailing) == 2
    mailing.state = MailingState.sending
    assert telling.tell_people(mailing) == 0
    mailing.state = MailingState.held
    assert telling.tell_people(mailing) == 2


def test_everybody_may_switch_the_mails_off(world: World, browser_for: BrowserFor) -> None:
    editor = browser_for(world.ours.editor)
    assert editor.submit("/mailings", action="/mailings/notices").status == 303
    assert "停止中です" in editor.get("/mailings").text
    mailing = sent(world)
    telling.tell_people(mailing)
    assert db.session.scalars(sa.select(OutboxMail.recipient)).all() == ["owner@takahashi.example.jp"]
    db.session.commit()
    editor.submit("/mailings", action="/mailings/notices")
    assert db.session.scalars(sa.select(Membership.told_of_mailings)).all().count(False) == 0


def test_an_english_reader_is_told_in_english(world: World) -> None:
    world.ours.owner.language = "en"
    mailing = sent(world, total=3, accepted=3)
    telling.tell_people(mailing)
    mail = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.recipient == world.ours.owner.email)).one()
    assert mail.subject == "Sending complete: 秋の新商品のお知らせ"
    assert "Accepted: 3" in (mail.text or "")


def figures(page: Any) -> dict[str, tuple[str, str]]:
    """Return the figures of the page: label, value, note."""
    return {
        stat.find("dt").get_text(strip=True): (
            stat.find(class_="stat-value").get_text(strip=True),
            stat.find(class_="stat-note").get_text(strip=True),
        )
        for stat in page.soup.select(".stat")
    }


def test_opens_and_clicks(world: World, browser_for: BrowserFor) -> None:
    world.ours.mailing.html = (
        '<a href="https://shop.example.jp/a">A</a><a href="https://shop.example.jp/b?x=1&amp;y=2">B</a>'
    )
    mailing = sent(world, total=1500)
    dispatch = db.session.scalars(sa.select(Dispatch).where(Dispatch.mailing_id == mailing.id)).one()
    for number, hits, readers in ((OPEN, 2400, 1234), (ANY_LINK, 30, 21), (2, 30, 21)):
        db.session.add(Tally(dispatch_id=dispatch.id, number=number, hits=hits, readers=readers))
    db.session.commit()
    page = browser_for(world.ours.viewer).get(f"/mailings/{mailing.id}/report")
    shown = figures(page)
    assert shown["開封（推定）"] == ("1,234", "読者数（のべ2,400回）")
    assert shown["クリック"] == ("21", "読者数（のべ30回）")
    (table,) = page.soup.find_all("table")
    rows = [[cell.get_text(strip=True) for cell in row.find_all(["th", "td"])] for row in table.select("tbody tr")]
    assert rows == [["https://shop.example.jp/b?x=1&y=2", "21", "30"], ["https://shop.example.jp/a", "0", "0"]]
    assert "自動のアクセスも、まだ除かずに含めています" in page.text


def test_nothing_is_counted_in_plain_text(world: World, browser_for: BrowserFor) -> None:
    world.ours.mailing.body_kind = BodyKind.text
    world.ours.mailing.text = "https://shop.example.jp/"
    mailing = sent(world)
    dispatch = db.session.scalars(sa.select(Dispatch).where(Dispatch.mailing_id == mailing.id)).one()
    assert dispatch.content["html"] is None
    assert "https://shop.example.jp/" in dispatch.content["text"]
    page = browser_for(world.ours.viewer).get(f"/mailings/{mailing.id}/report")
    assert "開封（推定）" not in figures(page)
    assert "HTMLメールだけです" in page.text


def test_who_looks_at_a_sent_mailing_sees_its_own_links(world: World, browser_for: BrowserFor) -> None:
    """Looking is no reading: no link or picture of the preview counts for anybody."""
    world.ours.mailing.html = '<a href="https://shop.example.jp/a?x=1&amp;y=2">A</a>'
    mailing = sent(world)
    page = browser_for(world.ours.viewer).get(f"/mailings/{mailing.id}/preview/html")
    assert 'href="https://shop.example.jp/a?x=1&amp;y=2"' in page.html
    assert "/l/" not in page.html
    assert "/o/" not in page.html
