"""From which address a mailing goes: that of its lists' sender domain, else one of the service's domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wem import audit
from wem.accounts.models import Customer
from wem.db import db
from wem.domains.models import ListSender, SenderDomain, list_senders
from wem.domains.rules import DomainState
from wem.lists.models import MailingList
from wem.settings import settings


@dataclass(frozen=True)
class SenderAddress:
    """A mailing's From, the domain that it is on (None: the service's), and whether its lists say different ones."""

    address: str
    domain: SenderDomain | None = None
    ambiguous: bool = False

    @property
    def broken(self) -> bool:
        """Whether nothing may go from it at present."""
        return self.domain is not None and self.domain.state is not DomainState.proven


def service_address(customer: Customer) -> str:
    """Return the address that every customer can send from."""
    return f"{customer.slug}@{settings().SERVICE_DOMAIN}"


def sender_address(customer: Customer, lists: Sequence[MailingList]) -> SenderAddress:
    """Return what a mailing to these lists goes from: the address of the first list that has one of its own."""
    chosen = list_senders([row.id for row in lists])
    ordered = [chosen[number] for number in sorted(chosen)]
    if not ordered:
        return SenderAddress(service_address(customer))
    addresses = {row.address for row in ordered}
    several = len(addresses) > 1 or len(ordered) < len(lists)
    return SenderAddress(ordered[0].address, ordered[0].domain, several)


def choose(mailing_list: MailingList, domain: SenderDomain | None, local_part: str, *, by: int) -> None:
    """Have a list send from an address on a proven domain of its customer; None: from the service's domain."""
    row = db.session.get(ListSender, mailing_list.id)
    if domain is None:
        if row is not None:
            db.session.delete(row)
    elif domain.customer_id != mailing_list.customer_id or domain.state is not DomainState.proven:
        raise ValueError("a list sends from a proven domain of its own customer")
    elif row is None:
        row = ListSender(
            list_id=mailing_list.id,
            customer_id=mailing_list.customer_id,
            domain_id=domain.id,
            local_part=local_part,
        )
        db.session.add(row)
    else:
        row.domain_id, row.local_part = domain.id, local_part
    db.session.flush()
    address = f"{local_part}@{domain.name}" if domain else ""
    audit.record("list.sender", by=by, customer_id=mailing_list.customer_id, subject=mailing_list, address=address)
