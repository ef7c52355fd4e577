"""Mails to a list's dedicated address: the answer, the page behind its link, the way out, and who gets no answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests import factories
from tests.factories import World
from tests.lists.recounting import assert_counts_are_exact
from tests.page import Browser
from wem import clock
from wem.arriving import ArrivedMail, Fate
from wem.contracts.rules import ContractState, SuspensionGround
from wem.db import db
from wem.hashing import address_hash
from wem.lists import blank_addresses, blank_mail, closing, leaving, rationing, subscribing
from wem.lists.blank_addresses import CannotLend
from wem.lists.blank_mail_models import BlankMail, LentAddress
from wem.lists.models import ListField, MailingList
from wem.lists.rules import Address, read_address
from wem.lists.states import ConsentKind, SubscriptionState, Way
from wem.lists.subscription_models import ConsentEvent, ShownText, Subscriber, Subscription, Suppression
from wem.outbox import OutboxMail

pytestmark = pytest.mark.both_databases
NEW = "shinki@docomo.ne.jp"
numbers = count(1)


@pytest.fixture
def later() -> Iterator[Any]:
    """A clock that stands still until it is moved."""
    with time_machine.travel(clock.now(), tick=False) as now:
        yield now


@pytest.fixture
def mailing_list(world: World) -> MailingList:
    """The list of ours, with the dedicated address otoku@."""
    row = world.ours.mailing_list
    blank_addresses.lend(row, "otoku", by=world.ours.owner.id)
    db.session.commit()
    return row


def arrived(to: str = "otoku", author: str = NEW, subject: str = "", more: str = "", **values: Any) -> ArrivedMail:
    raw = f"From: {author}\r\nTo: {to}@mail.wem.example\r\nMessage-ID: <1.{author}>\r\nSubject: {subject}\r\n{more}\r\n"
    details = {
        "number": next(numbers),
        "received_at": clock.now(),
        "sender": author,
        "recipient": f"{to}@mail.wem.example",
        "raw": raw.encode(),
    }
    return ArrivedMail(**{**details, **values})


def take(mail: ArrivedMail, **known: Any) -> Fate:
    fate = blank_mail.take(mail, **known)
    db.session.commit()
    return fate


def mails() -> list[OutboxMail]:
    return list(db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id)))


def state(mailing_list: MailingList, address: str = NEW) -> SubscriptionState | None:
    return db.session.scalar(
        sa.select(Subscription.state)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscription.list_id == mailing_list.id, Subscriber.address == address)
    )


def counts(mailing_list: MailingList) -> tuple[int, int, int, int, int]:
    row = db.session.get_one(BlankMail, mailing_list.id, populate_existing=True)
    return row.asked, row.invited, row.confirmed, row.stopped, row.unanswered


def link_of(mail: OutboxMail) -> str:
    assert mail.text is not None
    return next(line for line in mail.text.splitlines() if "/c/" in line).removeprefix("http://localhost:8001")


def test_a_mail_is_answered_with_a_link(mailing_list: MailingList) -> None:
    assert take(arrived()) is Fate.taken
    (mail,) = mails()
    assert mail.kind == "reader_blank_link" and mail.recipient == NEW
    assert mail.headers["Auto-Submitted"] == "auto-replied"
    assert mail.headers["In-Reply-To"] == f"<1.{NEW}>"
    assert mail.text is not None
    for words in ("24時間", "otoku-stop@mail.wem.example", "日本IP通信株式会社", "東京都立川市曙町1-1-1", "お得情報"):
        assert words in mail.text
    assert state(mailing_list) is SubscriptionState.pending
    assert counts(mailing_list) == (1, 1, 0, 0, 0)
    event = db.session.scalars(sa.select(ConsentEvent)).one()
    assert (event.kind, event.way, event.address_hash) == (ConsentKind.requested, Way.blank_mail, address_hash(NEW))
    assert_counts_are_exact()


def test_an_unknown_sender_is_a_persons(mailing_list: MailingList) -> None:
    """By pipe or from a mailbox without Return-Path: only the empty one is a machine's."""
    assert take(arrived(sender="")) is Fate.ignored
    assert take(arrived(sender=None)) is Fate.taken
    assert [mail.kind for mail in mails()] == ["reader_blank_link"]


