"""Arrived mail of two customers' readers, by each address that tells whose it is, and by what it speaks of."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tests import factories
from wem import clock
from wem.db import db
from wem.delivery.identity import identity_keys, reply_address, return_path
from wem.delivery.models import Dispatch
from wem.inbound import keeping
from wem.inbound.envelopes import Envelope
from wem.inbound.keeping import Arriving
from wem.inbound.models import InboundMail
from wem.inbound.states import InboundState, Way
from wem.mailings import starting
from wem.settings import settings


def arrived_mails(world: factories.World, ours: list[str], theirs: list[str]) -> tuple[list[int], list[int]]:
    """Keep mails as the door would; returns the numbers of those of our readers, and of all others. Commits."""
    keys = identity_keys(settings().SECRET_KEY, None)
    numbers: list[list[int]] = []
    for half, addresses in ((world.ours, ours), (world.theirs, theirs)):
        mailing = factories.make_mailing(half.mailing_list, subject=f"{half.customer.name}より")
        db.session.commit()
        dispatch: Dispatch = starting.start(mailing, by=half.owner.id)
        db.session.commit()
        domain = settings().SERVICE_DOMAIN
        before = _newest()
        _keep(reply_address(dispatch.id, 1, domain, keys), addresses[0], "在庫はありますか。")
        _keep(return_path(dispatch.id, 1, settings().bounce_domain, keys), "", f"550 <{addresses[1]}>: no such user")
        _keep(f"{half.customer.slug}@{domain}", addresses[0], "返信です。")
        # To nobody's address: it speaks of a reader.
        _keep(f"fbl@{domain}", "", f"Original-Rcpt-To: {addresses[1]}")
        numbers.append(_since(before))
    before = _newest()
    _keep(f"abuse@{settings().SERVICE_DOMAIN}", "nobody@elsewhere.example", "よその話です。")
    # A person who reads both: the mail speaks of the other's reader too.
    _keep(f"fbl@{settings().SERVICE_DOMAIN}", "", f"Original-Rcpt-To: {theirs[0]}")
    return numbers[0], sorted(numbers[1] + _since(before))


def _keep(recipient: str, sender: str, text: str) -> None:
    raw = f"From: <{sender}>\r\nSubject: x\r\nMessage-ID: <{_newest()}@x.example>\r\n\r\n{text}\r\n".encode()
    keeping.keep([Arriving(Envelope(clock.now(), Way.lmtp, sender, (recipient,)), raw)])
    for mail in db.session.scalars(sa.select(InboundMail).where(InboundMail.state == InboundState.waiting)):
        mail.become(InboundState.taken, clock.now())
    db.session.commit()


def _newest() -> Any:
    return db.session.scalar(sa.select(sa.func.max(InboundMail.id))) or 0


def _since(number: int) -> list[int]:
    return list(db.session.scalars(sa.select(InboundMail.id).where(InboundMail.id > number).order_by(InboundMail.id)))
