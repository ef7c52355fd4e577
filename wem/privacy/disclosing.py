"""A disclosure from the wish to the day on which something was given, each step by a person and on record."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import audit, documents
from wem.accounts.models import Customer
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.documents import Document
from wem.privacy.models import Disclosure
from wem.privacy.rules import Basis, DataClass, DisclosureAction, may_disclose


def propose(
    customer: Customer,
    basis: Basis,
    data: DataClass,
    requester: str,
    items: str,
    reason: str,
    *,
    by: int,
    reference: str = "",
) -> Disclosure:
    """Enter a wish for disclosure; nothing is given before another person approves.

    Raises Illegal for a ground on which data of this class are never given.
    """
    if not may_disclose(data, basis):
        raise Illegal("not on this ground")
    row = Disclosure(
        customer_id=customer.id,
        basis=basis,
        data=data,
        requester=requester,
        reference=reference,
        items=items,
        reason=reason,
        proposed_by=by,
    )
    db.session.add(row)
    db.session.flush()
    audit.record("disclosure.propose", by=by, customer_id=customer.id, subject=row, basis=basis.value, data=data.value)
    return row


def attach(row: Disclosure, content: bytes, name: str, *, by: int) -> Document:
    """Keep a paper of the disclosure: the demand, the consent, the receipt. Raises storage.TooLarge.

    It names no customer, so that no page of theirs lists it: a demand may be secret.
    """
    kept = documents.keep(content, name, about=row.about, customer_id=None, media_type="application/octet-stream")
    audit.record("disclosure.attach", by=by, customer_id=row.customer_id, subject=row, file=name)
    return kept


def papers(row: Disclosure) -> list[Document]:
    """Return the papers of a disclosure, the oldest first."""
    return list(db.session.scalars(sa.select(Document).where(Document.about == row.about).order_by(Document.id)))


def decide(row: Disclosure, action: DisclosureAction, note: str, *, by: int) -> None:
    """Approve, refuse or withdraw. Raises OwnProposal and Illegal."""
    row.decide(action, note, by=by)
    audit.record(f"disclosure.{action.name}", by=by, customer_id=row.customer_id, subject=row, note=note)


def give(row: Disclosure, on: date, how: str, *, by: int) -> None:
    """Note that it was given. Raises Illegal."""
    row.give(on, how, by=by)
    audit.record("disclosure.give", by=by, customer_id=row.customer_id, subject=row, day=on.isoformat(), note=how)
