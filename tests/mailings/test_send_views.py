"""Sending and scheduling on the screens: once, never in the past, in the time of Japan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.factories import World
from tests.page import Browser, Page
from wem import clock
from wem.clock import JAPAN
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.delivery.models import Dispatch, DispatchState
from wem.mailings import starting
from wem.mailings.models import Mailing
from wem.mailings.states import HeldReason, MailingState
from wem.outbox import OutboxMail

BrowserFor = Callable[..., Browser]


@pytest.fixture
def editor(world: World, browser_for: BrowserFor) -> Browser:
    return browser_for(world.ours.editor)


def mailing_of(world: World) -> Mailing:
    return db.session.get_one(Mailing, world.ours.mailing.id, populate_existing=True)


def path(world: World, rest: str = "") -> str:
    return f"/mailings/{world.ours.mailing.id}{rest}"


def confirmed(world: World, browser: Browser, **values: str) -> Page:
    return browser.submit(path(world, "/check"), values, action="/check")


def send_values(page: Page) -> dict[str, str]:
    return page.form("/send")


def dispatches() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Dispatch)) or 0


def test_send_now_after_a_confirmation_with_the_number(world: World, editor: Browser) -> None:
    page = confirmed(world, editor, when="now")
    assert page.status == 200
    assert "最大3人" in page.text
    assert "お得情報" in page.text
    assert dispatches() == 0, "nothing leaves before the confirmation"
    sent = editor.post(path(world, "/send"), send_values(page))
    assert (sent.status, sent.location) == (303, path(world))
    assert mailing_of(world).state is MailingState.sending
    assert dispatches() == 1
    assert "送信中" in editor.get(path(world)).text


def test_a_double_press_sends_once(world: World, editor: Browser, browser_for: BrowserFor) -> None:
    values = send_values(confirmed(world, editor, when="now"))
    first = editor.post(path(world, "/send"), values)
    second = editor.post(path(world, "/send"), values)
    owner = browser_for(world.ours.owner)
    third = owner.post(path(world, "/send"), {"version": values["version"], "at": ""})
    assert [page.location for page in (first, second, third)] == [path(world)] * 3
    assert dispatches() == 1
    assert "送信は1回だけです" in editor.get(path(world)).text


def test_scheduled_and_pressed_twice_is_scheduled_once(world: World, editor: Browser) -> None:
    day = clock.today() + timedelta(days=3)
    values = send_values(confirmed(world, editor, when="later", date=day.isoformat(), time="09:30"))
    for _ in range(2):
        assert editor.post(path(world, "/send"), values).location == path(world)
    mailing = mailing_of(world)
    assert mailing.state is MailingState.scheduled
    assert mailing.scheduled_at == datetime(day.year, day.month, day.day, 9, 30, tzinfo=JAPAN)
    assert dispatches() == 0


@pytest.mark.both_databases
def test_half_past_nine_is_that_in_japan(world: World, editor: Browser) -> None:
    page = confirmed(world, editor, when="later", date=(clock.today() + timedelta(days=1)).isoformat(), time="09:30")
    assert "09:30" in page.text
    editor.post(path(world, "/send"), send_values(page))
    kept = db.session.scalar(sa.select(Mailing.scheduled_at).where(Mailing.id == world.ours.mailing.id))
    assert kept is not None
    assert kept.astimezone(JAPAN).strftime("%H:%M") == "09:30"
    assert kept.utcoffset() == timedelta(hours=9)
    shown = editor.get(path(world)).text
    assert "09:30に送信します" in shown


BAD_TIMES = [
    ("yesterday", -1, "10:00", "過ぎた日時"),
    ("no time", 1, "", "入力してください"),
    ("two years ahead", 800, "10:00", "1年以内"),
    ("no time of day", 1, "25:99", ""),
]


@pytest.mark.parametrize(("days", "time", "said"), [row[1:] for row in BAD_TIMES], ids=[row[0] for row in BAD_TIMES])
def test_times_that_cannot_be(world: World, editor: Browser, days: int, time: str, said: str) -> None:
    day = (clock.today() + timedelta(days=days)).isoformat()
    page = confirmed(world, editor, when="later", date=day, time=time)
    assert page.status == 422
    assert said in page.text
    assert mailing_of(world).state is MailingState.draft


def test_a_time_that_is_entered_beside_now_is_asked_about(world: World, editor: Browser) -> None:
    day = (clock.today() + timedelta(days=1)).isoformat()
    page = confirmed(world, editor, when="now", date=day, time="10:00")
    assert page.status == 422
    assert "どちらかにしてください" in page.text


def test_a_minute_ago_has_passed(world: World, editor: Browser) -> None:
    ago = clock.now() - timedelta(minutes=1)
    page = confirmed(world, editor, when="later", date=ago.date().isoformat(), time=f"{ago:%H:%M}")
    assert page.status == 422


@pytest.mark.parametrize("at", ["2020-01-01T10:00:00+09:00", "2020-01-01T10:00", "gibberish"])
def test_a_time_that_nobody_confirmed_is_refused(world: World, editor: Browser, at: str) -> None:
    answer = editor.post(path(world, "/send"), {"version": "1", "at": at})
    assert answer.location == path(world, "/check")
    assert "過ぎた日時" in editor.get(answer.location).text
    assert mailing_of(world).state is MailingState.draft
    assert dispatches() == 0


def test_what_was_changed_since_the_confirmation_is_not_sent(world: World, editor: Browser) -> None:
    values = send_values(confirmed(world, editor, when="now"))
    editor.submit(path(world, "/edit"), {"subject": "別の件名"})
    answer = editor.post(path(world, "/send"), values)
    assert answer.location == path(world, "/check")
    assert dispatches() == 0
    assert "このあいだにメールが変更されました" in editor.get(answer.location).text


def test_what_the_check_refuses_cannot_be_sent_round_it(world: World, editor: Browser) -> None:
    world.ours.contract.contact = ""
    db.session.commit()
    assert editor.post(path(world, "/check"), {"version": "1", "when": "now"}).status == 422
    answer = editor.post(path(world, "/send"), {"version": "1", "at": ""})
    assert answer.location == path(world, "/check")
    assert dispatches() == 0


def test_the_name_of_the_contract_goes_out(world: World, editor: Browser) -> None:
    world.ours.contract.sender_name = "株式会社髙橋本店"
    db.session.commit()
    editor.post(path(world, "/send"), send_values(confirmed(world, editor, when="now")))
    assert db.session.scalars(sa.select(Dispatch)).one().content["sender_name"] == "株式会社髙橋本店"


def scheduled(world: World, editor: Browser) -> None:
    day = clock.today() + timedelta(days=1)
    page = confirmed(world, editor, when="later", date=day.isoformat(), time="09:00")
    editor.post(path(world, "/send"), send_values(page))


def test_a_schedule_is_cancelled_and_the_draft_goes_on(world: World, editor: Browser) -> None:
    scheduled(world, editor)
    page = editor.get(path(world))
    assert "予約を取り消す" in page.text
    assert page.soup.find("a", href=path(world, "/edit")) is None
    editor.submit(path(world), action="/unschedule")
    mailing = mailing_of(world)
    assert (mailing.state, mailing.scheduled_at) == (MailingState.draft, None)
    assert editor.get(path(world, "/edit")).status == 200


def started(world: World, editor: Browser) -> Dispatch:
    editor.post(path(world, "/send"), send_values(confirmed(world, editor, when="now")))
    dispatch = db.session.scalars(sa.select(Dispatch)).one()
    dispatch.state, dispatch.total, dispatch.started_at = DispatchState.sending, 3, clock.now()
    db.session.commit()
    return dispatch


def test_pause_go_on_and_stop(world: World, editor: Browser) -> None:
    started(world, editor)
    page = editor.get(path(world))
    assert "3件のうち" in page.text, "stopping says the number"
    editor.submit(path(world), action="/pause")
    assert mailing_of(world).state is MailingState.paused
    assert "一時停止しています" in editor.get(path(world)).text
    editor.submit(path(world), action="/resume")
    assert mailing_of(world).state is MailingState.sending
    db.session.execute(sa.update(Dispatch).values(state=DispatchState.sending))
    db.session.commit()
    editor.submit(path(world), action="/stop")
    assert mailing_of(world).state is MailingState.cancelled
    told = db.session.scalars(sa.select(OutboxMail.kind)).all()
    assert set(told) == {"mailing_stopped"}
    assert len(told) == 2, "owner and editor"
    db.session.execute(sa.update(Dispatch).values(state=DispatchState.cancelled, accepted=1, cancelled=2))
    db.session.commit()
    page = editor.get(path(world))
    assert "1 / 3 (33%)" in page.text, "who never got it is not done"
    assert "中止日時" in page.text and "自動で更新" not in page.text


@pytest.mark.parametrize("act", ["pause", "resume", "stop", "unschedule"])
def test_an_act_that_came_too_late_says_so(world: World, editor: Browser, act: str) -> None:
    mailing_of(world).state = MailingState.done
    db.session.commit()
    assert editor.post(path(world, f"/{act}")).location == path(world)
    assert "状態が変わりました" in editor.get(path(world)).text
    assert mailing_of(world).state is MailingState.done


def held(world: World) -> None:
    mailing = mailing_of(world)
    mailing.state, mailing.held_reason = MailingState.held, HeldReason.missed.value
    mailing.scheduled_at = clock.now() - timedelta(hours=3)
    db.session.commit()


def test_a_held_mailing_asks_and_can_be_sent_now(world: World, editor: Browser) -> None:
    held(world)
    page = editor.get(path(world))
    assert "予約の時刻を過ぎたため" in page.text
    editor.post(path(world, "/send"), send_values(confirmed(world, editor, when="now")))
    assert mailing_of(world).state is MailingState.sending


def test_a_held_mailing_gets_a_new_time_becomes_a_draft_or_is_called_off(world: World, editor: Browser) -> None:
    held(world)
    scheduled(world, editor)
    assert mailing_of(world).state is MailingState.scheduled
    held(world)
    editor.submit(path(world), action="/unschedule")
    assert mailing_of(world).state is MailingState.draft
    held(world)
    editor.submit(path(world), action="/stop")
    assert mailing_of(world).state is MailingState.cancelled


def test_the_fragment_asks_again_only_while_something_moves(world: World, editor: Browser) -> None:
    dispatch = started(world, editor)
    fragment = editor.get(path(world, "/progress?state=sending"))
    assert not fragment.is_page
    root = fragment.soup.find(id="mailing-progress")
    assert root is not None
    assert root["hx-get"] == path(world, "/progress?state=sending")
    assert fragment.soup.find("progress")
    dispatch = db.session.get_one(Dispatch, dispatch.id)
    dispatch.state, dispatch.accepted = DispatchState.done, 3
    mailing_of(world).state = MailingState.done
    db.session.commit()
    again = editor.get(path(world, "/progress?state=sending"))
    assert (again.status, again.response.headers["HX-Refresh"]) == (204, "true")
    rest = editor.get(path(world)).soup.find(id="mailing-progress")
    assert rest is not None
    assert not rest.has_attr("hx-get")


def test_a_suspended_contract_sends_nothing(world: World, editor: Browser) -> None:
    values = send_values(confirmed(world, editor, when="now"))
    world.ours.contract.suspend(SuspensionGround.nonpayment, "", by=None)
    db.session.commit()
    assert editor.post(path(world, "/send"), values).status == 403
    assert dispatches() == 0


def test_no_lock_is_held_while_the_texts_of_a_held_mailing_are_made(
    world: World, editor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing = mailing_of(world)
    mailing.schedule(clock.now() + timedelta(hours=1), by=None)
    mailing.hold(HeldReason.staff, by=None)
    db.session.commit()
    in_transaction = []

    def compiled(source: starting.Source) -> starting.Ready:
        in_transaction.append(db.session().in_transaction())
        return made(source)

    made = starting._compiled
    monkeypatch.setattr(starting, "_compiled", compiled)
    editor.post(path(world, "/resume"), editor.get(path(world)).form("/stop"))
    assert mailing_of(world).state is MailingState.sending
    assert in_transaction == [False]
