"""Mailings and announced maintenance: held and sent afterwards or cancelled, also when it is extended or shortened."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.factories import make_mailing
from wem import clock
from wem.clock import JAPAN
from wem.db import db
from wem.delivery.models import Dispatch, DispatchState
from wem.mailings import controlling, jobs, starting
from wem.mailings.maintenance_models import MaintenanceChoice
from wem.mailings.models import Mailing
from wem.mailings.starting import CannotStart, Problem
from wem.mailings.states import HeldReason, MailingState
from wem.notices.incident_rules import Part
from wem.notices.models import Incident, Notice
from wem.notices.rules import NoticeKind
from wem.outbox import OutboxMail

pytestmark = pytest.mark.both_databases


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=JAPAN)


def announced(begins="2026-06-10T01:00", ends="2026-06-10T05:00", **changed):
    row = Incident(
        title="配信サーバーの保守", body="送信が止まります。", reason=6, planned=True, part=Part.sending,
        begins_at=moment(begins), ends_at=moment(ends) if ends else None, created_at=moment("2026-06-01T10:00"),
    )  # fmt: skip
    for name, value in changed.items():
        setattr(row, name, value)
    db.session.add(row)
    db.session.commit()
    return row


def scheduled(world, when="2026-06-10T02:00"):
    mailing = make_mailing(world.ours.mailing_list)
    with at("2026-06-09T10:00"):
        starting.schedule(mailing, moment(when), by=world.ours.owner.id)
        db.session.commit()
    return mailing


def follow(text):
    """Run what the timetable rings at a moment."""
    with at(text):
        jobs.start_due()
        jobs.follow_maintenance()


def now_is(mailing):
    row = db.session.get_one(Mailing, mailing.id, populate_existing=True)
    return row.state, row.held_reason


HELD = (MailingState.held, HeldReason.maintenance.value)


def test_one_that_is_due_within_waits_and_goes_afterwards_by_itself(world):
    incident, mailing, later = announced(), scheduled(world), scheduled(world, "2026-06-10T06:00")
    follow("2026-06-10T02:00")
    assert now_is(mailing) == HELD
    follow("2026-06-10T04:59")
    assert now_is(mailing) == HELD and now_is(later)[0] is MailingState.scheduled
    follow("2026-06-10T05:00")
    assert now_is(mailing) == (MailingState.sending, "")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Dispatch)) == 1
    assert incident.closed_at is None, "the planned end is enough"
    follow("2026-06-10T06:00")
    assert now_is(later)[0] is MailingState.sending


def test_extended_it_waits_longer_and_shortened_it_goes_sooner(world):
    incident, mailing = announced(), scheduled(world)
    follow("2026-06-10T02:00")
    incident.ends_at = moment("2026-06-10T07:00")
    db.session.commit()
    follow("2026-06-10T05:30")
    assert now_is(mailing) == HELD
    incident.ends_at = incident.closed_at = moment("2026-06-10T06:00")
    db.session.commit()
    follow("2026-06-10T06:00")
    assert now_is(mailing)[0] is MailingState.sending


def test_one_is_cancelled_where_the_customer_wants_it(world, browser_for):
    incident, mailing = announced(), scheduled(world)
    with at("2026-06-09T12:00"):
        browser = browser_for(world.ours.editor)
        page = browser.get("/mailings/maintenance")
        assert "保留して終了後に送信" in page.text and "取消" in page.text and "配信サーバーの保守" in page.text
        assert "メンテナンスの対象となるメール" in browser.get("/dashboard").text
        assert "メールの取り扱いを選ぶ" in browser.get("/lists").text
        browser.post("/mailings/maintenance", {"incident": str(incident.id), f"choice-{mailing.id}": "cancel"})
        assert "取消" in browser.get(f"/mailings/{mailing.id}").text
        # Another's mailing does not exist, a viewer only reads.
        theirs = {"incident": str(incident.id), f"choice-{world.theirs.mailing.id}": "cancel"}
        assert browser.post("/mailings/maintenance", theirs).status == 404
        assert browser_for(world.ours.viewer).get("/mailings/maintenance").status == 200
    assert now_is(mailing)[0] is MailingState.scheduled
    follow("2026-06-10T02:00")
    assert now_is(mailing)[0] is MailingState.cancelled
    assert db.session.scalars(sa.select(MaintenanceChoice.mailing_id)).all() == [mailing.id]


def test_one_that_is_to_be_cancelled_goes_as_usual_when_it_falls_out(world):
    incident, mailing = announced(), scheduled(world)
    db.session.add(
        MaintenanceChoice(
            incident_id=incident.id, mailing_id=mailing.id, customer_id=mailing.customer_id, choice="cancel",
            chosen_at=clock.now(),
        )
    )  # fmt: skip
    incident.begins_at = moment("2026-06-10T03:00")
    db.session.commit()
    follow("2026-06-10T02:00")
    assert now_is(mailing)[0] is MailingState.sending


def test_what_is_being_sent_is_held_and_goes_on(world):
    mailing = scheduled(world, "2026-06-10T00:30")
    announced()
    follow("2026-06-10T00:30")
    assert now_is(mailing)[0] is MailingState.sending
    follow("2026-06-10T01:00")
    assert now_is(mailing) == HELD
    dispatch = db.session.scalars(sa.select(Dispatch).execution_options(populate_existing=True)).one()
    assert dispatch.state is DispatchState.held
    with at("2026-06-10T02:00"), pytest.raises(CannotStart) as error:
        controlling.resume(db.session.get_one(Mailing, mailing.id), by=world.ours.owner.id)
    assert error.value.problems == [Problem.maintenance]
    db.session.rollback()
    follow("2026-06-10T05:00")
    assert now_is(mailing)[0] is MailingState.sending
    db.session.refresh(dispatch)
    assert dispatch.state in (DispatchState.preparing, DispatchState.sending)


def test_what_maintenance_kept_waiting_was_not_missed(world):
    """Everything stood still, our timetable too: nobody looked at the mailing before the end."""
    mailing, forgotten = scheduled(world), scheduled(world, "2026-06-10T00:59")
    announced(part=Part.all)
    follow("2026-06-10T05:20")
    assert now_is(mailing)[0] is MailingState.sending
    assert now_is(forgotten) == (MailingState.held, HeldReason.missed.value)


@pytest.mark.parametrize("changed", [{"part": Part.screens}, {"planned": False}, "theirs"])
def test_what_does_not_concern_sending_or_us_holds_nothing(world, changed):
    announced(**({"customer_id": world.theirs.customer.id} if changed == "theirs" else changed))
    mailing = scheduled(world)
    follow("2026-06-10T02:00")
    assert now_is(mailing)[0] is MailingState.sending


def test_what_may_not_be_sent_any_more_waits_for_its_people(world):
    announced()
    mailing = scheduled(world)
    follow("2026-06-10T02:00")
    world.ours.contract.contact = ""
    db.session.commit()
    follow("2026-06-10T05:00")
    assert now_is(mailing) == (MailingState.held, HeldReason.problems.value)
    subjects = db.session.scalars(sa.select(OutboxMail.subject).where(OutboxMail.kind == "mailing_held")).all()
    assert sum("メンテナンスのため保留中" in each for each in subjects) == 2  # owner and editor
    assert sum("メンテナンス" not in each for each in subjects) == 2


def test_customers_are_told_once_and_anew_when_it_is_moved(world):
    incident, mailing = announced(), scheduled(world)

    def told():
        found = sa.select(Notice).where(Notice.kind == NoticeKind.maintenance).order_by(Notice.id)
        return db.session.scalars(found.execution_options(populate_existing=True)).all()

    for _ in range(2):
        follow("2026-06-09T12:00")
    [first] = told()
    assert first.customer_id == world.ours.customer.id
    assert "秋の新商品のお知らせ" in first.text and "/mailings/maintenance" in first.text and "日本法" not in first.text
    incident.begins_at, incident.ends_at = moment("2026-06-10T03:00"), moment("2026-06-10T04:00")
    db.session.commit()
    for _ in range(2):
        follow("2026-06-09T13:00")
    assert len(told()) == 2 and "該当するお客様のメールはなくなりました" in told()[1].text
    assert now_is(mailing)[0] is MailingState.scheduled


def test_sending_now_within_it_waits_for_its_end(world, browser_for):
    announced()
    mailing = make_mailing(world.ours.mailing_list)
    db.session.commit()
    with at("2026-06-10T02:00") as time:
        browser = browser_for(world.ours.owner)
        check = {"version": str(mailing.version), "when": "now"}
        confirm = browser.post(f"/mailings/{mailing.id}/check", check)
        assert "メンテナンスの時間帯です" in confirm.text
        browser.post(f"/mailings/{mailing.id}/send", {"version": str(mailing.version), "at": ""})
        time.shift(timedelta(seconds=5))
        jobs.start_due()
        assert now_is(mailing) == HELD
        assert "終了後に自動で送信します" in browser.get(f"/mailings/{mailing.id}").text
    follow("2026-06-10T05:00")
    assert now_is(mailing)[0] is MailingState.sending


def test_staff_extend_and_shorten(world, browser_for):
    incident = announced()
    path = f"/staff/incidents/{incident.id}"
    with at("2026-06-10T02:00"):
        staff = browser_for(world.admin)
        same = {"begins_at": "2026-06-10T01:00"}
        assert staff.post(f"{path}/times", {**same, "ends_at": "2026-06-10T07:00"}).status == 303
        db.session.refresh(incident)
        assert incident.ends_at == moment("2026-06-10T07:00")
        moved = {"begins_at": "2026-06-10T03:00", "ends_at": "2026-06-10T07:00"}
        assert staff.post(f"{path}/times", moved).status == 422
        assert staff.post(f"{path}/times", {**same, "ends_at": "2026-06-10T00:30"}).status == 422
        assert staff.post(path, {"words": "終わりました。"}).status == 303
        assert staff.post(f"{path}/times", {**same, "ends_at": "2026-06-10T08:00"}).status == 404
