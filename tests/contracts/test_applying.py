"""From the first typing to the contract or the refusal, as an applicant, staff and a partner do it."""

import io
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.contracts.applications import ENTRIES, TYPED, make_application
from tests.documents.test_documents import words
from tests.factories import make_account, make_option
from wem import clock, tokens
from wem.accounts.models import Customer, Invitation, Partner
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.billing.payment_models import Payment
from wem.billing.payment_rules import PaymentState
from wem.contracts import application_papers, applying, jobs
from wem.contracts.application_models import Application
from wem.contracts.application_rules import ApplicationState, RefusalReason
from wem.contracts.models import Contract
from wem.db import db
from wem.lists import blank_addresses
from wem.notices.models import Notice
from wem.notices.rules import Channel, NoticeKind, NoticeState
from wem.outbox import OutboxMail
from wem.tokens import Purpose
from wem.web.limits import limiter


def only():
    return db.session.scalars(sa.select(Application)).one()


def kinds(application):
    found = sa.select(Notice.kind).where(Notice.about == application.about).order_by(Notice.id)
    return list(db.session.scalars(found))


# -- on the web


def test_enter_confirm_complete(world, browser_for):
    browser = browser_for()
    page = browser.post("/apply", TYPED)
    assert page.location == "/apply/confirm", page.text
    shown = browser.get("/apply/confirm").text
    for each in (
        "株式会社 しんき商店",
        "7010705000725",
        "042-123-4567",
        "みずほ銀行 0001",
        "0076543",
        "カ)シンキシヨウテン",
        "立川ネット販売（P001）",
        "1,000件まで3,300円、3,000件まで5,500円",
    ):
        assert each in shown, each
    assert "利用目的" not in shown, "nobody asked for another use"
    assert only().state is ApplicationState.draft
    # Back to change something: what was typed is still there, and one row stays one.
    assert browser.get("/apply").form("/apply")["account_holder"] == "カ)シンキシヨウテン"
    browser.post("/apply", {**TYPED, "person": "新木 五郎"})
    assert browser.post("/apply/confirm").location == "/apply/done"
    application = only()
    assert (application.state, application.entries["person"]) == (ApplicationState.filled, "新木 五郎")
    assert (application.terms_version, application.consent_version) == (1, 1)
    assert application.partner.code == "P001"
    assert application.fee_total == 14_300
    done = browser.get("/apply/done").text
    assert "立川ネット販売（P001）" in done
    assert application.number in done and "14,300円" in done and "〒190-0012" in done
    assert kinds(application) == [NoticeKind.initial_fee]
    # Nothing can be changed or sent twice afterwards.
    assert browser.post("/apply/confirm").location == "/apply"
    assert browser.get("/apply/confirm").location == "/apply"


def test_the_papers_are_filled(world, browser_for):
    browser = browser_for()
    browser.post("/apply", TYPED)
    assert browser.get("/apply/application.pdf").location == "/apply", "not before it is confirmed"
    browser.post("/apply/confirm")
    form = words(browser.get("/apply/application.pdf").response.get_data())
    number = only().number
    for each in ("WeMサービス申込書", number, "株式会社しんき商店", "7010705000725", "14,300円", "第1版", "印"):
        assert each in form, each
    debit = words(browser.get("/apply/debit.pdf").response.get_data())
    for each in (
        "預金口座振替依頼書",
        "みずほ銀行御中",
        "0001",
        "東京営業部",
        "0076543",
        "カ)シンキシヨウテン",
        "金融機関お届け印",
    ):
        assert each in debit, each
    assert browser_for().get("/apply/debit.pdf").location == "/apply", "another browser has none"