def test_the_button_of_the_page_completes_it(mailing_list: MailingList, public: Browser, later: Any) -> None:
    take(arrived())
    path = link_of(mails()[0])
    page = public.get(path)
    assert page.status == 200 and "お読みください" in page.text
    assert state(mailing_list) is SubscriptionState.pending, "opening changes nothing"
    later.shift(5)
    done = public.post(path, page.form("/c/"))
    assert "登録が完了しました" in done.text
    assert state(mailing_list) is SubscriptionState.active
    assert counts(mailing_list) == (1, 1, 1, 0, 0)
    event = db.session.scalars(sa.select(ConsentEvent).where(ConsentEvent.kind == ConsentKind.confirmed)).one()
    assert event.way is Way.blank_mail
    assert event.shown_text_id is not None
    assert db.session.get_one(ShownText, event.shown_text_id).content["way"] == "blank_mail"
    assert mails()[-1].kind == "reader_registered"


def test_required_fields_are_asked_on_the_page(
    world: World, mailing_list: MailingList, public: Browser, later: Any
) -> None:
    mailing_list.form_fields.append(ListField(field=world.ours.field, required=True))
    db.session.commit()
    take(arrived())
    path, name = link_of(mails()[0]), f"f{world.ours.field.id}"
    page = public.get(path)
    later.shift(5)
    values = page.form("/c/")
    name = next(key for key in values if key != "page")
    refused = public.post(path, values)
    assert refused.status == 422 and state(mailing_list) is SubscriptionState.pending
    done = public.post(path, {**refused.form("/c/"), "page": values["page"], name: "﨑山 花子"})
    assert "登録が完了しました" in done.text
    reader = db.session.scalars(sa.select(Subscriber).where(Subscriber.address == NEW)).one()
    assert reader.fields == {"氏名": "﨑山 花子"}
    event = db.session.scalars(sa.select(ConsentEvent).where(ConsentEvent.kind == ConsentKind.confirmed)).one()
    assert event.shown_text_id is not None
    assert db.session.get_one(ShownText, event.shown_text_id).content["labels"] == ["氏名"]


def test_the_link_is_good_for_a_day(mailing_list: MailingList, public: Browser, later: Any) -> None:
    take(arrived())
    path = link_of(mails()[0])
    later.shift(timedelta(hours=24, seconds=2))
    page = public.get(path)
    assert "form" not in {tag.name for tag in page.soup.find_all()} or "/c/" not in page.html
    assert state(mailing_list) is SubscriptionState.pending


def test_a_form_filled_in_before_stays_good(mailing_list: MailingList, later: Any) -> None:
    address = read_address(NEW)
    assert isinstance(address, Address)
    subscribing.request(mailing_list, address, way=Way.form, fields={})
    db.session.commit()
    take(arrived())
    expires = db.session.scalar(sa.select(Subscription.expires_at).where(Subscription.way == Way.blank_mail))
    assert expires is not None and expires > clock.now() + timedelta(days=6)


def test_the_same_mail_acts_once(mailing_list: MailingList) -> None:
    mail = arrived()
    assert take(mail) is Fate.taken
    assert take(mail) is Fate.taken
    assert len(mails()) == 1
    assert counts(mailing_list) == (1, 1, 0, 0, 0)


def test_who_is_on_the_list_is_told_so(world: World, mailing_list: MailingList) -> None:
    reader = world.ours.readers[0].address
    take(arrived(author=reader))
    (mail,) = mails()
    assert mail.kind == "reader_blank_already"
    assert mail.text is not None and "otoku-stop@" in mail.text and "/p/" in mail.text


@pytest.mark.parametrize("how", ["switched off", "period over", "list closed", "suspended"])
def test_closed_is_said_kindly(world: World, mailing_list: MailingList, how: str) -> None:
    blank = db.session.get_one(BlankMail, mailing_list.id)
    if how == "switched off":
        blank.on = False
    elif how == "period over":
        blank.closes_at = clock.now()
    elif how == "list closed":
        mailing_list.sign_up_open = False
    else:
        world.ours.contract.suspend(SuspensionGround.nonpayment, "", by=world.admin.id)
    blank.texts = {"closed": "秋にまた受け付けます。"}
    db.session.commit()
    assert take(arrived()) is Fate.taken
    (mail,) = mails()
    assert mail.kind == "reader_blank_closed" and mail.about is None
    assert mail.text is not None and "秋にまた受け付けます。" in mail.text
    assert state(mailing_list) is None


