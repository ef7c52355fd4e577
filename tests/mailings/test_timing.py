"""Times of mailings: no-send hours and tolerance, on the screens and in what the timetable rings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.factories import World, make_mailing
from tests.page import Browser
from wem.audit import AuditEvent
from wem.clock import JAPAN
from wem.db import db
from wem.delivery import recovering
from wem.delivery.models import Dispatch, DispatchState
from wem.delivery.no_send_models import NoSendSetting, hours_of
from wem.delivery.no_send_rules import NoSendHours
from wem.mailings import controlling, jobs, starting
from wem.mailings.maintenance_rules import Window
from wem.mailings.models import Mailing
from wem.mailings.states import HeldReason, MailingState
from wem.mailings.timing_rules import leaves_after, missed
from wem.outbox import OutboxMail

BrowserFor = Callable[..., Browser]
NIGHT = NoSendHours(time(22), time(7))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JAPAN)


def at(text: str) -> time_machine.travel:
    return time_machine.travel(moment(text), tick=False)


def window(begins: str, ends: str | None) -> Window:
    return Window(1, moment(begins), moment(ends) if ends else None)


@pytest.mark.parametrize(
    ("case", "windows", "hours", "asked", "leaves"),
    [
        ("nothing in the way", [], None, "2026-06-10T23:00", "2026-06-10T23:00"),
        ("the night", [], NIGHT, "2026-06-10T23:00", "2026-06-11T07:00"),
        (
            "maintenance into the night",
            [window("2026-06-10T20:00", "2026-06-10T22:30")],
            NIGHT,
            "2026-06-10T21:00",
            "2026-06-11T07:00",
        ),
        (
            "maintenance after the night",
            [window("2026-06-11T06:00", "2026-06-11T08:00")],
            NIGHT,
            "2026-06-10T23:00",
            "2026-06-11T08:00",
        ),
        ("both without an end", [window("2026-06-11T06:00", None)], NIGHT, "2026-06-10T23:00", None),
        (
            "maintenance alone",
            [window("2026-06-10T09:00", "2026-06-10T10:00")],
            NIGHT,
            "2026-06-10T09:30",
            "2026-06-10T10:00",
        ),
    ],
)
def test_when_it_leaves(case: str, windows: list[Window], hours: NoSendHours, asked: str, leaves: str | None) -> None:
    assert leaves_after(windows, hours, moment(asked)) == (moment(leaves) if leaves else None)


@pytest.mark.parametrize(
    ("due", "late", "tolerance", "expected"),
    [("09:00", 60, 60, False), ("09:00", 61, 60, True), ("09:00", -60, 15, False), (None, 600, 15, False)],
)
def test_what_was_missed(due: str | None, late: int, tolerance: int, expected: bool) -> None:
    nine = moment("2026-06-10T09:00")
    found = missed(nine if due else None, nine + timedelta(minutes=late), timedelta(minutes=tolerance))
    assert found is expected


def scheduled(world: World, when: str, **values: object) -> Mailing:
    mailing = make_mailing(world.ours.mailing_list, **values)
    with at("2026-06-09T10:00"):
        starting.schedule(mailing, moment(when), by=world.ours.owner.id)
        db.session.commit()
    return mailing


def with_hours(world: World) -> None:
    db.session.add(NoSendSetting(customer_id=world.ours.customer.id, begins=time(22), ends=time(7)))
    db.session.commit()


def state_of(mailing: Mailing) -> MailingState:
    return db.session.get_one(Mailing, mailing.id, populate_existing=True).state


def test_one_that_is_due_in_the_hours_waits_and_was_not_missed(world: World) -> None:
    with_hours(world)
    mailing, late = scheduled(world, "2026-06-10T22:30"), scheduled(world, "2026-06-10T21:59")
    for night in ("2026-06-10T22:30", "2026-06-11T06:59"):
        with at(night):
            jobs.start_due()
            assert state_of(mailing) is MailingState.scheduled
    assert state_of(late) is MailingState.sending, "31 minutes are within its tolerance: it is written down, and rests"
    with at("2026-06-11T07:00"):
        jobs.start_due()
    assert state_of(mailing) is MailingState.sending
    assert not db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "mailing_held")).all()


def test_after_the_hours_it_tolerates_as_much_as_ever(world: World) -> None:
    with_hours(world)
    mailing = scheduled(world, "2026-06-10T23:00", tolerance=timedelta(minutes=15))
    with at("2026-06-11T07:16"):
        jobs.start_due()
    assert state_of(mailing) is MailingState.held
    assert mailing.held_reason == HeldReason.missed.value


def test_the_hours_are_set_on_their_page(world: World, browser_for: BrowserFor) -> None:
    editor, customer_id = browser_for(world.ours.editor), world.ours.customer.id
    offered = editor.get("/mailings/hours").form("/hours")
    assert (offered["begins"], offered["ends"]) == ("22:00", "07:00")
    assert hours_of(customer_id) is None, "none by default"
    assert editor.submit("/mailings/hours", {"kind": "some", "begins": "23:00", "ends": "22:00"}).status == 422
    assert editor.submit("/mailings/hours", {"kind": "some", "begins": "", "ends": "07:00"}).status == 422
    for _ in range(2):
        assert editor.submit("/mailings/hours", {"kind": "some"}).status == 303
    assert hours_of(customer_id) == NIGHT
    assert "22:00～07:00" in browser_for(world.ours.viewer).get("/mailings/hours").text
    assert editor.submit("/mailings/hours", {"kind": "none"}).status == 303
    assert hours_of(customer_id) is None
    noted = db.session.scalars(sa.select(AuditEvent.details).where(AuditEvent.action == "hours.set")).all()
    assert noted == [{"hours": ["", "22:00–07:00"]}, {"hours": ["22:00–07:00", ""]}], "once for two presses"


def test_send_now_in_the_hours_says_when_it_leaves(world: World, browser_for: BrowserFor) -> None:
    with_hours(world)
    mailing = world.ours.mailing
    with at("2026-06-10T23:00") as now:
        editor = browser_for(world.ours.editor)
        confirm = editor.submit(f"/mailings/{mailing.id}/check", {"when": "now"}, action="/check")
        assert "6月11日（木） 07:00に自動で送信を始めます" in confirm.text and "予約する" in confirm.text
        assert "07:00（送信しない時間帯の終了後）" in confirm.text and "今すぐ" not in confirm.text
        editor.post(f"/mailings/{mailing.id}/send", confirm.form("/send"))
        now.shift(timedelta(seconds=5))
        jobs.start_due()
        page = editor.get(f"/mailings/{mailing.id}").text
        assert "6月11日（木） 07:00に送信します" in page and "まもなく" not in page
    assert state_of(mailing) is MailingState.scheduled


def test_a_mailing_that_rests_says_so_and_staff_win(world: World, browser_for: BrowserFor) -> None:
    mailing = world.ours.mailing
    with at("2026-06-10T21:59"):
        dispatch = starting.start(mailing, by=1)
        db.session.commit()
        jobs.expand(dispatch.id)
    with_hours(world)
    with at("2026-06-10T22:00"):
        recovering.sweep()
        text = browser_for(world.ours.editor).get(f"/mailings/{mailing.id}").text
        assert "6月11日（木） 07:00に残りの読者への送信を再開します" in text and "休止中" in text
        assert "一時停止" in text and "送信を中止" in text
        jobs.sweep()
        assert state_of(mailing) is MailingState.sending, "nobody has to decide, nobody is told"
        controlling.hold(mailing, HeldReason.staff, by=1)
        db.session.commit()
    with at("2026-06-11T07:00"):
        recovering.sweep()
        jobs.sweep()
    assert state_of(mailing) is MailingState.held
    assert db.session.get_one(Dispatch, dispatch.id, populate_existing=True).state is DispatchState.held


def test_how_late_it_may_start_is_chosen_and_shown(world: World, browser_for: BrowserFor) -> None:
    mailing = world.ours.mailing
    with at("2026-06-10T10:00"):
        editor = browser_for(world.ours.editor)
        chosen = {"when": "later", "date": "2026-06-11", "time": "09:00", "tolerance": "360"}
        confirm = editor.submit(f"/mailings/{mailing.id}/check", chosen, action="/check")
        assert "6時間まで" in confirm.text
        back = confirm.soup.find("a", string="戻る")
        assert back is not None
        kept = editor.get(str(back["href"])).form("/check")
        assert {name: kept[name] for name in chosen} == chosen
        editor.post(f"/mailings/{mailing.id}/send", confirm.form("/send"))
        assert "6時間まで" in editor.get(f"/mailings/{mailing.id}").text
    assert db.session.get_one(Mailing, mailing.id, populate_existing=True).tolerance == timedelta(hours=6)


def test_portions_are_confirmed_with_a_table(world: World, browser_for: BrowserFor) -> None:
    mailing = world.ours.mailing
    with at("2026-06-10T10:00"):
        editor = browser_for(world.ours.editor)
        check = f"/mailings/{mailing.id}/check"
        for wrong, said in (
            ({"split": "once", "portions": "3"}, "どちらかに"),
            ({"split": "portions"}, "入力してください"),
            ({"split": "portions", "portions": "30", "interval": "180"}, "72時間"),
            ({"split": "hourly", "per_hour": "0"}, ""),
        ):
            page = editor.submit(check, {"when": "now", **wrong}, action="/check")
            assert page.status == 422 and said in page.text
        # Three readers, two an hour.
        hourly = editor.submit(check, {"when": "now", "split": "hourly", "per_hour": "2"}, action="/check")
        assert "2回に分けて送ります" in hourly.text and "6月10日（水） 11:00" in hourly.text
        chosen = {"when": "now", "split": "portions", "portions": "3", "interval": "30"}
        confirm = editor.submit(check, chosen, action="/check")
        back = confirm.soup.find("a", string="戻る")
        assert back is not None
        kept = editor.get(str(back["href"])).form("/check")
        assert {name: kept[name] for name in chosen} == chosen
        assert "3回に分けて送ります" in confirm.text and "6月10日（水） 11:00" in confirm.text
        values = confirm.form("/send")
        refused = editor.post(f"/mailings/{mailing.id}/send", {**values, "portions": "99"})
        assert refused.location == check and state_of(mailing) is MailingState.draft
        editor.post(f"/mailings/{mailing.id}/send", values)
        dispatch = db.session.scalars(sa.select(Dispatch)).one()
        assert (dispatch.portions, dispatch.portion_minutes) == (3, 30)
        jobs.expand(dispatch.id)
        for page in (f"/mailings/{mailing.id}", f"/mailings/{mailing.id}/report"):
            assert "第3回" in editor.get(page).text
    assert dispatch.state in (DispatchState.preparing, DispatchState.sending)
