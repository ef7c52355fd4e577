"""Asking, inviting, confirming: what stands in the tables, what is mailed, what is counted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests import factories
from tests.factories import World
from tests.lists.recounting import assert_counts_are_exact
from wem import clock
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.hashing import address_hash
from wem.lists import confirming, forgetting, leaving, subscribing
from wem.lists.confirming import Outcome
from wem.lists.counting import month_peak, registered
from wem.lists.models import MailingList
from wem.lists.rules import Address, read_address
from wem.lists.states import ConsentKind, SubscriptionState, SuppressionReason, Way
from wem.lists.subscribing import Asked
from wem.lists.subscription_models import ConsentEvent, ShownText, Subscriber, Subscription, Suppression
from wem.outbox import OutboxMail

pytestmark = pytest.mark.both_databases
NEW = "new@readers.example.com"


def address(text: str = NEW) -> Address:
    found = read_address(text)
    assert isinstance(found, Address)
    return found


def ask(mailing_list: MailingList, text: str = NEW, **values: Any) -> Asked:
    details: dict[str, Any] = {"way": Way.form, "fields": {}, "ip": "192.0.2.7", "user_agent": "a phone"}
    outcome = subscribing.request(mailing_list, address(text), **{**details, **values})
    db.session.commit()
    return outcome


def subscription(mailing_list: MailingList, text: str = NEW) -> Subscription | None:
    return db.session.scalar(
        sa.select(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscription.list_id == mailing_list.id, Subscriber.address_key == text)
    )


def pending(mailing_list: MailingList, text: str = NEW, **values: Any) -> Subscription:
    assert ask(mailing_list, text, **values) is Asked.confirmation
    row = subscription(mailing_list, text)
    assert row is not None
    return row


def mails(kind: str = "") -> list[OutboxMail]:
    rows = db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id)).all()
    return [row for row in rows if not kind or row.kind == kind]


def kinds(text: str = NEW) -> list[ConsentKind]:
    rows = db.session.scalars(
        sa.select(ConsentEvent).where(ConsentEvent.address_hash == address_hash(text)).order_by(ConsentEvent.id)
    )
    return [row.kind for row in rows]


def test_a_wish_waits_for_its_confirmation(world: World) -> None:
    news = world.ours.mailing_list
    before = news.active_count
    row = pending(news, fields={"氏名": "新井 三郎", "空": None}, language="en")
    assert row.state is SubscriptionState.pending
    assert row.expires_at is not None and row.expires_at - clock.now() > timedelta(days=6, hours=23)
    # Anybody may have typed it: nothing of it is the reader's before the confirmation.
    assert row.answers == {"氏名": "新井 三郎"}
    assert row.subscriber.fields == {}
    assert row.subscriber.language == "en"
    assert row.subscriber.active_count == 0
    assert (news.active_count, news.pending_count) == (before, 1)
    assert registered(world.ours.customer.id) == before
    [mail] = mails()
    assert (mail.kind, mail.recipient, mail.about) == ("reader_confirmation", NEW, f"subscription {row.id}")
    assert "新井" not in (mail.text or "") + (mail.html or "") + (mail.subject or "")
    assert_counts_are_exact()


def test_the_proof_names_what_was_shown(world: World) -> None:
    news = world.ours.mailing_list
    pending(news)
    event = db.session.scalars(sa.select(ConsentEvent)).one()
    assert (event.kind, event.way, event.ip, event.user_agent) == ("requested", "form", "192.0.2.7", "a phone")
    shown = db.session.get(ShownText, event.shown_text_id)
    assert shown is not None
    assert shown.content["sender_name"] == "株式会社髙橋商店"
    assert shown.content["list_name"] == "お得情報"
    assert shown.content["notice_version"] == 1
    assert any("広告" in line for line in shown.content["notice"])
    # Shown a hundred times, kept once.
    ask(news, "other@readers.example.com")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ShownText)) == 1
    # Another text is another row.
    news.name = "新しい名前"
    ask(news, "third@readers.example.com")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ShownText)) == 2


def test_confirming_makes_active_and_counts(world: World) -> None:
    news = world.ours.mailing_list
    row = pending(news, fields={"氏名": "新井 三郎"})
    result = confirming.confirm(row.id, ip="192.0.2.8", user_agent="another")
    db.session.commit()
    assert result.outcome is Outcome.confirmed
    assert [each.id for each in result.lists] == [news.id]
    assert row.state is SubscriptionState.active
    assert row.answers is None and row.expires_at is None and row.confirmed_at is not None
    assert row.subscriber.fields == {"氏名": "新井 三郎"}
    assert (news.active_count, news.pending_count) == (4, 0)
    assert registered(world.ours.customer.id) == 4
    assert month_peak(world.ours.customer.id) == 4
    assert registered(world.theirs.customer.id) == 3
    assert kinds() == ["requested", "confirmed"]
    assert [mail.kind for mail in mails()] == ["reader_confirmation", "reader_registered"]
    requested, confirmed = db.session.scalars(sa.select(ConsentEvent).order_by(ConsentEvent.id))
    assert confirmed.shown_text_id == requested.shown_text_id is not None
    again = confirming.confirm(row.id)
    db.session.commit()
    assert again.outcome is Outcome.already
    assert registered(world.ours.customer.id) == 4
    assert len(mails()) == 2
    assert_counts_are_exact()


def test_answers_to_a_deleted_field_do_not_come_back(world: World) -> None:
    field = factories.make_field(world.ours.customer, "電話番号")
    factories.make_field(world.theirs.customer, "電話番号")
    row = pending(world.ours.mailing_list, fields={"氏名": "新井 三郎", "電話番号": "03-1234-5678"})
    forgetting.delete_field(field)
    db.session.info.pop("rings", None)
    while forgetting.forget_values():
        pass
    db.session.commit()
    assert confirming.confirm(row.id).outcome is Outcome.confirmed
    db.session.commit()
    assert row.subscriber.fields == {"氏名": "新井 三郎"}


def _expired(world: World, row: Subscription) -> None:
    row.expires_at = clock.now() - timedelta(seconds=1)


def _left(world: World, row: Subscription) -> None:
    leaving.leave(row.subscriber, [row.list_id])


def _suspended(world: World, row: Subscription) -> None:
    world.ours.contract.suspend(SuspensionGround.nonpayment, "", by=None)


def _archived(world: World, row: Subscription) -> None:
    row.mailing_list.archived_at = clock.now()


def _closed(world: World, row: Subscription) -> None:
    row.mailing_list.sign_up_open = False


@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        (_expired, Outcome.gone),
        (_left, Outcome.gone),
        (_suspended, Outcome.closed),
        (_archived, Outcome.gone),
        # Asked while the list was open: the promise holds.
        (_closed, Outcome.confirmed),
    ],
)
def test_confirming_when_something_came_between(
    world: World, what: Callable[[World, Subscription], None], outcome: Outcome
) -> None:
    row = pending(world.ours.mailing_list)
    number = row.id
    what(world, row)
    db.session.commit()
    assert confirming.confirm(number).outcome is outcome
    db.session.commit()
    assert registered(world.ours.customer.id) == (4 if outcome is Outcome.confirmed else 3)
    assert_counts_are_exact()


def test_confirming_what_never_was(world: World) -> None:
    assert confirming.confirm(987_654).outcome is Outcome.gone
    assert confirming.confirm(987_654, 987_655).outcome is Outcome.gone


def test_a_stranger_cannot_change_a_reader(world: World) -> None:
    """Whoever posts a known address with other details changes nothing."""
    tanaka = world.ours.readers[0]
    other = factories.make_list(world.ours.customer, "週末セール")
    assert ask(other, tanaka.address, fields={"氏名": "いたずら"}) is Asked.confirmation
    assert tanaka.fields == {"氏名": "田中 一郎"}
    assert ask(world.ours.mailing_list, tanaka.address, fields={"氏名": "いたずら"}) is Asked.already
    assert tanaka.fields == {"氏名": "田中 一郎"}
    assert [mail.kind for mail in mails()] == ["reader_confirmation", "reader_already_registered"]
    assert_counts_are_exact()


def test_a_second_wish_does_not_change_what_the_first_mail_confirms(world: World) -> None:
    row = pending(world.ours.mailing_list, fields={"氏名": "本人"})
    assert ask(world.ours.mailing_list, fields={"氏名": "いたずら"}) is Asked.limited
    assert row.answers == {"氏名": "本人"}


def test_one_mail_for_several_lists(world: World) -> None:
    news = world.ours.mailing_list
    sale, closed_to_me = (
        factories.make_list(world.ours.customer, "週末セール"),
        factories.make_list(world.ours.customer),
    )
    outcome = subscribing.request_several([sale, news], address(), way=Way.form, fields={})
    db.session.commit()
    assert outcome is Asked.confirmation
    [mail] = mails()
    assert "お得情報" in (mail.text or "") and "週末セール" in (mail.text or "")
    rows = [subscription(each) for each in (news, sale)]
    assert subscription(closed_to_me) is None
    result = confirming.confirm(*[row.id for row in rows if row])
    db.session.commit()
    assert [each.id for each in result.lists] == [news.id, sale.id]
    # Two lists, one registered address.
    assert registered(world.ours.customer.id) == 4
    assert (news.active_count, sale.active_count) == (4, 1)
    assert_counts_are_exact()


def test_two_confirmations_at_once_count_once(app: Flask, world: World) -> None:
    row = pending(world.ours.mailing_list)
    number, customer_id = row.id, world.ours.customer.id
    db.session.rollback()

    def press(_: int) -> Outcome:
        with app.app_context():
            outcome = confirming.confirm(number).outcome
            db.session.commit()
            db.session.remove()
            return outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(press, range(8)))
    assert sorted(outcomes) == ["already"] * 7 + ["confirmed"]
    assert registered(customer_id) == 4
    assert kinds().count(ConsentKind.confirmed) == 1
    assert_counts_are_exact()


def test_many_at_once_on_two_lists_keep_every_count(app: Flask, world: World) -> None:
    """Sign-ups, confirmations and leaving of different people at once: no deadlock, nothing lost."""
    news = world.ours.mailing_list
    sale = factories.make_list(world.ours.customer, "週末セール")
    db.session.commit()
    ids, customer_id = [news.id, sale.id], world.ours.customer.id
    db.session.rollback()

    def person(number: int) -> None:
        with app.app_context():
            lists = [db.session.get(MailingList, each) for each in (ids if number % 2 else ids[::-1])]
            who = address(f"crowd{number}@readers.example.com")
            subscribing.request_several([each for each in lists if each], who, way=Way.form, fields={})
            db.session.commit()
            reader = db.session.scalar(sa.select(Subscriber).where(Subscriber.address_key == who.key))
            assert reader is not None
            confirming.confirm(*[row.id for row in reader.subscriptions])
            db.session.commit()
            if number % 3 == 0:
                leaving.leave(reader, ids[:1])
            if number % 5 == 0:
                leaving.leave_everything(reader)
            db.session.commit()
            db.session.remove()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(person, range(30)))
    # 30 came, those divisible by 5 left everything.
    assert registered(customer_id) == 3 + 24
    assert_counts_are_exact()


def test_the_same_address_asks_at_once_and_gets_one_mail(app: Flask, world: World) -> None:
    number = world.ours.mailing_list.id
    db.session.rollback()

    def post(_: int) -> Asked:
        with app.app_context():
            mailing_list = db.session.get(MailingList, number)
            assert mailing_list is not None
            outcome = subscribing.request(mailing_list, address(), way=Way.form, fields={})
            db.session.commit()
            db.session.remove()
            return outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(post, range(12)))
    assert outcomes.count(Asked.confirmation) == 1
    assert outcomes.count(Asked.limited) == 11
    assert len(mails()) == 1
    assert_counts_are_exact()


def test_an_address_gets_three_mails_a_day_from_all_customers(world: World) -> None:
    """One a day about a list, three a day over all; then a new day."""
    ours, theirs = world.ours.customer, world.theirs.customer
    lists = [factories.make_list(owner) for owner in (ours, theirs, ours, theirs)]
    db.session.commit()
    with time_machine.travel(clock.now(), tick=False) as now:
        assert [ask(each) for each in lists] == ["confirmation"] * 3 + ["limited"]
        # What was refused left no trace.
        assert subscription(lists[3]) is None
        assert ask(lists[0]) is Asked.limited
        # Another address is not touched.
        assert ask(lists[3], "someone@readers.example.com") is Asked.confirmation
        now.shift(timedelta(hours=23, minutes=59))
        assert ask(lists[3]) is Asked.limited
        now.shift(timedelta(minutes=2))
        assert [ask(lists[0]), ask(lists[3])] == ["confirmation", "confirmation"]
    assert len(mails("reader_confirmation")) == 6
    assert_counts_are_exact()


def test_the_limit_holds_for_who_is_registered_too(world: World) -> None:
    """Same answer, same limits: neither tells whether the address is known."""
    news, tanaka = world.ours.mailing_list, world.ours.readers[0]
    assert ask(news, tanaka.address) is Asked.already
    assert ask(news, tanaka.address) is Asked.limited
    [mail] = mails()
    assert mail.kind == "reader_already_registered"
    assert "/u/" in (mail.text or "") and "/p/" in (mail.text or "")


def test_nothing_while_the_contract_stands_still(world: World) -> None:
    world.ours.contract.suspend(SuspensionGround.danger, "", by=None)
    assert ask(world.ours.mailing_list) is Asked.closed
    assert subscribing.invite(world.ours.mailing_list, address(), {}, by=None) is Asked.closed
    assert mails() == []


@pytest.mark.parametrize("text", ["a..b.@docomo.ne.jp", "Ｎｅｗ＠Ｒｅａｄｅｒｓ．Example.com", "用@日本.example"])
def test_odd_addresses(world: World, text: str) -> None:
    found = read_address(text)
    if not isinstance(found, Address):
        return  # said so by the form
    assert ask(world.ours.mailing_list, text) is Asked.confirmation
    assert subscription(world.ours.mailing_list, found.key) is not None


# Coming back and invitations


@pytest.mark.parametrize(
    ("left", "stays"),
    [(False, False), (True, True)],
)
def test_own_will_comes_back(world: World, left: bool, stays: bool) -> None:
    """A no is forgotten for the list that the person asks for again, and for "everything"; not for other lists."""
    news, tanaka = world.ours.mailing_list, world.ours.readers[0]
    sale = factories.make_list(world.ours.customer, "週末セール")
    other = factories.make_list(world.ours.customer, "誕生日")
    key = tanaka.address
    held = subscribing.request_several([sale, other], address(key), way=Way.form, fields={})
    assert held is Asked.confirmation
    leaving.leave_everything(tanaka) if left else leaving.leave(tanaka, [news.id, sale.id, other.id])
    db.session.commit()
    assert len(_noes(key)) == (4 if left else 3)
    with time_machine.travel(clock.now() + timedelta(days=2)):
        row = pending(news, key)
        # Asking is not yet coming back.
        assert news.id in _noes(key)
        assert confirming.confirm(row.id).outcome is Outcome.confirmed
        db.session.commit()
    assert _noes(key) == {sale.id, other.id}
    assert_counts_are_exact()


def _noes(key: str) -> set[int]:
    return set(db.session.scalars(sa.select(Suppression.list_id).where(Suppression.address_hash == address_hash(key))))


def test_an_invitation_asks_once(world: World) -> None:
    news = world.ours.mailing_list
    assert subscribing.invite(news, address(), {"氏名": "招待 花子"}, by=world.ours.editor.id) is Asked.confirmation
    db.session.commit()
    row = subscription(news)
    assert row is not None
    assert (row.state, row.way) == ("pending", "invitation")
    assert row.subscriber.fields == {"氏名": "招待 花子"}
    [mail] = mails()
    assert mail.kind == "reader_invitation"
    assert "招待 花子" not in (mail.text or "")
    event = db.session.scalars(sa.select(ConsentEvent)).one()
    assert (event.kind, event.account_id) == ("invited", world.ours.editor.id)
    assert confirming.confirm(row.id).outcome is Outcome.confirmed
    db.session.commit()
    assert kinds() == ["invited", "confirmed"]
    assert_counts_are_exact()


def test_an_invitation_does_not_overwrite_what_the_person_said(world: World) -> None:
    tanaka = world.ours.readers[0]
    sale = factories.make_list(world.ours.customer, "週末セール")
    factories.make_field(world.ours.customer, "都道府県")
    subscribing.invite(sale, address(tanaka.address), {"氏名": "たなか", "都道府県": "東京都"}, by=None)
    db.session.commit()
    row = subscription(sale, tanaka.address)
    assert row is not None
    confirming.confirm(row.id)
    db.session.commit()
    assert tanaka.fields == {"氏名": "田中 一郎", "都道府県": "東京都"}


def _no_to_list(world: World, text: str) -> None:
    leaving.suppress(
        world.ours.customer.id, address_hash(text), [world.ours.mailing_list.id], SuppressionReason.stop_list
    )


def _no_to_all(world: World, text: str) -> None:
    leaving.suppress(world.ours.customer.id, address_hash(text), [0], SuppressionReason.complaint)


def _no_to_other_customer(world: World, text: str) -> None:
    leaving.suppress(world.theirs.customer.id, address_hash(text), [0], SuppressionReason.everything)


def _asked_before(world: World, text: str) -> None:
    ask(world.ours.mailing_list, text)


def _active(world: World, text: str) -> None:
    factories.make_subscriber(world.ours.mailing_list, text)


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        (_no_to_list, Asked.opted_out),
        (_no_to_all, Asked.opted_out),
        (_no_to_other_customer, Asked.confirmation),
        (_asked_before, Asked.already),
        (_active, Asked.already),
    ],
)
def test_who_may_be_invited(world: World, before: Callable[[World, str], None], outcome: Asked) -> None:
    before(world, NEW)
    db.session.commit()
    sent = len(mails())
    assert subscribing.invite(world.ours.mailing_list, address(), {}, by=None) is outcome
    db.session.commit()
    assert len(mails()) == sent + (outcome is Asked.confirmation)
    assert_counts_are_exact()
