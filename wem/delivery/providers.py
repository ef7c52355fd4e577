"""Which provider takes the mail of each reader: by the tables of known domains, for the rest by MX, looked up ahead."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wem import clock, queue
from wem.db import db
from wem.delivery.pace_models import MailDomain
from wem.delivery.provider_rules import believed_for, pause_after, provider_of_servers
from wem.delivery.watching import looking
from wem.domain_rules import DomainGroup
from wem.lists.subscription_models import Subscriber
from wem.settings import settings

# Domains looked up in one go, and seconds that one may take.
PORTION = 50
PATIENCE = 4.0
FORGOTTEN_AFTER = timedelta(days=30)


def provider() -> sa.ColumnElement[str]:
    """Return the provider of a subscriber, in a query that has `known_domain` joined."""
    return sa.case(
        (Subscriber.domain_group != DomainGroup.OTHER.value, Subscriber.domain_group),
        else_=sa.func.coalesce(MailDomain.provider, DomainGroup.OTHER.value),
    )


def known_domain() -> sa.ColumnElement[bool]:
    """Return the condition that joins MailDomain (outer) to Subscriber."""
    return sa.and_(Subscriber.domain_group == DomainGroup.OTHER.value, MailDomain.domain == _domain())


def want_domains(customer_id: int, after: int, last: int, at: datetime, *more: sa.ColumnElement[bool]) -> None:
    """Note the domains that no table names, of a customer's subscribers with these numbers (and of which `more` is
    true), so that they are looked up.

    Does not commit, and asks nobody.
    """
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    moment: Any = MailDomain.due_at.type
    domains = (
        sa.select(
            _domain().label("domain"),
            sa.literal(DomainGroup.OTHER.value),
            sa.literal(at, moment),
            sa.literal(0),
            sa.literal(at, moment),
        )
        .where(
            Subscriber.customer_id == customer_id,
            Subscriber.id > after,
            Subscriber.id <= last,
            Subscriber.active_count > 0,
            Subscriber.domain_group == DomainGroup.OTHER.value,
            *more,
        )
        # In one order, so that two who note the same domains do not wait for each other in a circle.
        .group_by(sa.text("1"))
        .order_by(sa.text("1"))
    )
    noted = insert(MailDomain).from_select(["domain", "provider", "due_at", "failures", "wanted_at"], domains)
    db.session.execute(
        noted.on_conflict_do_update(
            index_elements=[MailDomain.domain],
            set_={"wanted_at": noted.excluded.wanted_at},
            where=MailDomain.wanted_at < at - timedelta(days=1),
        )
    )


def look_up_until(deadline: float) -> bool:
    """Look up the domains that are due until `deadline` (monotonic); returns whether there may be more. Commits.

    What nobody wrote to for 30 days is forgotten.
    """
    at = clock.now()
    db.session.execute(sa.delete(MailDomain).where(MailDomain.wanted_at < at - FORGOTTEN_AFTER))
    db.session.commit()
    while time.monotonic() < deadline - 2 * PATIENCE and not queue.stopping.is_set():
        with looking():
            due = sa.select(MailDomain.domain, MailDomain.failures).where(MailDomain.due_at <= at)
            domains = {row.domain: row.failures for row in db.session.execute(due.order_by("due_at").limit(PORTION))}
        if not domains:
            return False
        _keep(domains, asyncio.run(_ask(list(domains))), clock.now())
    return True


def _keep(failures: dict[str, int], found: dict[str, tuple[DomainGroup, int] | None], at: datetime) -> None:
    rows: list[dict[str, Any]] = []
    for domain, answer in sorted(found.items()):
        if answer is None:
            # What was known before is better than nothing.
            failed = failures[domain] + 1
            values = {"due_at": at + pause_after(failed), "failures": min(failed, 100)}
        else:
            values = {"provider": answer[0].value, "due_at": at + believed_for(answer[1]), "failures": 0}
        rows.append({"domain": domain, **values})
    for same in (False, True):
        if some := [row for row in rows if ("provider" in row) is same]:
            db.session.execute(sa.update(MailDomain), some)
    db.session.commit()


async def _ask(domains: list[str]) -> dict[str, tuple[DomainGroup, int] | None]:
    resolver = _resolver()
    answers = await asyncio.gather(*(_servers(resolver, domain) for domain in domains))
    return dict(zip(domains, answers, strict=True))


async def _servers(resolver: dns.asyncresolver.Resolver, domain: str) -> tuple[DomainGroup, int] | None:
    """Return the provider and the answer's time to live in seconds; None when there was no answer."""
    try:
        answer = await resolver.resolve(dns.name.from_text(domain), "MX")
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return DomainGroup.OTHER, 0
    except (dns.exception.DNSException, OSError, UnicodeError):
        return None
    # Those preferred take the mail; the others stand in.
    best = min(record.preference for record in answer)
    servers = [record.exchange.to_text() for record in answer if record.preference == best]
    assert answer.rrset is not None
    return provider_of_servers(servers), answer.rrset.ttl


def _resolver() -> dns.asyncresolver.Resolver:
    servers = settings().dns_servers
    resolver = dns.asyncresolver.Resolver(configure=not servers)
    if servers:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
    resolver.lifetime = PATIENCE
    return resolver


def _domain() -> sa.ColumnElement[str]:
    if db.engine.dialect.name == "postgresql":
        return sa.func.lower(sa.func.split_part(Subscriber.address, "@", 2))
    return sa.func.lower(sa.func.substr(Subscriber.address, sa.func.instr(Subscriber.address, "@") + 1))