def test_the_papers_are_found_again_by_the_link_in_the_mail(world, browser_for):
    browser = browser_for()
    browser.post("/apply", TYPED)
    browser.post("/apply/confirm")
    assert "この2つの書類へのリンクを" in browser.get("/apply/done").text
    mail = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "notice")).one()
    link = re.search(r"/apply/papers/[\w.-]+", mail.text)[0]
    assert link in mail.html and "〒190-0012" in mail.text
    other = browser_for()
    # The address was typed, not proven: a stranger who gets the mail does not get the account number.
    assert only().number in other.get(link).text and "株式会社" not in other.get(link).soup.select_one("main").text
    assert other.post(link, {"phone": "042-000-0000"}).status == 422
    assert other.get("/apply/debit.pdf").location == "/apply"
    assert other.post(link, {"phone": "0421234567"}).location == "/apply/done"
    assert other.get("/apply/debit.pdf").status == 200
    with time_machine.travel(clock.now() + timedelta(days=30, minutes=1)):
        assert browser_for().get(link).status == 410
    assert browser_for().get(f"/apply/papers/{tokens.sign(Purpose.order, only().id)}").status == 410
    applying.withdraw(only(), by=world.admin.id)
    db.session.commit()
    assert browser_for().get(link).status == 410


def test_papers_hold_whatever_was_typed(world):
    nasty = '#eval("1") $x$ <b> *'
    application = make_application(name=nasty, address=nasty * 3, person="", email="")
    assert '#eval("1")$x$<b>*' in words(application_papers.application_form(application))
    assert '#eval("1")$x$<b>*' in words(application_papers.debit_request(application))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"terms": ""}, "同意してください"),
        ({"consent": ""}, "同意してください"),
        ({"kana": "漢字"}, "カタカナ"),
        ({"corporate_number": "1234567890123"}, "法人番号が正しくありません"),
        ({"representative": ""}, "代表者を入力"),
        ({"person": ""}, "ご担当者を入力"),
        ({"postal_code": "12"}, "郵便番号"),
        ({"address": "東京都立川市曙町"}, "番地"),
        ({"phone": "1"}, "電話番号を入力"),
        ({"partner_code": "XXXX"}, "このコードの弊社パートナーは見つかりません"),
        ({"bank": "そんな銀行"}, "見つかりませんでした"),
        ({"branch": "大"}, "候補"),
        ({"account_number": "12345678"}, "7桁まで"),
        ({"account_holder": "山田"}, "口座名義を通帳"),
        ({"course": "other"}, ""),
        ({"website": "http://spam.example"}, ""),
    ],
)
def test_what_is_wrong_is_said_and_kept_out(world, browser_for, changed, said):
    page = browser_for().post("/apply", {**TYPED, **changed})
    assert page.status == 422 and said in page.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Application)) == 0


def test_a_person_needs_no_corporate_number_and_is_whom_we_ask(world, browser_for):
    browser = browser_for()
    typed = {**TYPED, "kind": "person", "name": "新木 三郎", "representative": "", "corporate_number": "123"}
    assert browser.post("/apply", {**typed, "person": ""}).location == "/apply/confirm"
    assert (only().entries["corporate_number"], only().entries["person"]) == ("", "新木 三郎")
    assert "ご担当者" not in browser.get("/apply/confirm").text
    # What was typed as a company and is not seen any more counts for nothing.
    assert browser.post("/apply", {**typed, "representative": "代表取締役"}).location == "/apply/confirm"
    assert (only().entries["person"], only().entries["representative"]) == ("新木 三郎", "")


def test_the_summary_of_errors_goes_down_the_page_by_short_names(world, browser_for):
    page = browser_for().post("/apply", {})
    listed = [link["href"].removeprefix("#") for link in page.soup.select(".error-summary a")]
    stands = {tag["id"]: place for place, tag in enumerate(page.soup.select("form [id]"))}
    assert listed[0].startswith("kind") and len(listed) > 10
    assert [stands[id] for id in listed] == sorted(stands[id] for id in listed)
    assert "利用約款： 内容をご確認" in " ".join(page.soup.select_one(".error-summary").get_text().split())


def test_each_course_shows_its_fee_where_it_is_chosen(world, browser_for):
    page = browser_for().get("/apply")
    hint = page.soup.select_one("#course .hint[id*='course-0']").get_text()
    assert hint == "月額3,300円（税込）から（1,000件まで）、初期費用11,000円（税込）"
    assert "5,500円（税込）" in page.text


