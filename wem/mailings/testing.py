"""Sends test copies to the customer's testers, filled in with an invented reader."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from wem import audit, outbox
from wem.accounts.models import Customer
from wem.db import db
from wem.domains.choosing import sender_address
from wem.hashing import address_hasher
from wem.lists.rules import Address, read_address
from wem.lists.subscription_models import Suppression
from wem.mailings import naming, previewing, starting
from wem.mailings.models import Mailing, Tester
from wem.mailings.start_problems import CannotStart, Problem
from wem.outbox import SystemMail

MOST_TESTERS = 20
# Also in English mails: colleagues file by it.
MARK = "【テスト】"


def testers_of(customer_id: int) -> list[Tester]:
    """Return the customer's testers in the order in which they were added."""
    return list(db.session.scalars(sa.select(Tester).where(Tester.customer_id == customer_id).order_by(Tester.id)))


def without_those_who_left(testers: Sequence[Tester]) -> tuple[list[Tester], list[Tester]]:
    """Return the testers who may get copies, and those whose address stopped one of their customer's lists."""
    hashed = address_hasher()
    marks = {}
    for tester in testers:
        address = read_address(tester.email)
        if isinstance(address, Address):
            marks[tester.id] = hashed(address.key)
    rows = db.session.execute(
        sa.select(Suppression.customer_id, Suppression.address_hash).where(
            Suppression.customer_id.in_({tester.customer_id for tester in testers}),
            Suppression.address_hash.in_(marks.values()),
        )
    )
    left = {(customer_id, mark) for customer_id, mark in rows}
    stopped = [tester for tester in testers if (tester.customer_id, marks.get(tester.id)) in left]
    return [tester for tester in testers if tester not in stopped], stopped


def send_copies(mailing: Mailing, testers: Sequence[Tester], sample: int, *, by: int) -> None:
    """Put a copy for each tester into the outbox, as invented reader number `sample`, from where the mailing itself
    goes; raises TemplateProblem, and CannotStart when the name chosen for it holds no longer."""
    if naming.lost([mailing]):
        raise CannotStart([Problem.name_not_approved])
    shown = previewing.as_sample(mailing, sample)
    sender = previewing.sender_shown(mailing)
    origin = sender_address(db.session.get_one(Customer, mailing.customer_id), starting.lists_of(mailing))
    for tester in testers:
        copy = SystemMail(
            kind="test_copy",
            recipient=tester.email,
            subject=MARK + shown.subject,
            text=shown.text,
            html=shown.html,
            sender_name=sender.name,
            reply_to=sender.reply_to,
            # Nothing goes from a domain that is no longer proven; then it comes from us, as other mails of ours.
            sender=None if origin.broken else origin.address,
            sender_domain_id=None if origin.broken or origin.domain is None else origin.domain.id,
        )
        outbox.post(copy, customer_id=mailing.customer_id, about=f"mailing {mailing.id}")
    testers_told = [tester.id for tester in testers]
    audit.record("mailing.test", by=by, customer_id=mailing.customer_id, subject=mailing, testers=testers_told)
