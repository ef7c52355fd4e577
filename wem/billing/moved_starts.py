"""What a corrected start date does to the first fee (4-4): its month and its invoice follow, by further documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import clock
from wem.billing import correcting, first_invoices, invoice_rules
from wem.billing.invoice_models import Invoice
from wem.billing.invoice_rules import ItemKind, Line
from wem.billing.month_models import ContractMonth
from wem.contracts import describing
from wem.contracts.agreed import agreed_on
from wem.contracts.date_rules import days_in_month, month_start
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db

MONTHS_BACK = 2  # a start date is corrected before it comes; who looks later than this has other troubles


def waiting() -> list[int]:
    """Return contracts whose first month, or first invoice, is for another start date than theirs."""
    since = month_start(clock.today(), -MONTHS_BACK)
    found = (
        sa.select(ContractMonth)
        .join(Contract, Contract.id == ContractMonth.contract_id)
        .where(
            ContractMonth.first,
            Contract.state != ContractState.ended,
            sa.or_(Contract.start_date >= since, ContractMonth.month >= since),
        )
        .order_by(ContractMonth.contract_id)
    )
    return [row.contract_id for row in db.session.scalars(found) if _moved(row)]


def follow(contract: Contract) -> Invoice | None:
    """Move the first month to that of the start date and replace its invoice; returns the new one, if there is any.

    The sums stay what was told and paid. The caller commits.
    """
    db.session.refresh(contract, with_for_update={"key_share": True})
    row = db.session.scalar(
        sa.select(ContractMonth).where(ContractMonth.contract_id == contract.id, ContractMonth.first)
    )
    if row is None or not _moved(row):
        return None
    month = _month(contract)
    if row.month != month:
        row.month, row.opening_days = month, days_in_month(month)
        row.tiers = [list(tier) for tier in agreed_on(contract, month).tiers]
        db.session.flush()
    before = _replaceable(row)
    if before is None:
        return None
    with force_locale("ja"):
        day = describing.in_japanese(contract.start_date) if contract.start_date else ""
        note = gettext("The start date was corrected to %(day)s.", day=day)
    period = first_invoices.period(contract)
    _, new = correcting.replace_by(before, _lines(row, before), note, by=None, period=period)
    row.invoice_id = new.id
    return new


def _moved(row: ContractMonth) -> bool:
    if row.month != _month(row.contract):
        free = db.session.get(ContractMonth, (row.contract_id, _month(row.contract))) is None
        return free
    before = _replaceable(row)
    return before is not None and before.period_from != row.contract.start_date


def _month(contract: Contract) -> date:
    assert contract.start_date is not None
    return month_start(contract.start_date)


def _replaceable(row: ContractMonth) -> Invoice | None:
    """Return the invoice of the first fee that stands now; None when nothing was charged, or part was given back."""
    original = db.session.get(Invoice, row.invoice_id) if row.invoice_id else None
    standing = correcting.standing(original) if original else None
    whole = standing is not None and correcting.may_correct(standing) and correcting.left(standing) == standing.net
    return standing if whole else None


def _lines(row: ContractMonth, before: Invoice) -> list[Line]:
    """Return the lines of the first fee for its new month; the words of staff, where they have written it anew."""
    if before.id != row.invoice_id:
        return [replace(line, month=row.month if line.month else None) for line in correcting.lines_of(before)]
    initial = sum(int(each["amount"]) for each in before.lines if each["kind"] == ItemKind.initial.value)
    return invoice_rules.initial(row.basis, initial, row.charged)
