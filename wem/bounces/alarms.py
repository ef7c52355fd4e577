"""Alarms: one open row for each thing that staff have to look at, counted up while it goes on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wem import audit, clock
from wem.bounces import trouble_rules
from wem.bounces.models import Alarm, AlarmKind, ProviderTally
from wem.bounces.states import Reason
from wem.bounces.trouble_rules import Place, Trouble, trouble_of
from wem.db import db
from wem.delivery.rules import without_addresses


def look_at(failures: Sequence[tuple[Any, Any]]) -> None:
    """Raise an alarm where a provider refuses a sender domain, or all of us; (sent mail, report) as just recorded."""
    found: Counter[tuple[str, str, int, Trouble, date]] = Counter()
    samples: dict[tuple[str, str, int, Trouble, date], str] = {}
    for sent, report in failures:
        trouble = trouble_of(report.reason)
        if trouble is not None:
            day = report.at.astimezone(clock.JAPAN).date()
            key = (sent.provider, sent.tally_domain, sent.customer_id, trouble, day)
            found[key] += 1
            samples.setdefault(key, without_addresses(report.diagnostic))
    for key in sorted(found, key=str):
        provider, domain, customer_id, trouble, day = key
        refused = _refused(day, provider, trouble)
        if refused[domain] < trouble_rules.ALARM_AT:
            continue
        known: dict[str, Any] = {"provider": provider, "trouble": trouble.value, "sample": samples[key]}
        if domain:
            name = f"domain {domain} {provider} {trouble}"
            _raise(name, AlarmKind.provider, found[key], customer_id=customer_id, domain=domain, **known)
        troubled = [each for each, number in refused.items() if number >= trouble_rules.ALARM_AT]
        if trouble_rules.concerns_pool(trouble, troubled):
            _raise(f"pool {provider} {trouble}", AlarmKind.provider, found[key], **known)


def postponed(place: Place, number: int, sample: str, *, pool: bool) -> None:
    """Raise the alarm about mails that a provider puts off: of a sender domain, and of all of us where `pool`."""
    known: dict[str, Any] = {"provider": place.provider, "trouble": place.trouble.value, "sample": sample}
    if place.domain:
        name = f"later {place.domain} {place.provider} {place.trouble}"
        own = {"customer_id": place.customer_id, "domain": place.domain}
        _raise(name, AlarmKind.postponed, number, **own, **known)
    if pool:
        _raise(f"later pool {place.provider} {place.trouble}", AlarmKind.postponed, number, **known)


def _refused(day: date, provider: str, trouble: Trouble) -> dict[str, int]:
    """Return how many mails of each sender domain met a trouble at a provider on a day."""
    reasons = [reason for reason in Reason if trouble_of(reason) is trouble]
    found: dict[str, int] = defaultdict(int)
    for domain, number in db.session.execute(
        sa.select(ProviderTally.domain, sa.func.sum(ProviderTally.number))
        .where(ProviderTally.day == day, ProviderTally.provider == provider, ProviderTally.reason.in_(reasons))
        .group_by(ProviderTally.domain)
    ):
        found[domain] = int(number)
    return found


def warn_of_complaints(customer_id: int, complaints: int) -> bool:
    """Open the alarm about a customer's complaints, or bring it up to date; returns whether it is new."""
    before = open_alarm(f"complaints {customer_id}")
    if before is not None:
        before.number, before.last_at = complaints, clock.now()
        return False
    _raise(f"complaints {customer_id}", AlarmKind.complaints, complaints, customer_id=customer_id)
    return True


def open_alarm(key: str) -> Alarm | None:
    """Return the open alarm of a key."""
    return db.session.scalar(sa.select(Alarm).where(Alarm.key == key, Alarm.closed_at.is_(None)))


def _raise(key: str, kind: AlarmKind, number: int, **values: Any) -> None:
    at = clock.now()
    made = (postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert)(Alarm)
    row = {"domain": "", "provider": "", "trouble": "", "sample": "", "note": "", **values}
    db.session.execute(
        made.values(key=key, kind=kind, number=number, first_at=at, last_at=at, **row).on_conflict_do_update(
            index_elements=[Alarm.key],
            index_where=Alarm.closed_at.is_(None),
            set_={"number": Alarm.number + made.excluded.number, "last_at": at},
        )
    )


def close(alarm: Alarm, note: str, *, by: int | None) -> bool:
    """Close an alarm that is dealt with; False when somebody else has closed it. It opens anew when it goes on."""
    closed = db.session.execute(
        sa.update(Alarm)
        .where(Alarm.id == alarm.id, Alarm.closed_at.is_(None))
        .values(closed_at=clock.now(), closed_by=by, note=note)
    )
    if not closed.rowcount:  # type: ignore[attr-defined]
        return False
    if by is not None:
        audit.record("alarm.close", by=by, customer_id=alarm.customer_id, subject=alarm, note=note)
    return True


def open_alarms(limit: int = 200) -> Sequence[Alarm]:
    """Return the open alarms, the newest first."""
    return db.session.scalars(
        sa.select(Alarm).where(Alarm.closed_at.is_(None)).order_by(Alarm.last_at.desc()).limit(limit)
    ).all()


def of_domains(customer_id: int, domains: Iterable[str] | None = None) -> Sequence[Alarm]:
    """Return the open alarms about a customer's sender domains (or some of them)."""
    query = sa.select(Alarm).where(
        Alarm.closed_at.is_(None),
        Alarm.customer_id == customer_id,
        Alarm.kind.in_((AlarmKind.provider, AlarmKind.postponed)),
    )
    if domains is not None:
        query = query.where(Alarm.domain.in_(list(domains)))
    return db.session.scalars(query.order_by(Alarm.last_at.desc())).all()
