"""Which domains a customer may take as a sender, and taking and giving up one."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from wem import audit, clock
from wem.db import db
from wem.domain_rules import DomainGroup, domain_group
from wem.domains import keys
from wem.domains.keys import Pair
from wem.domains.models import ListSender, SenderDomain
from wem.domains.rules import (
    MOST_DOMAINS,
    DomainState,
    NameProblem,
    domain_name,
    is_at_or_under,
)
from wem.domains.suffixes import organisation_of
from wem.settings import settings


class Refused(Exception):
    """The domain cannot be taken; `problem` says why."""

    def __init__(self, problem: NameProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def name_for(typed: str, customer_id: int) -> str:
    """Return the name under which a customer may add what was typed; raises Refused."""
    name = domain_name(typed)
    if not name:
        raise Refused(NameProblem.not_a_domain)
    if organisation_of(name) is None:
        raise Refused(NameProblem.public_suffix)
    if any(is_at_or_under(name, own) or is_at_or_under(own, name) for own in _own_domains()):
        raise Refused(NameProblem.ours)
    if domain_group(name) is not DomainGroup.OTHER:
        raise Refused(NameProblem.mail_provider)
    have = list(db.session.scalars(sa.select(SenderDomain.name).where(SenderDomain.customer_id == customer_id)))
    if name in have:
        raise Refused(NameProblem.listed)
    if len(have) >= MOST_DOMAINS:
        raise Refused(NameProblem.too_many)
    if taken(name, customer_id):
        raise Refused(NameProblem.taken)
    return name


def taken(name: str, customer_id: int) -> bool:
    """Return whether another customer has proven this domain or one above it."""
    labels = name.split(".")
    above = [".".join(labels[at:]) for at in range(len(labels) - 1)]
    found = sa.exists().where(
        SenderDomain.customer_id.is_not(None),
        SenderDomain.customer_id != customer_id,
        SenderDomain.name.in_(above),
        SenderDomain.state.in_((DomainState.proven, DomainState.broken)),
    )
    return bool(db.session.scalar(sa.select(found)))


def add(name: str, pairs: Sequence[Pair], customer_id: int, *, by: int) -> SenderDomain:
    """Return the customer's new domain, its keys made before (`keys.first_pairs`); raises Refused."""
    name_for(name, customer_id)
    at = clock.now()
    domain = SenderDomain(customer_id=customer_id, name=name, created_at=at, check_at=at, findings={})
    try:
        with db.session.begin_nested():
            db.session.add(domain)
            keys.keep(domain, list(pairs), at)
    except IntegrityError:
        # Somebody of the same customer added it after we had looked.
        raise Refused(NameProblem.listed) from None
    audit.record("domain.add", by=by, customer_id=customer_id, subject=domain, domain=name)
    return domain


def delete(domain: SenderDomain, *, by: int) -> None:
    """Give a domain up; its keys are erased and lists that sent from it send from the service's domain."""
    db.session.execute(sa.delete(ListSender).where(ListSender.domain_id == domain.id))
    audit.record("domain.delete", by=by, customer_id=domain.customer_id, subject=domain, domain=domain.name)
    db.session.delete(domain)


def _own_domains() -> set[str]:
    own = settings()
    hosts = (own.SERVICE_DOMAIN, own.bounce_domain, own.portal_host, own.public_host)
    return {host.partition(":")[0].lower() for host in hosts}
