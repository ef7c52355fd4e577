"""Reports of abuse by anybody, and what staff make of them."""

import io
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.factories import make_account
from wem import clock, storage
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.cases import jobs
from wem.cases.models import Case, CaseEntry, EntryKind, Report
from wem.cases.rules import CaseState, ReportState
from wem.db import db
from wem.outbox import OutboxMail
from wem.web.limits import limiter

TYPED = {
    "what": "頼んでいないメールが届きます",
    "page": "http://localhost:8001/h/takahashi/",
    "email": "Witness@Example.com",
}


def report(browser, values, seconds=10, path="/report-abuse"):
    page = browser.get(path)
    form = {**page.form("report-abuse" if page.soup.find("form", action="/report-abuse") else ""), **values}
    with time_machine.travel(clock.now() + timedelta(seconds=seconds), tick=False):
        return browser.post("/report-abuse", form)


def reports():
    return db.session.scalars(sa.select(Report).order_by(Report.id)).all()


def test_anybody_reports_without_signing_in(world, browser_for):
    browser = browser_for(None)
    answer = report(browser, {**TYPED, "mail": (io.BytesIO("From: shop\n\n本文".encode()), "届いたメール.eml")})
    assert (answer.status, answer.location) == (303, "/report-abuse/done")
    assert "通報ありがとうございました" in browser.get("/report-abuse/done").text
    row = reports()[0]
    assert (row.what, row.email, row.customer_id) == (TYPED["what"], "witness@example.com", world.ours.customer.id)
    page = browser_for(world.admin).get(f"/staff/cases/reports/{row.id}")
    assert "頼んでいないメール" in page.text and "届いたメール.eml" in page.text and "株式会社髙橋商店" in page.text
    file = browser_for(world.admin).get(f"/staff/cases/reports/{row.id}/file")
    # Whatever it says it is: never opened on our pages, kept by no browser.
    assert file.response.mimetype == "application/octet-stream"
    assert "no-store" in file.response.headers["Cache-Control"]
    assert file.response.headers["Content-Disposition"].startswith("attachment")
    assert file.html == "From: shop\n\n本文"


def test_dismissed_reports_are_forgotten_with_their_files(world):
    at = clock.now()
    rows = [
        Report(
            what=f"通報{days}",
            state=state,
            decided_at=at - timedelta(days=days) if days else None,
            file_key=storage.keep("cases", io.BytesIO(b"From: x"), 100)[0],
        )
        for state, days in (
            (ReportState.dismissed, 181),
            (ReportState.dismissed, 179),
            (ReportState.taken_up, 400),
            (ReportState.waiting, 0),
        )
    ]
    db.session.add_all(rows)
    db.session.commit()
    keys = [row.file_key for row in rows]
    jobs.forget_reports()
    jobs.forget_reports()
    assert [row.what for row in reports()] == ["通報179", "通報400", "通報0"]
    assert [storage.path_of(key).exists() for key in keys] == [False, True, True, True]


def test_the_receipt_says_nothing_that_somebody_typed(world, browser_for):
    report(browser_for(None), TYPED)
    mail = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "report_receipt")).one()
    assert mail.recipient == "witness@example.com"
    assert reports()[0].number in mail.subject
    for words in (TYPED["what"], "takahashi"):
        assert words not in f"{mail.subject}{mail.text}{mail.html}"


def test_an_address_is_not_flooded_with_receipts(world, browser_for):
    browser = browser_for(None)
    for number in range(5):
        report(browser, {**TYPED, "what": f"{number}回目"})
    assert len(reports()) == 5
    counted = sa.select(sa.func.count()).where(OutboxMail.kind == "report_receipt")
    assert db.session.scalar(counted) == 3


@pytest.mark.parametrize(
    ("page", "whose"),
    [
        ("http://localhost:8001/h/takahashi/news/join", True),
        ("localhost:8001/h/takahashi/", True),
        ("takahashi@mail.wem.example", True),
        ("takahashi@elsewhere.example", False),
        ("http://elsewhere.example/h/takahashi/", False),
        ("http://[broken/h/takahashi", False),
        ("お店のページ", False),
        ("", False),
    ],
)
def test_whose_page_it_is(world, browser_for, page, whose):
    report(browser_for(None), {**TYPED, "page": page, "email": ""})
    assert reports()[0].customer_id == (world.ours.customer.id if whose else None)


@pytest.mark.parametrize("changes", [{"website": "http://spam.example"}, {}])
def test_machines_are_thanked_and_forgotten(world, browser_for, changes):
    answer = report(browser_for(None), {**TYPED, **changes}, seconds=10 if changes else 1)
    assert answer.location == "/report-abuse/done"
    assert reports() == []


@pytest.mark.parametrize("changes", [{"what": ""}, {"email": "no address"}, {"shown": "forged"}])
def test_what_cannot_be_taken_is_shown_again(world, browser_for, changes):
    answer = report(browser_for(None), {**TYPED, **changes})
    assert answer.status == 422 and reports() == []
    assert changes.get("what", TYPED["what"]) in answer.html


