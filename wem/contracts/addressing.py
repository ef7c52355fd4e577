"""To whom notices about a contract go, and whether by mail or letter (Art. 4-1, 22-3)."""

from __future__ import annotations

from wem.contracts.models import Contract
from wem.contracts.name_rules import honorific
from wem.domain_rules import is_carrier
from wem.notices.rules import Addressee


def addressee(contract: Contract) -> Addressee:
    """Return the declared address of a contract's customer for `notices.telling.tell`."""
    name = contract.customer.name
    return Addressee(
        name=name,
        honorific=honorific(name),
        email=contract.notice_email if by_mail(contract) else "",
        postal_code=contract.postal_code,
        address=contract.postal_address,
    )


def by_mail(contract: Contract) -> bool:
    """Return whether notices go by mail: not to a phone carrier's address (4-1), nor while mails come back (A-08)."""
    email = contract.notice_email
    return bool(email) and contract.notice_fails_since is None and not is_carrier(email.rpartition("@")[2].lower())


def about(contract: Contract) -> str:
    """Return how a contract's notices are found: what `tell` takes as `about`."""
    return f"contract {contract.id}"
