"""Lending dedicated addresses to lists (Art. 8-1), and taking them back; one given up is nobody's for twelve months."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from wem import audit, clock
from wem.accounts import page_names
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db, insert_ignoring
from wem.lists.blank_mail_models import BlankMail, LentAddress
from wem.lists.blank_rules import LETTERS, MADE_LENGTH, STOP, CodeProblem, Order, code_problem
from wem.lists.models import MailingList
from wem.settings import settings

RESTS = timedelta(days=366)
AT_ONCE = 500


class CannotLend(Exception):
    """The address cannot be lent; `problem` says why."""

    def __init__(self, problem: CodeProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True)
class Found:
    """The list to which a mail was sent, and by which of its addresses."""

    mailing_list: MailingList
    code: str
    order: Order


def address_of(code: str, order: Order = Order.sign_up) -> str:
    """Return the dedicated address of a code: for signing up, or the way out."""
    return f"{code}{STOP if order is Order.stop else ''}@{settings().SERVICE_DOMAIN}"


def lent_to(list_id: int) -> LentAddress | None:
    """Return the address that is lent to a list now."""
    return db.session.scalar(
        sa.select(LentAddress).where(LentAddress.list_id == list_id, LentAddress.returned_at.is_(None))
    )


def found(local_part: str) -> Found | None:
    """Return whose dedicated address a local part is; None when it is lent to nobody."""
    code, order = local_part.lower(), Order.sign_up
    if code.endswith(STOP):
        code, order = code[: -len(STOP)], Order.stop
    row = db.session.scalar(sa.select(LentAddress).where(LentAddress.code == code, LentAddress.returned_at.is_(None)))
    if row is None:
        return None
    mailing_list = db.session.get_one(MailingList, row.list_id)
    return Found(mailing_list, code, order)


def taken(local_part: str, *, but: int | None = None) -> bool:
    """Return whether a local part is a dedicated address now, or was one until less than twelve months ago.

    `but` is a list that may have its own address back before that.
    """
    code = local_part.removesuffix(STOP)
    at = clock.now()
    resting = sa.and_(LentAddress.returned_at > at - RESTS, LentAddress.list_id != (but or 0))
    return bool(
        db.session.scalar(
            sa.select(
                sa.exists().where(
                    LentAddress.code == code,
                    sa.or_(LentAddress.returned_at.is_(None), resting),
                )
            )
        )
    )


def lend(mailing_list: MailingList, code: str, *, by: int | None) -> LentAddress:
    """Lend a list the address that its customer chose, in place of the one before; raises CannotLend."""
    if problem := code_problem(code):
        raise CannotLend(problem)
    before = lent_to(mailing_list.id)
    if before is not None and before.code == code:
        return before
    # A customer's name is the local part of its sender address.
    named = any(page_names.holder(each) is not None for each in (code, code + STOP))
    if taken(code, but=mailing_list.id) or named:
        raise CannotLend(CodeProblem.taken)
    if before is not None:
        give_back(before, by=by)
        db.session.flush()
    made = db.session.scalar(
        insert_ignoring(LentAddress)
        .values(
            customer_id=mailing_list.customer_id, list_id=mailing_list.id, code=code, lent_at=clock.now(), lent_by=by
        )
        .returning(LentAddress.id)
    )
    if made is None:
        raise CannotLend(CodeProblem.taken)
    if db.session.get(BlankMail, mailing_list.id) is None:
        db.session.add(BlankMail(list_id=mailing_list.id, customer_id=mailing_list.customer_id))
    db.session.flush()
    audit.record("blank_mail.lend", by=by, customer_id=mailing_list.customer_id, subject=mailing_list, address=code)
    return db.session.get_one(LentAddress, made)


def made_code() -> str:
    """Return a free code of six letters and digits that cannot be mistaken for one another."""
    while True:
        code = "".join(secrets.choice(LETTERS) for _ in range(MADE_LENGTH))
        if code_problem(code) is None and not taken(code):
            return code


def give_back(row: LentAddress, *, by: int | None, at: datetime | None = None) -> None:
    """End the lending of an address: mail to it is answered by nobody any more."""
    row.returned_at = at or clock.now()
    listed = db.session.get_one(MailingList, row.list_id)
    audit.record("blank_mail.return", by=by, customer_id=row.customer_id, subject=listed, address=row.code)


def take_back_ended() -> int:
    """Take back the addresses of deleted lists and of customers whose contract has ended; returns how many.

    The twelve months run from then. The caller commits, and calls again until nothing is left.
    """
    in_force = sa.exists().where(Contract.customer_id == LentAddress.customer_id, Contract.state != ContractState.ended)
    archived = sa.exists().where(MailingList.id == LentAddress.list_id, MailingList.archived_at.is_not(None))
    over = db.session.scalars(
        sa.select(LentAddress)
        .where(LentAddress.returned_at.is_(None), sa.or_(~in_force, archived))
        .order_by(LentAddress.id)
        .limit(AT_ONCE)
    ).all()
    for row in over:
        give_back(row, by=None)
    return len(over)