def test_the_postal_code_fills_the_address(world, browser_for):
    browser = browser_for()
    typed = {**TYPED, "postal_code": "１９０－００１２", "address": "", "act": "address"}
    page = browser.post("/apply", typed)
    assert page.status == 200 and page.form("/apply")["address"] == "東京都立川市曙町"
    # What htmx takes out of the answer; the form, with the account number, goes by POST alone.
    assert page.soup.select_one("#address-field input, #address-field textarea") is not None
    assert browser.get("/apply/address").status == 404
    unknown = browser.post("/apply", {**typed, "postal_code": "000-0000", "address": "手で入力"})
    assert unknown.form("/apply")["address"] == "手で入力"


@pytest.mark.parametrize(("email", "by_letter"), [("a@docomo.ne.jp", True), ("", True), ("a@example.jp", False)])
def test_without_a_real_mail_address_letters_are_written(world, browser_for, email, by_letter):
    browser = browser_for()
    browser.post("/apply", {**TYPED, "email": email})
    browser.post("/apply/confirm")
    notice = db.session.scalars(sa.select(Notice)).one()
    assert (notice.channel is Channel.letter) is by_letter


def test_applying_is_limited(world, browser_for, monkeypatch):
    browser = browser_for()
    monkeypatch.setattr(limiter, "enabled", True)
    statuses = [browser.post("/apply", {**TYPED, "kana": "漢字"}).status for _ in range(62)]
    assert statuses == [422] * 60 + [429] * 2


def test_drafts_are_forgotten(world, browser_for):
    browser_for().post("/apply", TYPED)
    kept = make_application()
    jobs.forget_drafts()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Application)) == 2
    with time_machine.travel(clock.now() + timedelta(days=1, minutes=1)):
        jobs.forget_drafts()
    assert db.session.scalars(sa.select(Application.id)).all() == [kept.id]


# -- staff


def checklist(staff, application, *, but=()):
    path, today = f"/staff/applications/{application.id}", clock.today().isoformat()
    acts = {
        "arrival": {"handed_on": today, "arrived_on": today},
        "payment": {"paid_on": today, "amount": "14300"},
        "possible": {},
    }
    for act, values in acts.items():
        if act not in but:
            assert staff.post(f"{path}/{act}", values).status == 303, act
    return path


START = {"slug": "shinki", "owner_email": "owner@shinki.example.jp"}


def start_on(days=3):
    return {**START, "start_date": (clock.today() + timedelta(days=days)).isoformat()}


@pytest.mark.both_databases
def test_accept_and_start(world, browser_for):
    application, staff = make_application(), browser_for(world.admin)
    path = checklist(staff, application)
    page = staff.post(f"{path}/start", start_on())
    assert page.status == 303
    application = only()
    contract = db.session.get(Contract, application.contract_id)
    assert (application.state, application.handed_or_posted_on) == (ApplicationState.accepted, clock.today())
    assert contract.start_date == clock.today() + timedelta(days=3)
    assert (contract.customer.slug, contract.sender_name) == ("shinki", "株式会社しんき商店")
    assert db.session.scalars(sa.select(Invitation.email).where(Invitation.customer_id.is_not(None))).all() == [
        "owner@shinki.example.jp"
    ]
    assert kinds(application) == [NoticeKind.initial_fee, NoticeKind.start_guide]
    guide = db.session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.start_guide)).one()
    assert guide.customer_id == contract.customer_id
    for each in (
        contract.number,
        "/h/shinki/",
        "shinki@mail.wem.example",
        "owner@shinki.example.jp",
        "第1版",
        "立川支部",
    ):
        assert each in guide.text, each
    shown = staff.get(path).text
    assert contract.number in shown and world.admin.name in shown


