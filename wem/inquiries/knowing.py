"""Whose address this is: a customer's, a reader's, nobody's that we know."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from wem.accounts.models import Account, Customer, Membership
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db
from wem.inquiries.models import Writer
from wem.lists.rules import Address
from wem.lists.subscription_models import Subscriber

MOST = 20


@dataclass(frozen=True)
class Known:
    """`customer_id` when it is one customer's without doubt."""

    writer: Writer
    customer_id: int | None = None
    account_id: int | None = None
    name: str = ""


def known(address: Address) -> Known:
    """Return what our records say of an address. From can be forged, so this proves nothing."""
    account = db.session.scalar(
        sa.select(Account).where(Account.email == address.address.lower(), Account.ended_at.is_(None))
    )
    customers = customers_of(address.address.lower())
    if account is not None or customers:
        one = customers[0] if len(customers) == 1 else None
        return Known(Writer.customer, one, account.id if account else None, account.name if account else "")
    return Known(Writer.reader if customers_reading(address.key) else Writer.unknown)


def customers_of(email: str) -> list[int]:
    """Return the customers for whom this address signs in, or to whose contract in force it belongs."""
    signing_in = (
        sa.select(Membership.customer_id)
        .join(Account, Account.id == Membership.account_id)
        .where(Account.email == email, Account.ended_at.is_(None))
    )
    noticed = sa.select(Contract.customer_id).where(
        Contract.notice_email == email, Contract.state != ContractState.ended
    )
    return sorted(set(db.session.scalars(signing_in)) | set(db.session.scalars(noticed)))


def customers_reading(address_key: str) -> list[int]:
    """Return the customers who have this address among their readers; one look into the index for each customer."""
    reads = sa.exists().where(Subscriber.customer_id == Customer.id, Subscriber.address_key == address_key)
    return list(db.session.scalars(sa.select(Customer.id).where(reads).order_by(Customer.id).limit(MOST)))


def registered(customer_id: int, email: str) -> bool:
    """Return whether an address is registered for a customer: of its people, or for notices."""
    return customer_id in customers_of(email.lower())
