"""A world in which months are closed: contracts with every reason for a line, and the days that decide."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
import time_machine

from tests.factories import make_contract, make_customer, make_mandate, make_option
from wem.billing import closing, drafting
from wem.billing.invoice_models import Invoice
from wem.billing.models import Receivable
from wem.billing.month_models import MonthClose
from wem.billing.rules import CloseState
from wem.clock import JAPAN
from wem.contracts.models import Contract
from wem.contracts.part_models import ContractOption
from wem.contracts.state_rules import MandateState
from wem.db import db
from wem.lists.counting import change_count


def at(text: str) -> Any:
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


def contract_with(readers: int, name: str = "株式会社川口", **values: Any) -> Contract:
    """A contract whose customer has so many readers."""
    contract = make_contract(make_customer(name), **values)
    make_mandate(contract, MandateState.registered)
    if readers:
        change_count(contract.customer_id, readers)
    return contract


def with_option(contract: Contract, since: date, monthly: int = 500, name: str = "請求書の郵送") -> None:
    db.session.add(ContractOption(contract_id=contract.id, option=make_option(name, monthly), since=since))
    db.session.flush()


def drafted(month: date, by: int = 1) -> MonthClose:
    close = drafting.begin(month, by=by)
    db.session.commit()
    for _ in drafting.pieces(close):
        db.session.commit()
    return close


def closed(month: date, stop_after: int | None = None) -> bool:
    """Close a month like a worker, which may be killed after so many commits; returns whether it came to the end."""
    close = db.session.get(MonthClose, month)
    if close is None:
        close = drafted(month)
    if close.state is CloseState.drafted:
        closing.start(close, by=1)
        db.session.commit()
    for done, _ in enumerate(closing.pieces(close)):
        if stop_after is not None and done >= stop_after:
            # Killed in the midst of this piece: nothing of it is there.
            db.session.rollback()
            db.session.remove()
            return False
        db.session.commit()
    return True


def invoices(contract: Contract | None = None) -> list[Invoice]:
    found = sa.select(Invoice).order_by(Invoice.id)
    return list(db.session.scalars(found.where(Invoice.contract_id == contract.id) if contract else found))


def issued() -> list[tuple[Any, ...]]:
    """Return all that stands on all documents, as it can be compared."""
    return [
        (row.number, row.done_once, row.kind, row.total, row.tax, row.due_on, [line["label"] for line in row.lines])
        for row in invoices()
    ]


def owed(contract: Contract) -> list[tuple[int, date, date | None]]:
    found = sa.select(Receivable).where(Receivable.contract_id == contract.id).order_by(Receivable.id)
    return [(row.amount, row.due_on, row.settled_on) for row in db.session.scalars(found)]
