"""Mail to the help desk: one thread, one receipt, never an answer to a machine; further mail finds its thread."""

from __future__ import annotations

import itertools
from datetime import timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa

from tests.factories import World, make_account
from wem import clock, storage
from wem.accounts.models import Account, Membership
from wem.accounts.rules import Role
from wem.arriving import ArrivedMail, Fate
from wem.db import db
from wem.inbound.routing import _take_answer
from wem.inquiries import answering, asking, desk_rules, hours, knowing, taking, tidying
from wem.inquiries.attaching import FOLDER, erase_unnamed, file_name
from wem.inquiries.models import EntryKind, Inquiry, InquiryEntry, InquiryFile, Origin, Writer
from wem.inquiries.state_rules import InquiryState
from wem.outbox import OutboxMail
from wem.settings import settings

pytestmark = pytest.mark.both_databases
_numbers = itertools.count(1)
DESK = "support@mail.wem.example"
OWNER = "owner@takahashi.example.jp"


def mail(
    sender: str = OWNER,
    text: str = "予約の画面が開きません。",
    to: str = DESK,
    *,
    envelope: str | None = None,
    headers: dict[str, str] | None = None,
    files: dict[str, bytes] | None = None,
) -> ArrivedMail:
    number = next(_numbers)
    message = EmailMessage()
    message["From"] = f"問う人 <{sender}>" if sender else ""
    message["Subject"] = "予約について"
    message["Message-ID"] = f"<mail{number}@client.example>"
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(text)
    for name, content in (files or {}).items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    envelope = sender if envelope is None else envelope
    return ArrivedMail(number, clock.now() - timedelta(minutes=5), envelope, to, message.as_bytes())


def threads() -> list[Inquiry]:
    return list(db.session.scalars(sa.select(Inquiry).order_by(Inquiry.id)))


def posted(kind: str) -> list[OutboxMail]:
    return list(db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == kind).order_by(OutboxMail.id)))


def test_a_mail_becomes_a_thread_of_its_customer_with_the_receipt_at_its_arrival(world: World) -> None:
    came = mail(files={"../画面.png": b"\x89PNG"})
    assert taking.take(came) is Fate.taken
    [inquiry] = threads()
    assert (inquiry.customer_id, inquiry.account_id) == (world.ours.customer.id, world.ours.owner.id)
    assert (inquiry.origin, inquiry.writer, inquiry.state) == (Origin.help_desk, Writer.customer, InquiryState.received)
    assert inquiry.received_at == came.received_at and inquiry.answer_by == hours.answer_by(came.received_at)
    [entry] = [each for each in inquiry.entries if each.kind is EntryKind.asked]
    assert entry.text == "予約の画面が開きません。" and entry.inbound_id == came.number
    [file] = entry.files
    assert file.name == "_画面.png" and storage.path_of(file.key).read_bytes() == b"\x89PNG"
    [receipt] = posted("inquiry_receipt")
    assert receipt.recipient == OWNER and inquiry.number in (receipt.subject or "")
    assert receipt.headers["Auto-Submitted"] == "auto-replied"
    assert receipt.headers["In-Reply-To"] == f"<mail{came.number}@client.example>"
    assert "第23条第2項" in (receipt.text or "") and receipt.reply_to == asking.answers_to(inquiry)
    # After a crash the same mail is handed on again.
    assert taking.take(came) is Fate.taken
    assert len(threads()) == 1 and len(posted("inquiry_receipt")) == 1


def test_the_address_for_changes_makes_threads_too(world: World) -> None:
    taking.take(mail(to="change@mail.wem.example"))
    assert threads()[0].origin is Origin.course_change


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Auto-Submitted": "auto-generated"},
        {"Precedence": "bulk"},
        {"List-Id": "<news.example>"},
        {"X-Auto-Response-Suppress": "All", "Auto-Submitted": "auto-replied; owner-email=x@y.example"},
    ],
)
def test_a_machine_gets_no_receipt_and_makes_no_thread(world: World, headers: dict[str, str]) -> None:
    assert taking.take(mail(headers=headers)) is Fate.unrecognised
    assert threads() == [] and posted("inquiry_receipt") == []


