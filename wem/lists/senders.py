"""Who sends, as readers are told: the formal name and the way to reach them, from the contract in force."""

from __future__ import annotations

from dataclasses import dataclass

from wem import clock
from wem.accounts.models import Customer
from wem.contracts.models import contract_in_force
from wem.contracts.rules import ServicePart, Use
from wem.db import db
from wem.lists.takedown_models import down


@dataclass(frozen=True)
class Sender:
    """The sender of a customer's mails; address and contact are empty when no contract is in force."""

    customer_id: int
    slug: str
    name: str
    postal_code: str = ""
    postal_address: str = ""
    contact: str = ""
    # Whether registering is possible today: the contract permits it, and the pages are not taken down.
    open: bool = False
    # We have ended the intake of readers (14-1): coming back later is of no use.
    ended: bool = False
    # Whether back numbers are shown: the same, for the archive (product.md 8).
    archive: bool = False
    # Our staff have taken down all pages, or those of these lists.
    unavailable: bool = False
    lists_down: frozenset[int] = frozenset()

    def takes(self, list_id: int) -> bool:
        """Return whether registering on a list is possible, as far as the sender is concerned."""
        return self.open and list_id not in self.lists_down


def sender_of(customer: Customer) -> Sender:
    """Return the sender's details as the contract has them."""
    contract = contract_in_force(customer.id)
    pages_down, lists_down = down(customer.id)
    if contract is None:
        return Sender(customer.id, customer.slug, customer.name, unavailable=pages_down, lists_down=lists_down)
    return Sender(
        customer_id=customer.id,
        slug=customer.slug,
        name=contract.sender_name.strip() or customer.name,
        postal_code=contract.postal_code,
        postal_address=contract.postal_address,
        contact=contract.contact,
        open=contract.permits(Use.sign_up, clock.today()) and not pages_down,
        ended=ServicePart.intake in contract.terminated_parts,
        archive=contract.permits(Use.archive, clock.today()) and not pages_down,
        unavailable=pages_down,
        lists_down=lists_down,
    )


def sender_for(customer_id: int) -> Sender:
    """Return the sender's details of a customer that exists."""
    customer = db.session.get(Customer, customer_id)
    if customer is None:
        raise LookupError(f"no customer {customer_id}")
    return sender_of(customer)
