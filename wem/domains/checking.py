"""Looks whether a sender domain's records stand in DNS, and lets the domain and its keys follow."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from wem import audit, clock, queue
from wem.db import db
from wem.domains import claiming, keys, telling
from wem.domains.looking_up import NoAnswer, Resolver
from wem.domains.models import SenderDomain
from wem.domains.record_rules import (
    Finding,
    Record,
    RecordKind,
    judge_dkim,
    judge_dmarc,
    judge_return_path,
    read_tags,
)
from wem.domains.rules import DomainState, KeyKind, KeyState, Outcome, next_check, next_state, rotation_due
from wem.domains.suffixes import organisation_of
from wem.settings import settings

log = logging.getLogger("wem.domains")
# What is kept of the texts that stood there instead, to be shown.
MOST_TEXTS, LONGEST_TEXT = 4, 600
Found = tuple[Finding, list[str]]


@dataclass(frozen=True)
class Question:
    """What is asked about one domain: plain values, so that nothing of the session is needed meanwhile."""

    domain_id: int
    name: str
    records: tuple[Record, ...]


def have_checked(domain: SenderDomain) -> None:
    """Have a worker look at a domain as soon as one is free; rung after the commit."""
    domain.check_at = clock.now()
    queue.ring(queue.WORK, "wem.domains.jobs.check", domain.id)


def check(domain_id: int) -> SenderDomain | None:
    """Look at a domain's records now and return it as it stands then; None when it is gone.

    Commits; asks DNS (at most about ten seconds) and makes keys with no transaction open.
    """
    domain = db.session.get(SenderDomain, domain_id, populate_existing=True)
    if domain is None:
        return None
    question = Question(domain.id, domain.name, tuple(domain.records(settings().bounce_domain)))
    db.session.rollback()
    began, findings = clock.now(), ask(question)
    domain = _take(domain_id, findings, began)
    if domain is not None and domain.state is not DomainState.checking and (kinds := keys.lacking(domain)):
        db.session.rollback()
        pairs = [keys.make_pair(kind) for kind in kinds]
        domain = _locked(domain_id)
        if domain is not None and keys.lacking(domain) == kinds:
            keys.keep(domain, pairs, clock.now())
        db.session.commit()
    return domain


def ask(question: Question) -> dict[str, Found]:
    """Return for each record's name what was found; all are asked at the same time."""
    servers = settings().dns_servers

    def look(record: Record) -> tuple[str, Found]:
        try:
            return record.name, _LOOKS[record.kind](Resolver(servers), question.name, record)
        except NoAnswer as error:
            log.info("no answer about a sender domain: %s", error)
            return record.name, (Finding.no_answer, [])

    with ThreadPoolExecutor(max_workers=len(question.records)) as pool:
        return dict(pool.map(look, question.records))


def _look_at_key(resolver: Resolver, domain: str, record: Record) -> Found:
    wanted = read_tags(record.value) or {}
    texts = resolver.texts(record.name)
    kind = KeyKind(wanted["k"])
    if not texts and (texts := resolver.texts(f"{record.name}.{domain}")):
        right = judge_dkim(kind, wanted["p"], texts) is Finding.right
        return (Finding.doubled, texts) if right else (Finding.missing, [])
    return judge_dkim(kind, wanted["p"], texts), texts


def _look_at_policy(resolver: Resolver, domain: str, record: Record) -> Found:
    texts = resolver.texts(record.name)
    above = organisation_of(domain)
    if judge_dmarc(texts) is Finding.missing and above and above != domain:
        # A domain without a policy follows the one that the organisation has (RFC 7489 section 6.6.3).
        inherited = resolver.texts(f"_dmarc.{above}")
        if judge_dmarc(inherited) is Finding.right:
            return Finding.right, inherited
    found = judge_dmarc(texts)
    if found is Finding.missing and (doubled := resolver.texts(f"{record.name}.{domain}")):
        return (Finding.doubled, doubled) if judge_dmarc(doubled) is Finding.right else (found, texts)
    return found, texts