@pytest.mark.parametrize(
    "came",
    [
        {"envelope": ""},
        {"sender": "mailer-daemon@shop.example.jp"},
        {"sender": "no-reply@shop.example.jp"},
        {"sender": "takahashi@mail.wem.example"},  # our own domain
        {"sender": ""},
    ],
)
def test_what_nobody_wrote_is_kept_for_staff(world: World, came: dict[str, str]) -> None:
    assert taking.take(mail(**came)) is Fate.unrecognised  # type: ignore[arg-type]
    assert threads() == []


def test_an_automatic_answer_by_its_words_is_known_to_the_router(world: World) -> None:
    assert taking.take(mail(), known_automatic=True) is Fate.unrecognised


def test_a_forged_sender_makes_a_thread_and_sends_nobody_a_receipt(world: World) -> None:
    assert taking.take(mail(envelope="spam@elsewhere.example")) is Fate.taken
    assert len(threads()) == 1 and posted("inquiry_receipt") == []


def test_one_address_gets_few_receipts_a_day(world: World) -> None:
    for _ in range(desk_rules.MOST_RECEIPTS_A_DAY + 2):
        taking.take(mail())
    assert len(posted("inquiry_receipt")) == desk_rules.MOST_RECEIPTS_A_DAY
    assert len(threads()) == desk_rules.MOST_RECEIPTS_A_DAY + 2


def test_a_flood_waits_for_staff(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_rules, "MOST_MAILS_A_DAY", 2)
    fates = [taking.take(mail(sender="many@stranger.example")) for _ in range(4)]
    assert fates == [Fate.taken, Fate.taken, Fate.unrecognised, Fate.unrecognised]


def asked(world: World) -> Inquiry:
    taking.take(mail())
    return threads()[0]


def test_a_reply_to_our_answer_joins_by_its_address(world: World) -> None:
    inquiry = asked(world)
    answering.answer(inquiry, "画面を開き直してください。", by=world.admin.id)
    assert inquiry.state is InquiryState.answered and inquiry.unread
    [sent] = posted("inquiry_answer")
    assert sent.headers["In-Reply-To"].startswith("<mail") and sent.headers["Auto-Submitted"] == "no"
    ids = sent.headers["References"].split()
    assert ids[0] == sent.headers["In-Reply-To"] and len(ids) == 2  # theirs, and our receipt
    # Whoever has the mail may answer, from another address too.
    assert _take_answer(mail(sender="boss@other.example", to=sent.reply_to or "")) is Fate.taken
    assert len(threads()) == 1 and inquiry.state is InquiryState.working
    assert [entry.address for entry in inquiry.entries if entry.kind is EntryKind.asked] == [
        OWNER, "boss@other.example",
    ]  # fmt: skip
    answering.answer(inquiry, "はい。", by=world.admin.id)
    assert posted("inquiry_answer")[1].recipient == "boss@other.example"


def test_a_mail_joins_by_references_of_ours_and_of_its_own(world: World) -> None:
    inquiry = asked(world)
    entry = answering.answer(inquiry, "はい。", by=world.admin.id)
    for reference in (entry.message_id, inquiry.entries[0].message_id):
        assert taking.take(mail(headers={"References": f"<other@x.example> {reference}"})) is Fate.taken
    assert len(threads()) == 1
    # A colleague of the same customer is of the thread; a stranger who was forwarded the mail is not.
    taking.take(mail(sender="editor@takahashi.example.jp", headers={"In-Reply-To": entry.message_id}))
    assert len(threads()) == 1
    taking.take(mail(sender="stranger@elsewhere.example", headers={"In-Reply-To": entry.message_id}))
    taking.take(mail(sender="owner@yamada.example.jp", headers={"In-Reply-To": entry.message_id}))
    assert [row.customer_id for row in threads()] == [world.ours.customer.id, None, world.theirs.customer.id]


def test_a_forged_or_foreign_address_for_answers_joins_nothing(world: World) -> None:
    inquiry = asked(world)
    right = asking.answers_to(inquiry)
    wrong = right.replace(right[10], "a" if right[10] != "a" else "b", 1)
    assert _take_answer(mail(to=wrong)) is Fate.unrecognised
    assert len(inquiry.entries) == 2


