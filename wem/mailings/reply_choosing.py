"""Where replies to a customer's mailings go: to WeM, or to an address on a proven domain of the customer."""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit
from wem.db import db
from wem.domains.models import SenderDomain
from wem.domains.rules import DomainState
from wem.lists.rules import Address, read_address, wire_address
from wem.mailings.reply_models import ReplySetting


class NotProven(ValueError):
    """The address is not on a proven domain of the customer."""


def reply_address_for(customer_id: int) -> str | None:
    """Return the customer's own address for replies, on the wire; None when WeM takes them.

    An address whose domain is not proven any more gets nothing: WeM takes the replies until it is.
    """
    setting = db.session.get(ReplySetting, customer_id)
    found = read_address(setting.address) if setting and setting.address else None
    if not isinstance(found, Address) or not _proven(customer_id, found.domain):
        return None
    return wire_address(found.address)


def set_replies(customer_id: int, address: str, keep_days: int, *, by: int) -> None:
    """Have replies go to an address (empty: to WeM) and be kept so many days; raises NotProven. The caller commits."""
    found = read_address(address) if address else None
    if address and not (isinstance(found, Address) and _proven(customer_id, found.domain)):
        raise NotProven
    setting = db.session.get(ReplySetting, customer_id)
    if setting is None:
        setting = ReplySetting(customer_id=customer_id)
        db.session.add(setting)
    setting.address, setting.keep_days = found.address if isinstance(found, Address) else "", keep_days
    db.session.flush()
    audit.record("reply.settings", by=by, customer_id=customer_id, address=setting.address, days=keep_days)


def _proven(customer_id: int, domain: str) -> bool:
    return bool(
        db.session.scalar(
            sa.select(
                sa.exists().where(
                    SenderDomain.customer_id == customer_id,
                    SenderDomain.name == domain,
                    SenderDomain.state == DomainState.proven,
                )
            )
        )
    )
