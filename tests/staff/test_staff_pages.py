"""Work list, queues, audit trail; the partner's start page; the navigation of each role."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import make_account
from wem import audit, clock
from wem.accounts.rules import StaffRole
from wem.contracts import jobs as contract_jobs
from wem.contracts.models import Contract
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.delivery.models import Batch, BatchState, Dispatch, DispatchState
from wem.lists.states import UploadKind, UploadState
from wem.lists.upload_models import Upload
from wem.mailings.models import Mailing
from wem.mailings.states import MailingState
from wem.outbox import OutboxMail
from wem.schedule import TimetableRun


def staff(role):
    account = make_account(f"{role.value} 担当", staff_role=role)
    db.session.commit()
    return account


def make_upload(side, state=UploadState.waiting):
    row = Upload(
        customer_id=side.customer.id,
        list_id=side.mailing_list.id,
        kind=UploadKind.attested,
        state=state,
        filename="会員名簿.csv",
        good=950,
        total=1000,
    )
    db.session.add(row)
    db.session.commit()
    return row


@pytest.mark.parametrize("role", list(StaffRole))
def test_who_may_open_what(world, browser_for, role):
    browser = browser_for(staff(role))
    watches = role is not StaffRole.billing
    assert browser.get("/staff/").status == 200
    for path in ("/staff/queues", "/staff/audit"):
        assert browser.get(path).status == (200 if watches else 403), path
    # What stands in the navigation can be opened.
    links = [a["href"] for a in browser.get("/staff/").soup.select("nav.site-nav a")]
    assert "/staff/contracts" in links
    assert ("/staff/queues" in links) is watches
    assert ("/staff/people" in links) is (role is StaffRole.admin)
    for path in links:
        assert browser.get(path).status == 200, path


def test_nobody_else(world, browser_for):
    for account in (world.ours.owner, world.partner):
        for path in ("/staff/", "/staff/queues", "/staff/audit"):
            assert browser_for(account).get(path).status == 404
    assert browser_for().get("/staff/").location.startswith("/login")


def test_work_list_is_empty_until_something_waits(world, browser_for):
    contract_jobs.apply_due()  # the terms that have begun by now
    browser = browser_for(world.admin)
    assert "待っている作業はありません" in browser.get("/staff/").text
    make_upload(world.ours)
    db.session.get(Contract, world.theirs.contract.id).suspend(SuspensionGround.danger, "", by=None)
    db.session.get(Mailing, world.ours.mailing.id).state = MailingState.held
    db.session.commit()
    page = browser.get("/staff/")
    for words in ("会員名簿.csv", "950", "有限会社山田花店", "法令または危険", "保留中のメール 1"):
        assert words in page.text
    assert "待っている作業はありません" not in page.text


@pytest.mark.both_databases
def test_queues_say_what_is_on_its_way(world, browser_for):
    at = clock.now()
    dispatch = Dispatch(
        customer_id=world.ours.customer.id,
        mailing_id=world.ours.mailing.id,
        state=DispatchState.sending,
        content={},
        total=600,
        accepted=200,
        expires_at=at + timedelta(days=2),
    )
    db.session.add(dispatch)
    db.session.flush()
    for number, (state, until) in enumerate(
        [
            (BatchState.ready, None),
            (BatchState.leased, at + timedelta(minutes=1)),
            (BatchState.leased, at - timedelta(1)),
        ]
    ):
        db.session.add(
            Batch(
                dispatch_id=dispatch.id,
                number=number,
                customer_id=dispatch.customer_id,
                state=state,
                not_before=at,
                lease_until=until,
                size=200,
                open=200,
            )
        )
    db.session.add(
        OutboxMail(
            kind="password",
            recipient="person@shop.example.jp",
            created_at=at - timedelta(minutes=9),
            not_before=at - timedelta(minutes=9),
            expires_at=at + timedelta(days=1),
        )
    )
    make_upload(world.theirs, UploadState.applying)
    page = browser_for(world.admin).get("/staff/queues")
    assert page.status == 200
    assert "Redisが応答しません" in page.text  # as in every test: none runs
    for words in (
        "送信待ちのバッチ 1",
        "送信中のバッチ 1",
        "期限切れのバッチ 1",
        "待機中のサービスのメール 1",
        "メールが遅れています",
    ):
        assert words in page.text, words
    assert "株式会社髙橋商店" in page.text and "会員名簿.csv" in page.text
    assert "person@shop.example.jp" not in page.html
    fragment = browser_for(world.admin).get("/staff/queues", headers={"HX-Request": "true"})
    assert not fragment.is_page
    root = fragment.soup.find(id="queues")
    assert root["hx-get"] == "/staff/queues" and root["hx-trigger"] == "every 5s"


def test_timetable_that_rings_is_not_complained_about(world, browser_for):
    browser = browser_for(world.admin)
    assert "まだ一度も実行されていません" in browser.get("/staff/queues").text
    db.session.add(TimetableRun(job="wem.delivery.jobs.sweep", rung_at=clock.now()))
    db.session.commit()
    assert "定期処理が止まっています" not in browser.get("/staff/queues").text


# -- the audit trail


@pytest.fixture
def trail(world):
    for action, side, account in (
        ("list.create", world.ours, world.ours.editor),
        ("list.delete", world.ours, world.ours.owner),
        ("contract.suspend", world.theirs, world.admin),
    ):
        audit.record(action, by=account.id, customer_id=side.customer.id, note=f"メモ {action}")
    audit.record("mailing.finish", by=None, customer_id=world.ours.customer.id)
    db.session.commit()
    return world


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, {"list.create", "list.delete", "contract.suspend", "mailing.finish"}),
        ({"action": "list."}, {"list.create", "list.delete"}),
        ({"action": "list.d"}, {"list.delete"}),
        ({"action": "%"}, set()),
        ({"customer": "山田"}, {"contract.suspend"}),
        ({"customer": "number of theirs"}, {"contract.suspend"}),
        ({"customer": "nobody"}, set()),
        ({"account": "owner@takahashi.example.jp"}, {"list.delete"}),
        ({"account": "owner@takahashi.example.jp", "action": "contract."}, set()),
    ],
)
def test_filters(trail, browser_for, asked, found):
    if asked.get("customer") == "number of theirs":
        asked = {"customer": trail.theirs.contract.number}
    page = browser_for(trail.admin).get("/staff/audit", query_string=asked)
    assert page.status == 200
    shown = {act["title"] for act in page.soup.select("#trail span[title]")}
    assert shown == found


def test_lines_are_in_words(trail, browser_for):
    page = browser_for(trail.admin).get("/staff/audit")
    for words in ("リストの作成", "利用の停止", "管理 花子", "有限会社山田花店", "メモ list.delete", "システム"):
        assert words in page.text


def test_trail_pages_by_key(trail, browser_for):
    for number in range(60):
        audit.record("field.create", by=None, customer_id=trail.ours.customer.id, label=f"項目{number}番")
    db.session.commit()
    browser = browser_for(trail.admin)
    page = browser.get("/staff/audit", query_string={"action": "field."})
    assert "項目59番" in page.text and "項目9番" not in page.text
    older = browser.get(page.soup.find("a", rel="next")["href"])
    assert "項目9番" in older.text and "リストの作成" not in older.text


def test_every_recorded_action_has_words():
    """Codes that stand in the source as plain text; built ones (`mailing.…`) are listed beside them."""
    import re
    from pathlib import Path

    from wem.mailings.states import ACTS
    from wem.settings import ROOT
    from wem.staff.wording import ACTIONS

    found = {f"mailing.{act}" for act in ACTS}
    for path in Path(ROOT / "wem").rglob("*.py"):
        found |= set(re.findall(r'audit\.record\(\s*"([a-z_]+\.[a-z_]+)"', path.read_text("utf-8")))
    assert found - set(ACTIONS) == set()


# -- partners


def test_partner_sees_who_they_are(world, browser_for):
    page = browser_for(world.partner).get("/partner/applications")
    assert page.status == 200
    for words in ("P001", "立川ネット販売", "日本IP通信株式会社", "support@mail.wem.example"):
        assert words in page.text
    links = {a["href"] for a in page.soup.find("main").find_all("a")}
    assert links == {"/partner/applications/new", "mailto:support@mail.wem.example"}
    assert browser_for(world.admin).get("/partner/applications").status == 404
    assert browser_for(world.ours.owner).get("/partner/applications").status == 404


def test_sign_in_leads_to_the_right_start_page(world, browser_for):
    for account, start in (
        (world.admin, "/staff/"),
        (world.partner, "/partner/applications"),
        (world.ours.owner, "/dashboard"),
    ):
        browser = browser_for(account)
        assert browser.get("/login").location == start
        assert browser.get(start).status == 200
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Contract)) == 2
