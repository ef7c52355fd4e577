"""Tells the customer's people that a sender domain needs mending."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from wem import outbox
from wem.accounts.models import Account, Membership
from wem.db import db
from wem.domains import emails
from wem.domains.models import SenderDomain
from wem.domains.rules import KEEPERS

log = logging.getLogger("wem.domains")


def tell_keepers(domain: SenderDomain) -> None:
    """Put a mail into the outbox for each who can mend a customer's domain that has just broken.

    Call it in the transaction that changes the state, so that it is told once. A mail that cannot be written must not
    keep the domain from its state.
    """
    if domain.customer_id is None:
        return
    try:
        with db.session.begin_nested():
            for person in _keepers(domain.customer_id):
                mail = emails.about_broken(domain, person)
                outbox.post(mail, customer_id=domain.customer_id, about=f"domain {domain.id}")
    except Exception:
        log.exception("the people of sender domain %s could not be told", domain.id)


def _keepers(customer_id: int) -> list[Account]:
    return list(
        db.session.scalars(
            sa.select(Account)
            .join(Membership, Membership.account_id == Account.id)
            .where(Membership.customer_id == customer_id, Membership.role.in_(KEEPERS), Account.ended_at.is_(None))
            .order_by(Account.id)
        )
    )