@pytest.mark.parametrize(("but", "missing"), [("arrival", "form"), ("payment", "money"), ("possible", "service")])
def test_a_start_before_everything_is_here_is_refused_and_noted(world, browser_for, but, missing):
    """The page does not offer it; this is what a request made by hand meets (Art. 4-1)."""
    application, staff = make_application(), browser_for(world.admin)
    path = checklist(staff, application, but=(but,))
    assert "受諾して利用開始案内を送る" not in staff.get(path).text
    before = db.session.scalar(sa.select(sa.func.count()).select_from(Customer))
    page = staff.post(f"{path}/start", start_on())
    assert page.status == 409
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Customer)) == before
    event = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "application.not_allowed")).one()
    assert event.account_id == world.admin.id and event.details["act"] == "start"
    if but != "arrival":  # a form that is not here is no state from which one accepts at all
        assert event.details["missing"] == [missing]


@pytest.mark.both_databases
def test_no_day_lies_before_the_print(world, browser_for):
    application, staff = make_application(), browser_for(world.admin)
    path, before = f"/staff/applications/{application.id}", (clock.today() - timedelta(days=1)).isoformat()
    arrived = {"handed_on": before, "arrived_on": clock.today().isoformat()}
    for act, values in (("arrival", arrived), ("payment", {"paid_on": before, "amount": "14300"})):
        page = staff.post(f"{path}/{act}", values)
        assert page.status == 422 and "申込画面で作成されたため" in page.text, act


def test_too_little_is_noted_and_the_rest_can_come_later(world, browser_for):
    application, staff = make_application(), browser_for(world.admin)
    path, today = f"/staff/applications/{application.id}/payment", clock.today()
    values = {"paid_on": today.isoformat(), "amount": "14,000", "known": "0"}
    assert staff.post(path, values).status == 303
    assert staff.post(path, values).status == 409, "the same form twice is one payment"
    assert (only().paid_on, only().paid_amount) == (None, 14_000)
    page = staff.get(f"/staff/applications/{application.id}")
    assert "残りは300円です" in page.text
    assert db.session.scalar(sa.select(AuditEvent.details).where(AuditEvent.action == "application.short"))
    staff.post(path, {**values, "amount": "300", "known": "14000"})
    assert (only().paid_on, only().paid_amount) == (today, 14_300)
    came = list(db.session.scalars(sa.select(Payment).order_by(Payment.id)))
    assert [(row.amount, row.application_id, row.state) for row in came] == [
        (14_000, application.id, PaymentState.held), (300, application.id, PaymentState.held),
    ]  # fmt: skip
    assert staff.post(path, {**values, "amount": "1", "known": "14300"}).status == 409


@pytest.mark.both_databases
def test_ask_and_refuse(world, browser_for):
    application, staff = make_application(), browser_for(world.admin)
    path = checklist(staff, application, but=("possible",))
    assert staff.post(f"{path}/supplement", {"lacking": "届出印がありません。"}).status == 303
    assert only().state is ApplicationState.supplement
    assert staff.post(f"{path}/completed").status == 303
    assert staff.post(f"{path}/refuse", {"note": "x"}).status == 422, "a reason is needed"
    assert staff.post(f"{path}/refuse", {"reason": "4"}).status == 422, "there are three"
    assert staff.post(f"{path}/refuse", {"reason": "2", "note": "記入漏れのためです。"}).status == 303
    application = only()
    assert (application.state, application.refusal_reason) == (ApplicationState.refused, 2)
    assert kinds(application) == [NoticeKind.initial_fee, NoticeKind.supplement, NoticeKind.refusal]
    text = db.session.scalars(sa.select(Notice.text).where(Notice.kind == NoticeKind.refusal)).one()
    assert "(2) 届出事項に虚偽" in text and "返金" in text, "the money is here and goes back (A-17)"
    # It is over: neither started nor refused again, and each try is noted.
    for act, values in (("start", start_on()), ("refuse", {"reason": "1"}), ("withdraw", {}), ("possible", {})):
        assert staff.post(f"{path}/{act}", values).status == 409, act
    denied = sa.select(AuditEvent).where(AuditEvent.action == "application.not_allowed").order_by(AuditEvent.id)
    tried = db.session.scalars(denied).all()
    assert [event.details["act"] for event in tried] == ["start", "refuse", "withdraw", "possible"]


