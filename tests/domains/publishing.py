"""Puts a domain's records into the tests' name server, as a customer would."""

from __future__ import annotations

from tests.name_server import NameServer
from wem.domains.models import SenderDomain
from wem.domains.record_rules import RecordKind
from wem.settings import settings


def publish(domain: SenderDomain, server: NameServer, *kinds: RecordKind) -> None:
    """Publish the records of these kinds; all of them when none is named."""
    for record in domain.records(settings().bounce_domain):
        if kinds and record.kind not in kinds:
            continue
        if record.type == "CNAME":
            server.alias(record.name, record.value)
        else:
            server.text(record.name, record.value)


def key_name(domain: SenderDomain, number: int = 1) -> str:
    return f"wem{number}._domainkey.{domain.name}"
