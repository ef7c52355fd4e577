"""Mail to customers about services (同意3②): only who may get it, a second look, a way to stop, nobody twice."""

import pytest
import sqlalchemy as sa

from tests.factories import make_account, make_contract, make_customer
from wem import tokens
from wem.accounts.rules import StaffRole
from wem.db import db
from wem.delivery import draining, outbox_mails
from wem.outbox import OutboxMail, OutboxState
from wem.privacy import announcing, consenting, jobs, news_sending
from wem.privacy.news_models import News, NewsRecipient
from wem.privacy.news_rules import NewsAction, NewsState, Outcome
from wem.privacy.purpose_models import NEWS, PurposeAnswer
from wem.privacy.purpose_rules import Via
from wem.settings import settings
from wem.tokens import Purpose


@pytest.fixture
def two(world):
    """The two customers with addresses of their own."""
    world.ours.contract.notice_email = "owner@takahashi.example.jp"
    world.theirs.contract.notice_email = "owner@yamada.example.jp"
    db.session.commit()
    return world


def link_of(side, purpose=NEWS):
    return f"/news-stop/{tokens.sign(Purpose.news_stop, side.customer.id, purpose)}"


def mails():
    found = sa.select(OutboxMail).where(OutboxMail.kind == "customer_news").order_by(OutboxMail.id)
    return db.session.scalars(found).all()


def begun(world, purpose=NEWS):
    row = news_sending.write(purpose, "秋のキャンペーン", "お得です。\n\nぜひどうぞ。", by=world.admin.id)
    news_sending.decide(row, NewsAction.submit, by=world.admin.id)
    news_sending.decide(row, NewsAction.send, by=world.admin.id + 1000, read=row.as_read)
    db.session.commit()
    return row


def sent(world, purpose=NEWS):
    row = begun(world, purpose)
    jobs.send_news(row.id)
    return db.session.get(News, row.id, populate_existing=True)


def test_a_mail_has_sender_address_contact_and_the_way_out(two):
    row = sent(two)
    assert (row.state, row.sent, row.left_out) == (NewsState.sent, 2, 0)
    mail = next(mail for mail in mails() if mail.recipient == "owner@takahashi.example.jp")
    link = mail.headers["List-Unsubscribe"].strip("<>")
    # The signed part holds the second in which it was made.
    assert link.startswith(settings().PUBLIC_URL + link_of(two.ours).partition(".")[0] + ".")
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for words in (
        "株式会社髙橋商店",
        settings().PROVIDER_NAME,
        "〒190-0012",
        settings().SUPPORT_EMAIL,
        link,
        "お得です。",
    ):
        assert words in mail.text and words in mail.html, words
    # The way out stands right behind the words that say so.
    assert "停止できます。\n" + link in mail.text


def test_looking_stops_nothing_and_the_button_does(two, public):
    path, ours = link_of(two.ours), two.ours.customer.id
    assert "停止しますか" in public.get(path).text
    assert consenting.permitted(ours, NEWS)
    assert "停止しました" in public.post(path).text
    assert not consenting.permitted(ours, NEWS) and consenting.permitted(two.theirs.customer.id, NEWS)
    public.post(path)
    assert "停止しました" in public.get(path).text
    answers = db.session.scalars(sa.select(PurposeAnswer)).all()
    assert [(row.via, row.account_id) for row in answers] == [(Via.link, None)]
    row = sent(two)
    assert (row.sent, row.left_out) == (1, 1) and len(mails()) == 1


def test_one_click(two, public):
    answer = public.post(link_of(two.ours), {"List-Unsubscribe": "One-Click"})
    assert (answer.status, answer.html) == (200, "Unsubscribed.\n")
    assert not consenting.permitted(two.ours.customer.id, NEWS)


def test_forged_links_are_not_there(two, public):
    other = tokens.sign(Purpose.unsubscribe, two.ours.customer.id, NEWS)
    for token in ("x", other, tokens.sign(Purpose.news_stop, 99_999, NEWS), tokens.sign(Purpose.news_stop, 1, 77)):
        assert public.get(f"/news-stop/{token}").status == 404
        assert public.post(f"/news-stop/{token}").status == 404
    assert db.session.scalar(sa.select(PurposeAnswer.id)) is None


