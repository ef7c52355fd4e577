"""Mails as a mail server gets them: signed by the customer's domain and the service's, verified by dkimpy."""

from __future__ import annotations

import time
from typing import Any

import dkim
import pytest
import sqlalchemy as sa

from tests import factories
from tests.delivery.dispatches import send_all
from wem import outbox
from wem.db import db
from wem.delivery import draining
from wem.domains.models import SenderDomain
from wem.mailbox.client import MailboxClient
from wem.mailings import jobs, models, starting, testing
from wem.outbox import SystemMail


def signed_by(source: bytes) -> set[str]:
    """Return the domains with a good signature; fails for one that is not good."""
    records = {
        f"{key.selector}._domainkey.{domain.name}.".encode(): f"v=DKIM1; k=rsa; p={key.public}".encode()
        for domain in db.session.scalars(sa.select(SenderDomain))
        for key in domain.keys
    }
    verifier = dkim.DKIM(source)
    found = set()
    for place in range(source.partition(b"\r\n\r\n")[0].count(b"DKIM-Signature:")):
        assert verifier.verify(idx=place, dnsfunc=lambda name, timeout=5: records.get(name))
        found.add(verifier.domain.decode())
    return found


def sources(mailbox: MailboxClient) -> list[bytes]:
    mails: list[dict[str, Any]] = list(mailbox.mails())
    return [mailbox.source(mail["id"]) for mail in mails]


@pytest.mark.both_databases
def test_a_mailing_from_a_domain_of_its_own(world: factories.World, mailbox: MailboxClient) -> None:
    factories.make_domain(None, "mail.wem.example")
    domain = factories.make_domain(world.ours.customer, "shop.example.jp", return_path_found=True)
    factories.send_from(world.ours.mailing_list, domain)
    dispatch = starting.start(world.ours.mailing, by=1)
    db.session.commit()
    jobs.expand(dispatch.id)
    send_all()
    found = sources(mailbox)
    assert len(found) == 3
    for source in found:
        assert b"<news@shop.example.jp>" in source
        assert signed_by(source) == {"shop.example.jp", "mail.wem.example"}
    envelopes = {mail["sender"] for mail in mailbox.mails()}
    assert len(envelopes) == 3 and all(sender.endswith("@bounce.shop.example.jp") for sender in envelopes)


@pytest.mark.both_databases
def test_the_products_own_mails(world: factories.World, mailbox: MailboxClient) -> None:
    factories.make_domain(None, "mail.wem.example")
    outbox.post(SystemMail("password", "owner@takahashi.example.jp", "パスワード", "本文です。\n"))
    db.session.commit()
    draining.drain_until(time.monotonic() + 20)
    (source,) = sources(mailbox)
    assert signed_by(source) == {"mail.wem.example"}


@pytest.mark.both_databases
def test_a_test_copy_goes_from_where_the_mailing_does(world: factories.World, mailbox: MailboxClient) -> None:
    factories.make_domain(None, "mail.wem.example")
    domain = factories.make_domain(world.ours.customer, "shop.example.jp")
    factories.send_from(world.ours.mailing_list, domain)
    tester = models.Tester(customer_id=world.ours.customer.id, name="確認", email="check@readers.example.com")
    db.session.add(tester)
    db.session.flush()
    testing.send_copies(world.ours.mailing, [tester], 0, by=1)
    db.session.commit()
    draining.drain_until(time.monotonic() + 20)
    (source,) = sources(mailbox)
    assert b"<news@shop.example.jp>" in source
    assert signed_by(source) == {"shop.example.jp", "mail.wem.example"}
