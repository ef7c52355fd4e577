"""Staff work for a customer on its order (9-4): in its time, as an editor, on record, and nowhere else."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.factories import make_account
from wem import clock
from wem.accounts.order_models import OperationOrder, OperationWork, OrderWay
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.db import db
from wem.lists.models import MailingList
from wem.notices.models import Notice
from wem.operating import jobs, ordering
from wem.operating.rules import order_problem

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def order(side, by, begins=-HOUR, ends=DAY):
    at = clock.now()
    row = ordering.enter(
        side.contract, "髙橋 一郎", at - HOUR, OrderWay.phone, "リストの整理", at + begins, at + ends, by=by.id
    )
    db.session.commit()
    return row


def staff(role=StaffRole.support):
    account = make_account("代行 花子", staff_role=role)
    db.session.commit()
    return account


def at_work(browser_for, world, account=None, **times):
    row = order(world.ours, world.admin, **times)
    browser = browser_for(account or staff())
    answer = browser.submit(f"/staff/operations/{row.id}", action="/work")
    assert answer.location == "/dashboard"
    return browser, row


def audited(action):
    return db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)).all()


@pytest.mark.parametrize(
    ("ordered", "begins", "ends", "problem"),
    [
        (-1, 0, 10, None),
        (1, 0, 10, "future"),
        (-1, 10, 10, "order"),
        (-1, -20, -10, "past"),
        (-1, -20, 0, "past"),
        (-1, 0, 24 * 93, None),
        (-1, 0, 24 * 93 + 1, "long"),
    ],
)
def test_times_of_an_order(ordered, begins, ends, problem):
    at = clock.now()
    assert order_problem(at + ordered * HOUR, at + begins * HOUR, at + ends * HOUR, at) == problem


def test_an_order_is_entered_and_the_customer_told(world, browser_for):
    at = clock.now()
    values = {
        "ordered_by": "髙橋 一郎",
        "way": "mail",
        "scope": "初回配信の設定",
        "begins_at": (at - HOUR).strftime("%Y-%m-%dT%H:%M"),
        "ordered_at": (at - HOUR).strftime("%Y-%m-%dT%H:%M"),
        "ends_at": (at - HOUR).strftime("%Y-%m-%dT%H:%M"),
    }
    browser, path = browser_for(world.admin), f"/staff/operations/new?contract={world.ours.contract.number}"
    assert browser.submit(path, values).status == 422
    browser.submit(path, {**values, "ends_at": (at + DAY).strftime("%Y-%m-%dT%H:%M")})
    row = db.session.scalars(sa.select(OperationOrder)).one()
    assert (row.customer_id, row.scope) == (world.ours.customer.id, "初回配信の設定")
    notice = db.session.scalars(sa.select(Notice)).one()
    assert "初回配信の設定" in notice.text and "お心当たりのない" in notice.text


def test_work_as_an_editor_with_every_act_on_record(world, browser_for):
    account = staff()
    browser, row = at_work(browser_for, world, account)
    page = browser.get("/lists")
    assert "株式会社髙橋商店として作業しています" in page.text and "リストの整理" in page.text
    browser.post("/lists/new", {"name": "代行のリスト", "slug": "daikou"})
    made = db.session.scalars(sa.select(MailingList).where(MailingList.slug == "daikou")).one()
    # The sender stays the customer.
    assert made.customer_id == world.ours.customer.id
    event = audited("list.create")[0]
    assert (event.account_id, event.customer_id, event.on_behalf_of) == (account.id, world.ours.customer.id, row.id)
    assert f"代行 花子（ご依頼番号{row.id}による運用代行）" in browser_for(world.admin).get("/staff/audit").text
    # Readers stay masked as for the customer.
    text = browser.get(f"/lists/{world.ours.mailing_list.id}/subscribers").html
    assert "t****@readers.example.com" in text and "tanaka@" not in text
    # The customer sees what was done.
    owner = browser_for(world.ours.owner).get("/operations")
    assert "リストの整理" in owner.text and "リストの作成" in owner.text
    assert "代行のリスト" not in browser_for(world.theirs.owner).get("/operations").text
    answer = browser.post("/staff/operations/end")
    assert answer.location == f"/staff/operations/{row.id}"
    assert browser.get("/lists").status == 404
    jobs.sweep()
    notice = db.session.scalars(sa.select(Notice).order_by(Notice.id.desc())).first()
    assert notice.title == "運用代行が終わりました" and "操作の件数\n\u30001\n" in notice.text
    # What staff do afterwards, on their own pages, is done for nobody.
    assert all(event.on_behalf_of is None for event in audited("operation.end"))


OWNERS_ACTS = [
    ("/contract/cancel", {}),
    ("/contract/details", {"contact": "x"}),
    ("/contract/course", {}),
    ("/team", {"email": "x@example.com", "name": "x", "role": "owner"}),
]


@pytest.mark.parametrize(("path", "values"), OWNERS_ACTS)
def test_no_act_of_the_owner(world, browser_for, path, values):
    browser, _ = at_work(browser_for, world)
    assert browser.post(path, values).status in (403, 405)
    assert browser.get("/contract").status == 200


def test_what_only_the_customer_declares_is_refused_and_audited(world, browser_for, app):
    browser, _ = at_work(browser_for, world)
    posts = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "POST" in rule.methods
        and getattr(app.blueprints.get(rule.endpoint.rpartition(".")[0]), "use", None) == "contract"
        and "<" not in rule.rule
    ]
    assert posts
    for path in posts:
        assert browser.post(path).status == 403, path
    assert len(audited("operation.denied")) == len(posts)


def test_only_that_customer(world, browser_for):
    browser, _ = at_work(browser_for, world)
    for path in (f"/lists/{world.theirs.mailing_list.id}", f"/mailings/{world.theirs.mailing.id}"):
        assert browser.get(path).status == 404
    with browser.client.session_transaction(base_url=browser.origin) as session:
        session["customer_id"] = world.theirs.customer.id
    assert "有限会社山田花店" not in browser.get("/dashboard").html


def test_nobody_without_an_order(world, browser_for):
    assert browser_for(world.admin).get("/lists").status == 404
    assert browser_for(staff()).get("/dashboard").status == 404


@pytest.mark.parametrize("times", [{"begins": HOUR}, {"ends": timedelta(seconds=1)}])
def test_not_before_and_not_after_the_orders_time(world, browser_for, times):
    row, account = order(world.ours, world.admin, **times), staff()
    with time_machine.travel(clock.now() + timedelta(seconds=2), tick=False):
        browser = browser_for(account)
        browser.post(f"/staff/operations/{row.id}/work")
        assert browser.get("/lists").status == 404
    assert db.session.scalar(sa.select(OperationWork.id)) is None and audited("operation.denied")


def test_it_ends_with_the_order_by_itself(world, browser_for):
    browser, row = at_work(browser_for, world, ends=timedelta(minutes=10))
    with time_machine.travel(clock.now() + timedelta(minutes=10), tick=False):
        answer = browser.get("/lists")
        assert (answer.status, answer.location) == (303, "/staff/operations")
        assert browser.post("/lists/new", {"name": "x", "slug": "late"}).status == 303
        jobs.sweep()
        work = db.session.scalars(sa.select(OperationWork)).one()
        assert (work.ended_at, work.told_at is not None) == (row.ends_at, True)
    assert db.session.scalar(sa.select(MailingList.id).where(MailingList.slug == "late")) is None


def test_it_ends_when_the_order_is_taken_back(world, browser_for):
    browser, row = at_work(browser_for, world)
    browser_for(world.admin).submit(f"/staff/operations/{row.id}", action=f"{row.id}/end")
    assert browser.get("/lists").status == 303


def test_it_ends_at_sign_out(world, browser_for):
    account = staff()
    browser, row = at_work(browser_for, world, account)
    with browser.client.session_transaction(base_url=browser.origin) as session:
        kept = dict(session)
    browser.post("/logout")
    again = browser_for(account)
    # The number of the work in another sign-in's cookie is worth nothing.
    with again.client.session_transaction(base_url=again.origin) as session:
        session["work_id"] = kept["work_id"]
    assert again.get("/lists").status == 303
    jobs.sweep()
    assert db.session.scalars(sa.select(OperationWork.ended_at)).one() is not None
    assert db.session.scalars(sa.select(Notice.title)).all().count("運用代行が終わりました") == 1
    jobs.sweep()
    assert db.session.scalars(sa.select(Notice.title)).all().count("運用代行が終わりました") == 1


def test_billing_does_not_operate(world, browser_for):
    row = order(world.ours, world.admin)
    browser = browser_for(staff(StaffRole.billing))
    assert browser.get(f"/staff/operations/{row.id}").status == 403
    assert browser.post(f"/staff/operations/{row.id}/work").status == 403
    # A role that was taken away meanwhile ends the work too.
    account = staff()
    working, _ = at_work(browser_for, world, account)
    account.staff_role = StaffRole.billing
    db.session.commit()
    assert working.get("/lists").status == 303


def test_a_work_of_somebody_else_cannot_be_taken_over(world, browser_for):
    _, _ = at_work(browser_for, world)
    work = db.session.scalars(sa.select(OperationWork)).one()
    other = browser_for(staff())
    with other.client.session_transaction(base_url=other.origin) as session:
        session["work_id"] = work.id
    assert other.get("/lists").status == 303
    viewer = browser_for(world.theirs.viewer)
    with viewer.client.session_transaction(base_url=viewer.origin) as session:
        session["work_id"] = work.id
    # A customer's person stays with their own.
    assert "有限会社山田花店" in viewer.get("/lists").html


@pytest.mark.both_databases
def test_a_work_is_told_of_once(world, browser_for):
    browser, _ = at_work(browser_for, world)
    browser.post("/staff/operations/end")
    assert ordering.tell_ended() == 1
    db.session.commit()
    assert ordering.tell_ended() == 0
