"""Staff read what waits: masked until a reason is given, as text only, each act on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.factories import World, make_account
from tests.inbound.conftest import files
from tests.page import Browser
from wem import clock, queue
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.db import db
from wem.inbound import jobs, keeping, wording
from wem.inbound.emails import answer_subject
from wem.inbound.envelopes import Envelope
from wem.inbound.keeping import Arriving
from wem.inbound.models import InboundMail
from wem.inbound.showing import shown
from wem.inbound.states import InboundState, Route, Way
from wem.inquiries.models import Inquiry
from wem.outbox import OutboxMail

Make = Callable[..., Browser]
TEXT = "担当者様\n<script>alert(1)</script> コースを変えたい"
RAW = (
    "From: =?UTF-8?B?55Sw5Lit?= <tanaka@shop.example.jp>\r\nTo: support@mail.wem.example\r\n"
    "Subject: =?UTF-8?B?44Kz44O844K5?=\r\nMessage-ID: <q1@shop.example.jp>\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n'
    f"Content-Transfer-Encoding: 8bit\r\n\r\n{TEXT}\r\n--b\r\nContent-Type: application/pdf\r\n"
    'Content-Disposition: attachment; filename="order.pdf"\r\n\r\n%PDF\r\n--b--\r\n'
).encode()
DESK = "support@mail.wem.example"
REASON = "お客様から電話があったため"


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []
    monkeypatch.setattr(queue, "ring_now", lambda *call, **_how: calls.append(call) or True)
    return calls


@pytest.fixture
def mail(world: World) -> int:
    """A mail that no domain takes, waiting for staff."""
    at = clock.now()
    envelope = Envelope(at, Way.lmtp, "tanaka@shop.example.jp", ("abuse@mail.wem.example",))
    keeping.keep([Arriving(envelope, RAW)])
    jobs.route()
    return db.session.scalars(sa.select(InboundMail.id)).one()


@pytest.fixture
def support(world: World, browser_for: Make) -> Browser:
    staff = make_account("助言 する子", "support@wem.example", staff_role=StaffRole.support)
    db.session.commit()
    return browser_for(staff)


def opened(support: Browser, mail: int) -> Any:
    """Give a reason, and return the page that is shown then."""
    done = support.submit(f"/staff/inbound/{mail}", {"reason": REASON}, action="/open")
    return support.get(done.location)


def actions() -> list[tuple[str, str | None]]:
    db.session.rollback()
    found = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action.startswith("inbound.")))
    return [(event.action, event.details.get("reason")) for event in found]


def test_the_list_counts_and_masks(support: Browser, mail: int) -> None:
    page = support.get("/staff/inbound")
    assert "t****@shop.example.jp" in page.text and "tanaka@" not in page.text
    assert str(wording.STATES[InboundState.unrecognised][0]) in page.text
    assert str(wording.ROUTES[Route.other]) in page.text
    assert str(mail) in support.get("/staff/inbound?route=other").text
    assert "該当するメールはありません" in support.get("/staff/inbound?route=feedback").text
    assert "該当するメールはありません" in support.get("/staff/inbound?state=failed").text


def test_it_says_whether_there_is_no_sender_or_nobody_told_it(support: Browser, mail: int) -> None:
    for sender in ("", None):
        address = ("postmaster@mail.wem.example",)
        keeping.keep([Arriving(Envelope(clock.now(), Way.pipe, sender, address), RAW + repr(sender).encode())])
    jobs.route()
    page = support.get("/staff/inbound")
    assert "（差出人なし）" in page.text and "（差出人の記録なし）" in page.text
    counted = page.soup.find("nav", attrs={"aria-label": "状態で絞り込む"}) or page.soup
    assert "3" in counted.get_text(" ")


def test_nothing_is_read_before_a_reason_is_given(support: Browser, mail: int) -> None:
    page = support.get(f"/staff/inbound/{mail}")
    assert "tanaka" not in page.text and "コースを変えたい" not in page.text
    for bad in ("", "abc", "tanaka@shop.example.jp から電話"):
        assert support.submit(f"/staff/inbound/{mail}", {"reason": bad}, action="/open").status == 422
    assert actions() == []
    page = opened(support, mail)
    assert actions() == [("inbound.open", REASON)]
    assert "コースを変えたい" in page.text and "田中" in page.text and "order.pdf" in page.text
    assert "<script>alert" not in page.html and "&lt;script&gt;alert(1)" in page.html


def test_an_opened_mail_is_open_to_nobody_else_and_not_for_ever(
    support: Browser, mail: int, browser_for: Make, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(support, mail)
    assert "コースを変えたい" not in browser_for(world.admin).get(f"/staff/inbound/{mail}").text
    monkeypatch.setattr("wem.inbound.staff_views.OPEN_FOR", clock.now() - clock.now())
    assert "コースを変えたい" not in support.get(f"/staff/inbound/{mail}").text


def test_an_answer_goes_to_the_writer_and_back_to_the_help_desk(support: Browser, mail: int) -> None:
    opened(support, mail)
    support.submit(f"/staff/inbound/{mail}", {"text": "承りました。\n来月から変わります。"}, action="/answer")
    db.session.rollback()
    sent = db.session.scalars(sa.select(OutboxMail)).one()
    assert (sent.kind, sent.recipient, sent.subject) == ("inbound_answer", "tanaka@shop.example.jp", "Re: コース")
    assert sent.reply_to == "support@mail.wem.example"
    assert sent.headers["In-Reply-To"] == "<q1@shop.example.jp>" and "来月から変わります。" in (sent.text or "")
    assert db.session.get_one(InboundMail, mail).answered_at is not None
    assert [action for action, _ in actions()] == ["inbound.open", "inbound.answer"]


def test_nobody_answers_unread(support: Browser, mail: int) -> None:
    support.post(f"/staff/inbound/{mail}/answer", {"text": "x"})
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail)) == 0


@pytest.mark.parametrize(
    ("head", "writer"),
    [
        (b"From: a@b.example.jp\r\n", "a@b.example.jp"),
        (b"From: a@b.example.jp\r\nReply-To: c@d.example.jp\r\n", "c@d.example.jp"),
        (b"From: a@b.example.jp\r\nAuto-Submitted: auto-replied\r\n", None),
        (b"From: a@b.example.jp\r\nPrecedence: bulk\r\n", None),
        (b"From: no-reply@mail.wem.example\r\n", None),
        (b"From: nobody\r\n", None),
        (b"", None),
    ],
)
def test_who_is_answered(head: bytes, writer: str | None) -> None:
    assert shown(head + b"\r\nx\r\n", "normal", ("mail.wem.example",)).writer == writer
    assert shown(head + b"\r\nx\r\n", "bounce", ("mail.wem.example",)).writer is None


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"\x00\xff" * 500, b"Subject: \xff\xfe\r\n\r\n\xed\xa0\x80", b"Content-Type: x\r\n\r\n" * 50]
)
def test_whatever_came_can_be_shown(raw: bytes) -> None:
    read = shown(raw, "", ())
    (read.text + read.subject).encode()
    assert "\0" not in read.text


def test_html_is_shown_as_text() -> None:
    raw = b"Content-Type: text/html\r\n\r\n<p>Hello <b>you</b><script>bad()</script><img src=https://x.example/a.gif>"
    text = shown(raw, "", ()).text
    assert "Hello you" in text and "bad()" not in text and "x.example" not in text


@pytest.mark.parametrize(
    ("subject", "answered"),
    [("x", "Re: x"), ("Re: x", "Re: x"), ("RE: re: x", "Re: x"), ("", "Re:"), ("あ" * 300, None)],
)
def test_the_subject_of_an_answer(subject: str, answered: str | None) -> None:
    assert answer_subject(subject) == answered or (answered is None and len(answer_subject(subject)) == 200)


def test_seen_to_routed_anew_and_erased(support: Browser, mail: int, rung: list[Any]) -> None:
    def act(name: str) -> None:
        support.post(f"/staff/inbound/{mail}/{name}")
        db.session.rollback()

    act("settle")
    assert db.session.get_one(InboundMail, mail).state is InboundState.settled
    act("settle")  # a second time it is refused
    rung.clear()
    act("replay")
    assert db.session.get_one(InboundMail, mail).state is InboundState.waiting
    assert rung == [(queue.INBOUND, "wem.inbound.jobs.route")]
    act("erase")
    assert db.session.get(InboundMail, mail) is not None, "it is on its way"
    jobs.route()
    before = len(files())
    act("erase")
    assert (db.session.get(InboundMail, mail), len(files())) == (None, before - 1)
    assert [action for action, _ in actions()] == ["inbound.settle", "inbound.replay", "inbound.erase"]


def test_a_mail_that_failed_says_so_and_can_be_tried_again(app: Flask, support: Browser, mail: int) -> None:
    row = db.session.get_one(InboundMail, mail)
    row.become(InboundState.failed, clock.now(), "KeyError")
    db.session.commit()
    page = support.get(f"/staff/inbound/{mail}")
    assert "プログラムのエラー（KeyError）" in page.text and "もう一度振り分ける" in page.text
    assert row.route is Route.other


def kept_by(raw: bytes, recipient: str) -> int:
    """Let a mail come in and be routed; returns its number."""
    keeping.keep([Arriving(Envelope(clock.now(), Way.lmtp, "tanaka@shop.example.jp", (recipient,)), raw)])
    jobs.route()
    return db.session.scalars(sa.select(InboundMail.id).order_by(InboundMail.id.desc()).limit(1)).one()


def test_what_a_machine_wrote_to_the_help_desk_becomes_an_inquiry_by_one_button(world: World, support: Browser) -> None:
    number = kept_by(RAW.replace(b"MIME-Version", b"Auto-Submitted: auto-generated\r\nMIME-Version"), DESK)
    row = db.session.get_one(InboundMail, number)
    assert (row.state, row.route) == (InboundState.kept, Route.help_desk)
    done = support.submit(f"/staff/inbound/{number}", action="/inquiry")
    inquiry = db.session.scalars(sa.select(Inquiry)).one()
    assert done.location == f"/staff/inquiries/{inquiry.id}"
    received = db.session.get_one(InboundMail, number).received_at
    assert (inquiry.received_at, inquiry.subject) == (received, "コース")
    assert [file.name for file in inquiry.entries[0].files] == ["order.pdf"]
    assert db.session.get_one(InboundMail, number).state is InboundState.settled
    # Pressed again it is the same one.
    assert support.post(f"/staff/inbound/{number}/inquiry").location == done.location
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail)) == 0


def test_other_mail_is_read_before_it_becomes_an_inquiry(support: Browser, mail: int) -> None:
    support.post(f"/staff/inbound/{mail}/inquiry")
    assert db.session.scalars(sa.select(Inquiry)).all() == []
    opened(support, mail)
    support.submit(f"/staff/inbound/{mail}", action="/inquiry")
    assert db.session.scalars(sa.select(Inquiry)).one().entries[0].inbound_id == mail


def test_a_persons_mail_to_the_help_desk_needs_no_button(world: World, support: Browser) -> None:
    number = kept_by(RAW, DESK)
    assert db.session.get_one(InboundMail, number).state is InboundState.taken
    assert db.session.scalars(sa.select(Inquiry)).one().entries[0].inbound_id == number
