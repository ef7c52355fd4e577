"""Replies to a mailing and unsubscribing by mail: what is kept, what is masked, what is answered."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa

from tests.factories import World
from tests.lists.recounting import assert_counts_are_exact
from tests.tracking.mailed import recipients, seq_of, start
from wem import clock
from wem.arriving import ArrivedMail, Fate
from wem.audit import AuditEvent
from wem.db import db
from wem.delivery.identity import Purpose, delivery_id, reply_address
from wem.delivery.message import Features
from wem.delivery.models import Dispatch
from wem.delivery.rendering import letter_of
from wem.lists import leaving
from wem.lists.subscription_models import ConsentEvent, Subscriber
from wem.mailings import answering, leaving_by_mail, replies
from wem.mailings.answering import NotAsked, TooMany
from wem.mailings.models import Mailing
from wem.mailings.reply_models import Conversation, ConversationMail, ConversationState, ReplySetting
from wem.outbox import OutboxMail

pytestmark = pytest.mark.both_databases
numbers = count(1)
TEXT = "在庫はありますか。\n-- \n田中 tanaka@readers.example.com 090-1234-5678\n\n> 配信停止は http://x/u/WzEsMl0.aa.bb-cc_dd"


@pytest.fixture
def dispatch(world: World) -> Dispatch:
    return start(world.ours)


@pytest.fixture
def reader(world: World) -> Subscriber:
    return world.ours.readers[0]


def arrived(to: str, author: str, text: str = TEXT, subject: str = "Re: 秋の新商品", **more: Any) -> ArrivedMail:
    headers = "".join(f"{name}: {value}\r\n" for name, value in more.pop("headers", {}).items())
    raw = (
        f"From: 田中 <{author}>\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <77.{author}>\r\n{headers}"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
    details = {"number": next(numbers), "received_at": clock.now(), "sender": author, "recipient": to.lower()}
    return ArrivedMail(**{**details, "raw": raw.encode(), **more})


def reply(dispatch: Dispatch, reader: Subscriber, text: str = TEXT, **more: Any) -> Conversation:
    known, author = more.pop("known_automatic", False), more.pop("author", reader.address)
    to = reply_address(dispatch.id, seq_of(dispatch, reader), "mail.wem.example", replies.keys())
    assert replies.take_reply(arrived(to, author, text, **more), known_automatic=known) is Fate.taken
    db.session.commit()
    return db.session.scalars(sa.select(Conversation).order_by(Conversation.newest.desc()).limit(1)).one()


def outbox() -> list[OutboxMail]:
    return list(db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id)))


def test_every_mail_names_its_own_address_for_replies(world: World, dispatch: Dispatch) -> None:
    for recipient in recipients(dispatch):
        mail = letter_of(dispatch).mail(recipient, clock.now(), Features())
        wanted = reply_address(dispatch.id, recipient.seq, "mail.wem.example", replies.keys())
        assert f"\r\nReply-To: {wanted}\r\n".encode() in mail.data


def test_a_reply_is_kept_masked(dispatch: Dispatch, reader: Subscriber) -> None:
    found = reply(dispatch, reader)
    assert found.state is ConversationState.open and found.unread and not found.automatic and not found.asks_to_stop
    assert (found.mailing_id, found.subscriber_id) == (dispatch.mailing_id, reader.id)
    (mail,) = found.mails
    assert mail.text.startswith("在庫はありますか。")
    assert "t****@readers.example.com" in mail.text and "090-1234-5678" in mail.text
    assert "tanaka" not in mail.text and "WzEs" not in mail.text
    assert mail.sealed is not None and b"tanaka" not in mail.sealed
    assert outbox() == [], "nothing answers by itself"


def test_the_same_reply_is_kept_once_and_a_second_joins_it(dispatch: Dispatch, reader: Subscriber) -> None:
    to = reply_address(dispatch.id, seq_of(dispatch, reader), "mail.wem.example", replies.keys())
    mail = arrived(to, reader.address)
    for each in (mail, mail, arrived(to.upper(), reader.address, "もう一度")):
        assert replies.take_reply(each) is Fate.taken
        db.session.commit()
    (found,) = db.session.scalars(sa.select(Conversation)).all()
    assert [each.text[:4] for each in found.mails] == ["在庫はあ", "もう一度"]


def test_whoever_got_it_forwarded_has_a_conversation_of_their_own(dispatch: Dispatch, reader: Subscriber) -> None:
    reply(dispatch, reader)
    other = reply(dispatch, reader, author="friend@elsewhere.example")
    assert other.masked == "f****@elsewhere.example"
    assert len(db.session.scalars(sa.select(Conversation)).all()) == 2


@pytest.mark.parametrize(
    "how",
    [
        {"headers": {"Auto-Submitted": "auto-replied"}},
        {"headers": {"Precedence": "bulk"}},
        {"sender": ""},
        {"subject": "自動応答: 不在です"},
        {"known_automatic": True},
    ],
)
def test_automatic_answers_are_kept_apart(dispatch: Dispatch, reader: Subscriber, how: dict[str, Any]) -> None:
    found = reply(dispatch, reader, **how)
    assert found.automatic and not found.unread
    assert answering.unread(found.customer_id) == 0
    again = reply(dispatch, reader)
    assert again.id == found.id and not again.automatic and again.unread


def test_wishes_to_stop_are_marked_and_nothing_stops(dispatch: Dispatch, reader: Subscriber) -> None:
    assert reply(dispatch, reader, "配信停止をお願いします").asks_to_stop
    assert db.session.get_one(Subscriber, reader.id).active_count == 1


@pytest.mark.parametrize(
    "how", [{"subject": "Re: 年末年始の営業のお知らせ", "known_automatic": True}, {"subject": "Re: Vacation sale"}]
)
def test_words_make_no_machine_of_who_wants_to_stop(
    dispatch: Dispatch, reader: Subscriber, how: dict[str, Any]
) -> None:
    found = reply(dispatch, reader, "先日退職しました。配信を停止してください。", **how)
    assert found.asks_to_stop and found.unread and not found.automatic


@pytest.mark.parametrize("to", ["r.nonsense@mail.wem.example", "tanaka@mail.wem.example", "r.@mail.wem.example"])
def test_addresses_that_we_did_not_make(dispatch: Dispatch, reader: Subscriber, to: str) -> None:
    assert replies.take_reply(arrived(to, reader.address)) is Fate.unrecognised
    forged = delivery_id(dispatch.id, 1, Purpose.unsubscribe_mail, replies.keys())
    assert replies.take_reply(arrived(f"r.{forged}@mail.wem.example", reader.address)) is Fate.unrecognised


def test_attachments_are_named_and_not_kept(dispatch: Dispatch, reader: Subscriber) -> None:
    raw = (
        f"From: {reader.address}\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nこちらです。\r\n--x\r\n"
        f'Content-Type: image/jpeg; name="{reader.address}.jpg"\r\n\r\nJPEG\r\n--x--\r\n'
    )
    found = reply(dispatch, reader, raw=raw.encode())
    (mail,) = found.mails
    assert [(each["name"], each["size"]) for each in mail.files] == [("t****@readers.example.com.jpg", 4)]
    assert "JPEG" not in mail.text


def test_html_alone_and_broken_mail(dispatch: Dispatch, reader: Subscriber) -> None:
    head = f"From: {reader.address}\r\nContent-Type: text/html\r\n\r\n"
    found = reply(dispatch, reader, raw=f"{head}<p>在庫は<b>ありますか</b></p><script>x</script>".encode())
    assert found.mails[0].text.strip() == "在庫はありますか"
    broken = reply(dispatch, reader, raw=f"From: {reader.address}\r\n\r\na\0b\xff".encode("latin-1"))
    assert "\0" not in broken.mails[-1].text


def test_an_answer_goes_to_the_person_and_its_reply_comes_back(
    world: World, dispatch: Dispatch, reader: Subscriber
) -> None:
    found = reply(dispatch, reader)
    answering.answer(found, "ございます。\nお待ちしています。", by=world.ours.owner.id)
    db.session.commit()
    (mail,) = outbox()
    assert (mail.kind, mail.recipient, mail.subject) == ("reader_answer", reader.address, "Re: 秋の新商品")
    assert mail.headers == {
        "Auto-Submitted": "no",
        "In-Reply-To": f"<77.{reader.address}>",
        "References": f"<77.{reader.address}>",
    }
    assert mail.text is not None and "ございます。\nお待ちしています。" in mail.text and "東京都立川市" in mail.text
    assert found.state is ConversationState.answered and not found.unread
    assert mail.reply_to is not None
    assert replies.take_reply(arrived(mail.reply_to, reader.address, "伺います")) is Fate.taken
    db.session.commit()
    db.session.expire_all()
    assert [each.from_reader for each in found.mails] == [True, False, True]
    assert found.state is ConversationState.open and found.unread


def test_three_answers_then_it_is_the_persons_turn(world: World, dispatch: Dispatch, reader: Subscriber) -> None:
    found = reply(dispatch, reader)
    for _ in range(3):
        answering.answer(found, "はい", by=1)
    with pytest.raises(TooMany):
        answering.answer(found, "はい", by=1)
    reply(dispatch, reader, "なるほど")
    answering.answer(found, "はい", by=1)


def test_the_address_is_shown_only_for_words_of_the_person(
    world: World, dispatch: Dispatch, reader: Subscriber
) -> None:
    found = reply(dispatch, reader, "在庫はありますか。\n\n> このアドレスに直接お返事ください。")
    with pytest.raises(NotAsked):
        answering.reveal(found, by=1)
    answering.answer(found, "アドレスに直接ご連絡してよろしければ、このアドレスに直接お返事ください。", by=1)
    reply(dispatch, reader, "自動返信：このアドレスに直接ご連絡ください。", known_automatic=True)
    with pytest.raises(NotAsked):
        answering.reveal(found, by=1)
    reply(dispatch, reader, "このアドレス tanaka@readers.example.com に\n直接お返事ください。")
    assert answering.whole_text(found, found.mails[-1]) == found.mails[-1].text
    answering.reveal(found, by=world.ours.owner.id)
    assert found.passage == "このアドレス t****@readers.example.com に 直接お返事ください。"
    db.session.commit()
    assert "tanaka@readers.example.com に\n直接" in answering.whole_text(found, found.mails[-1])
    event = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "reply.reveal")).one()
    assert event.account_id == world.ours.owner.id and "tanaka" not in str(event.details)


def test_replies_go_with_the_reader(dispatch: Dispatch, reader: Subscriber) -> None:
    found = reply(dispatch, reader)
    answering.answer(found, "はい", by=1)
    db.session.commit()
    leaving.erase(reader)
    db.session.commit()
    assert not db.session.scalars(sa.select(Conversation.id)).all()
    assert not db.session.scalars(sa.select(ConversationMail.id)).all()
    assert outbox() == [], "what waits for the reader is taken back"


def test_who_has_left_may_still_write(dispatch: Dispatch, reader: Subscriber) -> None:
    address, seq = reader.address, seq_of(dispatch, reader)
    leaving.leave_everything(reader)
    db.session.commit()
    to = reply_address(dispatch.id, seq, "mail.wem.example", replies.keys())
    assert replies.take_reply(arrived(to, address)) is Fate.taken
    assert db.session.scalars(sa.select(Conversation)).one().subscriber_id is None


def test_old_replies_are_erased(world: World, dispatch: Dispatch, reader: Subscriber) -> None:
    found = reply(dispatch, reader)
    found.last_at = clock.now().replace(year=clock.now().year - 1)
    db.session.add(ReplySetting(customer_id=world.ours.customer.id, keep_days=365 * 2))
    db.session.commit()
    assert answering.erase_old() == 0
    db.session.get_one(ReplySetting, world.ours.customer.id).keep_days = 30
    db.session.commit()
    assert answering.erase_old() == 1


def test_a_flood_is_left_to_staff(dispatch: Dispatch, reader: Subscriber) -> None:
    to = reply_address(dispatch.id, seq_of(dispatch, reader), "mail.wem.example", replies.keys())
    fates = [replies.take_reply(arrived(to, reader.address, "x")) for _ in range(52)]
    assert fates.count(Fate.taken) == 50 and fates[-1] is Fate.unrecognised, "staff read it"


def way_out(dispatch: Dispatch, reader: Subscriber) -> str:
    made = delivery_id(dispatch.id, seq_of(dispatch, reader), Purpose.unsubscribe_mail, replies.keys())
    return f"u.{made}@bounce.mail.wem.example"


@pytest.mark.parametrize("author", ["tanaka@readers.example.com", "anybody@elsewhere.example"])
def test_a_mail_to_the_way_out_stops_whoever_sends_it(dispatch: Dispatch, reader: Subscriber, author: str) -> None:
    number, mail = reader.id, arrived(way_out(dispatch, reader), author, "")
    for _ in range(2):
        assert leaving_by_mail.take_unsubscribe(mail) is Fate.taken
        db.session.commit()
    assert db.session.get(Subscriber, number) is None
    assert db.session.get_one(Mailing, dispatch.mailing_id).unsubscribed == 1
    event = db.session.scalars(sa.select(ConsentEvent).where(ConsentEvent.kind == "withdrawn")).one()
    assert event.mailing_id == dispatch.mailing_id
    assert outbox() == [], "nothing is answered"
    again = arrived(mail.recipient, author, "")
    assert leaving_by_mail.take_unsubscribe(again) is Fate.taken, "who has left has left"
    assert_counts_are_exact()


def test_an_unknown_sender_is_no_machine(dispatch: Dispatch, reader: Subscriber) -> None:
    """By pipe or from a mailbox without Return-Path."""
    assert not reply(dispatch, reader, sender=None).automatic
    mail = arrived(way_out(dispatch, reader), reader.address, "", sender=None)
    assert leaving_by_mail.take_unsubscribe(mail) is Fate.taken


@pytest.mark.parametrize("how", [{"sender": ""}, {"headers": {"Auto-Submitted": "auto-replied"}}])
def test_automatic_answers_stop_nobody(dispatch: Dispatch, reader: Subscriber, how: dict[str, Any]) -> None:
    mail = arrived(way_out(dispatch, reader), reader.address, "", **how)
    assert leaving_by_mail.take_unsubscribe(mail) is Fate.ignored
    assert db.session.get_one(Subscriber, reader.id).active_count == 1


def test_a_mail_program_that_says_it_acts_by_itself_is_heard(dispatch: Dispatch, reader: Subscriber) -> None:
    number = reader.id
    mail = arrived(way_out(dispatch, reader), reader.address, "", headers={"Auto-Submitted": "auto-generated"})
    assert leaving_by_mail.take_unsubscribe(mail) is Fate.taken
    assert db.session.get(Subscriber, number) is None


def test_forged_ways_out_stop_nobody(dispatch: Dispatch, reader: Subscriber) -> None:
    for to in (way_out(dispatch, reader).replace("u.", "u.b"), "u.x@bounce.mail.wem.example", "u@x.example"):
        assert leaving_by_mail.take_unsubscribe(arrived(to, reader.address)) is Fate.unrecognised
