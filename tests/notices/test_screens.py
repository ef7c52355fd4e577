"""Notices, letters, announcements and incidents on the screens."""

from datetime import timedelta

import pytest

from tests.factories import make_account
from wem import clock
from wem.accounts.rules import StaffRole
from wem.contracts import addressing
from wem.db import db
from wem.notices import telling
from wem.notices.models import Announcement, Incident, Notice
from wem.notices.rules import NoticeKind, NoticeState, Words


def told(world, title="お知らせの件", **changed):
    notice = telling.tell(
        addressing.addressee(world.ours.contract),
        Words(title, ["本文です。"]),
        changed.pop("kind", NoticeKind.general),
        customer_id=world.ours.customer.id,
        **changed,
    )
    db.session.commit()
    return notice


def test_a_customer_reads_and_marks(world, browser_for):
    first, second = told(world), told(world, "二つ目")
    owner = browser_for(world.ours.owner)
    page = owner.get("/notices")
    assert page.text.count("未読") == 2
    assert "本文です。" in owner.get(f"/notices/{first.id}").text
    assert owner.post(f"/notices/{first.id}/read").status == 303
    assert owner.get("/notices").text.count("未読") == 1
    assert db.session.get(Notice, first.id).read_by == world.ours.owner.id
    owner.post("/notices/read")
    assert "未読" not in owner.get("/notices").text
    assert browser_for(world.ours.viewer).post(f"/notices/{second.id}/read").status == 403


def test_the_page_of_the_contract_shows_the_last_five_and_notices_are_filtered(world, browser_for):
    for number in range(7):
        told(world, f"お知らせ{number}", kind=NoticeKind.cancellation_received if number == 6 else NoticeKind.general)
    browser = browser_for(world.ours.viewer)
    page = browser.get("/contract")
    shown = page.soup.select_one("#told").get_text()
    assert [f"お知らせ{number}" in shown for number in range(7)] == [False, False, *[True] * 5]
    assert "/notices?about=contract" in page.html
    filtered = browser.get("/notices?about=contract").text
    assert "お知らせ6" in filtered and "お知らせ5" not in filtered
    assert "この種類の通知はありません" in browser.get("/notices?about=money").text
    assert browser.get("/notices?about=nonsense").text.count("お知らせ") > 7


def test_the_pdf_is_the_customers_alone(world, browser_for):
    notice = told(world)
    answer = browser_for(world.ours.owner).get(f"/notices/{notice.id}/pdf").response
    assert answer.mimetype == "application/pdf"
    assert browser_for(world.theirs.owner).get(f"/notices/{notice.id}/pdf").status == 404


def test_letters_are_printed_and_posted(world, browser_for):
    notice = told(world, by_letter=True)
    staff = browser_for(world.admin)
    assert staff.get("/staff/letters/pdf").response.mimetype == "application/pdf"
    assert staff.post("/staff/letters/printed", {"letter": [str(notice.id)]}).status == 303
    # Not before it was posted; not on a day that has not come.
    assert staff.post(f"/staff/letters/{notice.id}/reached", {"on": clock.today().isoformat()}).status == 303
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    staff.post(f"/staff/letters/{notice.id}/posted", {"on": tomorrow})
    assert db.session.get(Notice, notice.id).state is NoticeState.printed
    staff.submit(f"/staff/notices/{notice.id}", action="/posted")
    staff.submit(f"/staff/notices/{notice.id}", action="/reached")
    assert db.session.get(Notice, notice.id).state is NoticeState.reached
    assert "発送する郵便はありません" in staff.get("/staff/letters").text


def test_a_mail_is_no_letter(world, browser_for):
    notice = told(world)
    staff = browser_for(world.admin)
    assert staff.post(f"/staff/letters/{notice.id}/posted", {"on": clock.today().isoformat()}).status == 404


def test_announcements_stand_on_the_public_page_and_the_start_page(world, browser_for):
    staff, owner, nobody = browser_for(world.admin), browser_for(world.ours.owner), browser_for()
    assert staff.submit("/staff/announcements", {"title": "", "body": "x"}).status == 422
    assert staff.submit("/staff/announcements", {"title": "夏季休業", "body": "8月は\n休みます。"}).status == 303
    row = db.session.query(Announcement).one()
    for browser, path in ((nobody, "/announcements"), (nobody, f"/announcements/{row.id}"), (owner, "/dashboard")):
        assert "夏季休業" in browser.get(path).text, path
    staff.post(f"/staff/announcements/{row.id}/withdraw")
    assert nobody.get(f"/announcements/{row.id}").status == 404
    assert "夏季休業" not in owner.get("/dashboard").text


INCIDENT = {"title": "配信サーバーの保守", "body": "送信が止まります。", "reason": "6", "part": "sending"}


def at(**ahead):
    return f"{clock.now() + timedelta(**ahead):%Y-%m-%dT%H:%M}"


def test_maintenance_is_announced_shown_and_closed(world, browser_for):
    staff, owner, nobody = browser_for(world.admin), browser_for(world.ours.owner), browser_for()
    late = staff.post("/staff/incidents/new", {**INCIDENT, "planned": "y", "begins_at": at(hours=-1)})
    assert late.status == 422 and "始まる前に" in late.text
    turned = {**INCIDENT, "begins_at": at(hours=2), "ends_at": at(hours=1)}
    assert staff.post("/staff/incidents/new", turned).status == 422
    good = {**INCIDENT, "planned": "y", "begins_at": at(days=2), "ends_at": at(days=2, hours=3)}
    page = staff.post("/staff/incidents/new", good)
    assert page.status == 303
    for browser, path in ((nobody, "/"), (nobody, "/status"), (owner, "/dashboard"), (owner, "/notices")):
        assert INCIDENT["title"] in browser.get(path).text, path
    assert staff.submit(page.location, {"words": "完了しました。"}).status == 303
    assert INCIDENT["title"] not in nobody.get("/").text
    status = nobody.get("/status").text
    assert INCIDENT["title"] in status and "完了しました。" in status
    row = db.session.query(Incident).one()
    assert (row.reason, row.planned) == (6, True)


def test_what_concerns_one_customer_is_shown_to_them_alone(world, browser_for):
    staff = browser_for(world.admin)
    wrong = {**INCIDENT, "begins_at": at(hours=-1), "contract": "T9999999"}
    assert staff.post("/staff/incidents/new", wrong).status == 422
    one = {**wrong, "contract": world.ours.contract.number}
    assert staff.post("/staff/incidents/new", one).status == 303
    assert INCIDENT["title"] in browser_for(world.ours.owner).get("/dashboard").text
    for browser, path in ((browser_for(world.theirs.owner), "/dashboard"), (browser_for(), "/status")):
        assert INCIDENT["title"] not in browser.get(path).text


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (StaffRole.contracts, "/staff/notices", 200),
        (StaffRole.billing, "/staff/notices", 200),
        (StaffRole.billing, "/staff/letters", 403),
        (StaffRole.operations, "/staff/letters", 403),
        (StaffRole.operations, "/staff/incidents", 200),
        (StaffRole.contracts, "/staff/incidents", 403),
        (StaffRole.support, "/staff/announcements", 200),
    ],
)
def test_roles(world, browser_for, role, path, status):
    account = make_account("担当", staff_role=role)
    db.session.commit()
    assert browser_for(account).get(path).status == status
