"""Noticing that one sign-in is used from two places at once, and telling who answers for it (8-2, 12禁22)."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from wem import audit, clock, outbox
from wem.accounts import emails
from wem.accounts.browser_names import browser_name
from wem.accounts.models import Account, Membership, SignIn
from wem.accounts.rules import OWNERS, same_network
from wem.db import db
from wem.settings import settings

TOLD_AGAIN_AFTER = timedelta(hours=24)


def look_for_second_place(account: Account, here: SignIn) -> bool:
    """Tell the person and the owners of its customers when another network holds a sign-in that is alive.

    At most once a day; returns whether it was told now. The caller commits.
    """
    at = clock.now()
    since = at - timedelta(minutes=int(settings().LOGIN_IDLE_MINUTES))
    others = db.session.scalars(
        sa.select(SignIn).where(
            SignIn.account_id == account.id, SignIn.ended_at.is_(None), SignIn.seen_at > since, SignIn.id != here.id
        )
    )
    elsewhere = next((row for row in others if not same_network(row.ip, here.ip)), None)
    if elsewhere is None or (account.two_places_at and at - account.two_places_at < TOLD_AGAIN_AFTER):
        return False
    account.two_places_at = at
    customers: list[int] = [membership.customer_id for membership in account.memberships]
    places = [(browser_name(row.user_agent), row.ip, row.created_at) for row in (elsewhere, here)]
    for person in {account, *_owners(customers)}:
        outbox.post(emails.two_places(account, person, places), about=f"account {account.id}")
    audit.record("account.two_places", by=None, customer_id=customers[0] if customers else None, subject=account)
    return True


def _owners(customers: list[int]) -> list[Account]:
    return list(
        db.session.scalars(
            sa.select(Account)
            .join(Membership, Membership.account_id == Account.id)
            .where(Membership.customer_id.in_(customers), Membership.role.in_(OWNERS), Account.ended_at.is_(None))
            .distinct()
        )
    )
