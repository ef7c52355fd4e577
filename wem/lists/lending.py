"""What a customer has been lent (8-1): sign-ins, the page of its own, dedicated addresses; from when to when."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, time

import sqlalchemy as sa

from wem import clock
from wem.accounts import page_names
from wem.accounts.models import Account, Membership, ReturnedAccount
from wem.accounts.rules import Role
from wem.contracts.models import Contract
from wem.db import db
from wem.lists.blank_addresses import address_of
from wem.lists.blank_mail_models import LentAddress
from wem.lists.blank_rules import Order
from wem.lists.models import MailingList
from wem.lists.page_reissuing import page_of


class LentKind(enum.StrEnum):
    account = "account"  # 専用ID
    page = "page"  # 専用URL
    address = "address"  # 専用メールアドレス


@dataclass(frozen=True)
class Lent:
    """One thing that was lent; `returned_at` is None while it is in use. `list_id` of dedicated addresses."""

    kind: LentKind
    name: str
    about: str
    lent_at: datetime
    returned_at: datetime | None
    role: Role | None = None
    list_id: int | None = None


def register(contract: Contract) -> list[Lent]:
    """Return everything that was lent for a contract, what is in use first, then by the day of lending."""
    over = _midnight(contract)
    found = [*_accounts(contract, over), *_pages(contract, over), *_addresses(contract, over)]
    return sorted(found, key=lambda row: (row.returned_at is not None, row.kind.value, row.lent_at))


def _midnight(contract: Contract) -> datetime | None:
    if contract.ended_on is None:
        return None
    return datetime.combine(contract.ended_on, time(), clock.JAPAN)


def _accounts(contract: Contract, over: datetime | None) -> list[Lent]:
    members = db.session.execute(
        sa.select(Membership, Account)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.customer_id == contract.customer_id)
    ).all()
    returned = db.session.scalars(
        sa.select(ReturnedAccount).where(ReturnedAccount.customer_id == contract.customer_id)
    ).all()
    kind = LentKind.account
    return [
        *(
            Lent(kind, account.email, account.name, membership.created_at, account.ended_at or over, membership.role)
            for membership, account in members
        ),
        *(Lent(kind, row.email, row.name, row.lent_at, row.returned_at, row.role) for row in returned),
    ]


def _pages(contract: Contract, over: datetime | None) -> list[Lent]:
    customer, kind = contract.customer, LentKind.page
    return [
        Lent(kind, page_of(customer.slug), "", page_names.lent_since(customer), over),
        *(
            Lent(kind, page_of(row.slug), row.reason, row.lent_at, row.returned_at)
            for row in page_names.returned_of(customer.id)
        ),
    ]


def _addresses(contract: Contract, over: datetime | None) -> list[Lent]:
    rows = db.session.execute(
        sa.select(LentAddress, MailingList.name)
        .join(MailingList, MailingList.id == LentAddress.list_id)
        .where(LentAddress.customer_id == contract.customer_id)
    ).all()
    return [
        Lent(
            LentKind.address,
            f"{address_of(row.code)} / {address_of(row.code, Order.stop)}",
            name,
            row.lent_at,
            row.returned_at or over,
            list_id=row.list_id,
        )
        for row, name in rows
    ]