def test_an_application_is_forgotten_from_the_day_of_its_withdrawal(world):
    application = make_application()
    applying.withdraw(application, by=world.admin.id)
    assert (application.decided_by, application.decided_at.date()) == (world.admin.id, clock.now().date())


def test_who_withdraws_after_paying_hears_of_the_money(world):
    application = make_application()
    application.paid_on, application.paid_amount = clock.today(), 14_300
    applying.withdraw(application, by=world.admin.id)
    text = db.session.scalars(sa.select(Notice.text).where(Notice.kind == NoticeKind.general)).one()
    assert "14,300円" in text and "返金" in text


def test_no_money_is_promised_back_where_none_was_to_pay(world):
    application = make_application()
    application.paid_on, application.paid_amount = clock.today(), 0  # as a campaign without a first fee leaves it
    applying.refuse(application, RefusalReason.entries, "記入漏れ", by=world.admin.id)
    assert "返金" not in db.session.scalars(sa.select(Notice.text).where(Notice.kind == NoticeKind.refusal)).one()


def test_a_name_that_is_taken_makes_nothing(world, browser_for):
    application, staff = make_application(), browser_for(world.admin)
    path = checklist(staff, application)
    page = staff.post(f"{path}/start", {**start_on(), "slug": world.ours.customer.slug})
    assert page.status == 422 and only().state is ApplicationState.checking
    past = {**start_on(), "start_date": (clock.today() - timedelta(days=1)).isoformat()}
    assert staff.post(f"{path}/start", past).status == 422


def test_a_name_that_is_lent_as_a_dedicated_address_is_taken(world, browser_for):
    application, staff = make_application(), browser_for(world.admin)
    path = checklist(staff, application)
    code = blank_addresses.lend(world.ours.mailing_list, "oshirase7", by=None).code
    db.session.commit()
    page = staff.post(f"{path}/start", {**start_on(), "slug": code})
    assert page.status == 422 and only().state is ApplicationState.checking


def test_the_start_date_changes_by_a_new_guide_and_not_after_it(world, browser_for):
    application, staff = make_application(options=[make_option(monthly=0).code]), browser_for(world.admin)
    path = checklist(staff, application)
    staff.post(f"{path}/start", start_on(3))
    later = (clock.today() + timedelta(days=5)).isoformat()
    assert staff.post(f"{path}/start-date", {"new_date": later}).status == 303
    contract = db.session.get(Contract, only().contract_id)
    assert contract.start_date.isoformat() == later
    assert [row.since for row in contract.options] == [contract.start_date]
    assert kinds(application)[-1] is NoticeKind.start_corrected
    with time_machine.travel(clock.now() + timedelta(days=5)):
        even_later = (clock.today() + timedelta(days=9)).isoformat()
        staff = browser_for(world.admin)
        assert staff.post(f"{path}/start-date", {"new_date": even_later}).status == 409
    assert db.session.get(Contract, contract.id).start_date.isoformat() == later


def test_by_letter_when_only_a_phone_has_mail(world, browser_for):
    application, staff = make_application(email="a@docomo.ne.jp", phone_mail=True), browser_for(world.admin)
    path = checklist(staff, application)
    staff.post(f"{path}/start", start_on())
    notices = db.session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.start_guide)).all()
    assert [notice.channel for notice in notices] == [Channel.letter]
    told = db.session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.initial_fee)).one()
    assert "/apply/papers/" not in told.text and "口座振替依頼書に署名・押印" in told.text
    assert f"{clock.today().year}年" in notices[0].text and "（" in dict(notices[0].words["facts"])["利用開始日"]


def test_paper_is_entered_with_its_scan(world, browser_for):
    staff, today = browser_for(world.admin), clock.today()
    typed = {**TYPED, "handed_on": (today - timedelta(days=2)).isoformat(), "arrived_on": today.isoformat()}
    wrong = {**typed, "handed_on": today.isoformat(), "arrived_on": (today - timedelta(days=1)).isoformat()}
    assert staff.post("/staff/applications/new", wrong).status == 422
    scan = (io.BytesIO(b"%PDF-1.7 scanned"), "scan.pdf")
    page = staff.post("/staff/applications/new", {**typed, "scan": scan})
    assert page.status == 303, page.text
    application = only()
    assert application.state is ApplicationState.checking
    assert (application.handed_or_posted_on, application.arrived_on) == (today - timedelta(days=2), today)
    answer = staff.get(f"/staff/applications/{application.id}/scan").response
    assert answer.get_data() == b"%PDF-1.7 scanned"


