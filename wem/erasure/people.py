"""The people who signed in for a customer: those who work for nobody else lose name, address and password (同意5)."""

from __future__ import annotations

import sqlalchemy as sa

from wem import clock
from wem.accounts.models import Account, Membership, ReturnedAccount, SignIn, SignInAttempt
from wem.billing.invoice_models import Invoice
from wem.contracts.application_models import Application
from wem.contracts.models import Contract
from wem.db import db
from wem.documents import Document
from wem.erasure.plan_rules import ERASED
from wem.notices.models import Notice
from wem.privacy.models import Disclosure

BLANK = "erased-"


def blank(customer_id: int) -> dict[str, int]:
    """Blank the accounts that a customer's people leave behind, also of those who left the team before its end (8-1);
    returns what went by table. The caller commits.

    The row stays: records of acts name it by its number.
    """
    elsewhere = sa.select(Membership.account_id).where(Membership.customer_id != customer_id)
    mine = sa.select(Membership.account_id).where(Membership.customer_id == customer_id)
    left = sa.select(ReturnedAccount.account_id).where(ReturnedAccount.customer_id == customer_id)
    found = db.session.scalars(
        sa.select(Account).where(
            sa.or_(Account.id.in_(mine), Account.id.in_(left)),
            Account.id.not_in(elsewhere),
            Account.staff_role.is_(None),
            Account.partner_id.is_(None),
            Account.email.not_like(f"{BLANK}%"),
        )
    ).all()
    if not found:
        return {}
    ids, emails = [row.id for row in found], [row.email for row in found]
    sign_ins = db.session.execute(sa.delete(SignIn).where(SignIn.account_id.in_(ids)))
    attempts = db.session.execute(
        sa.delete(SignInAttempt).where(sa.or_(SignInAttempt.account_id.in_(ids), SignInAttempt.email.in_(emails)))
    )
    for row in found:
        row.email, row.name, row.password_hash = f"{BLANK}{row.id}@erased.invalid", ERASED, None
        row.ended_at = row.ended_at or clock.now()
    return {
        "account": len(ids),
        "sign_in": int(sign_ins.rowcount),  # type: ignore[attr-defined]
        "sign_in_attempt": int(attempts.rowcount),  # type: ignore[attr-defined]
    }


def adopt_papers(customer_id: int) -> None:
    """Have what was told and kept before there was a customer count as the customer's: it goes with the rest."""
    contracts = sa.select(Contract.id).where(Contract.customer_id == customer_id)
    ids = db.session.scalars(sa.select(Application.id).where(Application.contract_id.in_(contracts))).all()
    _adopt([f"application {id}" for id in ids], customer_id)


def adopt_books(customer_id: int) -> None:
    """The same for the books: papers of disclosures, and of invoices to third parties, name no customer."""
    for model, name in ((Invoice, "invoice"), (Disclosure, "disclosure")):
        ids = db.session.scalars(sa.select(model.id).where(model.customer_id == customer_id)).all()
        _adopt([f"{name} {id}" for id in ids], customer_id)
    told = sa.select(Notice.id).where(Notice.customer_id == customer_id)
    _adopt([f"notice {id}" for id in db.session.scalars(told)], customer_id)


def _adopt(about: list[str], customer_id: int) -> None:
    for model in (Notice, Document):
        db.session.execute(
            sa.update(model).where(model.about.in_(about), model.customer_id.is_(None)).values(customer_id=customer_id)
        )
