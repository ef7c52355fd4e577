"""Giving back a sign-in that was lent to a customer's person (8-1): the place goes, the record of it stays."""

from __future__ import annotations

from wem import audit
from wem.accounts.models import Membership, ReturnedAccount
from wem.db import db


def give_back(membership: Membership, *, by: int) -> None:
    """Take a person's place with a customer away, and keep from when to when it was lent. The caller commits."""
    account = membership.account
    db.session.add(
        ReturnedAccount(
            customer_id=membership.customer_id,
            account_id=account.id,
            name=account.name,
            email=account.email,
            role=membership.role,
            lent_at=membership.created_at,
            returned_by=by,
        )
    )
    audit.record(
        "team.remove", by=by, customer_id=membership.customer_id, subject=membership, person=membership.account_id
    )
    db.session.delete(membership)
