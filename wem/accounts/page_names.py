"""Whose name in page addresses something is: the dedicated URLs that are lent now, and those given back (8-1)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from wem.accounts.models import Customer, ReturnedPage
from wem.db import db


def returned(slug: str) -> ReturnedPage | None:
    """Return the page that was given back under this name."""
    return db.session.scalar(sa.select(ReturnedPage).where(ReturnedPage.slug == slug))


def holder(slug: str) -> int | None:
    """Return the customer who has a name, or had it; None when nobody ever did."""
    now = db.session.scalar(sa.select(Customer.id).where(Customer.slug == slug))
    if now is not None:
        return now
    before = returned(slug)
    return before.customer_id if before else None


def returned_of(customer_id: int) -> list[ReturnedPage]:
    """Return the pages that a customer gave back, the oldest first."""
    found = sa.select(ReturnedPage).where(ReturnedPage.customer_id == customer_id).order_by(ReturnedPage.id)
    return list(db.session.scalars(found))


def lent_since(customer: Customer) -> datetime:
    """Return since when a customer has its present page."""
    before = returned_of(customer.id)
    return before[-1].returned_at if before else customer.created_at
