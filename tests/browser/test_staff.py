"""Staff suspend a contract that has not paid and lift it (13-2): all pages say so at once, the readers' too.

And with live workers, by plain requests: mail about services goes to who may get it, and to nobody who stopped it.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from tests import factories
from tests.browser import steps
from tests.browser.conftest import Opened
from tests.browser.judging import ja, violations
from tests.browser.steps import choose, follow, press
from tests.service import Service
from wem import clock
from wem.accounts.rules import StaffRole
from wem.db import db
from wem.privacy import consenting
from wem.privacy.news_models import News
from wem.privacy.purpose_models import NEWS
from wem.privacy.purpose_rules import Via

pytestmark = pytest.mark.browser
CLOSED = "This page is closed while the service is suspended"


def test_off_and_on_again(service: Service, opened: Opened) -> None:
    owner_email, staff_email = steps.make_newcomer(service, "teishi", "有限会社ていし")
    owner, staff, reader = opened(), opened(), opened(width=360)
    steps.sign_in(owner, service, owner_email)
    owner.goto(f"{service.portal}/lists/new")
    steps.make_list(owner, "お得情報", "teishi")
    join = f"{service.public}/h/teishi/teishi/join"
    reader.goto(join)
    expect(reader.get_by_role("button", name=ja("Agree and sign up"))).to_be_visible()

    steps.sign_in(staff, service, staff_email)
    choose(staff, "Contracts and prices", "Contracts")
    staff.get_by_role("searchbox").fill("ていし")
    staff.keyboard.press("Enter")
    staff.get_by_role("link", name="有限会社ていし").click()
    contract = staff.url
    follow(staff, "What is owed")
    assert violations(staff) == []
    staff.get_by_label(ja("For what")).fill("10月分の利用料金")
    staff.get_by_label(ja("Amount in yen, tax included")).fill("11000")
    staff.get_by_label(ja("Due on")).fill((clock.today() - timedelta(days=1)).isoformat())
    press(staff, "Enter")
    expect(staff.get_by_role("row", name="10月分の利用料金")).to_contain_text(ja("Overdue"))
    staff.goto(contract)
    follow(staff, "Suspend the service")
    assert violations(staff) == []
    staff.get_by_role("radio").first.check()
    staff.get_by_label(ja("Note for the record")).fill("入金の確認待ち")
    press(staff, "Suspend the service")
    expect(staff.get_by_role("main")).to_contain_text(ja("Suspended"))

    for label in ("Lists", "Mailings"):
        follow(owner, label)
        expect(owner.get_by_role("heading", level=1)).to_have_text(ja(CLOSED))
        assert violations(owner) == []
    follow(owner, "Home")
    expect(owner.get_by_role("main")).to_contain_text(ja("The service is suspended"))
    expect(owner.get_by_role("main")).not_to_contain_text("入金の確認待ち")
    reader.goto(join)
    expect(reader.get_by_role("heading", level=1)).to_have_text(ja("Registration is closed"))

    follow(staff, "Resume the service")
    expect(staff.get_by_role("main").get_by_text(ja("Not met"))).to_have_count(2)
    expect(staff.get_by_role("button", name=ja("Resume the service"))).to_have_count(0)
    assert violations(staff) == []
    follow(staff, "What is owed")
    staff.get_by_role("row", name="10月分の利用料金").get_by_text(ja("It came in by transfer")).click()
    press(staff, "Settled")
    expect(staff.get_by_role("row", name="10月分の利用料金")).not_to_contain_text(ja("Overdue"))
    follow(owner, "Contract")
    follow(owner, "Apply for resumption")
    assert violations(owner) == []
    press(owner, "To confirmation")
    assert violations(owner) == []
    press(owner, "Apply for resumption")

    staff.goto(contract)
    follow(staff, "Resume the service")
    expect(staff.get_by_role("main").get_by_text(ja("Not met"))).to_have_count(0)
    staff.get_by_label(ja("Note for the record, or the reason of a refusal")).fill("入金を確認")
    press(staff, "Resume the service")
    expect(staff.get_by_role("link", name=ja("Suspend the service"))).to_be_visible()
    follow(owner, "Lists")
    expect(owner.get_by_role("row", name="お得情報")).to_be_visible()
    reader.goto(join)
    expect(reader.get_by_role("button", name=ja("Agree and sign up"))).to_be_visible()


def test_mail_about_services_leaves_for_who_may_get_it_and_for_nobody_who_stopped(service: Service) -> None:
    gets, stopped = "notice@uketoru.example.jp", "notice@tomeru.example.jp"
    with service.app.app_context():
        for slug, notices_to in (("uketoru", gets), ("tomeru", stopped)):
            customer = factories.make_customer(f"合同会社{slug}", slug)
            factories.make_contract(customer, notice_email=notices_to)
        consenting.answer(customer.id, NEWS, False, via=Via.portal)
        people = [factories.make_account(staff_role=StaffRole.contracts).email for _ in range(2)]
        db.session.commit()
    writer, second = (service.sign_in(email) for email in people)
    form = writer.get(f"{service.portal}/staff/news/new").form("subject", "text")
    form.fill("purpose", str(NEWS))
    form.fill("subject", "秋の新機能のご案内")
    form.fill("text", "写真を入れられるようになりました。")
    draft = writer.submit(form)
    waits = writer.submit(draft.form("decision", action="/staff/news/"))
    second.submit(second.get(waits.url).form("decision", "read"))
    [mail] = service.mailbox.wait_for(recipient=gets, subject="秋の新機能のご案内")
    assert "写真を入れられるようになりました。" in service.mailbox.mail(mail["id"])["text"]
    service.wait("everybody was looked at", lambda: db.session.scalar(sa.select(News.finished_at)))
    assert service.mailbox.count(recipient=stopped) == 0
