"""What follows from a customer's rate of complaints: a warning, or all mailings wait for staff (12禁9)."""

from __future__ import annotations

import sqlalchemy as sa

from wem import outbox
from wem.accounts.models import Account, Customer, Membership
from wem.accounts.rules import WRITERS
from wem.bounces import alarms, emails
from wem.bounces.complaining import standing_of
from wem.bounces.complaint_rules import Judgement, Standing
from wem.db import db
from wem.mailings import holding


def judge(customer_id: int) -> Judgement:
    """Look at a customer's rate and do what follows, once; returns what it came to. The caller commits.

    Where the answer is `hold` the mailings themselves are still to be held (`holding.hold_mailings`).
    """
    share = standing_of(customer_id)
    if share.judgement is Judgement.good:
        before = alarms.open_alarm(f"complaints {customer_id}")
        if before is not None:
            alarms.close(before, "", by=None)
        return share.judgement
    new = alarms.warn_of_complaints(customer_id, share.complaints)
    if share.judgement is Judgement.hold:
        if holding.hold_customer(customer_id):
            _tell(share)
    elif new:
        _tell(share)
    return share.judgement


def _tell(share: Standing) -> None:
    """Tell all who write mailings; this mail cannot be switched off."""
    customer = db.session.get_one(Customer, share.customer_id)
    people = db.session.scalars(
        sa.select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.customer_id == customer.id, Membership.role.in_(WRITERS), Account.ended_at.is_(None))
        .order_by(Account.id)
    )
    for person in people:
        outbox.post(emails.about_complaints(share, person), customer_id=customer.id)
