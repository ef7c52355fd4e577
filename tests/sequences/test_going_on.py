"""A sequence goes on with what was being sent of it: after a pause, during maintenance, from an unproven domain."""

import pytest
import sqlalchemy as sa

from tests import factories
from tests.delivery.dispatches import lose_leases
from tests.mailings.test_maintenance import announced
from tests.sequences.simulating import again, at, been_there, look, make_sequence, work
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.delivery import leasing
from wem.delivery.models import Dispatch
from wem.domains.models import SenderDomain
from wem.domains.rules import DomainState
from wem.mailings import controlling as mailings
from wem.mailings import jobs as mailings_jobs
from wem.mailings.models import Mailing
from wem.mailings.states import HeldReason, MailingState
from wem.sequences import controlling
from wem.sequences.controlling import StillPausing
from wem.sequences.rules import SequenceState


def begun(world):
    """Return a sequence whose first step is being sent to the world's three readers."""
    been_there(world, "2026-11-01T10:00")
    sequence = make_sequence(world, (0, 0), (3, 10), with_present=True)
    look("2026-12-01T10:00")
    assert run_is() == (MailingState.sending, "")
    return sequence


def run_is():
    rows = sa.select(Mailing).where(Mailing.step_id.is_not(None)).execution_options(populate_existing=True)
    run = db.session.scalars(rows.order_by(Mailing.id)).first()
    return run.state, run.held_reason


def resumed(browser, sequence):
    """Press the button; returns the page that follows."""
    browser.post(f"/sequences/{sequence.id}/resume")
    return browser.get(f"/sequences/{sequence.id}")


def act(text, what, sequence, by):
    with at(text):
        what(again(sequence), by=by)
        db.session.commit()


def test_what_is_still_pausing_goes_on_a_moment_later(world, mailbox, browser_for):
    sequence, by = begun(world), world.ours.owner.id
    number = db.session.scalars(sa.select(Dispatch.id)).one()
    with at("2026-12-01T10:01"):
        mailings_jobs.expand(number)
        assert leasing.lease_next("a worker that has some in hand") is not None
        controlling.pause(again(sequence), by=by)
        db.session.commit()
        assert run_is()[0] is MailingState.sending, "the last mails still leave"
        with pytest.raises(StillPausing):
            controlling.resume(again(sequence), by=by)
        db.session.rollback()
        said = resumed(browser_for(world.ours.editor), sequence)
        assert "1分ほど待ってから" in said.text
        assert again(sequence).state is SequenceState.paused
        lose_leases()
        controlling.resume(again(sequence), by=by)
        db.session.commit()
    assert run_is()[0] is MailingState.sending
    work("2026-12-01T10:02")
    assert run_is()[0] is MailingState.done and len(mailbox.mails()) == 3


def test_in_maintenance_it_goes_on_afterwards_and_not_while_it_pauses(world, mailbox, browser_for):
    sequence, by = begun(world), world.ours.owner.id
    act("2026-12-01T10:01", controlling.pause, sequence, by)
    announced("2026-12-01T11:00", "2026-12-01T12:00")
    with at("2026-12-01T11:10"):
        said = resumed(browser_for(world.ours.editor), sequence)
        assert "メンテナンスを実施しています" in said.text
    assert run_is() == (MailingState.held, HeldReason.maintenance.value)
    with at("2026-12-01T11:20"):
        mailings_jobs.follow_maintenance()
    # Paused meanwhile: the end of the maintenance is no reason to go on.
    act("2026-12-01T11:30", controlling.pause, sequence, by)
    with at("2026-12-01T12:01"):
        mailings_jobs.follow_maintenance()
    look("2026-12-01T12:02")
    assert run_is()[0] is MailingState.held
    act("2026-12-01T12:10", controlling.resume, sequence, by)
    look("2026-12-01T12:11")
    work("2026-12-01T12:12")
    assert run_is()[0] is MailingState.done and len(mailbox.mails()) == 3


def test_what_maintenance_or_a_short_suspension_held_is_taken_up_by_itself(world, mailbox):
    begun(world)
    announced("2026-12-01T10:05", "2026-12-01T10:30")
    with at("2026-12-01T10:06"):
        mailings_jobs.follow_maintenance()
    assert run_is() == (MailingState.held, HeldReason.maintenance.value)
    look("2026-12-01T10:20")
    assert run_is()[0] is MailingState.held
    look("2026-12-01T10:31")
    assert run_is()[0] is MailingState.sending
    # Nobody looked at the sequence while the contract stood still.
    with at("2026-12-01T10:32"):
        world.ours.contract.suspend(SuspensionGround.danger, "", by=world.admin.id)
        mailings.hold(db.session.scalars(sa.select(Mailing).where(Mailing.step_id.is_not(None))).one(),
                      HeldReason.contract, by=None)  # fmt: skip
        world.ours.contract.resume("", by=world.admin.id)
        db.session.commit()
    look("2026-12-01T10:33")
    work("2026-12-01T10:34")
    assert run_is()[0] is MailingState.done and len(mailbox.mails()) == 3


def test_from_an_unproven_domain_it_says_why_it_does_not_go_on(world, browser_for):
    domain = factories.make_domain(world.ours.customer, "shop.example.jp")
    factories.send_from(world.ours.mailing_list, domain)
    db.session.commit()
    sequence, by = begun(world), world.ours.owner.id
    act("2026-12-01T10:01", controlling.pause, sequence, by)
    db.session.get_one(SenderDomain, domain.id).state = DomainState.broken
    db.session.commit()
    with at("2026-12-01T10:02"):
        said = resumed(browser_for(world.ours.editor), sequence)
        assert "「送信ドメイン」の画面で直してください" in said.text
    assert again(sequence).state is SequenceState.paused and run_is()[0] is MailingState.paused
    db.session.get_one(SenderDomain, domain.id).state = DomainState.proven
    db.session.commit()
    act("2026-12-01T10:03", controlling.resume, sequence, by)
    assert run_is()[0] is MailingState.sending
