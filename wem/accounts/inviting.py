"""Asking a person to join a customer's people, staff or a partner, and taking up the invitation."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from wem import audit, clock, outbox
from wem.accounts import emails
from wem.accounts.models import Account, Customer, Invitation, Membership, Partner
from wem.accounts.rules import Role, StaffRole
from wem.accounts.signing_in import account_of
from wem.db import db

LIFETIME = timedelta(days=7)


class AlreadyThere(Exception):
    """The person has this place already."""


def invite_member(customer: Customer, email: str, name: str, role: Role, *, by: Account) -> Invitation:
    """Invite a person to a customer's people; raises AlreadyThere for one of them."""
    account = account_of(email)
    if account and any(m.customer_id == customer.id for m in account.memberships):
        raise AlreadyThere
    return _invite(Invitation(customer=customer, role=role), email, name, by)


def invite_staff(email: str, name: str, role: StaffRole, *, by: Account | None) -> Invitation:
    """Invite a person to staff; raises AlreadyThere for one who signs in already, in whatever place."""
    if account_of(email):
        raise AlreadyThere
    return _invite(Invitation(staff_role=role), email, name, by)


def invite_partner(partner: Partner, email: str, name: str, *, by: Account) -> Invitation:
    """Invite a person of a partner; raises AlreadyThere for one who signs in already."""
    if account_of(email):
        raise AlreadyThere
    return _invite(Invitation(partner=partner), email, name, by)


def _invite(invitation: Invitation, email: str, name: str, by: Account | None) -> Invitation:
    email = email.strip().lower()
    earlier = db.session.scalars(
        sa.select(Invitation).where(
            Invitation.email == email,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
            Invitation.customer_id == (invitation.customer.id if invitation.customer else None),
        )
    )
    for row in earlier:
        row.withdrawn_at = clock.now()
    invitation.email = email
    invitation.name = name.strip()
    invitation.invited_by = by.id if by else None
    db.session.add(invitation)
    db.session.flush()
    outbox.post(emails.invitation(invitation), about=f"invitation {invitation.id}")
    audit.record("invitation.send", by=invitation.invited_by, customer_id=invitation.customer_id, subject=invitation)
    return invitation


def usable(invitation: Invitation | None) -> bool:
    """Return whether an invitation can still be taken up."""
    return (
        invitation is not None
        and invitation.accepted_at is None
        and invitation.withdrawn_at is None
        and clock.now() - invitation.created_at <= LIFETIME
    )


def accept(invitation: Invitation, name: str, password_hash: str | None) -> Account:
    """Make the account (or take the existing one) and give it its place; the caller commits."""
    account = account_of(invitation.email)
    if account is None:
        account = Account(email=invitation.email, name=name.strip() or invitation.name)
        if password_hash:
            account.set_password(password_hash)
        db.session.add(account)
    if invitation.staff_role is not None:
        account.staff_role = invitation.staff_role
    if invitation.partner_id is not None:
        account.partner_id = invitation.partner_id
    if invitation.customer_id is not None and invitation.role is not None:
        db.session.add(Membership(account=account, customer_id=invitation.customer_id, role=invitation.role))
    invitation.accepted_at = clock.now()
    db.session.flush()
    audit.record("invitation.accept", by=account.id, customer_id=invitation.customer_id, subject=invitation)
    return account


def withdraw(invitation: Invitation, *, by: int | None) -> None:
    """Take an invitation back: its link no longer works."""
    invitation.withdrawn_at = clock.now()
    outbox.take_back(f"invitation {invitation.id}")
    audit.record("invitation.withdraw", by=by, customer_id=invitation.customer_id, subject=invitation)


def waiting(customer_id: int) -> list[Invitation]:
    """Return the invitations to a customer's people that nobody took up or took back, the oldest first."""
    found = sa.select(Invitation).where(
        Invitation.customer_id == customer_id, Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None)
    )
    return list(db.session.scalars(found.order_by(Invitation.id)))
