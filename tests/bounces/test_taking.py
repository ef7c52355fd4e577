"""Whose mail came back: by the return path, by the Message-ID, never by the address; each counted once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from tests import factories
from tests.bounces import mails
from tests.bounces.mails import arrived, bounces, message_id, report, return_path, sent_mailing
from tests.delivery.dispatches import counters, delivery_to, make_dispatch, states
from tests.factories import World
from wem import clock
from wem.arriving import Fate
from wem.bounces.models import BounceTally, ProviderTally, Source, Unmatched, UnmatchedReport
from wem.bounces.states import Kind, Reading, Reason, Reported, Severity
from wem.bounces.taking import take
from wem.db import db
from wem.delivery.leasing import lease_next
from wem.delivery.models import Delivery, DeliveryState, Retry, Stage
from wem.delivery.recording import Ledger, Outcome
from wem.delivery.smtp import Answer
from wem.mailings.models import MailingTarget

pytestmark = pytest.mark.both_databases


def listed() -> list[Unmatched]:
    return list(db.session.scalars(sa.select(UnmatchedReport.why).order_by(UnmatchedReport.id)))


def test_a_bounce_finds_its_delivery_by_the_return_path(world: World) -> None:
    reader = world.ours.readers[0]
    dispatch = sent_mailing(world.ours.mailing_list)
    assert take(arrived(return_path(dispatch, reader)), report(reader.address)) is Fate.taken
    db.session.commit()
    [bounce] = bounces()
    assert (bounce.dispatch_id, bounce.subscriber_id, bounce.customer_id) == (
        dispatch.id,
        reader.id,
        world.ours.customer.id,
    )
    assert (bounce.source, bounce.severity, bounce.reason) == (Source.mail, Severity.hard, Reason.userunknown)
    assert bounce.lists == [world.ours.mailing_list.id]
    assert bounce.counts
    assert reader.address not in bounce.diagnostic
    assert delivery_to(dispatch, reader.id).state is DeliveryState.bounced
    assert counters(dispatch) == {"accepted": 2, "bounced": 1}
    assert states(dispatch) == counters(dispatch)


def test_upper_case_return_paths_are_the_same(world: World) -> None:
    reader, dispatch = world.ours.readers[0], sent_mailing(world.ours.mailing_list)
    mail = arrived(return_path(dispatch, reader))
    shouted = mail.__class__(mail.number, mail.received_at, "", mail.recipient.upper(), b"")
    assert take(shouted, report()) is Fate.taken


def test_the_same_report_twice_counts_once(world: World) -> None:
    reader, dispatch = world.ours.readers[0], sent_mailing(world.ours.mailing_list)
    path = return_path(dispatch, reader)
    first = arrived(path)
    fates = [take(first, report()), take(first, report()), take(arrived(path), report(reason=Reason.mailboxfull))]
    db.session.commit()
    assert fates == [Fate.taken, Fate.ignored, Fate.ignored]
    assert len(bounces()) == 1
    assert counters(dispatch) == {"accepted": 2, "bounced": 1}
    assert list(db.session.scalars(sa.select(BounceTally.number))) == [1, 1]
    assert list(db.session.scalars(sa.select(ProviderTally.number))) == [1]


def test_without_return_path_our_message_id_names_it_if_the_recipient_fits(world: World) -> None:
    first, second, _ = world.ours.readers
    dispatch = sent_mailing(world.ours.mailing_list)
    named = message_id(dispatch, first)
    assert take(arrived("postmaster@mail.wem.example"), report(first.address, message_id=named)) is Fate.taken
    # Who got the mail forwarded knows its Message-ID, and reports about another address.
    other = report("else@example.org", message_id=message_id(dispatch, second))
    assert take(arrived("postmaster@mail.wem.example"), other) is Fate.unrecognised
    assert [bounce.subscriber_id for bounce in bounces()] == [first.id]
    assert listed() == [Unmatched.other_recipient]


def test_with_the_return_path_a_forwarding_address_does_not_matter(world: World) -> None:
    reader, dispatch = world.ours.readers[0], sent_mailing(world.ours.mailing_list)
    take(arrived(return_path(dispatch, reader)), report("forwarded@elsewhere.example.org"))
    assert [bounce.subscriber_id for bounce in bounces()] == [reader.id]


def test_an_address_alone_names_nobody(world: World) -> None:
    reader = world.ours.readers[0]
    sent_mailing(world.ours.mailing_list)
    assert take(arrived("postmaster@mail.wem.example"), report(reader.address)) is Fate.unrecognised
    assert bounces() == []
    assert listed() == [Unmatched.unnamed]
    kept = db.session.scalars(sa.select(UnmatchedReport)).one()
    assert reader.address not in (kept.recipient, kept.diagnostic)
    assert kept.recipient.endswith("@readers.example.com")


def test_a_forged_return_path_is_listed_and_nothing_else_in_the_mail_is_believed(world: World) -> None:
    reader, dispatch = world.ours.readers[0], sent_mailing(world.ours.mailing_list)
    path = return_path(dispatch, reader)
    forged = path[:12] + ("a" if path[12] != "a" else "b") + path[13:]
    mail = arrived(forged)
    for _ in range(2):
        take(mail, report(reader.address, message_id=message_id(dispatch, reader)))
    db.session.commit()
    assert bounces() == []
    assert listed() == [Unmatched.forged]
    assert counters(dispatch) == {"accepted": 3}


def test_a_report_about_another_customers_mail_concerns_that_customer_alone(world: World) -> None:
    """The same person reads both; the mail of one came back."""
    theirs = factories.make_subscriber(world.theirs.mailing_list, world.ours.readers[0].address)
    db.session.commit()
    ours_sent, theirs_sent = sent_mailing(world.ours.mailing_list), sent_mailing(world.theirs.mailing_list)
    take(arrived(return_path(theirs_sent, theirs)), report(theirs.address))
    db.session.commit()
    assert [(row.customer_id, row.dispatch_id) for row in bounces()] == [(world.theirs.customer.id, theirs_sent.id)]
    assert counters(ours_sent) == {"accepted": 3}


def test_a_report_about_a_delivery_that_is_deleted_by_now_is_listed(world: World) -> None:
    reader, dispatch = world.ours.readers[0], sent_mailing(world.ours.mailing_list)
    path = return_path(dispatch, reader)
    db.session.execute(sa.delete(Delivery).where(Delivery.dispatch_id == dispatch.id))
    db.session.commit()
    assert take(arrived(path), report()) is Fate.taken
    assert listed() == [Unmatched.gone]


@pytest.mark.parametrize(
    ("kind", "fate"), [(Kind.autoreply, Fate.ignored), (Kind.delivered, Fate.ignored), (Kind.normal, Fate.unrecognised)]
)
def test_what_is_no_bounce_counts_for_nothing(world: World, kind: Kind, fate: Fate) -> None:
    reader, dispatch = world.ours.readers[0], sent_mailing(world.ours.mailing_list)
    reading = Reading(kind, (Reported(reader.address, Severity.other, Reason.vacation),))
    assert take(arrived(return_path(dispatch, reader)), reading) is fate
    assert bounces() == [] and listed() == []


@pytest.mark.parametrize("state", [state for state in DeliveryState if state.name not in ("bounced", "expired")])
def test_a_bounce_is_a_fact_whatever_was_written_down_before(world: World, state: DeliveryState) -> None:
    """It may come back before its acceptance is committed; and what is tried again is not sent a second time."""
    reader, dispatch = world.ours.readers[0], sent_mailing(world.ours.mailing_list)
    row = delivery_to(dispatch, reader.id)
    row.state = state
    dispatch.accepted -= 1
    if state > DeliveryState.intent:
        setattr(dispatch, state.name, getattr(dispatch, state.name) + 1)
    if state in (DeliveryState.deferred, DeliveryState.uncertain):
        db.session.add(Retry(due=clock.now(), dispatch_id=dispatch.id, seq=row.seq, attempt=2))
    db.session.commit()
    take(arrived(return_path(dispatch, reader)), report())
    db.session.commit()
    assert counters(dispatch) == {"accepted": 2, "bounced": 1} == states(dispatch)
    assert not db.session.scalar(sa.select(sa.func.count()).select_from(Retry))


def test_lists_are_those_by_which_the_reader_got_it(world: World) -> None:
    other = factories.make_list(world.ours.customer, "別のリスト")
    only_there = factories.make_subscriber(other)
    db.session.commit()
    dispatch = sent_mailing(world.ours.mailing_list)
    db.session.add(MailingTarget(mailing_id=dispatch.mailing_id, list_id=other.id))
    row = delivery_to(dispatch, world.ours.readers[0].id)
    row.subscriber_id = only_there.id
    db.session.commit()
    for reader in (only_there, world.ours.readers[1]):
        take(arrived(return_path(dispatch, reader)), report())
    db.session.commit()
    assert [bounce.lists for bounce in bounces()] == [[other.id], [world.ours.mailing_list.id]]
    tallies = db.session.execute(sa.select(BounceTally.list_id, BounceTally.number).order_by(BounceTally.list_id)).all()
    assert [tuple(row) for row in tallies] == [(0, 2), (world.ours.mailing_list.id, 1), (other.id, 1)]


def test_late_acceptance_does_not_undo_a_bounce(app: Flask, world: World) -> None:
    """The sender commits its outcome after the bounce was taken: counted once, as a bounce."""
    dispatch = make_dispatch(world.ours.mailing_list)
    lease = lease_next("worker")
    assert lease is not None
    take(arrived(return_path(dispatch, world.ours.readers[0])), report())
    db.session.commit()
    answer = Answer(Stage.after_data, 250, "2.0.0 Ok")
    rows = db.session.scalars(sa.select(Delivery.seq).where(Delivery.dispatch_id == dispatch.id)).all()
    outcomes = [(lease, Outcome(seq, DeliveryState.accepted, 1, clock.now(), answer)) for seq in rows]
    ledger = Ledger("mx")
    ledger.commit(outcomes)
    ledger.close()
    assert counters(dispatch) == {"accepted": 2, "bounced": 1} == states(dispatch)
    assert mails.bounces()[0].counts