@pytest.mark.parametrize(
    ("mail", "fate"),
    [
        ({"sender": ""}, Fate.ignored),
        ({"more": "Auto-Submitted: auto-replied\r\n"}, Fate.ignored),
        ({"more": "Precedence: bulk\r\n"}, Fate.ignored),
        ({"more": "List-Id: <x.y>\r\n"}, Fate.ignored),
        ({"author": "MAILER-DAEMON@example.jp"}, Fate.ignored),
        ({"author": "takahashi@mail.wem.example"}, Fate.ignored),
        ({"sender": "s.abc@bounce.mail.wem.example"}, Fate.ignored),
        ({"sender": "attacker@evil.example"}, Fate.unrecognised),
        ({"author": "nobody", "sender": NEW}, Fate.unrecognised),
        ({"to": "stranger"}, Fate.unrecognised),
    ],
)
def test_who_gets_no_answer(mailing_list: MailingList, mail: dict[str, str], fate: Fate) -> None:
    assert take(arrived(**mail)) is fate
    assert mails() == []
    assert counts(mailing_list) == (0, 0, 0, 0, 0)


def test_what_others_know_to_be_automatic_gets_none_either(mailing_list: MailingList) -> None:
    assert take(arrived(), known_automatic=True) is Fate.ignored
    assert mails() == []


@pytest.mark.parametrize("address", ["a..b@docomo.ne.jp", "abc.@ezweb.ne.jp", "-abc@docomo.ne.jp"])
def test_addresses_of_old_phones(mailing_list: MailingList, address: str) -> None:
    assert take(arrived(author=address)) is Fate.taken
    assert mails()[0].recipient == address


def test_a_broken_mail_of_an_old_phone(mailing_list: MailingList) -> None:
    """No Date, no MIME, bare ISO-2022-JP, a carrier's emoji."""
    raw = b"From: =?x?= <" + NEW.encode() + b">\nSubject: \x1b$B2r=|\x1b(B\n\n\x1b$Bu:\x1b(B \xf9\x8b\n"
    world_reader = factories.make_subscriber(mailing_list, NEW)
    db.session.commit()
    assert take(arrived(raw=raw)) is Fate.taken
    assert mails()[0].kind == "reader_blank_stopped", "the subject says 解除"
    assert db.session.get(Subscriber, world_reader.id) is None


def test_three_answers_an_hour_and_six_a_day(mailing_list: MailingList, later: Any) -> None:
    for _ in range(5):
        take(arrived())
    assert len(mails()) == 3
    assert counts(mailing_list) == (5, 3, 0, 0, 2)
    for hour in range(4):
        later.shift(timedelta(hours=1, seconds=1))
        take(arrived())
        take(arrived())
        del hour
    assert len(mails()) == 6
    later.shift(timedelta(hours=24))
    take(arrived())
    assert len(mails()) == 7


def test_an_address_under_attack_gets_none(mailing_list: MailingList) -> None:
    for _ in rationing.EVERYWHERE:
        assert rationing.take_turn(address_hash(NEW))
    db.session.commit()
    assert take(arrived()) is Fate.ignored
    assert mails() == []


@pytest.mark.parametrize("how", [{"to": "otoku-stop"}, {"subject": "解除"}, {"subject": "退会します"}])
def test_stopping_stops_at_once_and_says_so(world: World, mailing_list: MailingList, how: dict[str, str]) -> None:
    reader = world.ours.readers[0]
    address, number = reader.address, reader.id
    assert take(arrived(author=address, **how)) is Fate.taken
    assert db.session.get(Subscriber, number) is None
    assert db.session.get(Suppression, (world.ours.customer.id, address_hash(address), mailing_list.id))
    (mail,) = mails()
    assert mail.kind == "reader_blank_stopped" and mail.recipient == address
    assert mail.text is not None and "停止しました" in mail.text and "/p/" not in mail.text
    assert counts(mailing_list)[3] == 1
    assert_counts_are_exact()


