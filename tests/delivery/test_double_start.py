"""T9: whoever presses, schedules or rings twice at one moment starts one mailing, and everybody gets one mail."""

from __future__ import annotations

import pkgutil
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from tests import factories
from tests.delivery.dispatches import send_all
from tests.page import Browser
from wem import clock, queue, schedule
from wem.db import db
from wem.delivery.models import Delivery, Dispatch
from wem.mailbox.client import MailboxClient
from wem.mailings import jobs
from wem.mailings.models import Mailing
from wem.mailings.states import MailingState

pytestmark = pytest.mark.both_databases
AT_ONCE = 3


def at_one_moment(app: Flask, acts: list[Callable[[], object]]) -> list[object]:
    """Do all acts at the same moment, each as a process of its own would; returns what came of them."""
    ready, found = threading.Barrier(len(acts)), list[object]()

    def do(act: Callable[[], object]) -> None:
        with app.app_context():
            ready.wait()
            try:
                found.append(act())
            finally:
                db.session.remove()

    db.session.commit()
    threads = [threading.Thread(target=do, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(acts), "one of them failed"
    return found


def dispatches(mailing: Mailing) -> list[Dispatch]:
    return list(db.session.scalars(sa.select(Dispatch).where(Dispatch.mailing_id == mailing.id)))


def expand_and_send(app: Flask, mailing: Mailing) -> Dispatch:
    """Have several workers write the audience down at one moment, and send it."""
    [dispatch] = dispatches(mailing)
    number = int(dispatch.id)
    at_one_moment(app, [lambda: jobs.expand(number)] * AT_ONCE)
    rows = db.session.scalar(sa.select(sa.func.count()).where(Delivery.dispatch_id == number))
    db.session.commit()
    assert rows == 3
    send_all()
    db.session.refresh(dispatch)
    return dispatch


def test_t9_several_presses_at_one_moment_are_one_mailing(
    app: Flask, world: factories.World, browser_for: Callable[..., Browser], mailbox: MailboxClient
) -> None:
    mailing = world.ours.mailing
    path = f"/mailings/{mailing.id}"
    browsers = [browser_for(world.ours.editor) for _ in range(AT_ONCE)]
    forms = [browser.get(f"{path}/check").form("/check") | {"when": "now"} for browser in browsers]
    asked = [browser.post(f"{path}/check", form).form("/send") for browser, form in zip(browsers, forms, strict=True)]
    answers = at_one_moment(
        app,
        [
            lambda browser=browser, form=form: browser.post(f"{path}/send", form).status  # type: ignore[misc]
            for browser, form in zip(browsers, asked, strict=True)
        ],
    )
    assert set(answers) == {303}, "whoever is late is shown the mailing, not an error"
    assert expand_and_send(app, mailing).accepted == 3
    assert set(Counter(mail["recipient"] for mail in mailbox.recipients()).values()) == {1}


def test_t9_several_schedulers_at_one_moment_start_one_mailing(
    app: Flask, world: factories.World, mailbox: MailboxClient
) -> None:
    mailing = factories.make_mailing(
        world.ours.mailing_list, state=MailingState.scheduled, scheduled_at=clock.now() - timedelta(seconds=5)
    )
    at_one_moment(app, [jobs.start_due] * AT_ONCE)
    db.session.refresh(mailing)
    assert mailing.state is MailingState.sending
    assert expand_and_send(app, mailing).accepted == 3
    assert set(Counter(mail["recipient"] for mail in mailbox.recipients()).values()) == {1}


def rung_by_themselves() -> list[str]:
    return [periodic.job for periodic in schedule.TIMETABLE if periodic.queue not in schedule.TOGETHER]


def test_t9_several_timetables_at_one_moment_ring_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[str] = []
    monkeypatch.setattr(queue, "ring_now", lambda queue, job, *ids, **_how: rung.append(" ".join([job, *ids])) or True)
    together = [f"wem.schedule.do_due {name}" for name in schedule.TOGETHER]
    at, names = clock.now(), [*rung_by_themselves(), *together]
    at_one_moment(app, [lambda: schedule.ring_due(at)] * AT_ONCE)
    assert sorted(rung) == sorted(names)
    at_one_moment(app, [lambda: schedule.ring_due(at + timedelta(days=1))] * AT_ONCE)
    assert sorted(rung) == sorted(names * 2)


def test_a_clock_that_is_set_back_stops_no_timetable(app: Flask) -> None:
    """T8: what was rung an hour ahead is rung again at once, and then at its time."""
    at = clock.now()
    names = schedule.ring_due(at)
    assert set(names) > set(rung_by_themselves())
    assert schedule.ring_due(at - timedelta(seconds=4)) == [], "as far as this clocks of two machines differ"
    assert schedule.ring_due(at - timedelta(hours=1)) == names
    assert schedule.ring_due(at - timedelta(hours=1)) == []


def test_several_workers_at_one_moment_do_each_chore_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(pkgutil, "resolve_name", lambda job: lambda: done.append(job))
    at_one_moment(app, [lambda: schedule.do_due(queue.WORK)] * AT_ONCE)
    assert sorted(done) == sorted(periodic.job for periodic in schedule.TIMETABLE if periodic.queue == queue.WORK)


def test_a_chore_that_fails_keeps_no_other_from_being_done(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        db.session.execute(sa.text("SELECT nothing"))

    failing = "wem.inbound.jobs.sweep"
    monkeypatch.setattr(pkgutil, "resolve_name", lambda job: fail if job == failing else lambda: None)
    chores = [periodic.job for periodic in schedule.TIMETABLE if periodic.queue == queue.INBOUND]
    assert sorted(schedule.do_due(queue.INBOUND)) == sorted(chores)
    assert f"{failing} failed" in caplog.text
    assert schedule.do_due(queue.INBOUND) == []


def test_what_a_long_chore_kept_waiting_comes_first_in_the_next_job(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pkgutil, "resolve_name", lambda job: lambda: None)
    monkeypatch.setattr(schedule, "SECONDS", -1.0)
    assert schedule.do_due(queue.WORK) == []
    monkeypatch.setattr(schedule, "SECONDS", 40.0)
    late = "wem.privacy.jobs.forget_old"
    schedule.do_due(queue.WORK)
    hours_ago = clock.now() - timedelta(hours=3)
    db.session.execute(
        sa.update(schedule.TimetableRun).where(schedule.TimetableRun.job == late).values(rung_at=hours_ago)
    )
    db.session.execute(
        sa.update(schedule.TimetableRun)
        .where(schedule.TimetableRun.job != late)
        .values(rung_at=hours_ago + timedelta(hours=1, minutes=30))
    )
    db.session.commit()
    assert schedule.do_due(queue.WORK)[0] == late
