"""Starting once, at its time, only when it may; the content that is fixed then."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests import factories
from wem import clock
from wem.contracts.rules import ContractState, SuspensionGround
from wem.db import db
from wem.delivery.models import Batch, Delivery, Dispatch, DispatchState
from wem.delivery.pace_models import CustomerTurn, MailDomain
from wem.delivery.rendering import Content, Letter
from wem.domain_rules import domain_group
from wem.lists.states import SubscriptionState, Way
from wem.lists.subscription_models import Subscription
from wem.mailings import controlling, expanding, jobs, starting
from wem.mailings.models import Mailing
from wem.mailings.starting import CannotStart, Problem
from wem.mailings.states import HeldReason, MailingState, NotPossible
from wem.sender_names.models import SenderName, named
from wem.settings import settings

pytestmark = pytest.mark.both_databases


def dispatches(mailing: Mailing) -> list[Dispatch]:
    return list(db.session.scalars(sa.select(Dispatch).where(Dispatch.mailing_id == mailing.id)))


def due(world: factories.World, late: timedelta = timedelta(seconds=5), **values: Any) -> Mailing:
    """Return a scheduled mailing whose time came a while ago. Commits."""
    mailing = factories.make_mailing(
        world.ours.mailing_list, state=MailingState.scheduled, scheduled_at=clock.now() - late, **values
    )
    db.session.commit()
    return mailing


def test_starting_opens_one_dispatch(world: factories.World) -> None:
    mailing = world.ours.mailing
    dispatch = starting.start(mailing, by=world.ours.owner.id)
    db.session.commit()
    assert mailing.state is MailingState.sending
    assert mailing.started_at is not None
    assert dispatch.state is DispatchState.preparing
    assert dispatch.expires_at - dispatch.created_at == timedelta(hours=48)
    with pytest.raises(NotPossible):
        starting.start(mailing, by=world.ours.owner.id)
    db.session.commit()
    assert len(dispatches(mailing)) == 1


def test_of_many_who_start_at_once_one_does(app: Flask, world: factories.World) -> None:
    number = world.ours.mailing.id
    db.session.commit()
    ready, outcomes = threading.Barrier(4), []

    def press() -> None:
        with app.app_context():
            ready.wait()
            try:
                starting.start(db.session.get_one(Mailing, number), by=1)
                db.session.commit()
                outcomes.append("started")
            except NotPossible:
                db.session.rollback()
                outcomes.append("refused")

    people = [threading.Thread(target=press) for _ in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(outcomes) == ["refused", "refused", "refused", "started"]
    assert len(dispatches(world.ours.mailing)) == 1


def asked_for(world: factories.World) -> SenderName:
    row = named(world.ours.customer.id, "髙橋オンライン", "店名です。", by=world.ours.owner.id)
    db.session.flush()
    return row


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda world: world.ours.contract.suspend(SuspensionGround.danger, "", by=None), Problem.contract),
        (lambda world: setattr(world.ours.contract, "state", ContractState.ended), Problem.contract),
        (lambda world: setattr(world.ours.contract, "start_date", clock.today() + timedelta(days=1)), Problem.contract),
        (lambda world: setattr(world.ours.contract, "postal_address", " "), Problem.legal_items),
        (lambda world: setattr(world.ours.mailing, "sender_name_id", asked_for(world).id), Problem.name_not_approved),
        (lambda world: setattr(world.ours.mailing, "lists", []), Problem.no_list),
        (lambda world: setattr(world.ours.mailing_list, "archived_at", clock.now()), Problem.no_list),
        (lambda world: setattr(world.ours.mailing_list, "active_count", 0), Problem.nobody),
        (lambda world: setattr(world.ours.mailing, "subject", " "), Problem.subject),
        (lambda world: setattr(world.ours.mailing, "html", "\n"), Problem.body),
        (lambda world: setattr(world.ours.mailing, "subject", "{{ 誰か }}"), Problem.template),
        (lambda world: setattr(world.ours.mailing, "html", "<p>{% if 氏名 %}</p>"), Problem.template),
        (lambda world: setattr(world.ours.mailing, "text", "{{ 氏名"), Problem.template),
        (lambda world: setattr(world.ours.mailing, "text", "見るhttps://x/?m={{ email }}"), Problem.personal_link),
        (lambda world: setattr(world.ours.mailing, "html", "<p>https://x/{{ 氏名 }}</p>"), Problem.personal_link),
        (
            lambda world: setattr(world.ours.mailing, "html", '<a href="https://x/{{ 氏名 }}">x</a>'),
            Problem.personal_link,
        ),
    ],
)
def test_what_may_not_be_sent_does_not_start(world: factories.World, change: Any, problem: Problem) -> None:
    change(world)
    db.session.commit()
    with pytest.raises(CannotStart) as refused:
        starting.start(world.ours.mailing, by=1)
    assert refused.value.problems == [problem]
    db.session.commit()
    assert world.ours.mailing.state is MailingState.draft
    assert not dispatches(world.ours.mailing)


def test_another_customers_list_is_no_audience(world: factories.World) -> None:
    world.ours.mailing.lists = [world.theirs.mailing_list]
    with pytest.raises(CannotStart) as refused:
        starting.start(world.ours.mailing, by=1)
    assert refused.value.problems == [Problem.no_list]


def test_the_content_is_fixed_when_it_starts(world: factories.World) -> None:
    dispatch = starting.start(world.ours.mailing, by=1)
    before = dict(dispatch.content)
    world.ours.mailing.subject = "別の件名"
    world.ours.customer.name = "別の会社"
    world.ours.contract.postal_address = "別の住所"
    db.session.commit()
    assert dispatch.content == before
    assert before["sender"] == "takahashi@mail.wem.example"
    assert before["reply_to"] is None, "WeM takes them"
    for part in (before["text"], before["html"]):
        assert "{{ unsubscribe_url }}" in part
        assert "東京都立川市曙町1-1-1" in part
        assert "info@shop.example.jp" in part


def test_texts_are_made_before_the_transaction_and_made_again_when_something_changed(world: factories.World) -> None:
    db.session.commit()
    ready = starting.prepare(world.ours.mailing)
    assert ready is not None
    assert not db.session.registry().in_transaction()
    world.ours.contract.postal_address = "別の住所"
    db.session.commit()
    content = starting.start(world.ours.mailing, by=1, ready=ready).content
    assert "別の住所" in content["text"]
    assert "東京都立川市" not in content["html"]


def test_prepared_texts_are_those_that_are_sent(world: factories.World) -> None:
    db.session.commit()
    ready = starting.prepare(world.ours.mailing)
    assert ready is not None
    content = starting.start(world.ours.mailing, by=1, ready=ready).content
    assert ready.counted is not None
    assert content["html"] is ready.counted.html, "not made a second time"
    assert content["text"] is ready.text


def test_a_mailing_of_text_alone(world: factories.World) -> None:
    from wem.mailings.models import BodyKind

    world.ours.mailing.body_kind = BodyKind.text
    dispatch = starting.start(world.ours.mailing, by=1)
    assert dispatch.content["html"] is None
    assert Letter(dispatch.id, Content(**dispatch.content), settings()).html is None


@pytest.mark.parametrize(("width", "lines"), [(35, 2), (20, 3), (0, 1)])
def test_lines_are_broken_when_it_is_sent(world: factories.World, width: int, lines: int) -> None:
    from wem.mailings.models import BodyKind

    text = "一二三四五六七八九十" * 5
    world.ours.mailing.body_kind, world.ours.mailing.text, world.ours.mailing.wrap_at = BodyKind.text, text, width
    sent = starting.start(world.ours.mailing, by=1).content["text"]
    assert sum(bool(line) and set(line) <= set(text) for line in sent.split("\n")) == lines
    assert world.ours.mailing.text == text, "what was written stays"


def test_scheduling_asks_the_contract_too(world: factories.World) -> None:
    at = clock.now() + timedelta(hours=2)
    starting.schedule(world.ours.mailing, at, by=1)
    assert (world.ours.mailing.state, world.ours.mailing.scheduled_at) == (MailingState.scheduled, at)
    world.ours.contract.suspend(SuspensionGround.danger, "", by=None)
    with pytest.raises(CannotStart):
        starting.schedule(world.ours.mailing, at, by=1)


def test_what_is_due_starts_and_what_is_not_waits(world: factories.World) -> None:
    ready = due(world)
    later = due(world, -timedelta(minutes=5))
    jobs.start_due()
    jobs.start_due()
    db.session.refresh(ready)
    db.session.refresh(later)
    assert (ready.state, later.state) == (MailingState.sending, MailingState.scheduled)
    assert len(dispatches(ready)) == 1


def test_two_schedulers_start_one(app: Flask, world: factories.World) -> None:
    mailing = due(world)
    db.session.commit()
    both = threading.Barrier(2)

    def schedule() -> None:
        with app.app_context():
            both.wait()
            jobs.start_due()

    schedulers = [threading.Thread(target=schedule) for _ in range(2)]
    for scheduler in schedulers:
        scheduler.start()
    for scheduler in schedulers:
        scheduler.join()
    assert len(dispatches(mailing)) == 1


@pytest.mark.parametrize(
    ("late", "change", "reason"),
    [
        (timedelta(hours=1, seconds=5), lambda world: None, HeldReason.missed),
        (
            timedelta(seconds=5),
            lambda world: world.ours.contract.suspend(SuspensionGround.nonpayment, "", by=None),
            HeldReason.contract,
        ),
        (
            timedelta(seconds=5),
            lambda world: setattr(world.ours.contract, "contact", ""),
            HeldReason.problems,
        ),
    ],
)
def test_what_may_not_go_at_its_time_is_held(
    world: factories.World, late: timedelta, change: Any, reason: HeldReason
) -> None:
    mailing = due(world, late)
    change(world)
    db.session.commit()
    jobs.start_due()
    db.session.refresh(mailing)
    assert (mailing.state, mailing.held_reason) == (MailingState.held, reason.value)
    assert not dispatches(mailing)


def test_a_held_mailing_starts_when_the_customer_says_so(world: factories.World) -> None:
    mailing = due(world, timedelta(hours=3))
    jobs.start_due()
    controlling.resume(mailing, by=world.ours.owner.id)
    db.session.commit()
    assert mailing.state is MailingState.sending
    assert len(dispatches(mailing)) == 1


def test_the_first_mail_after_an_attested_upload_is_known(world: factories.World) -> None:
    first = starting.start(world.ours.mailing, by=1)
    key = str(world.ours.mailing_list.id)
    assert first.content["attested_since"] == {key: None}
    second = starting.start(factories.make_mailing(world.ours.mailing_list), by=1)
    assert second.content["attested_since"] == {key: None}  # the first has not reached everybody yet
    first.state = DispatchState.done
    third = starting.start(factories.make_mailing(world.ours.mailing_list), by=1)
    assert third.content["attested_since"] == {key: first.created_at.isoformat()}
    db.session.commit()


def test_the_audience_is_everybody_once(world: factories.World) -> None:
    other = factories.make_list(world.ours.customer, "セール")
    ours = world.ours
    both, gone = ours.readers[0], ours.readers[1]
    for reader, state in ((both, SubscriptionState.active), (gone, SubscriptionState.active)):
        db.session.add(
            Subscription(
                customer_id=ours.customer.id, list_id=other.id, subscriber_id=reader.id, state=state, way=Way.form
            )
        )
    for state in SubscriptionState:
        factories.make_subscriber(other, f"{state.value}@readers.example.com", state=state)
    only_first = factories.make_list(world.ours.customer, "別の", slug="third")
    factories.make_subscriber(only_first, "elsewhere@readers.example.com")
    ours.mailing.lists = [ours.mailing_list, other]
    dispatch = starting.start(ours.mailing, by=1)
    db.session.commit()
    assert not expanding.expand_until(dispatch.id, time.monotonic() + 10)
    db.session.refresh(dispatch)
    addresses = db.session.scalars(
        sa.text("SELECT address FROM subscriber JOIN delivery ON subscriber.id = subscriber_id ORDER BY seq")
    ).all()
    assert addresses == [*(reader.address for reader in ours.readers), "active@readers.example.com"]
    assert (dispatch.total, dispatch.state) == (4, DispatchState.sending)


def test_writing_down_goes_on_where_it_broke_off(world: factories.World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(47):
        factories.make_subscriber(world.ours.mailing_list, f"r{number}@readers.example.com")
        factories.make_subscriber(world.theirs.mailing_list, f"r{number}@readers.example.com")
    dispatch = starting.start(world.ours.mailing, by=1)
    dispatch.content = dispatch.content | {"batch_size": 8}
    db.session.commit()
    monkeypatch.setattr(expanding, "WINDOW", 7)
    for _ in range(3):
        assert expanding._expand_some(dispatch.id, expanding.Written())
    assert expanding.expand_until(dispatch.id, time.monotonic() - 1)
    # Somebody begins a portion and dies before it is committed.
    dispatch.prep_cursor = 0
    db.session.flush()
    db.session.rollback()
    assert not expanding.expand_until(dispatch.id, time.monotonic() + 10)
    assert not expanding.expand_until(dispatch.id, time.monotonic() + 10)
    db.session.refresh(dispatch)
    rows = db.session.execute(
        sa.select(Delivery.seq, Delivery.batch).where(Delivery.dispatch_id == dispatch.id).order_by(Delivery.seq)
    ).all()
    numbers = [11 + 16 * place for place in range(7)]
    assert [tuple(row) for row in rows] == [(seq, numbers[(seq - 1) // 8]) for seq in range(1, 51)]
    sizes = db.session.execute(sa.text("SELECT number, size, open FROM batch ORDER BY number")).all()
    assert [tuple(row) for row in sizes] == [(number, 8, 8) for number in numbers[:6]] + [(numbers[6], 2, 2)]
    assert dispatch.total == 50


def test_each_batch_goes_to_one_provider(world: factories.World, monkeypatch: pytest.MonkeyPatch) -> None:
    at = clock.now()
    db.session.add(MailDomain(domain="kaisha.example.jp", provider="gmail", due_at=at, wanted_at=at))
    for number in range(60):
        domain = ("docomo.ne.jp", "gmail.com", "kaisha.example.jp", "Nowhere.example.jp")[number % 4]
        reader = factories.make_subscriber(world.ours.mailing_list, f"r{number}@{domain}")
        reader.domain_group = domain_group(domain).value
    dispatch = starting.start(world.ours.mailing, by=1)
    dispatch.content = dispatch.content | {"batch_size": 8}
    db.session.commit()
    monkeypatch.setattr(expanding, "WINDOW", 7)
    assert expanding._expand_some(dispatch.id, expanding.Written())  # and somebody else goes on
    assert not expanding.expand_until(dispatch.id, time.monotonic() + 10)
    rows = db.session.execute(
        sa.select(Batch.number, Batch.provider, Batch.size, Batch.open).where(Batch.dispatch_id == dispatch.id)
    ).all()
    sizes: dict[str, list[int]] = {}
    for number, provider, size, still_open in sorted(rows):
        sizes.setdefault(provider, []).append(size)
        held = db.session.execute(
            sa.select(Delivery.provider, sa.func.count())
            .where(Delivery.dispatch_id == dispatch.id, Delivery.batch == number)
            .group_by(Delivery.provider)
        ).all()
        assert [tuple(row) for row in held] == [(provider, size)]
        assert still_open == size
    # The three readers of the stage are elsewhere too.
    assert sizes == {"docomo": [8, 7], "gmail": [8, 8, 8, 6], "other": [8, 8, 2]}
    # Nobody is asked now, but what is not known yet is noted.
    noted = db.session.execute(sa.select(MailDomain.domain, MailDomain.provider).order_by(MailDomain.domain)).all()
    assert [tuple(row) for row in noted] == [
        ("kaisha.example.jp", "gmail"),
        ("nowhere.example.jp", "other"),
        ("readers.example.com", "other"),
    ]


def test_a_slow_customers_batches_are_small(world: factories.World) -> None:
    for number in range(30):
        factories.make_subscriber(world.ours.mailing_list, f"r{number}@docomo.ne.jp").domain_group = "docomo"
    db.session.add(CustomerTurn(customer_id=world.ours.customer.id, rate=6.0))
    dispatch = starting.start(world.ours.mailing, by=1)
    db.session.commit()
    assert not expanding.expand_until(dispatch.id, time.monotonic() + 10)
    sizes = db.session.scalars(sa.select(Batch.size).where(Batch.provider == "docomo").order_by(Batch.number)).all()
    assert sizes == [12, 12, 6]


def test_nobody_left_is_the_end(world: factories.World) -> None:
    dispatch = starting.start(world.ours.mailing, by=1)
    db.session.execute(sa.update(Subscription).values(state=SubscriptionState.unsubscribed))
    db.session.commit()
    jobs.expand(dispatch.id)
    jobs.sweep()
    db.session.refresh(dispatch)
    assert dispatch.state is DispatchState.done
    assert world.ours.mailing.state is MailingState.done