def test_a_scan_is_a_document(world, browser_for):
    application, staff = make_application(), browser_for(world.admin)
    today = clock.today().isoformat()
    page = {"handed_on": today, "arrived_on": today, "scan": (io.BytesIO(b"<script>alert(1)</script>"), "a.pdf")}
    staff.post(f"/staff/applications/{application.id}/arrival", page)
    assert only().scan is None
    assert staff.get(f"/staff/applications/{application.id}/scan").status == 404


def test_drafts_are_nobodys_business(world, browser_for):
    browser_for().post("/apply", TYPED)
    staff = browser_for(world.admin)
    assert staff.get(f"/staff/applications/{only().id}").status == 404
    assert "しんき" not in staff.get("/staff/applications?state=all").text


@pytest.mark.parametrize("role", [StaffRole.billing, StaffRole.support, StaffRole.operations])
def test_contracts_staff_alone(world, browser_for, role):
    account = make_account("担当", staff_role=role)
    db.session.commit()
    assert browser_for(account).get("/staff/applications").status == 403


# -- reminders


@pytest.mark.both_databases
def test_missing_money_is_reminded_of_twice(world, browser_for):
    application = make_application()
    for days, number in ((6, 0), (7, 1), (8, 1), (14, 2), (60, 2)):
        with time_machine.travel(clock.now() + timedelta(days=days)):
            jobs.remind_of_first_fees()
            jobs.remind_of_first_fees()
        assert kinds(application).count(NoticeKind.fee_reminder) == number, days


def test_who_has_paid_is_not_reminded(world, browser_for):
    application, staff = make_application(), browser_for(world.admin)
    checklist(staff, application, but=("arrival", "possible"))
    with time_machine.travel(clock.now() + timedelta(days=20)):
        jobs.remind_of_first_fees()
    assert NoticeKind.fee_reminder not in kinds(application)


# -- partners


def test_a_partner_enters_and_sees_its_own_alone(world, browser_for):
    other = Partner(code="P002", name="別のパートナー")
    db.session.add(other)
    db.session.flush()
    theirs = make_account("別 三郎", partner_id=other.id)
    make_application(name="他社の申込", partner_code="P002")
    partner = browser_for(world.partner)
    typed = {**TYPED, "partner_code": "P002", "handed_on": clock.today().isoformat()}
    page = partner.post("/partner/applications/new", typed)
    assert page.status == 303, page.text
    mine = partner.get("/partner/applications").text
    assert "しんき商店" in mine and "他社の申込" not in mine, "who takes it in stands on it, whatever was typed"
    assert "申込書待ち" in mine
    others = browser_for(theirs).get("/partner/applications").text
    assert "他社の申込" in others and "しんき商店" not in others
    assert ENTRIES["account_number"] not in mine


@pytest.mark.parametrize("over", ["withdrawn", "refused"])
def test_nobody_posts_a_letter_that_asks_for_money_once_the_application_is_over(world, over):
    application = make_application(email="")
    (letter,) = db.session.scalars(sa.select(Notice).where(Notice.about == application.about))
    assert (letter.channel, letter.state) == (Channel.letter, NoticeState.waiting)
    if over == "withdrawn":
        applying.withdraw(application, by=world.admin.id)
    else:
        applying.refuse(application, RefusalReason.entries, "", by=world.admin.id)
    db.session.commit()
    assert letter.state is NoticeState.withdrawn
    left = sa.select(Notice.kind).where(Notice.state == NoticeState.waiting)
    assert list(db.session.scalars(left)) == ([] if over == "withdrawn" else [NoticeKind.refusal])