def test_stopping_one_list_leaves_the_others(world: World, mailing_list: MailingList) -> None:
    other = factories.make_list(world.ours.customer, "別のリスト")
    reader = world.ours.readers[0]
    address = read_address(reader.address)
    assert isinstance(address, Address)
    db.session.add(
        Subscription(
            customer_id=other.customer_id,
            list_id=other.id,
            subscriber_id=reader.id,
            state=SubscriptionState.active,
            way=Way.form,
        )
    )
    other.active_count += 1
    reader.active_count += 1
    db.session.commit()
    take(arrived("otoku-stop", author=address.address))
    assert state(other, address.address) is SubscriptionState.active
    assert mails()[0].text is not None and "/p/" in str(mails()[0].text)


def test_the_body_orders_nothing(world: World, mailing_list: MailingList) -> None:
    reader = world.ours.readers[0].address
    take(arrived(author=reader, raw=f"From: {reader}\r\n\r\n解除".encode()))
    assert mails()[0].kind == "reader_blank_already"


def test_stopping_works_while_the_contract_is_suspended(world: World, mailing_list: MailingList) -> None:
    world.ours.contract.suspend(SuspensionGround.nonpayment, "", by=world.admin.id)
    db.session.commit()
    take(arrived("otoku-stop", author=world.ours.readers[0].address))
    assert mails()[0].kind == "reader_blank_stopped"


def test_who_was_never_on_it_stays_off(world: World, mailing_list: MailingList) -> None:
    take(arrived("otoku-stop"))
    assert "登録されていません" in str(mails()[0].text)
    assert db.session.get(Suppression, (world.ours.customer.id, address_hash(NEW), mailing_list.id))


def test_own_words_stand_beside_what_the_law_asks(mailing_list: MailingList) -> None:
    db.session.get_one(BlankMail, mailing_list.id).texts = {"link": "店長の髙橋です。\n<お待ちしています>"}
    db.session.commit()
    take(arrived())
    (mail,) = mails()
    assert mail.text is not None and mail.html is not None
    assert "店長の髙橋です。\n<お待ちしています>" in mail.text
    assert "&lt;お待ちしています&gt;" in mail.html
    assert "otoku-stop@mail.wem.example" in mail.text and "/c/" in mail.text


def test_an_address_is_lent_once_and_rests_for_a_year(world: World, mailing_list: MailingList, later: Any) -> None:
    theirs = world.theirs.mailing_list
    for code in ("otoku", "takahashi", "ab", "support"):
        with pytest.raises(CannotLend):
            blank_addresses.lend(theirs, code, by=1)
    blank_addresses.lend(mailing_list, "kisetsu", by=1)
    db.session.commit()
    assert take(arrived("otoku")) is Fate.unrecognised, "given up"
    later.shift(timedelta(days=360))
    with pytest.raises(CannotLend):
        blank_addresses.lend(theirs, "otoku", by=1)
    later.shift(timedelta(days=10))
    assert blank_addresses.lend(theirs, "otoku", by=1).list_id == theirs.id


def test_the_same_list_may_have_its_address_back(mailing_list: MailingList) -> None:
    blank_addresses.lend(mailing_list, "kisetsu", by=1)
    assert blank_addresses.lend(mailing_list, "otoku", by=1).code == "otoku"
    rows = db.session.scalars(sa.select(LentAddress).where(LentAddress.returned_at.is_(None))).all()
    assert [row.code for row in rows] == ["otoku"]


def test_the_end_of_list_or_contract_takes_it_back(world: World, mailing_list: MailingList) -> None:
    assert blank_addresses.take_back_ended() == 0
    blank_addresses.lend(world.theirs.mailing_list, "hana", by=1)
    closing.delete_list(mailing_list)
    world.theirs.contract.state = ContractState.ended
    db.session.commit()
    assert blank_addresses.take_back_ended() == 2
    assert blank_addresses.take_back_ended() == 0
    assert blank_addresses.taken("hana")


def test_a_customers_name_cannot_be_a_lent_address(mailing_list: MailingList) -> None:
    assert blank_addresses.taken("otoku") and blank_addresses.taken("otoku-stop")
    assert not blank_addresses.taken("otoku2")


def test_a_made_code_is_free(app: Flask) -> None:
    code = blank_addresses.made_code()
    assert len(code) == 6 and not blank_addresses.taken(code)


def test_who_left_everything_may_come_back_by_mail(world: World, mailing_list: MailingList) -> None:
    reader = world.ours.readers[0]
    address = reader.address
    leaving.leave_everything(reader)
    db.session.commit()
    assert take(arrived(author=address)) is Fate.taken
    assert mails()[0].kind == "reader_blank_link", "own will (1-4)"
