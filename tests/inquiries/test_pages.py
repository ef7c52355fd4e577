"""The help desk on screens: asking, answering, confidential threads, readers' words, orders, complaints passed on."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import World, make_account
from tests.inquiries.test_mail import OWNER, mail, posted, threads
from tests.page import Browser
from wem import clock
from wem.accounts.models import Account
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.contracts.request_models import ContractRequest, RequestKind
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.inquiries import asking, taking
from wem.inquiries.models import Inquiry, Origin, Writer
from wem.inquiries.state_rules import InquiryState
from wem.notices.models import Notice

Make = Callable[..., Browser]
REASON = "苦情に回答するため"


def staff(role: StaffRole) -> Account:
    account = make_account("職員", f"{role.value}@wem.example", staff_role=role)
    db.session.commit()
    return account


@pytest.fixture
def support(world: World, browser_for: Make) -> Browser:
    return browser_for(staff(StaffRole.support))


@pytest.fixture
def owner(world: World, browser_for: Make) -> Browser:
    return browser_for(world.ours.owner)


def ask(browser: Browser, **changes: object) -> int:
    typed = {"subject": "予約", "text": "予約が進みません。", **changes}
    done = browser.submit("/inquiries/new", typed)
    assert done.status == 303, done.text
    return int(done.location.rpartition("/")[2])


def of(id: int) -> Inquiry:
    db.session.rollback()
    return db.session.get_one(Inquiry, id)


def test_a_question_its_answer_and_a_further_word(owner: Browser, support: Browser, world: World) -> None:
    assert "お問い合わせはまだありません" in owner.get("/inquiries").text
    id = ask(owner, files=(io.BytesIO(b"\x89PNG"), "画面.png"))
    [receipt] = posted("inquiry_receipt")
    assert receipt.recipient == OWNER
    shown = support.get("/staff/inquiries")
    assert "Q000001" in shown.text and "株式会社髙橋商店" in shown.text
    assert "予約が進みません。" in support.get(f"/staff/inquiries/{id}").text
    assert "Q000001" in support.get("/staff/").text
    support.submit(f"/staff/inquiries/{id}", {"text": "開き直してください。"}, action="/answer")
    assert of(id).state is InquiryState.answered
    [sent] = posted("inquiry_answer")
    assert sent.recipient == OWNER and "開き直してください。" in (sent.text or "")
    page = owner.get("/inquiries")
    assert "回答済" in page.text and "未読" in page.text
    page = owner.get(f"/inquiries/{id}")
    assert "開き直してください。" in page.text and "第23条第2項" in page.text and "職員" not in page.text
    owner.submit(f"/inquiries/{id}", action="/read")
    assert not of(id).unread
    owner.submit(f"/inquiries/{id}", {"text": "まだです。"}, action="/add")
    assert of(id).state is InquiryState.working
    owner.submit(f"/inquiries/{id}", action="/close")
    assert of(id).state is InquiryState.closed


def test_files_are_handed_out_to_be_saved(owner: Browser, support: Browser, world: World, browser_for: Make) -> None:
    id = ask(owner, files=(io.BytesIO(b"<script>alert(1)</script>"), "a.html"))
    path = owner.get(f"/inquiries/{id}").soup.find("ul", class_="files").find("a")["href"]  # type: ignore[union-attr,index]
    for browser, address in ((owner, str(path)), (support, str(path).replace("/inquiries", "/staff/inquiries"))):
        answer = browser.get(address).response
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.mimetype == "application/octet-stream" and "no-store" in answer.headers["Cache-Control"]
    assert browser_for(world.theirs.owner).get(str(path)).status == 404


def test_an_answer_carries_files(
    owner: Browser, support: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = ask(owner)
    path, files = f"/staff/inquiries/{id}", [(io.BytesIO(b"%PDF-1.7"), "手順書.pdf"), (io.BytesIO(b"x"), "b.txt")]
    support.submit(path, {"text": "添付のとおりです。", "files": files}, action="/answer")
    [sent] = posted("inquiry_answer")
    assert [each["name"] for each in sent.files or ()] == ["手順書.pdf", "b.txt"]
    link = next(each for each in owner.get(f"/inquiries/{id}").soup.find_all("a") if each.get_text() == "手順書.pdf")
    assert owner.get(str(link["href"])).html == "%PDF-1.7"
    many = [(io.BytesIO(b"x"), f"{number}.txt") for number in range(6)]
    assert support.submit(path, {"text": "a", "files": many}, action="/answer").status == 422
    # Too large for a mail: to be fetched on the portal, and the mail says where.
    monkeypatch.setattr("wem.inquiries.desk_rules.MOST_MAILED", 5)
    support.submit(path, {"text": "大きいファイルです。", "files": (io.BytesIO(b"123456"), "c.txt")}, action="/answer")
    large = posted("inquiry_answer")[-1]
    assert (
        large.files is None
        and f"/inquiries/{id}" in (large.text or "")
        and "c.txt" in owner.get(f"/inquiries/{id}").text
    )


def test_limits_on_files(owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wem.inquiries.forms.MOST_FILE", 100)
    many = [(io.BytesIO(b"x"), f"{number}.txt") for number in range(6)]
    page = owner.submit("/inquiries/new", {"subject": "a", "text": "b", "files": many})
    assert page.status == 422 and "5個まで" in page.text
    page = owner.submit("/inquiries/new", {"subject": "a", "text": "b", "files": (io.BytesIO(b"x" * 101), "x")})
    assert page.status == 422 and "MBまで" in page.text


def test_it_works_while_suspended(owner: Browser, world: World) -> None:
    world.ours.contract.suspend(SuspensionGround.nonpayment, "", by=None)
    db.session.commit()
    assert '"/inquiries/new"' in owner.get("/lists").html
    assert ask(owner)


def test_a_confidential_thread_is_for_few(owner: Browser, support: Browser, world: World, browser_for: Make) -> None:
    id = ask(owner, confidential="y")
    editor, billing = browser_for(world.ours.editor), browser_for(staff(StaffRole.billing))
    assert editor.get(f"/inquiries/{id}").status == 404 and "Q00000" not in editor.get("/inquiries").text
    assert owner.get(f"/inquiries/{id}").status == support.get(f"/staff/inquiries/{id}").status == 200
    assert "Q00000" not in billing.get("/staff/inquiries").text and "Q00000" not in billing.get("/staff/").text
    for path in ("", "/answer", "/note", "/confidential"):
        address = f"/staff/inquiries/{id}{path}"
        answer = billing.post(address, {"text": "x", "note": "x", "on": "0"}) if path else billing.get(address)
        assert answer.status == 404
    support.submit(f"/staff/inquiries/{id}", action="/confidential")
    assert "Q00000" in billing.get("/staff/inquiries").text


def test_assigning_notes_and_the_overdue(owner: Browser, support: Browser, world: World) -> None:
    id, other = ask(owner), ask(owner, subject="別件")
    inquiry = of(id)
    inquiry.answer_by = clock.now() + timedelta(days=9)
    of(other).answer_by = clock.now() - timedelta(hours=1)
    db.session.commit()
    page = support.get("/staff/inquiries")
    assert page.html.index("Q000002") < page.html.index("Q000001") or "期限超過" in page.text
    assert "期限超過1件" in support.get("/staff/").text
    me = db.session.scalar(sa.select(Account.id).where(Account.email == "support@wem.example"))
    support.submit(f"/staff/inquiries/{id}", {"to": str(me)}, action="/assign")
    assert of(id).state is InquiryState.working
    assert "Q000001" in support.get("/staff/inquiries?whose=mine").text
    assert "Q000001" not in support.get("/staff/inquiries?whose=nobody").text
    support.submit(f"/staff/inquiries/{id}", {"note": "電話で聞いた"}, action="/note")
    assert "電話で聞いた" in support.get(f"/staff/inquiries/{id}").text
    assert "電話で聞いた" not in owner.get(f"/inquiries/{id}").text
    for words in ("Q000001", "1", "髙橋", world.ours.contract.number, OWNER):
        assert "Q000001" in support.get("/staff/inquiries", query_string={"q": words}).text, words


def reader_thread(world: World) -> int:
    taking.take(mail(sender="tanaka@readers.example.com", text="勝手に送らないで。tanaka@readers.example.com 田中"))
    db.session.commit()
    return threads()[-1].id


def test_a_readers_words_are_opened_with_a_reason(world: World, support: Browser) -> None:
    id = reader_thread(world)
    for page in (support.get("/staff/inquiries"), support.get(f"/staff/inquiries/{id}"), support.get("/staff/")):
        assert "tanaka" not in page.html and "勝手に" not in page.html and "予約について" not in page.html
    # Nobody answers or passes on what they have not read.
    support.post(f"/staff/inquiries/{id}/answer", {"text": "x"})
    support.post(f"/staff/inquiries/{id}/pass-on", {"contract": world.ours.contract.number, "complaint": "x"})
    assert posted("inquiry_answer") == [] and len(threads()) == 1
    for bad in ("", "abc", "tanaka@readers.example.com の件"):
        assert support.submit(f"/staff/inquiries/{id}", {"reason": bad}, action="/open").status == 422
    support.submit(f"/staff/inquiries/{id}", {"reason": REASON}, action="/open")
    assert "勝手に送らないで。" in support.get(f"/staff/inquiries/{id}").text
    event = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "inquiry.open")).one()
    assert event.details == {"reason": REASON}


def test_a_complaint_is_passed_on_with_the_address_masked(world: World, support: Browser, owner: Browser) -> None:
    id = reader_thread(world)
    support.submit(f"/staff/inquiries/{id}", {"reason": REASON}, action="/open")
    page = support.get(f"/staff/inquiries/{id}")
    assert world.ours.contract.number in page.text and world.theirs.contract.number not in page.text
    typed = {"complaint": page.form("/pass-on")["complaint"] + "\n追記 tanaka@readers.example.com"}
    support.submit(f"/staff/inquiries/{id}", typed, action="/pass-on")
    passed = threads()[-1]
    assert (passed.customer_id, passed.origin, passed.source_id) == (world.ours.customer.id, Origin.complaint, id)
    assert passed.state is InquiryState.answered and passed.unread
    shown = owner.get(f"/inquiries/{passed.id}")
    assert "勝手に送らないで。" in shown.text and "t****@readers.example.com" in shown.text
    notice = db.session.scalars(sa.select(Notice)).one()
    for text in (shown.html, notice.text, str(notice.words), passed.subject):
        assert "tanaka" not in text
    assert notice.customer_id == world.ours.customer.id and passed.number in notice.text
    assert owner.get(f"/inquiries/{id}").status == 404
    owner.submit(f"/inquiries/{passed.id}", {"text": "止めました。"}, action="/add")
    assert of(passed.id).state is InquiryState.working


def test_tying_an_unknown_and_taking_one_for_a_readers(world: World, support: Browser, owner: Browser) -> None:
    taking.take(mail(sender="person@gmail.example"))
    taking.take(mail(sender="other@gmail.example"))
    db.session.commit()
    one, other = (row.id for row in threads())
    for page in (support.get("/staff/inquiries"), support.get(f"/staff/inquiries/{one}")):
        assert "予約" not in page.text and "person@" not in page.text
    assert owner.get(f"/inquiries/{one}").status == 404
    assert support.submit(f"/staff/inquiries/{one}", {"number": "X1"}, action="/tie").status == 422
    support.submit(f"/staff/inquiries/{one}", {"number": world.ours.contract.number}, action="/tie")
    assert owner.get(f"/inquiries/{one}").status == 200
    # It is nobody else's afterwards.
    support.post(f"/staff/inquiries/{one}/tie", {"number": world.theirs.contract.number})
    assert of(one).customer_id == world.ours.customer.id
    support.submit(f"/staff/inquiries/{other}", action="/reader")
    assert of(other).writer is Writer.reader
    support.post(f"/staff/inquiries/{other}/tie", {"number": world.ours.contract.number})
    assert of(other).customer_id is None


def test_an_order_by_mail_is_confirmed_and_entered_with_its_arrival(
    world: World, browser_for: Make, public: Browser
) -> None:
    world.ours.contract.notice_email = "keiyaku@takahashi.example.jp"
    db.session.commit()
    came = mail(text="6月末で解約します。", to="change@mail.wem.example")
    taking.take(came)
    db.session.commit()
    id, contracts = threads()[0].id, browser_for(staff(StaffRole.contracts))
    contracts.submit(f"/staff/inquiries/{id}", action="/ask-confirmation")
    [question] = posted("inquiry_confirmation")
    assert question.recipient == "keiyaku@takahashi.example.jp"
    link = next(line for line in (question.text or "").splitlines() if "/inquiries/confirm/" in line)
    path = link.removeprefix("http://localhost:8000")
    stranger = browser_for(None)
    assert stranger.get(path).status == 200 and of(id).confirmed_at is None
    stranger.submit(path)
    assert of(id).confirmed_at is not None and "確認しました" in stranger.get(path).text
    assert stranger.get(path[:-3]).status == 410
    entry = of(id).entries[0]
    enter = f"/staff/contracts/{world.ours.contract.id}/entry?entry={entry.id}"
    assert f'href="{enter}"' in contracts.get(f"/staff/inquiries/{id}").html
    form = contracts.get(enter).form()
    assert form["note"].strip() == "6月末で解約します。" and form["channel"] == "mail"
    # The typed time does not matter: the mail's arrival does, to the second.
    contracts.submit(enter, {"kind": "cancel", "received": "2020-01-01T00:00"})
    row = db.session.scalars(sa.select(ContractRequest)).one()
    assert (row.kind, row.received_at) == (RequestKind.cancel, came.received_at)
    assert of(id).entries[0].request_id == row.id
    theirs = f"/staff/contracts/{world.theirs.contract.id}/entry?entry={entry.id}"
    assert contracts.get(theirs).status == 404


def test_options_can_be_entered_from_a_mail(world: World, browser_for: Make) -> None:
    taking.take(mail(text="請求書を郵送してください。"))
    db.session.commit()
    contracts = browser_for(staff(StaffRole.contracts))
    entry = threads()[0].entries[0]
    enter = f"/staff/contracts/{world.ours.contract.id}/entry?entry={entry.id}"
    box = contracts.get(enter).soup.find("input", {"name": "options"})
    contracts.submit(enter, {"kind": "options", "options": box["value"]})  # type: ignore[index]
    row = db.session.scalars(sa.select(ContractRequest)).one()
    assert row.kind is RequestKind.options and row.wish["add"] == [box["value"]]  # type: ignore[index]


def test_a_viewer_reads_and_asks_nothing(world: World, owner: Browser, browser_for: Make) -> None:
    id, viewer = ask(owner), browser_for(world.ours.viewer)
    page = viewer.get(f"/inquiries/{id}")
    assert "予約が進みません。" in page.text and "追記する" not in page.text
    assert viewer.get("/inquiries/new").status == viewer.post(f"/inquiries/{id}/add", {"text": "x"}).status == 403


def test_a_lost_answer_is_seen(world: World, owner: Browser, support: Browser) -> None:
    id = ask(owner)
    support.submit(f"/staff/inquiries/{id}", {"text": "はい。"}, action="/answer")
    posted("inquiry_answer")[0].not_arrived_at = clock.now()
    db.session.commit()
    assert "不達" in support.get(f"/staff/inquiries/{id}").text


def test_the_address_for_answers_is_not_guessed(world: World, owner: Browser) -> None:
    id = ask(owner)
    assert asking.answers_to(of(id)) != asking.answers_to(of(ask(owner)))
