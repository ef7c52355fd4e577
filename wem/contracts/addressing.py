"""To whom notices about a contract go (Art. 22-3)."""

from __future__ import annotations

from wem.contracts.models import Contract
from wem.contracts.name_rules import honorific
from wem.notices.rules import Addressee


def addressee(contract: Contract) -> Addressee:
    """Return the declared address of a contract's customer for `notices.telling.tell`."""
    name = contract.customer.name
    return Addressee(
        name=name,
        honorific=honorific(name),
        # Three mails in a row came back: by letter until staff know better.
        email="" if contract.notice_fails_since else contract.notice_email,
        postal_code=contract.postal_code,
        address=contract.postal_address,
    )


def about(contract: Contract) -> str:
    """Return how a contract's notices are found: what `tell` takes as `about`."""
    return f"contract {contract.id}"