def test_a_machines_answer_is_kept_in_the_thread_and_moves_nothing(world: World) -> None:
    inquiry = asked(world)
    answering.answer(inquiry, "はい。", by=world.admin.id)
    away = mail(to=asking.answers_to(inquiry), headers={"Auto-Submitted": "auto-replied"})
    assert taking.take(away, known_automatic=True) is Fate.taken
    db.session.expire_all()
    assert inquiry.state is InquiryState.answered
    assert inquiry.entries[-1].automatic and len(posted("inquiry_receipt")) == 1


def test_a_further_mail_opens_a_closed_thread(world: World) -> None:
    inquiry = asked(world)
    answering.close(inquiry, by=world.admin.id)
    taking.take(mail(to=asking.answers_to(inquiry)))
    assert inquiry.state is InquiryState.working and inquiry.closed_at is None


def test_whose_an_address_is(world: World) -> None:
    delegate = make_account("代理", "delegate@agency.example.jp")
    for side in (world.ours, world.theirs):
        db.session.add(Membership(account=delegate, customer=side.customer, role=Role.delegate))
    for address, writer, customer in (
        ("notice@shop.example.jp", Writer.customer, None),  # both contracts of the tests have it
        ("delegate@agency.example.jp", Writer.customer, None),
        ("editor@yamada.example.jp", Writer.customer, world.theirs.customer.id),
        ("tanaka@readers.example.com", Writer.reader, None),
        ("nobody@stranger.example", Writer.unknown, None),
    ):
        taking.take(mail(sender=address))
        inquiry = threads()[-1]
        assert (inquiry.writer, inquiry.customer_id) == (writer, customer), address


def test_an_ended_account_is_not_known(world: World) -> None:
    db.session.get_one(Account, world.ours.owner.id).end()
    assert not knowing.registered(world.ours.customer.id, OWNER)


def test_files_beyond_the_limits_are_named_and_left_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wem.inquiries.attaching.MOST_FILE", 10)
    monkeypatch.setattr("wem.inquiries.attaching.MOST_TOGETHER", 15)
    taking.take(mail(files={"a.txt": b"x" * 10, "large.bin": b"x" * 11, "b.txt": b"x" * 6, "c.txt": b"x" * 5}))
    [entry] = [each for each in threads()[0].entries if each.kind is EntryKind.asked]
    assert [file.name for file in entry.files] == ["a.txt", "c.txt"]
    assert [each["name"] for each in entry.left_out] == ["large.bin", "b.txt"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("", "file"), ("../../etc/passwd", "_.._etc_passwd"), ("a\r\nb.txt", "a b.txt"), ("\x00\x07.txt", ".txt")],
)
def test_file_names_are_one_line_and_no_path(name: str, kept: str) -> None:
    assert file_name(name) == kept


def test_html_alone_is_read_as_text(world: World) -> None:
    came = mail()
    raw = came.raw.replace(b"text/plain", b"text/html")
    html = ArrivedMail(came.number, came.received_at, came.sender, came.recipient, raw)
    taking.take(html)
    assert "予約の画面が開きません。" in threads()[0].entries[0].text


def test_what_is_over_closes_and_goes(world: World) -> None:
    inquiry = asked(world)
    answering.answer(inquiry, "はい。", by=world.admin.id)
    taking.take(mail(sender="nobody@stranger.example", files={"a.txt": b"x"}))
    stranger = threads()[-1]
    answering.close(stranger, by=world.admin.id)
    db.session.commit()
    at = clock.now()
    assert (tidying.close_answered(at + timedelta(days=13)), tidying.erase_old(at + timedelta(days=300))) == (0, 0)
    assert tidying.close_answered(at + timedelta(days=15)) == 1 and inquiry.state is InquiryState.closed
    kept = int(settings().INQUIRY_KEPT_DAYS)
    assert tidying.erase_old(at + timedelta(days=kept + 1)) == 1
    db.session.commit()
    assert db.session.get(Inquiry, inquiry.id) is not None and len(threads()) == 1
    assert db.session.scalars(sa.select(InquiryFile)).all() == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(InquiryEntry)) == len(inquiry.entries)
    names = [key for key, _ in storage.old_files(FOLDER, clock.now() + timedelta(days=1))]
    assert names and erase_unnamed(clock.now() + timedelta(days=2)) == len(names)