def test_written_by_one_and_sent_by_another_who_sees_to_whom(two, browser_for):
    two.theirs.contract.notice_email = ""
    second = make_account("第二 次郎", staff_role=StaffRole.contracts)
    db.session.commit()
    first, other = browser_for(two.admin), browser_for(second)
    page = first.submit("/staff/news/new", {"purpose": "0", "subject": "新機能", "text": "新しくなりました。"})
    row = db.session.scalars(sa.select(News)).one()
    path = f"/staff/news/{row.id}"
    assert page.location == path
    shown = first.get(path).text
    assert "有限会社山田花店" in shown and "通知用のメールアドレスがない: 1" in shown and "新しくなりました。" in shown
    assert "news-stop" in shown
    first.submit(f"{path}/edit", {"text": "かなり新しくなりました。"})
    page = first.get(path)
    assert "確認に出す" in page.text
    first.post(path, page.form(path))
    # Not by who wrote it, however the request is made.
    first.post(path, {"decision": "send"})
    for wrong in ("finish", "submit"):
        other.post(path, {"decision": wrong})
    assert db.session.get(News, row.id, populate_existing=True).state is NewsState.waiting and mails() == []
    assert "お客様へのご案内が承認を待っています" in other.get("/staff/").text
    assert "に送信する" not in first.get(path).text
    stale = other.get(path).form(path)
    first.post(path, {"decision": "give_back"})
    first.submit(f"{path}/edit", {"text": "もっと新しくなりました。"})
    first.post(path, {"decision": "submit"})
    for unseen in (stale, {"decision": "send"}):
        shown = other.get(other.post(path, unseen).location)
        assert "内容が変わったため、送信していません" in shown.text
    assert db.session.get(News, row.id, populate_existing=True).state is NewsState.waiting
    page = other.get(path)
    assert "1件のお客様に送信する" in page.text and page.form(path)["decision"] == "send"
    other.post(path, page.form(path))
    jobs.sweep()
    jobs.send_news(row.id)
    assert [mail.recipient for mail in mails()] == ["owner@takahashi.example.jp"]
    assert "もっと新しくなりました。" in mails()[0].text
    assert "通知用のメールアドレスがない: 1" in other.get(path).text
    assert "送信済み" in other.get("/staff/news").text
    assert browser_for(make_account("窓口 花子", staff_role=StaffRole.support)).get("/staff/news").status == 403


def test_another_purpose_reaches_who_agreed_to_it(two):
    purpose = announcing.announce("提携先のご案内", "提携先の商品", by=two.admin.id)
    consenting.answer(two.ours.customer.id, purpose.id, True, via=Via.portal)
    # No to the one is none to the other.
    consenting.answer(two.ours.customer.id, NEWS, False, via=Via.portal)
    assert sent(two, purpose.id).sent == 1
    assert [mail.customer_id for mail in mails()] == [two.ours.customer.id]
    announcing.close(purpose, by=two.admin.id)
    assert sent(two, purpose.id).sent == 0


def test_one_address_gets_it_once_and_one_no_speaks_for_it(two):
    two.theirs.contract.notice_email = "owner@takahashi.example.jp"
    db.session.commit()
    row = sent(two)
    assert (row.sent, news_sending.outcomes(row)) == (1, {Outcome.queued: 1, Outcome.twice: 1})
    consenting.answer(two.theirs.customer.id, NEWS, False, via=Via.link)
    assert mails() == [], "what waits for the same address is taken back too"
    assert sent(two).sent == 0
    # Until somebody with this address says yes; who said no stays left out.
    consenting.answer(two.ours.customer.id, NEWS, True, via=Via.portal)
    row = sent(two)
    assert news_sending.outcomes(row) == {Outcome.queued: 1, Outcome.stopped: 1}


@pytest.mark.both_databases
def test_cut_short_it_goes_on_where_it_was(two, monkeypatch):
    monkeypatch.setattr(news_sending, "AT_ONCE", 1)
    make_contract(make_customer("株式会社三番"), notice_email="owner@sanban.example.jp")
    db.session.commit()
    row = begun(two)
    news_sending.step(row)
    db.session.commit()
    news_sending.step(row)
    db.session.rollback()  # killed before the commit
    jobs.sweep()
    jobs.send_news(row.id)
    jobs.send_news(row.id)
    row = db.session.get(News, row.id, populate_existing=True)
    assert (row.state, row.sent) == (NewsState.sent, 3)
    recipients = [mail.recipient for mail in mails()]
    assert len(recipients) == len(set(recipients)) == 3
    assert db.session.scalar(sa.select(sa.func.count()).select_from(NewsRecipient)) == 3


@pytest.mark.both_databases
def test_a_stop_takes_back_what_waits_and_what_a_worker_holds(two):
    row = sent(two)
    held, waiting = mails()
    held.state = OutboxState.leased
    db.session.commit()
    desk = draining.OutboxDesk.__new__(draining.OutboxDesk)
    found = db.session.execute(sa.select(*OutboxMail.__table__.columns).where(OutboxMail.id == held.id)).one()
    parcel = outbox_mails.OutboxParcel(None, found, settings(), None)
    db.session.commit()
    desk._ask_contracts([parcel])
    assert not parcel.stopped
    for side in (two.ours, two.theirs):
        consenting.answer(side.customer.id, NEWS, False, via=Via.link)
    db.session.commit()
    # The worker's next look, half a second later, keeps it back, and its end is written down.
    desk._ask_contracts([parcel])
    assert parcel.stopped and parcel.prepare(None)["state"] is OutboxState.withdrawn
    assert [mail.id for mail in mails()] == [held.id]
    assert news_sending.outcomes(row) == {Outcome.taken_back: 2}
    # One that a lost worker held is not sent by the next.
    again = db.session.execute(sa.select(*OutboxMail.__table__.columns).where(OutboxMail.id == held.id)).one()
    assert outbox_mails.OutboxParcel(None, again, settings(), None).prepare(None)["state"] is OutboxState.withdrawn


def test_a_withdrawn_mail_takes_back_what_has_not_left(two, browser_for):
    row = begun(two)
    news_sending.step(row)
    db.session.commit()
    browser_for(two.admin).post(f"/staff/news/{row.id}", {"decision": "withdraw"})
    jobs.send_news(row.id)
    assert mails() == [] and news_sending.outcomes(row) == {Outcome.taken_back: 2}
