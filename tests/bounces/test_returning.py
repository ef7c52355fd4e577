"""The product's own mails that came back: noted, the notice address flagged, a dead confirmation closed early."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from tests.bounces.mails import arrived, keys, report
from tests.factories import World
from tests.lists.recounting import assert_counts_are_exact
from wem import clock, outbox
from wem.arriving import Fate
from wem.bounces import jobs
from wem.bounces.models import UnmatchedReport
from wem.bounces.states import Reason
from wem.bounces.taking import take
from wem.contracts import reaching
from wem.db import db
from wem.delivery import identity
from wem.delivery.identity import Purpose
from wem.lists import jobs as lists_jobs
from wem.lists.states import SubscriptionState
from wem.lists.subscription_models import Subscriber, Subscription
from wem.outbox import OutboxMail, OutboxState, SystemMail
from wem.settings import settings

pytestmark = pytest.mark.both_databases


def posted(recipient: str, customer_id: int | None, days_ago: float = 0, about: str | None = None) -> OutboxMail:
    """A mail of the outbox that was accepted so many days ago."""
    row = outbox.post(SystemMail("notice", recipient, "お知らせ", "本文"), customer_id=customer_id, about=about)
    row.state, row.recipient = OutboxState.accepted, None
    row.created_at = row.finished_at = clock.now() - timedelta(days=days_ago)
    db.session.flush()
    return row


def came_back(row: OutboxMail, reason: Reason = Reason.userunknown) -> Fate:
    path = identity.return_path(row.id, 0, settings().bounce_domain, keys(), Purpose.system_bounce)
    fate = take(arrived(path), report(reason=reason))
    db.session.commit()
    db.session.refresh(row)
    return fate


def test_a_notice_is_marked_at_once_and_the_third_in_a_row_flags_the_contract(world: World) -> None:
    contract, other = world.ours.contract, world.theirs.contract
    other.notice_email = "other@shop.example.jp"
    mails = [posted(contract.notice_email.upper(), contract.customer_id, days) for days in (30, 20, 10)]
    for number, mail in enumerate(mails):
        assert contract.notice_fails_since is None, number
        assert came_back(mail) is Fate.taken
        assert mail.not_arrived_at is not None
        assert came_back(mail) is Fate.ignored
        db.session.refresh(contract)
    assert contract.notice_fails_since is not None
    assert contract.state.value == "active", "it never ends anything"
    assert other.notice_fails_since is None
    contract.change_details({"notice_email": "new@shop.example.jp"}, by=world.ours.owner.id)
    assert contract.notice_fails_since is None


def test_a_notice_that_arrived_between_starts_anew(world: World) -> None:
    contract = world.ours.contract
    mails = [posted(contract.notice_email, contract.customer_id, days) for days in (40, 30, 20, 10)]
    for mail in (mails[0], mails[1], mails[3]):
        came_back(mail)
    db.session.refresh(contract)
    assert contract.notice_fails_since is None


def test_mails_to_other_addresses_of_the_customer_do_not_count(world: World) -> None:
    contract = world.ours.contract
    for days in (30, 20, 10):
        came_back(posted(world.ours.owner.email, contract.customer_id, days))
    db.session.refresh(contract)
    assert contract.notice_fails_since is None


def test_a_notice_refused_at_once_counts_alike(world: World) -> None:
    contract = world.ours.contract
    for state in (OutboxState.failed, OutboxState.expired, OutboxState.failed):
        row = posted(contract.notice_email, contract.customer_id, 5)
        row.state, row.code, row.reply = state, 550, "5.1.1 <…>: User unknown"
    db.session.commit()
    for _ in range(2):
        jobs.follow_refusals()
    db.session.refresh(contract)
    assert contract.notice_fails_since is not None


@pytest.mark.parametrize(("reason", "closed"), [(Reason.userunknown, True), (Reason.mailboxfull, False)])
def test_a_confirmation_to_a_dead_address_is_closed_early(world: World, reason: Reason, closed: bool) -> None:
    listed = world.ours.mailing_list
    reader = factories.make_subscriber(listed, state=SubscriptionState.pending)
    [subscription] = reader.subscriptions
    subscription.expires_at = clock.now() + timedelta(days=7)
    row = posted(reader.address, listed.customer_id, about=f"subscription {subscription.id}")
    db.session.commit()
    numbers = reader.id, subscription.id
    assert came_back(row, reason) is Fate.taken
    lists_jobs.erase_expired()
    db.session.expire_all()
    assert (db.session.get(Subscriber, numbers[0]) is None) is closed
    assert (db.session.get(Subscription, numbers[1]) is None) is closed
    assert_counts_are_exact()


def test_a_confirmed_reader_is_left_alone(world: World) -> None:
    reader = world.ours.readers[0]
    row = posted(reader.address, reader.customer_id, about=f"subscription {reader.subscriptions[0].id}")
    db.session.commit()
    came_back(row)
    lists_jobs.erase_expired()
    assert db.session.get(Subscriber, reader.id) is not None


def test_a_row_that_is_gone_is_listed(world: World) -> None:
    path = identity.return_path(4711, 0, settings().bounce_domain, keys(), Purpose.system_bounce)
    assert take(arrived(path), report()) is Fate.taken
    assert db.session.scalar(sa.select(sa.func.count()).select_from(UnmatchedReport)) == 1


def test_staff_take_the_flag_off(world: World) -> None:
    contract = world.ours.contract
    contract.notice_fails_since = clock.now()
    reaching.arrives_again(contract, by=world.admin.id)
    assert contract.notice_fails_since is None
