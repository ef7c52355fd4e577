"""Which mailings a broken sender domain concerns."""

from __future__ import annotations

import sqlalchemy as sa

from wem.accounts.models import Customer
from wem.db import db
from wem.delivery.controlling import RUNNING
from wem.delivery.models import Dispatch, DispatchState
from wem.domains.choosing import sender_address
from wem.domains.models import SenderDomain
from wem.domains.rules import DomainState
from wem.mailings.models import Mailing
from wem.mailings.starting import lists_of
from wem.mailings.states import MailingState


def broken_domains() -> list[int]:
    """Return the customers' domains that nothing may go from at present."""
    found = sa.select(SenderDomain.id).where(
        SenderDomain.state == DomainState.broken, SenderDomain.customer_id.is_not(None)
    )
    return list(db.session.scalars(found))


def going_from(domain_id: int) -> list[int]:
    """Return the mailings that are scheduled or being sent from a domain that is broken; none when it is not."""
    domain = db.session.get(SenderDomain, domain_id, populate_existing=True)
    if domain is None or domain.state is not DomainState.broken or domain.customer_id is None:
        return []
    running = db.session.scalars(
        sa.select(Dispatch)
        .join(Mailing, Mailing.id == Dispatch.mailing_id)
        .where(
            Dispatch.customer_id == domain.customer_id,
            Dispatch.state.in_((*RUNNING, DispatchState.waiting, DispatchState.pausing)),
            Mailing.state == MailingState.sending,
        )
    )
    found = sorted({row.mailing_id for row in running if row.content.get("sender_domain_id") == domain.id})
    customer = db.session.get_one(Customer, domain.customer_id)
    scheduled = db.session.scalars(
        sa.select(Mailing).where(Mailing.customer_id == customer.id, Mailing.state == MailingState.scheduled)
    )
    return found + [row.id for row in scheduled if sender_address(customer, lists_of(row)).domain is domain]


def unfinished_from(domain: SenderDomain) -> int:
    """Return how many mailings have begun to go from a domain and are not over; it cannot be given up before."""
    rows = db.session.scalars(
        sa.select(Dispatch).where(
            Dispatch.customer_id == domain.customer_id,
            Dispatch.state.not_in((DispatchState.done, DispatchState.cancelled, DispatchState.failed)),
        )
    )
    return sum(row.content.get("sender_domain_id") == domain.id for row in rows)


def from_broken_domain(dispatch: Dispatch) -> bool:
    """Return whether a dispatch goes from a domain that is not proven at present."""
    domain_id = dispatch.content.get("sender_domain_id")
    domain = db.session.get(SenderDomain, domain_id, populate_existing=True) if domain_id else None
    return domain_id is not None and (domain is None or domain.state is not DomainState.proven)
