"""What staff see to do about letters, notices that came back, and maintenance."""

from datetime import timedelta

from tests.factories import make_account
from wem import clock
from wem.accounts.rules import StaffRole
from wem.contracts import addressing
from wem.db import db
from wem.notices import letters, telling
from wem.notices.incident_rules import Part
from wem.notices.models import Incident
from wem.notices.rules import NoticeKind, Words
from wem.staff.notice_work import notice_work


def told(world, title, **changed):
    given = {"customer_id": world.ours.customer.id, "about": addressing.about(world.ours.contract), **changed}
    notice = telling.tell(
        addressing.addressee(world.ours.contract), Words(title, ["本文"]), NoticeKind.general, **given
    )
    db.session.commit()
    return notice


def window(title, begins, ends):
    at = clock.now()
    row = Incident(
        title=title, body="止まります。", reason=6, planned=True, part=Part.all, begins_at=at + begins,
        ends_at=at + ends, created_at=at,
    )  # fmt: skip
    db.session.add(row)
    db.session.commit()
    return row


def test_each_has_its_place_until_it_is_done(world, browser_for):
    staff, today = browser_for(world.admin), clock.today()
    assert not notice_work(today)
    letter, mail = told(world, "急ぎの手紙", by_letter=True), told(world, "戻るメール")
    telling.mark_not_arrived(mail.outbox_id, clock.now())
    silent = told(world, "着いたか不明の手紙", by_letter=True)
    letters.mark_printed([silent], by=world.admin.id)
    letters.mark_posted(silent, today - timedelta(days=14), by=world.admin.id)
    window("今夜の保守", timedelta(hours=-2), timedelta(hours=-1))
    window("来週の保守", timedelta(days=7), timedelta(days=8))
    db.session.commit()
    page = staff.get("/staff/")
    for words in ("急ぎの手紙", "戻るメール", "着いたか不明の手紙", "今夜の保守", "終了を記録、または日時を変更"):
        assert words in page.text, words
    assert notice_work(today).windows[0].title == "今夜の保守" and len(notice_work(today).windows) == 1
    staff.post(f"/staff/letters/{mail.id}/leave")
    letters.mark_printed([letter], by=world.admin.id)
    letters.mark_posted(letter, today, by=world.admin.id)
    letters.mark_reached(silent, today, by=world.admin.id)
    notice_work(today).windows[0].closed_at = clock.now()
    db.session.commit()
    assert not notice_work(today)


def test_what_came_back_is_sent_by_letter_from_its_page(world, browser_for):
    staff, mail = browser_for(world.admin), told(world, "戻るメール")
    telling.mark_not_arrived(mail.outbox_id, clock.now())
    world.ours.contract.postal_address = "東京都立川市錦町1-1-1"
    db.session.commit()
    page = staff.submit(f"/staff/notices/{mail.id}", action="/again")
    [letter] = letters.waiting()
    assert page.location == f"/staff/notices/{letter.id}"
    assert (letter.instead_of_id, letter.to_address) == (mail.id, "東京都立川市錦町1-1-1")
    assert staff.post(f"/staff/letters/{mail.id}/leave").status == 303
    db.session.refresh(mail)
    assert mail.left_at is None, "it is decided already"


def test_operations_see_maintenance_and_no_letters(world, browser_for):
    told(world, "急ぎの手紙", by_letter=True)
    window("今夜の保守", timedelta(hours=1), timedelta(hours=2))
    person = make_account("運用 一", staff_role=StaffRole.operations)
    db.session.commit()
    page = browser_for(person).get("/staff/")
    assert "急ぎの手紙" not in page.text
    assert "今夜の保守" in page.text or clock.now().hour == 23
