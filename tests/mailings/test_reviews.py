"""Mailings that our staff look at before they are sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import World, make_account, make_mailing
from tests.page import Browser, Page
from wem import clock
from wem.accounts.rules import StaffRole
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.delivery.models import Dispatch
from wem.mailings import going_on, jobs, review_grounds, review_jobs, review_rules, reviewing, starting
from wem.mailings.models import Mailing
from wem.mailings.review_models import AlreadyDecided, MailingReview
from wem.mailings.review_rules import Ground, ReviewState
from wem.mailings.start_problems import CannotStart, Problem
from wem.mailings.states import HeldReason, MailingState
from wem.outbox import OutboxMail

BrowserFor = Callable[..., Browser]
FOUND = [
    ("as written", "確実に儲かる方法", ["儲かる"], ["儲かる"]),
    ("other width and case", "ＦＲＥＥ money", ["free"], ["free"]),
    ("letters apart", "儲 か\u200bる", ["儲かる"], ["儲かる"]),
    ("marked up", "<p>儲<b>か</b>る&#x21;</p>", ["儲かる!"], ["儲かる!"]),
    ("in an attribute alone", '<a href="https://x.jp/free">こちら</a>', ["free"], []),
    ("in a style alone", "<style>.free{}</style>", ["free"], []),
    ("not there", "お知らせ", ["儲かる"], []),
    ("no word", "お知らせ", [" "], []),
]


@pytest.mark.parametrize(("text", "words", "found"), [row[1:] for row in FOUND], ids=[row[0] for row in FOUND])
def test_words_are_found_however_they_are_written(text: str, words: list[str], found: list[str]) -> None:
    assert review_rules.words_in([text], words) == found


@pytest.fixture
def editor(world: World, browser_for: BrowserFor) -> Browser:
    return browser_for(world.ours.owner)


def follow(browser: Browser, page: Page) -> Page:
    assert page.status == 303
    return browser.get(page.location)


def set_policy(**values: object) -> None:
    review_grounds.set_policy(**{"first_mailing": False, "large_audience": False, "words": "", "by": 1, **values})  # type: ignore[arg-type]
    db.session.commit()


def test_without_rules_nothing_waits(world: World) -> None:
    assert review_grounds.needed(world.ours.mailing) == []
    starting.start(world.ours.mailing, by=1)


def test_the_first_mailing_waits_and_the_next_does_not(world: World) -> None:
    set_policy(first_mailing=True)
    assert review_grounds.needed(world.ours.mailing) == [Ground.first]
    with pytest.raises(CannotStart) as refused:
        starting.start(world.ours.mailing, by=1)
    assert refused.value.problems == [Problem.review]
    set_policy()
    starting.start(world.ours.mailing, by=1)
    set_policy(first_mailing=True)
    assert review_grounds.needed(make_mailing(world.ours.mailing_list)) == []
    assert review_grounds.needed(world.theirs.mailing) == [Ground.first], "each customer has a first one"


def test_words_in_the_subject_hold_it_back(world: World) -> None:
    set_policy(words="儲かる\n 儲かる \n絶対")
    assert review_grounds.policy().listed == ["儲かる", "絶対"]
    assert review_grounds.needed(world.ours.mailing) == []
    world.ours.mailing.subject = "絶 対のおすすめ"
    assert review_grounds.needed(world.ours.mailing) == [Ground.words]


@pytest.mark.both_databases
def test_an_approved_mailing_goes_by_itself(world: World) -> None:
    set_policy(first_mailing=True)
    mailing = world.ours.mailing
    review = reviewing.ask(mailing, None, by=1)
    assert (mailing.state, mailing.held_reason) == (MailingState.held, HeldReason.review)
    assert db.session.scalars(reviewing.pending()).all() == [review]
    review_jobs.go_on_reviewed(mailing.id)
    assert mailing.state is MailingState.held, "nobody has approved it"
    reviewing.approve(review, by=2)
    db.session.commit()
    review_jobs.follow_reviews()
    db.session.refresh(mailing)
    assert mailing.state is MailingState.scheduled
    mailing.scheduled_at = clock.now() - timedelta(seconds=1)
    db.session.commit()
    jobs.start_due()
    db.session.refresh(mailing)
    assert mailing.state is MailingState.sending
    assert len(db.session.scalars(sa.select(Dispatch)).all()) == 1
    with pytest.raises(AlreadyDecided):
        reviewing.refuse(review, "おそい", by=3)


def test_an_approved_mailing_keeps_its_time(world: World) -> None:
    set_policy(first_mailing=True)
    at = clock.now() + timedelta(hours=5)
    reviewing.approve(reviewing.ask(world.ours.mailing, at, by=1), by=2)
    db.session.commit()
    review_jobs.go_on_reviewed(world.ours.mailing.id)
    assert (world.ours.mailing.state, world.ours.mailing.scheduled_at) == (MailingState.scheduled, at)


def test_what_came_too_late_is_the_customers_to_decide(world: World) -> None:
    set_policy(first_mailing=True)
    review = reviewing.ask(world.ours.mailing, clock.now() - timedelta(hours=2), by=1)
    reviewing.approve(review, by=2)
    review_jobs.go_on_reviewed(world.ours.mailing.id)
    mailing = world.ours.mailing
    assert (mailing.state, mailing.held_reason) == (MailingState.held, HeldReason.missed)
    assert db.session.scalars(sa.select(OutboxMail.kind)).unique().all() == ["mailing_held"]


def test_what_may_not_be_sent_any_more_says_so(world: World) -> None:
    set_policy(first_mailing=True)
    reviewing.approve(reviewing.ask(world.ours.mailing, None, by=1), by=2)
    world.ours.contract.suspend(SuspensionGround.danger, "", by=None)
    going_on.go_on(world.ours.mailing, None)
    assert world.ours.mailing.held_reason == HeldReason.contract


def test_a_change_after_the_approval_is_looked_at_anew(world: World) -> None:
    set_policy(first_mailing=True)
    mailing = world.ours.mailing
    reviewing.approve(reviewing.ask(mailing, None, by=1), by=2)
    mailing.unschedule(by=1)
    mailing.version += 1
    db.session.commit()
    with pytest.raises(CannotStart):
        starting.start(mailing, by=1)


def test_a_rule_made_after_scheduling_holds_it_at_its_time(world: World) -> None:
    starting.schedule(world.ours.mailing, clock.now() + timedelta(minutes=1), by=1)
    world.ours.mailing.scheduled_at = clock.now() - timedelta(seconds=1)
    set_policy(first_mailing=True)
    jobs.start_due()
    db.session.refresh(world.ours.mailing)
    assert reviewing.waits(world.ours.mailing)
    assert [row.mailing_id for row in db.session.scalars(reviewing.pending())] == [world.ours.mailing.id]
    assert not db.session.scalars(sa.select(OutboxMail)).all(), "nobody of the customer has anything to decide"


def test_the_customer_hands_it_in_and_takes_it_back(world: World, editor: Browser) -> None:
    set_policy(first_mailing=True)
    mailing = world.ours.mailing
    assert "送信前に弊社で内容を確認します" in editor.get(f"/mailings/{mailing.id}/check").text
    page = follow(editor, editor.post(f"/mailings/{mailing.id}/send", {"version": str(mailing.version), "at": ""}))
    assert "弊社で内容を確認しています" in page.text
    assert "今すぐ送信" not in page.text
    again = follow(editor, editor.post(f"/mailings/{mailing.id}/send", {"version": str(mailing.version), "at": ""}))
    assert "保留中です" in again.text
    editor.post(f"/mailings/{mailing.id}/resume")
    db.session.expire_all()
    assert reviewing.waits(db.session.get_one(Mailing, mailing.id))
    editor.post(f"/mailings/{mailing.id}/unschedule")
    assert not db.session.scalars(reviewing.pending()).all()
    editor.post(f"/mailings/{mailing.id}/send", {"version": str(mailing.version), "at": ""})
    states = db.session.scalars(sa.select(MailingReview.state).order_by(MailingReview.id)).all()
    assert states == [ReviewState.withdrawn, ReviewState.pending]


def test_staff_send_it_back_with_words(world: World, browser_for: BrowserFor) -> None:
    set_policy(words=world.ours.mailing.subject)
    review = reviewing.ask(world.ours.mailing, None, by=1)
    db.session.commit()
    support = browser_for(make_account("支援 担当", staff_role=StaffRole.support))
    assert world.ours.customer.name in support.get("/staff/").text, "on the work list"
    assert "確認対象の語を含む" in support.get("/staff/reviews").text
    path = f"/staff/reviews/{review.id}"
    frame = support.get(f"{path}/html")
    assert "sandbox" in frame.response.headers["Content-Security-Policy"]
    assert support.post(f"{path}/refuse", {"note": ""}).status == 422
    assert support.post(f"{path}/refuse", {"note": "件名を直してください。"}).status == 303
    assert "取り下げました" in follow(support, support.post(f"{path}/approve")).text
    mail = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "mailing_refused")).first()
    assert mail is not None
    assert "件名を直してください。" in mail.text
    owner = browser_for(world.ours.owner)
    assert "件名を直してください。" in owner.get(f"/mailings/{world.ours.mailing.id}").text


def test_the_rules_are_set_by_staff(world: World, browser_for: BrowserFor) -> None:
    support = browser_for(make_account("支援 担当", staff_role=StaffRole.support))
    assert support.post("/staff/reviews/rules", {"words": "あ" * 51}).status == 422
    assert support.post("/staff/reviews/rules", {"first_mailing": "y", "words": "儲かる\r\n絶対"}).status == 303
    db.session.expire_all()
    policy = review_grounds.policy()
    assert (policy.first_mailing, policy.large_audience, policy.listed) == (True, False, ["儲かる", "絶対"])
    assert browser_for(make_account("請求 担当", staff_role=StaffRole.billing)).get("/staff/reviews").status == 403
