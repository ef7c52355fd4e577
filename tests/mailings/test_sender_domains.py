"""Mailings and the domain that they go from: decided at the start, held when it breaks, signed on the wire."""

from __future__ import annotations

from datetime import timedelta

import dkim
import pytest
import sqlalchemy as sa

from tests import factories
from wem import clock
from wem.db import db
from wem.delivery.models import Dispatch, DispatchState
from wem.delivery.progress import latest_dispatch
from wem.delivery.signing import Signer, signer_for, system_signer
from wem.domains.models import SenderDomain
from wem.domains.rules import DomainState, KeyState
from wem.mailings import checking, controlling, jobs, starting
from wem.mailings.models import Mailing
from wem.mailings.starting import CannotStart, Problem
from wem.mailings.states import HeldReason, MailingState
from wem.outbox import OutboxMail
from wem.settings import settings

pytestmark = pytest.mark.both_databases


@pytest.fixture
def domain(world: factories.World) -> SenderDomain:
    made = factories.make_domain(world.ours.customer, "shop.example.jp", dmarc_found=True)
    factories.send_from(world.ours.mailing_list, made)
    db.session.commit()
    return made


def content(mailing: Mailing) -> dict[str, object]:
    dispatch = latest_dispatch(mailing.id)
    assert dispatch is not None
    return dispatch.content


def start(mailing: Mailing) -> Dispatch:
    dispatch = starting.start(mailing, by=1)
    db.session.commit()
    jobs.expand(dispatch.id)
    return dispatch


def break_it(domain: SenderDomain) -> None:
    domain.state = DomainState.broken
    db.session.commit()


def test_without_a_domain_it_goes_from_the_services(world: factories.World) -> None:
    start(world.ours.mailing)
    sent = content(world.ours.mailing)
    assert sent["sender"] == "takahashi@mail.wem.example"
    assert sent["sender_domain_id"] is None and sent["bounce_domain"] is None


def test_it_goes_from_the_address_of_its_list(world: factories.World, domain: SenderDomain) -> None:
    domain.return_path_found = True
    start(world.ours.mailing)
    sent = content(world.ours.mailing)
    assert (sent["sender"], sent["sender_domain_id"]) == ("news@shop.example.jp", domain.id)
    assert sent["bounce_domain"] == "bounce.shop.example.jp"


def test_the_return_path_needs_its_alias(world: factories.World, domain: SenderDomain) -> None:
    start(world.ours.mailing)
    assert content(world.ours.mailing)["bounce_domain"] is None


def test_a_mailing_keeps_the_address_of_its_start(world: factories.World, domain: SenderDomain) -> None:
    start(world.ours.mailing)
    controlling.pause(world.ours.mailing, by=1)
    other = factories.make_domain(world.ours.customer, "other.example.jp")
    db.session.execute(sa.text("UPDATE list_sender SET domain_id = :id"), {"id": other.id})
    controlling.resume(world.ours.mailing, by=1)
    db.session.commit()
    assert content(world.ours.mailing)["sender"] == "news@shop.example.jp"


def test_of_several_lists_the_first_with_an_address_counts(world: factories.World, domain: SenderDomain) -> None:
    plain = factories.make_list(world.ours.customer)
    factories.make_subscriber(plain)
    world.ours.mailing.lists = [plain, world.ours.mailing_list]
    db.session.commit()
    start(world.ours.mailing)
    assert content(world.ours.mailing)["sender"] == "news@shop.example.jp"


def test_a_broken_domain_forbids_starting(world: factories.World, domain: SenderDomain) -> None:
    break_it(domain)
    assert starting.problems(world.ours.mailing) == [Problem.sender_domain]
    with pytest.raises(CannotStart):
        starting.start(world.ours.mailing, by=1)
    db.session.rollback()
    assert checking.refused(checking.checks(world.ours.mailing))