def test_who_corrects_one_field_at_once_is_no_machine(world, browser_for):
    browser, now = browser_for(None), clock.now()
    with time_machine.travel(now, tick=False):
        form = browser.get("/report-abuse").form("")
    with time_machine.travel(now + timedelta(seconds=20), tick=False):
        again = browser.post("/report-abuse", {**form, **TYPED, "email": "witness"})
        assert again.status == 422 and reports() == []
    with time_machine.travel(now + timedelta(seconds=22), tick=False):
        browser.post("/report-abuse", {**again.form(""), "email": "witness@example.com"})
    assert [row.email for row in reports()] == ["witness@example.com"]


def test_one_place_reports_so_often(world, browser_for):
    limiter.enabled = True
    try:
        statuses = [report(browser_for(None), TYPED).status for _ in range(11)]
    finally:
        limiter.enabled = False
    assert statuses[:10] == [303] * 10 and statuses[10] == 429


def test_hosted_pages_lead_to_the_form(world, browser_for, public):
    page = public.get("/h/takahashi/news/join")
    link = page.soup.find("a", href=lambda target: target and "/report-abuse" in target)["href"]
    assert link == "http://localhost:8000/report-abuse?page=http%3A//localhost%3A8001/h/takahashi/news/join"
    shown = browser_for(None).get(link.removeprefix("http://localhost:8000"))
    assert shown.form()["page"] == "http://localhost:8001/h/takahashi/news/join"
    assert browser_for(None).get("/").soup.find("a", href="/report-abuse")


def test_the_link_carries_no_readers_token(world, public):
    from wem import tokens
    from wem.tokens import Purpose

    token = tokens.sign(Purpose.unsubscribe, world.ours.readers[0].id, 0)
    page = public.get(f"/u/{token}")
    link = page.soup.find("a", href=lambda target: target and "/report-abuse" in target)["href"]
    assert token not in link


# -- staff


def test_a_report_becomes_a_case(world, browser_for):
    report(browser_for(None), TYPED)
    row, browser = reports()[0], browser_for(world.admin)
    assert "未確認の通報" in browser.get("/staff/cases").text
    assert (
        "1"
        in browser.get("/staff/").soup.find(string=lambda text: "未確認の通報" in text).find_parent("div").get_text()
    )
    page = browser.get(f"/staff/cases/new?report={row.id}")
    assert page.form()["contract"] == world.ours.contract.number
    answer = browser.submit(
        f"/staff/cases/new?report={row.id}", {"title": "承諾のない送信", "codes": ["P09", "P08"], "what": TYPED["what"]}
    )
    case = db.session.scalars(sa.select(Case)).one()
    assert answer.location == f"/staff/cases/{case.id}"
    assert (case.codes, case.state, case.customer_id) == (["P08", "P09"], CaseState.received, world.ours.customer.id)
    assert case.deadline == clock.today() + timedelta(days=3)
    db.session.refresh(row)
    assert (row.state, row.case_id) == (ReportState.taken_up, case.id)
    kinds = db.session.scalars(sa.select(CaseEntry.kind).where(CaseEntry.case_id == case.id)).all()
    assert set(kinds) == {EntryKind.opened, EntryKind.evidence}
    # A second time it is in a case already.
    again = browser.post(f"/staff/cases/new?report={row.id}", {**page.form(), "title": "もう一度", "what": "x"})
    assert again.location == "/staff/cases"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Case)) == 1


def test_a_report_is_added_to_a_case_or_put_aside(world, browser_for):
    report(browser_for(None), TYPED)
    report(browser_for(None), {**TYPED, "what": "二通目"})
    first, second = reports()
    browser = browser_for(world.admin)
    browser.submit(f"/staff/cases/new?report={first.id}", {"title": "件", "what": "x"})
    case = db.session.scalars(sa.select(Case)).one()
    assert case.number in browser.get(f"/staff/cases/reports/{second.id}").text
    browser.submit(f"/staff/cases/reports/{second.id}", {"note": "重複"}, action="dismissal")
    db.session.refresh(second)
    assert (second.state, second.note) == (ReportState.dismissed, "重複")
    browser.submit(f"/staff/cases/reports/{second.id}", {"case": case.number.lower()}, action="/case")
    db.session.refresh(second)
    assert (second.state, second.case_id) == (ReportState.taken_up, case.id)
    browser.post(f"/staff/cases/reports/{second.id}/dismissal", {"note": "もう一度"})
    db.session.refresh(second)
    assert second.state is ReportState.taken_up
    browser.post(f"/staff/cases/reports/{second.id}/case", {"case": case.number})
    assert db.session.scalar(sa.select(AuditEvent.id).where(AuditEvent.action == "case.denied_report"))


@pytest.mark.parametrize("role", [StaffRole.billing, StaffRole.operations])
def test_reports_are_not_for_everybody(world, browser_for, role):
    account = make_account("別の 係", staff_role=role)
    db.session.commit()
    assert browser_for(account).get("/staff/cases").status == 403
