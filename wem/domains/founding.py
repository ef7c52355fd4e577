"""The service's own sender domain: made once, looked at like customers' domains."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from wem import audit, clock
from wem.db import db
from wem.domains import keys
from wem.domains.models import SenderDomain
from wem.settings import settings


def service_domain() -> SenderDomain:
    """Return the service's domain with its keys, made when they are not there yet. Commits."""
    name = settings().SERVICE_DOMAIN
    domain = SenderDomain.of_service(name)
    if domain is not None:
        return domain
    db.session.rollback()
    pairs = keys.first_pairs()
    at = clock.now()
    domain = SenderDomain(customer_id=None, name=name, created_at=at, check_at=at, findings={})
    db.session.add(domain)
    keys.keep(domain, pairs, at)
    try:
        db.session.flush()
        audit.record("domain.add", by=None, subject=domain, domain=name)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()  # another process made it at the same moment
        made = SenderDomain.of_service(name)
        assert made is not None
        return made
    return domain
