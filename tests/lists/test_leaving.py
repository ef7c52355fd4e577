"""Leaving lists, leaving everything, erasing, expiring: what is gone, what stays, every count."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.factories import World
from tests.lists.recounting import all_rows, assert_counts_are_exact, holds
from wem import clock
from wem.contracts.stop_models import Stop
from wem.db import db
from wem.hashing import address_hash
from wem.lists import confirming, expiring, leaving, preferences, subscribing
from wem.lists.counting import month_peak, registered
from wem.lists.rules import Address, read_address
from wem.lists.states import ConsentKind, SubscriptionState, SuppressionReason, Way
from wem.lists.subscription_models import AddressChange, ConsentEvent, MailSlot, Subscriber, Subscription, Suppression
from wem.outbox import OutboxMail
from wem.sequences.merging import carry

pytestmark = pytest.mark.both_databases


def address(text: str) -> Address:
    found = read_address(text)
    assert isinstance(found, Address)
    return found


def noes(text: str) -> set[tuple[int, str]]:
    rows = db.session.scalars(sa.select(Suppression).where(Suppression.address_hash == address_hash(text)))
    return {(row.list_id, row.reason) for row in rows}


def events(text: str) -> list[ConsentEvent]:
    found = sa.select(ConsentEvent).where(ConsentEvent.address_hash == address_hash(text)).order_by(ConsentEvent.id)
    return list(db.session.scalars(found))


def test_the_last_list_takes_the_address_with_it(world: World) -> None:
    news, tanaka = world.ours.mailing_list, world.ours.readers[0]
    text, number = tanaka.address, tanaka.id
    assert leaving.leave(tanaka, [news.id], ip="192.0.2.9", mailing_id=world.ours.mailing.id) == [news.id]
    db.session.commit()
    assert holds("tanaka@readers") == []
    assert noes(text) == {(news.id, "unsubscribed")}
    [event] = events(text)
    assert (event.kind, event.list_id, event.mailing_id, event.ip) == (
        ConsentKind.withdrawn,
        news.id,
        world.ours.mailing.id,
        "192.0.2.9",
    )
    [stop] = db.session.scalars(sa.select(Stop))
    assert (stop.customer_id, stop.subscriber_id) == (world.ours.customer.id, number)
    assert (news.active_count, registered(world.ours.customer.id)) == (2, 2)
    # The month is charged by its peak.
    assert month_peak(world.ours.customer.id) == 3
    assert_counts_are_exact()


def test_another_list_keeps_the_reader(world: World) -> None:
    news, tanaka = world.ours.mailing_list, world.ours.readers[0]
    sale = _also_on_sale(world, tanaka)
    assert leaving.leave(tanaka, [news.id], tell=True) == [news.id]
    db.session.commit()
    assert tanaka.address == "tanaka@readers.example.com"
    assert tanaka.active_count == 1
    assert registered(world.ours.customer.id) == 3
    states = {row.list_id: row.state for row in tanaka.subscriptions}
    assert states == {news.id: SubscriptionState.unsubscribed, sale.id: SubscriptionState.active}
    mail = db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id.desc())).first()
    assert mail is not None and mail.kind == "reader_stopped" and "お得情報" in (mail.text or "")
    # Nothing is left to tell who leaves the last one: no address is kept for a farewell.
    assert leaving.leave(tanaka, [sale.id], tell=True) == [sale.id]
    db.session.commit()
    assert holds("tanaka@readers") == []
    assert_counts_are_exact()


def _also_on_sale(world: World, reader: Subscriber) -> Any:
    sale = factories.make_list(world.ours.customer, "週末セール")
    db.session.commit()
    preferences.change_lists(reader, [sale.id], [sale.id], ip=None, user_agent=None, language="ja")
    db.session.commit()
    return sale


def test_twice_is_as_good_as_once(world: World) -> None:
    news, tanaka = world.ours.mailing_list, world.ours.readers[0]
    _also_on_sale(world, tanaka)
    assert leaving.leave(tanaka, [news.id]) == [news.id]
    db.session.commit()
    before = all_rows()
    assert leaving.leave(tanaka, [news.id, 4711]) == []
    db.session.commit()
    assert all_rows() == before
    leaving.leave_everything(tanaka)
    db.session.commit()
    before = all_rows()
    assert leaving.leave(tanaka, [news.id]) == []
    assert leaving.leave_everything(tanaka) == []
    assert leaving.erase(tanaka) == []
    assert leaving.erase(tanaka, None) == []
    db.session.commit()
    assert all_rows() == before


def test_of_many_clicks_at_once_one_counts(app: Flask, world: World) -> None:
    news, tanaka = world.ours.mailing_list, world.ours.readers[0]
    number, list_id, customer_id = tanaka.id, news.id, world.ours.customer.id
    db.session.rollback()

    def click(_: int) -> list[int]:
        with app.app_context():
            reader = db.session.get(Subscriber, number)
            ended = leaving.leave(reader, [list_id]) if reader else []
            db.session.commit()
            db.session.remove()
            return ended

    with ThreadPoolExecutor(6) as pool:
        assert sum(map(len, pool.map(click, range(6)))) == 1
    assert registered(customer_id) == 2
    assert_counts_are_exact()


@pytest.mark.parametrize(
    ("reason", "kind", "every"),
    [
        (SuppressionReason.everything, ConsentKind.withdrawn, True),
        (SuppressionReason.complaint, ConsentKind.withdrawn, True),
        (SuppressionReason.removed, ConsentKind.removed, True),
    ],
)
def test_everything_says_no_for_lists_to_come(
    world: World, reason: SuppressionReason, kind: ConsentKind, every: bool
) -> None:
    news, tanaka = world.ours.mailing_list, world.ours.readers[0]
    assert leaving.leave_everything(tanaka, reason) == [news.id]
    db.session.commit()
    assert noes("tanaka@readers.example.com") == {(0, reason), (news.id, reason)}
    assert {event.kind for event in events("tanaka@readers.example.com")} == {kind}
    later = factories.make_list(world.ours.customer, "新しいリスト")
    assert subscribing.invite(later, address("tanaka@readers.example.com"), {}, by=None) == "opted_out"
    # Another customer knows nothing of it.
    outcome = subscribing.invite(world.theirs.mailing_list, address("tanaka@readers.example.com"), {}, by=None)
    assert outcome == "confirmation"
    db.session.commit()
    assert_counts_are_exact()


def test_delete_me_takes_all_that_waits(world: World) -> None:
    tanaka = world.ours.readers[0]
    sale = factories.make_list(world.ours.customer, "週末セール")
    subscribing.request(sale, address(tanaka.address), way=Way.form, fields={"氏名": "田中 二郎"})
    preferences.ask_address_change(tanaka, address("tanaka2@readers.example.com"), language="ja")
    db.session.commit()
    assert "outbox_mail" in holds("tanaka2@readers") and "address_change" in holds("tanaka2@readers")
    leaving.erase(tanaka)
    db.session.commit()
    assert holds("tanaka@readers") == [] and holds("tanaka2@readers") == [] and holds("田中 二郎") == []
    assert sale.pending_count == 0
    assert_counts_are_exact()


def test_a_customer_tidies_up_without_a_no(world: World) -> None:
    tanaka = world.ours.readers[0]
    leaving.erase(tanaka, None, by=world.ours.owner.id)
    db.session.commit()
    assert noes("tanaka@readers.example.com") == set()
    [event] = events("tanaka@readers.example.com")
    assert (event.kind, event.account_id) == (ConsentKind.removed, world.ours.owner.id)
    assert registered(world.ours.customer.id) == 2


def test_a_no_that_stands_stays(world: World) -> None:
    """A complaint is not made weaker by a later stop."""
    news, tanaka = world.ours.mailing_list, world.ours.readers[0]
    leaving.suppress(world.ours.customer.id, tanaka.address_hash, [news.id], SuppressionReason.complaint)
    leaving.leave(tanaka, [news.id])
    db.session.commit()
    assert noes("tanaka@readers.example.com") == {(news.id, "complaint")}


# Expiring


def test_seven_days_without_a_button(world: World) -> None:
    news, sale = world.ours.mailing_list, factories.make_list(world.ours.customer, "週末セール")
    subscribing.request(news, address("new@readers.example.com"), way=Way.form, fields={"氏名": "新井"})
    subscribing.request(sale, address("tanaka@readers.example.com"), way=Way.form, fields={})
    db.session.commit()
    with time_machine.travel(clock.now(), tick=False) as now:
        now.shift(timedelta(days=6, hours=23))
        assert expiring.erase_expired_pending() == 0
        now.shift(timedelta(hours=2))
        assert expiring.erase_expired_pending(1) == 1
        assert expiring.erase_expired_pending(1) == 1
        assert expiring.erase_expired_pending(1) == 0
        db.session.commit()
    assert holds("new@readers") == [] and holds("新井") == []
    # Who is on another list stays.
    tanaka = db.session.get(Subscriber, world.ours.readers[0].id)
    assert tanaka is not None and [row.list_id for row in tanaka.subscriptions] == [news.id]
    assert [event.kind for event in events("new@readers.example.com")] == ["requested", "expired"]
    assert [event.kind for event in events("tanaka@readers.example.com")] == ["requested", "expired"]
    # No answer is not a no.
    assert noes("new@readers.example.com") == set()
    assert (news.pending_count, sale.pending_count, registered(world.ours.customer.id)) == (0, 0, 3)
    assert_counts_are_exact()


def test_a_confirmation_against_the_clock(app: Flask, world: World) -> None:
    """Confirming and expiring at the same moment: one of the two, and the counts are right."""
    news = world.ours.mailing_list
    for number in range(12):
        subscribing.request(news, address(f"late{number}@readers.example.com"), way=Way.form, fields={})
    db.session.commit()
    ids = list(db.session.scalars(sa.select(Subscription.id).where(Subscription.state == SubscriptionState.pending)))
    db.session.rollback()
    at = clock.now() + timedelta(days=7) - timedelta(milliseconds=200)

    def confirm(number: int) -> None:
        with app.app_context():
            confirming.confirm(number)
            db.session.commit()
            db.session.remove()

    def expire(_: int) -> None:
        with app.app_context():
            expiring.erase_expired_pending()
            db.session.commit()
            db.session.remove()

    with time_machine.travel(at, tick=True), ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(confirm, number) for number in ids] + [pool.submit(expire, n) for n in range(6)]
        for each in waiting:
            each.result()
    assert_counts_are_exact()


def test_what_else_expires(world: World) -> None:
    tanaka = world.ours.readers[0]
    preferences.ask_address_change(tanaka, address("tanaka2@readers.example.com"), language="ja")
    db.session.commit()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AddressChange)) == 1
    with time_machine.travel(clock.now() + timedelta(days=8)):
        assert expiring.erase_expired() == 2  # the change and the turn that its mail took
        db.session.commit()
        assert expiring.erase_expired() == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AddressChange)) == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(MailSlot)) == 0
    assert holds("tanaka2") == []


# Another address


def _change(world: World, text: str) -> AddressChange:
    preferences.ask_address_change(world.ours.readers[0], address(text), language="ja")
    db.session.commit()
    change = db.session.scalar(sa.select(AddressChange))
    assert change is not None
    return change


def test_moving_to_another_address(world: World) -> None:
    news, tanaka = world.ours.mailing_list, world.ours.readers[0]
    old, number = tanaka.address, tanaka.id
    leaving.suppress(
        world.ours.customer.id, address_hash("new@docomo.ne.jp"), [news.id], SuppressionReason.unsubscribed
    )
    change = _change(world, "new@docomo.ne.jp")
    assert tanaka.address == old
    assert preferences.move_address(change, ip=None, user_agent=None, carry=carry) == (preferences.Moved.moved, number)
    db.session.commit()
    assert (tanaka.address, tanaka.address_key, tanaka.domain_group) == ("new@docomo.ne.jp",) * 2 + ("docomo",)
    assert tanaka.address_hash == address_hash("new@docomo.ne.jp")
    assert holds(old) == []
    # The proof stands under the new address; nothing says no to the old one.
    assert [event.kind for event in events("new@docomo.ne.jp")] == ["confirmed"]
    assert noes("new@docomo.ne.jp") == set() and noes(old) == set()
    assert registered(world.ours.customer.id) == 3
    assert_counts_are_exact()


def test_moving_to_an_address_that_is_a_reader_already(world: World) -> None:
    tanaka, suzuki = world.ours.readers[:2]
    sale = _also_on_sale(world, tanaka)
    change = _change(world, suzuki.address)
    peak = month_peak(world.ours.customer.id)
    assert preferences.move_address(change, ip=None, user_agent=None, carry=carry) == (
        preferences.Moved.merged,
        suzuki.id,
    )
    db.session.commit()
    assert holds("tanaka@readers") == []
    assert {row.list_id for row in suzuki.subscriptions if row.state == "active"} == {
        world.ours.mailing_list.id,
        sale.id,
    }
    assert suzuki.fields == {"氏名": "鈴木 花子"}
    assert registered(world.ours.customer.id) == 2
    assert month_peak(world.ours.customer.id) == peak
    assert_counts_are_exact()


def test_an_old_wish_for_another_address(world: World) -> None:
    change = _change(world, "new@docomo.ne.jp")
    with time_machine.travel(clock.now() + timedelta(days=7, seconds=1)):
        assert preferences.move_address(change, ip=None, user_agent=None, carry=carry)[0] is preferences.Moved.gone


# Any order of acts

PEOPLE = ["a@readers.example.com", "b@docomo.ne.jp", "c@readers.example.com"]
ACTS = ["ask", "invite", "confirm", "leave", "everything", "erase", "tidy", "choose", "move", "expire", "wait"]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(ACTS), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)),
        min_size=4,
        max_size=25,
    )
)
def test_after_any_order_of_acts_the_counts_are_those_of_a_recount(
    app: Flask, steps: list[tuple[str, int, int, int]]
) -> None:
    # Nothing is committed: each example begins with an empty database.
    db.session.rollback()
    world = factories.world()
    lists = [world.ours.mailing_list, *[factories.make_list(world.ours.customer) for _ in range(2)]]
    with time_machine.travel(datetime(2026, 10, 5, 12, tzinfo=clock.JAPAN), tick=False) as now:
        for act, who, one, other in steps:
            _step(act, PEOPLE[who], PEOPLE[one], [lists[one], lists[other]], now)
        assert_counts_are_exact()
        now.shift(timedelta(days=8))
        while expiring.erase_expired(2):
            pass
        assert not db.session.scalar(
            sa.select(sa.func.count()).select_from(Subscription).where(Subscription.state == SubscriptionState.pending)
        )
        assert_counts_are_exact()
    db.session.rollback()


def _step(act: str, who: str, another: str, lists: list[Any], now: Any) -> None:
    reader = db.session.scalar(sa.select(Subscriber).where(Subscriber.address_key == who))
    chosen = sorted({row.id: row for row in lists}.values(), key=lambda row: row.id)
    ids = [row.id for row in chosen]
    now.shift(timedelta(hours=9))
    acts: dict[str, Callable[[], Any]] = {
        "ask": lambda: subscribing.request_several(chosen, address(who), way=Way.form, fields={"氏名": who[0]}),
        "invite": lambda: subscribing.invite(chosen[0], address(who), {}, by=None),
        "expire": lambda: expiring.erase_expired(1),
        "wait": lambda: now.shift(timedelta(days=4)),
    }
    if reader is not None:
        acts |= {
            "confirm": lambda: confirming.confirm(*[row.id for row in reader.subscriptions]),
            "leave": lambda: leaving.leave(reader, ids[:1], tell=True),
            "everything": lambda: leaving.leave_everything(reader),
            "erase": lambda: leaving.erase(reader),
            "tidy": lambda: leaving.erase(reader, None),
            "choose": lambda: preferences.change_lists(reader, ids, ids[:1], ip=None, user_agent=None, language="ja"),
            "move": lambda: _move(reader, another),
        }
    if act in acts:
        acts[act]()


def _move(reader: Subscriber, to: str) -> None:
    preferences.ask_address_change(reader, address(to), language="ja")
    change = db.session.scalar(sa.select(AddressChange).where(AddressChange.subscriber_id == reader.id))
    if change is not None:
        preferences.move_address(change, ip=None, user_agent=None, carry=carry)