def test_what_runs_is_held_and_goes_on_when_it_is_proven_again(world: factories.World, domain: SenderDomain) -> None:
    dispatch, mailing = start(world.ours.mailing), world.ours.mailing
    theirs = world.theirs.mailing
    start(theirs)
    break_it(domain)
    jobs.follow_domain(domain.id)
    assert (mailing.state, mailing.held_reason) == (MailingState.held, HeldReason.sender_domain)
    db.session.refresh(dispatch)
    assert dispatch.state is DispatchState.held and theirs.state is MailingState.sending
    told = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "mailing_held")).all()
    assert told and all("送信ドメイン" in (mail.text or "") for mail in told)
    jobs.follow_domain(domain.id)
    jobs.follow_domains()
    assert len(db.session.scalars(sa.select(OutboxMail)).all()) == len(told)
    with pytest.raises(CannotStart) as refused:
        controlling.resume(mailing, by=1)
    assert refused.value.problems == [Problem.sender_domain]
    db.session.rollback()
    domain.state = DomainState.proven
    db.session.commit()
    controlling.resume(mailing, by=1)
    db.session.commit()
    db.session.refresh(dispatch)
    assert (mailing.state, dispatch.state) == (MailingState.sending, DispatchState.sending)


def test_the_sweep_holds_what_a_lost_ring_left(world: factories.World, domain: SenderDomain) -> None:
    mailing = world.ours.mailing
    mailing.schedule(clock.now() + timedelta(hours=1), by=1)
    break_it(domain)
    jobs.follow_domains()
    assert (mailing.state, mailing.held_reason) == (MailingState.held, HeldReason.sender_domain)


def test_a_scheduled_mailing_whose_time_comes_says_why_it_is_held(world: factories.World, domain: SenderDomain) -> None:
    mailing = world.ours.mailing
    mailing.state, mailing.scheduled_at = MailingState.scheduled, clock.now() - timedelta(minutes=1)
    break_it(domain)
    jobs.start_due()
    assert (mailing.state, mailing.held_reason) == (MailingState.held, HeldReason.sender_domain)


def test_a_proven_domain_holds_nothing(world: factories.World, domain: SenderDomain) -> None:
    start(world.ours.mailing)
    jobs.follow_domain(domain.id)
    jobs.follow_domain(987654321)
    assert world.ours.mailing.state is MailingState.sending


MAIL = b"From: <news@shop.example.jp>\r\nTo: <a@b.example>\r\nSubject: x\r\n\r\nhello\r\n"


def signatures(signer: Signer | None) -> list[str]:
    """Return the domains whose signatures another implementation finds good, the top one first."""
    assert signer is not None
    mail = signer.header(MAIL) + MAIL
    records = {
        f"{key.selector}._domainkey.{key.domain.name}.".encode(): f"v=DKIM1; k=rsa; p={key.public}".encode()
        for domain in db.session.scalars(sa.select(SenderDomain))
        for key in domain.keys
    }
    verifier = dkim.DKIM(mail)
    count = mail.count(b"DKIM-Signature:")
    found = []
    for place in range(count):
        assert verifier.verify(idx=place, dnsfunc=lambda name, timeout=5: records.get(name))
        found.append(verifier.domain.decode())
    return found


def test_the_domain_and_the_service_sign(world: factories.World, domain: SenderDomain) -> None:
    start(world.ours.mailing)
    assert signatures(signer_for(content(world.ours.mailing))) == ["shop.example.jp"]
    factories.make_domain(None, settings().SERVICE_DOMAIN)
    db.session.commit()
    assert signatures(signer_for(content(world.ours.mailing))) == ["mail.wem.example", "shop.example.jp"]
    start(world.theirs.mailing)
    assert signatures(signer_for(content(world.theirs.mailing))) == ["mail.wem.example"]
    assert signatures(system_signer()) == ["mail.wem.example"]


def test_without_keys_mails_leave_unsigned(world: factories.World) -> None:
    start(world.ours.mailing)
    assert signer_for(content(world.ours.mailing)) is None and system_signer() is None


def test_a_changed_key_signs_the_next_batch(world: factories.World, domain: SenderDomain) -> None:
    start(world.ours.mailing)
    sent = content(world.ours.mailing)
    before = signer_for(sent)
    domain.keys[0].state, domain.keys[1].state = KeyState.past, KeyState.used
    db.session.commit()
    after = signer_for(sent)
    assert before is not None and after is not None
    assert b"s=wem1;" in before.header(MAIL) and b"s=wem2;" in after.header(MAIL)
