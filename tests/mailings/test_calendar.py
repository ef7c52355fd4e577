"""The calendar of mailings: its days, and moving what is planned to another day, once and with a trace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.factories import World, make_mailing
from tests.page import Browser, Page
from wem import workdays
from wem.audit import AuditEvent
from wem.clock import JAPAN
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.mailings import planning, starting
from wem.mailings.calendar_rules import days_shown, month_of, neighbours, on_day
from wem.mailings.models import Mailing
from wem.mailings.states import InThePast, MailingState, NotPossible

BrowserFor = Callable[..., Browser]
TODAY = date(2026, 11, 28)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JAPAN)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("2026-12", date(2026, 12, 1)),
        ("", date(2026, 11, 1)),
        ("2026-13", date(2026, 11, 1)),
        ("1999-01", date(2026, 11, 1)),
        ("2029-01", date(2026, 11, 1)),
        ("2028-12", date(2028, 12, 1)),
        ("9999-12", date(2026, 11, 1)),
        ("2026-1", date(2026, 11, 1)),
        ("２０２６-12", date(2026, 12, 1)),
    ],
)
def test_months(text: str, first: date) -> None:
    assert month_of(text, TODAY) == first


def test_weeks_and_neighbours() -> None:
    days = days_shown(date(2026, 11, 1))
    assert (days[0], days[-1], len(days)) == (date(2026, 11, 1), date(2026, 12, 5), 35)
    assert neighbours(date(2026, 12, 1)) == (date(2026, 11, 1), date(2027, 1, 1))
    assert on_day(moment("2026-11-28T09:30:15"), date(2026, 12, 1)) == moment("2026-12-01T09:30:15")
    assert workdays.holiday_name(date(2026, 11, 3), "ja") == "文化の日"
    assert workdays.holiday_name(date(2026, 11, 3), "en") == "Culture Day"
    assert workdays.holiday_name(date(2026, 12, 31), "ja") == "", "banks alone are closed"


@pytest.fixture
def mailing(world: World) -> Mailing:
    """A mailing planned for 30 November 2026, 9:30."""
    mailing = make_mailing(world.ours.mailing_list, name="歳末セール")
    with time_machine.travel(moment("2026-11-20T10:00"), tick=False):
        starting.schedule(mailing, moment("2026-11-30T09:30"), by=world.ours.owner.id)
        db.session.commit()
    return mailing


def now_at(mailing: Mailing) -> datetime | None:
    return db.session.get_one(Mailing, mailing.id, populate_existing=True).scheduled_at


def moved(browser: Browser, mailing: Mailing, day: str, seen: str = "2026-11-30T09:30:00+09:00") -> Page:
    answer = browser.post(f"/mailings/{mailing.id}/move", {"day": day, "seen": seen})
    assert answer.status == 303
    return browser.get(answer.location)


@pytest.mark.both_databases
def test_it_is_moved_and_keeps_its_hour(world: World, mailing: Mailing, browser_for: BrowserFor) -> None:
    with time_machine.travel(moment("2026-11-28T10:00"), tick=False):
        editor = browser_for(world.ours.editor)
        page = editor.get("/mailings/calendar")
        assert "歳末セール" in page.text and "文化の日" in page.text and "2026年11月" in page.text
        page = editor.submit("/mailings/calendar", {"day": "2026-12-02"}, action=f"/{mailing.id}/move")
        assert page.location == "/mailings/calendar?month=2026-12"
        assert "12月2日（水） 09:30に移しました" in editor.get(page.location).text
        assert now_at(mailing) == moment("2026-12-02T09:30")
        # A second press, and somebody whose page is old.
        assert "すでにこの日に予約" in moved(editor, mailing, "2026-12-02").text
        assert "このあいだに予約が変更されたか" in moved(browser_for(world.ours.owner), mailing, "2026-12-05").text
        assert now_at(mailing) == moment("2026-12-02T09:30")
        shown = editor.get(f"/mailings/{mailing.id}").text
    assert "別の日時に変更" in shown and "11月30日（月） 09:30" in shown and world.ours.editor.name in shown
    noted = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "mailing.move")).all()
    assert [(each.account_id, each.details) for each in noted] == [
        (world.ours.editor.id, {"was": "2026-11-30T09:30:00+09:00", "at": "2026-12-02T09:30:00+09:00"})
    ]


def test_its_hour_is_changed_and_all_else_stays(world: World, mailing: Mailing, browser_for: BrowserFor) -> None:
    mailing.portions, mailing.portion_minutes = 3, 30
    db.session.commit()
    path = f"/mailings/{mailing.id}"
    with time_machine.travel(moment("2026-11-28T10:00"), tick=False):
        editor = browser_for(world.ours.editor)
        assert "日時を変更" in editor.get(path).text
        page = editor.get(f"{path}/time")
        assert "3回" in page.text and page.form("/time")["time"] == "09:30"
        for wrong, said in (
            ({"time": "09:00", "date": "2026-11-28"}, "過ぎた日時"),
            ({"date": "2027-12-01"}, "1年以内"),
        ):
            refused = editor.submit(f"{path}/time", wrong, action="/time")
            assert refused.status == 422 and said in refused.text
        old = page.form("/time")
        assert editor.submit(f"{path}/time", {"time": "18:05"}, action="/time").location == path
        assert now_at(mailing) == moment("2026-11-30T18:05")
        # Somebody whose page is older.
        late = editor.post(f"{path}/time", old | {"time": "07:00"})
        assert late.location == path and "移せませんでした" in editor.get(path).text
        assert browser_for(world.ours.viewer).get(f"{path}/time").status == 403
    kept = db.session.get_one(Mailing, mailing.id, populate_existing=True)
    assert (kept.scheduled_at, kept.portions, kept.portion_minutes) == (moment("2026-11-30T18:05"), 3, 30)
    assert [each.to for each in planning.changes(kept) if each.act == "move"] == [moment("2026-11-30T18:05")]


@pytest.mark.parametrize(
    ("day", "seen", "said"),
    [
        ("2026-11-27", "2026-11-30T09:30:00+09:00", "過ぎています"),
        ("2026-11-28", "2026-11-30T09:30:00+09:00", "過ぎています"),  # it is ten o'clock
        ("2027-12-01", "2026-11-30T09:30:00+09:00", "1年以内"),
        ("", "2026-11-30T09:30:00+09:00", "移す日を入力"),
        ("2026-12-01", "gibberish", "移す日を入力"),
        ("2026-12-01", "2026-11-30T09:31:00+09:00", "変更されたか"),
    ],
)
def test_where_it_cannot_go(
    world: World, mailing: Mailing, browser_for: BrowserFor, day: str, seen: str, said: str
) -> None:
    with time_machine.travel(moment("2026-11-28T10:00"), tick=False):
        assert said in moved(browser_for(world.ours.editor), mailing, day, seen).text
    assert now_at(mailing) == moment("2026-11-30T09:30")


def test_who_and_what_cannot(world: World, mailing: Mailing, browser_for: BrowserFor) -> None:
    values = {"day": "2026-12-01", "seen": "2026-11-30T09:30:00+09:00"}
    with time_machine.travel(moment("2026-11-28T10:00"), tick=False):
        viewer = browser_for(world.ours.viewer)
        assert "別の日に移す" not in viewer.get("/mailings/calendar").text
        assert viewer.post(f"/mailings/{mailing.id}/move", values).status == 403
        mailing.unschedule(by=1)
        db.session.commit()
        assert "変更されたか" in moved(browser_for(world.ours.editor), mailing, "2026-12-01").text
        assert "この月のメールはありません" in viewer.get("/mailings/calendar").text
        seen = moment("2026-11-30T09:30")
        with pytest.raises(NotPossible):
            planning.move(mailing, date(2026, 12, 1), seen, by=1)
        with pytest.raises(InThePast):
            planning.move(mailing, date(2026, 11, 1), seen, by=1)
        world.ours.contract.suspend(SuspensionGround.danger, "", by=None)
        with pytest.raises(starting.CannotStart):
            planning.move(mailing, date(2026, 12, 1), seen, by=1)


def test_what_was_sent_stands_on_its_day(world: World, mailing: Mailing, browser_for: BrowserFor) -> None:
    mailing.state, mailing.started_at = MailingState.sending, moment("2026-11-30T09:30") + timedelta(days=1)
    make_mailing(
        world.theirs.mailing_list, name="他社", state=MailingState.scheduled, scheduled_at=moment("2026-12-01T10:00")
    )
    db.session.commit()
    found = planning.between(world.ours.customer.id, date(2026, 12, 1), date(2026, 12, 1))
    assert [(at, row.id) for at, row in found] == [(moment("2026-12-01T09:30"), mailing.id)]
