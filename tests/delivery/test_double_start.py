"""T9: whoever presses, schedules or rings twice at one moment starts one mailing, and everybody gets one mail."""

from __future__ import annotations

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
from wem.mailings.models import Mailing, MailingState

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


def test_t9_several_timetables_at_one_moment_ring_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[str] = []
    monkeypatch.setattr(queue, "ring_now", lambda queue, job, *ids, **_how: rung.append(job) or True)
    at, names = clock.now(), [periodic.job for periodic in schedule.TIMETABLE]
    at_one_moment(app, [lambda: schedule.ring_due(at)] * AT_ONCE)
    assert sorted(rung) == sorted(names)
    at_one_moment(app, [lambda: schedule.ring_due(at + timedelta(days=1))] * AT_ONCE)
    assert sorted(rung) == sorted(names * 2)


def test_a_clock_that_is_set_back_stops_no_timetable(app: Flask) -> None:
    """T8: what was rung an hour ahead is rung again at once, and then at its time."""
    at, names = clock.now(), [periodic.job for periodic in schedule.TIMETABLE]
    assert schedule.ring_due(at) == names
    assert schedule.ring_due(at - timedelta(seconds=5)) == [], "as far as this clocks of two machines differ"
    assert schedule.ring_due(at - timedelta(hours=1)) == names
    assert schedule.ring_due(at - timedelta(hours=1)) == []
