"""The third failure in a row removes the address, with what, when and why; all the odd cases with a database."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from tests import factories
from tests.bounces.mails import arrived, report, return_path, sent_mailing
from tests.factories import World
from tests.lists.recounting import assert_counts_are_exact
from wem import clock
from wem.bounces import jobs, removing
from wem.bounces.models import Bounce, Removal, RemovalReview
from wem.bounces.states import Reading, Reason
from wem.bounces.taking import take
from wem.db import db
from wem.delivery.models import Dispatch
from wem.lists import counting
from wem.lists.models import MailingList
from wem.lists.states import ConsentKind, SuppressionReason
from wem.lists.subscription_models import ConsentEvent, Subscriber, Suppression

pytestmark = pytest.mark.both_databases


def fail(
    mailing_list: MailingList, reader: Subscriber, days_ago: float, reason: Reason = Reason.userunknown
) -> Dispatch:
    dispatch = sent_mailing(mailing_list, days_ago)
    come_back(dispatch, reader, reason)
    return dispatch


def come_back(dispatch: Dispatch, reader: Subscriber | int, reason: Reason = Reason.userunknown) -> None:
    take(arrived(return_path(dispatch, reader)), report(reason=reason))
    db.session.commit()


def there(number: int) -> bool:
    return db.session.scalar(sa.select(Subscriber.id).where(Subscriber.id == number)) is not None


def test_three_in_a_row_remove_the_address_and_keep_why(world: World) -> None:
    listed, reader = world.ours.mailing_list, world.ours.readers[0]
    number, hashed, customer_id = reader.id, reader.address_hash, reader.customer_id
    sent = [fail(listed, reader, days, reason) for days, reason in ((21, Reason.mailboxfull), (14, Reason.filtered))]
    assert removing.standing(reader).in_row == 2
    sent.append(fail(listed, reader, 7))
    assert not there(number)
    removal = db.session.scalars(sa.select(Removal)).one()
    assert (removal.address_hash, removal.lists, removal.cumulative) == (hashed, [listed.id], False)
    assert [each["reason"] for each in removal.failures] == ["mailboxfull", "filtered", "userunknown"]
    assert [each["mailing"] for each in removal.failures] == [each.mailing_id for each in sent]
    no = db.session.scalars(sa.select(Suppression).where(Suppression.address_hash == hashed, Suppression.list_id == 0))
    assert no.one().reason is SuppressionReason.removed
    events = db.session.execute(sa.select(ConsentEvent.kind, ConsentEvent.mailing_id)).all()
    assert (ConsentKind.removed, sent[-1].mailing_id) in [tuple(row) for row in events]
    assert counting.registered(customer_id) == 2
    assert_counts_are_exact()


def test_a_success_between_starts_anew(world: World) -> None:
    listed, reader = world.ours.mailing_list, world.ours.readers[0]
    fail(listed, reader, 28)
    fail(listed, reader, 21)
    sent_mailing(listed, 14)  # and it did not come back
    fail(listed, reader, 7)
    assert there(reader.id)
    assert removing.standing(reader).in_row == 1


def test_two_failures_of_one_mailing_count_once(world: World) -> None:
    """A mailing may have several dispatches: variants, portions, a resend."""
    listed, reader = world.ours.mailing_list, world.ours.readers[0]
    first, second = sent_mailing(listed, 9), sent_mailing(listed, 8)
    second.mailing_id = first.mailing_id
    db.session.commit()
    come_back(first, reader)
    come_back(second, reader)
    fail(listed, reader, 7)
    assert there(reader.id)
    assert removing.standing(reader).in_row == 2


def test_soft_then_hard_count_alike(world: World) -> None:
    listed, reader = world.ours.mailing_list, world.ours.readers[0]
    for days, reason in ((21, Reason.mailboxfull), (14, Reason.expired), (7, Reason.userunknown)):
        fail(listed, reader, days, reason)
    assert not db.session.scalar(sa.select(Subscriber.id).where(Subscriber.address == "tanaka@readers.example.com"))


@pytest.mark.parametrize("reason", [Reason.blocked, Reason.spamdetected, Reason.mesgtoobig, Reason.systemerror])
def test_what_says_nothing_about_the_address_never_removes(world: World, reason: Reason) -> None:
    listed, reader = world.ours.mailing_list, world.ours.readers[0]
    for days in (28, 21, 14, 7):
        fail(listed, reader, days, reason)
    assert there(reader.id)
    assert removing.standing(reader).in_row == 0


def test_a_late_bounce_of_an_older_mailing_does_not_follow_a_newer_success(world: World) -> None:
    listed, reader = world.ours.mailing_list, world.ours.readers[0]
    fail(listed, reader, 28)
    fail(listed, reader, 21)
    late = sent_mailing(listed, 14)
    sent_mailing(listed, 7)
    come_back(late, reader)
    assert there(reader.id)
    assert removing.standing(reader).in_row == 0


def test_another_customers_mails_count_for_that_customer(world: World) -> None:
    reader = world.ours.readers[0]
    theirs = factories.make_subscriber(world.theirs.mailing_list, reader.address)
    db.session.commit()
    fail(world.ours.mailing_list, reader, 21)
    fail(world.ours.mailing_list, reader, 14)
    fail(world.theirs.mailing_list, theirs, 7)
    assert there(reader.id) and there(theirs.id)


def test_who_comes_back_after_a_removal_starts_at_nothing(world: World) -> None:
    listed, reader = world.ours.mailing_list, world.ours.readers[0]
    number, address = reader.id, reader.address
    late = sent_mailing(listed, 30)
    for days in (21, 14, 7):
        fail(listed, reader if days == 21 else number, days)
    assert not there(number)
    again = factories.make_subscriber(listed, address)
    db.session.commit()
    assert removing.standing(again).in_row == 0
    # What was sent to the one who was removed comes back only now.
    come_back(late, number)
    assert there(again.id)
    for days in (2, 1):
        fail(listed, again, days)
    assert removing.standing(again).in_row == 2
    assert there(again.id)


def test_who_moved_to_another_address_is_not_removed_for_the_old_one(world: World) -> None:
    listed, reader = world.ours.mailing_list, world.ours.readers[0]
    sent = [sent_mailing(listed, days) for days in (21, 14, 7)]
    reader.address = reader.address_key = "moved@readers.example.com"
    reader.address_hash = b"m" * 16
    db.session.commit()
    for dispatch in sent:
        come_back(dispatch, reader)
    assert there(reader.id)
    assert removing.standing(reader).in_row == 0


def test_a_mail_between_that_may_still_come_back_is_waited_for(world: World) -> None:
    listed, reader = world.ours.mailing_list, world.ours.readers[0]
    number = reader.id
    fail(listed, reader, 2)
    fail(listed, reader, 1.9)
    doubtful = sent_mailing(listed, 1)
    fail(listed, reader, 0.5)
    assert there(number)
    review = db.session.scalars(sa.select(RemovalReview)).one()
    assert timedelta(days=1.9) < review.due_at - clock.now() < timedelta(days=2.1)
    # Its time comes, and the mail has come back without a count of its own.
    jobs.review_removals()
    assert there(number)
    review.due_at = clock.now()
    db.session.commit()
    jobs.review_removals()
    assert there(number), "it is still not known"
    come_back(doubtful, number)
    assert not there(number)


@pytest.fixture
def cumulative(app: Flask) -> Iterator[None]:
    before = app.config["WEM"]
    app.config["WEM"] = dataclasses.replace(before, BOUNCE_CUMULATIVE="1")
    yield
    app.config["WEM"] = before


@pytest.mark.usefixtures("cumulative")
def test_cumulative_removes_at_the_third_ever(world: World) -> None:
    listed, reader = world.ours.mailing_list, world.ours.readers[0]
    number = reader.id
    fail(listed, reader, 28)
    sent_mailing(listed, 21)
    fail(listed, reader, 14)
    assert there(number)
    fail(listed, reader, 7)
    assert not there(number)
    assert db.session.scalars(sa.select(Removal)).one().cumulative


def test_what_is_not_a_failure_leaves_no_row(world: World) -> None:
    dispatch = sent_mailing(world.ours.mailing_list)
    take(arrived(return_path(dispatch, world.ours.readers[0])), Reading(report().kind, ()))
    assert not db.session.scalar(sa.select(sa.func.count()).select_from(Bounce))
