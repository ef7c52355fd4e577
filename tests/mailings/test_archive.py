"""Back numbers: published by their customer alone, with nobody's data, harmless whatever stands in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from xml.etree import ElementTree as Xml

import pytest
import sqlalchemy as sa

from tests import factories
from tests.factories import World
from tests.page import Browser
from wem import clock
from wem.db import db
from wem.lists.takedown_models import Takedown, TakenDown
from wem.mailings import back_numbers, publishing_jobs, starting
from wem.mailings.back_number_models import BackNumber
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.states import MailingState

BrowserFor = Callable[..., Browser]
HOSTILE = (
    "<p>{{ 氏名 }}様</p><script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)></svg>"
    '<form action="https://evil.example"><input name="q"></form><iframe src="https://evil.example"></iframe>'
    '<meta http-equiv="refresh" content="0;url=https://evil.example"><base href="https://evil.example/">'
    '<a href="javascript:alert(1)">x</a><a href="https://shop.example.jp/new?from=mail">新商品</a>'
    '<a href="{{ unsubscribe_url }}">停止</a>'
)


def sent(world: World, **values: object) -> Mailing:
    """A mailing of ours that everybody got."""
    mailing = factories.make_mailing(world.ours.mailing_list, **values)
    db.session.commit()
    starting.start(mailing, by=world.ours.owner.id)
    mailing.state = MailingState.done
    db.session.commit()
    return mailing


def published(world: World, **values: object) -> BackNumber:
    mailing = sent(world, **values)
    row = back_numbers.publish(mailing, back_numbers.made(mailing), by=world.ours.owner.id)
    db.session.commit()
    return row


def home(world: World, rest: str = "") -> str:
    return f"/h/{world.ours.customer.slug}/{rest}"


def test_nothing_is_published_unless_the_customer_does_it(
    world: World, browser_for: BrowserFor, public: Browser
) -> None:
    mailing = sent(world)
    assert "秋の新商品" not in public.get(home(world, "archive")).text
    assert "バックナンバーはまだありません" in public.get(home(world, "archive")).text
    editor = browser_for(world.ours.editor)
    editor.post(f"/mailings/{mailing.id}/publish")
    page = editor.get(f"/mailings/{mailing.id}")
    assert "公開中" in page.text
    assert "第1号" in page.text
    assert "秋の新商品" in public.get(home(world, "archive")).text
    assert "秋の新商品" in public.get(home(world)).text
    shown = public.get(home(world, "archive/1"))
    assert shown.status == 200
    assert "このメールの配信に登録" in shown.text
    editor.post(f"/mailings/{mailing.id}/withdraw")
    assert public.get(home(world, "archive/1")).status == 404
    assert public.get(home(world, "archive/1/mail")).status == 404
    assert "秋の新商品" not in public.get(home(world, "feed")).html
    assert "秋の新商品" not in public.get(home(world)).text
    # It comes back under its number.
    editor.post(f"/mailings/{mailing.id}/publish")
    assert public.get(home(world, "archive/1")).status == 200


def test_a_draft_cannot_be_published(world: World, browser_for: BrowserFor) -> None:
    browser_for(world.ours.editor).post(f"/mailings/{world.ours.mailing.id}/publish")
    assert back_numbers.of(world.ours.mailing.id) is None


def test_a_wish_is_fulfilled_once_all_is_sent(world: World) -> None:
    mailing = sent(world)
    back_numbers.want(mailing, True)
    mailing.state = MailingState.sending
    db.session.commit()
    publishing_jobs.publish_sent()
    assert not back_numbers.of(mailing.id).in_sight  # type: ignore[union-attr]
    mailing.state = MailingState.done
    db.session.commit()
    publishing_jobs.publish_sent()
    publishing_jobs.publish_sent()
    rows = db.session.scalars(sa.select(BackNumber)).all()
    assert [(row.number, row.in_sight, row.wanted) for row in rows] == [(1, True, False)]


def test_the_mail_does_nothing_and_tells_of_nobody(world: World, public: Browser) -> None:
    row = published(world, html=HOSTILE)
    answer = public.get(home(world, f"archive/{row.number}/mail"))
    policy = answer.response.headers["Content-Security-Policy"]
    rules = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert rules["sandbox"] == "allow-popups allow-popups-to-escape-sandbox", "no scripts, no forms, no own origin"
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == "'unsafe-inline'"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    assert "script-src" not in rules
    assert answer.response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.response.headers
    html = answer.html
    for wrong in ("script", "onerror", "onload", "<form", "<iframe", "http-equiv", "javascript:", "evil.example"):
        assert wrong not in html.lower(), wrong
    assert "読者様" in html
    assert 'href="https://shop.example.jp/new?from=mail"' in html, "not counted"
    assert "/o/" not in html
    assert "/u/" not in html
    assert "配信停止のお手続き" not in html
    frame = public.get(home(world, f"archive/{row.number}")).soup.find("iframe")
    assert frame is not None
    assert " ".join(frame["sandbox"]) == rules["sandbox"]


def test_a_mail_in_plain_text_stays_text(world: World, public: Browser) -> None:
    published(world, body_kind=BodyKind.text, text="{{ 氏名 }}様\n<script>alert(1)</script>{{ email }}")
    page = public.get(home(world, "archive/1"))
    assert page.soup.find("iframe") is None
    assert "読者様" in page.text
    assert "<script>alert" not in page.html
    assert public.get(home(world, "archive/1/mail")).status == 404


def test_the_feed_is_sound_whatever_stands_in_a_subject(world: World, public: Browser) -> None:
    row = published(world, subject="秋の <b>& ]]> 新商品\x0b", text="<script>1</script> 本文")
    answer = public.get(home(world, "feed"))
    assert answer.response.mimetype == "application/rss+xml"
    channel = Xml.fromstring(answer.response.data).find("channel")
    assert channel is not None
    (item,) = channel.findall("item")
    assert (item.findtext("title") or "").strip() == "秋の <b>& ]]> 新商品"
    assert (item.findtext("link") or "").endswith(home(world, "archive/1"))
    assert item.findtext("guid") == f"urn:uuid:{row.guid}"
    assert (item.findtext("pubDate") or "").endswith("+0900")
    assert "&lt;script&gt;" in (item.findtext("description") or ""), "read, not obeyed"
    again = public.client.get(
        home(world, "feed"),
        base_url="http://localhost:8001",
        headers={"If-None-Match": answer.response.headers["ETag"]},
    )
    assert again.status_code == 304
    assert answer.response.headers["Last-Modified"]
    assert f'href="{home(world, "feed")}"' in public.get(home(world)).html


@pytest.mark.parametrize("path", ["archive", "archive/1", "archive/1/mail", "feed"])
def test_a_suspended_contract_shows_nothing_but_who_sends(world: World, public: Browser, path: str) -> None:
    published(world)
    world.ours.contract.suspended_at = clock.now()
    db.session.commit()
    page = public.get(home(world, path))
    assert page.status == 403
    assert "秋の新商品" not in page.text
    assert page.soup.find(id="sender") is not None
    assert "秋の新商品" not in public.get(home(world)).text


def test_what_is_taken_down_or_put_away_is_not_shown(world: World, browser_for: BrowserFor, public: Browser) -> None:
    row = published(world)
    down = {"customer_id": world.ours.customer.id, "reason": "権利侵害", "by": world.admin.id}
    takedown = Takedown(**down, kind=TakenDown.mailing, target_id=row.mailing_id)
    db.session.add(takedown)
    db.session.commit()
    assert public.get(home(world, "archive/1")).status == 404
    assert "現在は表示されていません" in browser_for(world.ours.editor).get(f"/mailings/{row.mailing_id}").text
    takedown.lift("解決", by=world.admin.id)
    db.session.commit()
    assert public.get(home(world, "archive/1")).status == 200
    slug = world.ours.mailing_list.slug
    assert "秋の新商品" in public.get(home(world, f"{slug}/archive")).text
    world.ours.mailing_list.archived_at = clock.now()
    db.session.commit()
    assert public.get(home(world, "archive/1")).status == 404
    assert public.get(home(world, f"{slug}/archive")).status == 404


@pytest.mark.both_databases
def test_years_and_months_are_those_of_sending(world: World, public: Browser) -> None:
    first, second = published(world, subject="古い号"), published(world, subject="新しい号")
    first.sent_on = (clock.now() - timedelta(days=800)).date()
    db.session.commit()
    statement = back_numbers.in_sight(world.ours.customer.id)
    assert second.sent_on is not None
    assert back_numbers.years(statement) == [second.sent_on.year, first.sent_on.year]
    page = public.get(home(world, "archive"))
    assert "新しい号" in page.text
    assert "古い号" not in page.text
    assert "古い号" in public.get(home(world, f"archive?year={first.sent_on.year}")).text
    assert "前の号" in public.get(home(world, "archive/2")).text
    # Another customer's numbers are its own.
    theirs = f"/h/{world.theirs.customer.slug}/archive/1"
    assert public.get(theirs).status == 404