def _look_at_return_path(resolver: Resolver, _domain: str, record: Record) -> Found:
    chain, others = resolver.aliases(record.name)
    return judge_return_path(record.value, chain, others), chain


_LOOKS: dict[RecordKind, Callable[[Resolver, str, Record], Found]] = {
    RecordKind.dkim: _look_at_key,
    RecordKind.dmarc: _look_at_policy,
    RecordKind.return_path: _look_at_return_path,
}


def _locked(domain_id: int) -> SenderDomain | None:
    return db.session.scalar(
        sa.select(SenderDomain)
        .where(SenderDomain.id == domain_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _take(domain_id: int, findings: dict[str, Found], began: datetime) -> SenderDomain | None:
    """Write down what was found by a look that began at a moment, and let the domain follow; commits."""
    domain = _locked(domain_id)
    if domain is None:
        db.session.rollback()
        return None
    at = clock.now()
    domain.checked_at = at
    domain.findings = {name: _kept(found) for name, found in findings.items()}
    bounce_domain = settings().bounce_domain
    for record in domain.records(bounce_domain):
        finding = findings.get(record.name, (Finding.unchecked, []))[0]
        if finding is Finding.no_answer:
            continue  # what was found before still counts
        if record.kind is RecordKind.dmarc:
            domain.dmarc_found = finding is Finding.right
        elif record.kind is RecordKind.return_path:
            domain.return_path_found = finding is Finding.right
        for key in domain.keys:
            if record.name == f"{key.selector}._domainkey.{domain.name}":
                key.found = finding is Finding.right
    used, waiting = domain.key_in(KeyState.used), domain.key_in(KeyState.waiting)
    if waiting and rotation_due(used.used_since if used else None, bool(used and used.found), waiting.found, at):
        keys.change(domain, at)
        audit.record("domain.change_key", by=None, customer_id=domain.customer_id, subject=domain)
    keys.erase_past(domain, at)
    wanted = domain.check_at
    _follow(domain, _outcome(domain, findings))
    if began < wanted <= at:
        domain.check_at = wanted  # somebody asked for another look meanwhile
    db.session.commit()
    return domain


def _kept(found: Found) -> dict[str, Any]:
    return {"finding": found[0].value, "found": [text[:LONGEST_TEXT] for text in found[1][:MOST_TEXTS]]}


def _outcome(domain: SenderDomain, findings: dict[str, Found]) -> Outcome:
    used = domain.key_in(KeyState.used)
    if used is None:
        return Outcome.not_found
    finding = findings.get(f"{used.selector}._domainkey.{domain.name}", (Finding.no_answer, []))[0]
    if finding is Finding.no_answer:
        return Outcome.no_answer
    return Outcome.found if finding is Finding.right else Outcome.not_found


def _follow(domain: SenderDomain, outcome: Outcome) -> None:
    at, before = clock.now(), domain.state
    domain.failing_since = None if outcome is Outcome.found else domain.failing_since or at
    state = next_state(before, outcome, domain.failing_since, at)
    domain.check_at = at + next_check(state, domain.failing_since is not None, at - domain.created_at)
    if state is before or (state is DomainState.proven and not _claim(domain)):
        return
    domain.state = state
    if state is DomainState.proven:
        domain.proven_at = at
    audit.record(f"domain.{_ACTS[state]}", by=None, customer_id=domain.customer_id, subject=domain)
    if state is DomainState.broken:
        telling.tell_keepers(domain)
    if domain.customer_id is not None:
        queue.ring(queue.WORK, "wem.mailings.jobs.follow_domain", domain.id)


_ACTS = {DomainState.proven: "prove", DomainState.broken: "break", DomainState.checking: "release"}


def _claim(domain: SenderDomain) -> bool:
    """Return whether the domain becomes this customer's; no when another was faster."""
    if domain.customer_id is None or domain.state is DomainState.broken:
        return True
    if claiming.taken(domain.name, domain.customer_id):
        return False
    try:
        with db.session.begin_nested():
            db.session.execute(
                sa.update(SenderDomain).where(SenderDomain.id == domain.id).values(state=DomainState.proven)
            )
    except IntegrityError:
        return False
    return True
