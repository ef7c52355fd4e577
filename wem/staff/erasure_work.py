"""What there is to do for staff on erasures: what went on with a fault."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import gettext

from wem.contracts.models import Contract
from wem.db import db
from wem.erasure.models import Erasure
from wem.staff.work_items import MOST, Item


def records() -> list[Item]:
    """Return erasures whose record of consent the customer got as plain text, for it could not be set."""
    found = (
        sa.select(Erasure, Contract)
        .join(Contract, Contract.id == Erasure.contract_id)
        .where(Erasure.fault_at.is_not(None))
        .order_by(Erasure.id)
        .limit(MOST)
    )
    what, action = gettext("The record of consent went out as plain text"), gettext("To the erasure")
    return [
        Item(row.fault_at.date(), contract, what, action, f"/staff/erasures/contracts/{contract.id}")
        for row, contract in db.session.execute(found)
        if row.fault_at is not None
    ]
