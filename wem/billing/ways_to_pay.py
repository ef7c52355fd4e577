"""How what an invoice leaves open is paid, as its paper, its notice and the customer's page say it (6-1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask_babel import gettext

from wem import clock
from wem.billing import debit_planning, debit_rules, invoice_rules
from wem.billing.debit_models import OPEN, DebitEntry, DebitItem, DebitRun, live_runs, method_of, methods
from wem.billing.debit_rules import Method, debitable
from wem.billing.invoice_models import Invoice
from wem.billing.models import Receivable
from wem.contracts.describing import in_japanese
from wem.contracts.mandate_models import Mandate
from wem.contracts.state_rules import MandateState
from wem.db import db
from wem.settings import settings


@dataclass(frozen=True)
class WayToPay:
    """`how` is `debit_on_due` or `debit_next` by a registered mandate, `either` while it is not registered, `transfer`,
    `desk`, `paid`; empty for a return. `on`: the day of the debit that asks for it; `missing`: yen still to be paid."""

    how: str = ""
    on: date | None = None
    missing: int = 0


def way_to_pay(row: Invoice) -> WayToPay:
    """Return how what an invoice leaves open is paid, as things stand."""
    if row.total <= 0:
        return WayToPay()
    owed = db.session.scalar(sa.select(Receivable).where(Receivable.invoice_id == row.id))
    if row.third_party or owed is None:
        return WayToPay("transfer", missing=row.total)
    if owed.settled_on is not None or not owed.missing:
        return WayToPay("paid")
    return _way(owed, row.issued_on)


def open_of(contract_id: int) -> list[tuple[Receivable, WayToPay]]:
    """Return all that a contract owes, with or without an invoice, and how each sum is paid; the oldest first."""
    found = sa.select(Receivable).where(Receivable.contract_id == contract_id, Receivable.settled_on.is_(None))
    rows = db.session.scalars(found.order_by(Receivable.due_on, Receivable.id))
    return [(row, _way(row, row.created_at.date())) for row in rows if row.missing > 0]


def _way(owed: Receivable, since: date) -> WayToPay:
    """Return how a sum that is open, and known since a day, is paid."""
    method = method_of(owed.contract_id, owed.id, methods([owed.contract_id]))
    registered = sa.select(Mandate.id).where(
        Mandate.contract_id == owed.contract_id, Mandate.state == MandateState.registered
    )
    first = debit_rules.first_asking(since, owed.due_on, debit_planning.of_month)
    how = invoice_rules.way_to_pay(
        debited=debitable(owed.kind.value) and method is Method.debit,
        desk=method is Method.desk,
        registered=db.session.scalar(registered.limit(1)) is not None,
        on_due=first.debit_on == owed.due_on,
    )
    return WayToPay(how, _debit_of(owed) if how.startswith("debit") else None, owed.missing)


def _debit_of(owed: Receivable) -> date:
    """Return the day of the debit that asks for a sum: of the file that it stands in, else of the next one."""
    asked = sa.select(DebitRun.debit_on).join(DebitEntry, DebitEntry.run_id == DebitRun.id).join(DebitItem)
    asked = asked.where(DebitItem.receivable_id == owed.id, DebitEntry.state.in_(OPEN)).order_by(DebitRun.id.desc())
    known = db.session.scalar(asked.limit(1))
    made = {run.debit_on for run in live_runs()}
    return known or debit_rules.first_asking(clock.today(), owed.due_on, debit_planning.of_month, made).debit_on


def sentences(way: WayToPay) -> list[str]:
    """Return what a notice says of it."""
    account = settings().PROVIDER_ACCOUNT
    transfer = gettext(
        "Please transfer the amount to this account; the charges are borne by you: %(account)s", account=account
    )
    match way.how:
        case "transfer":
            return [transfer]
        case "either":
            return [
                gettext("Your account is not registered for direct debit yet. Once it is, the next debit asks for it."),
                gettext("If you do not mean to register one, or would rather pay before: %(how)s", how=transfer),
            ]
        case "desk":
            return [gettext("Please pay it at our desk.")]
        case "paid":
            return [gettext("It is paid: there is nothing left to do.")]
    if way.on is None:
        return []
    return [
        gettext(
            "It is debited from your registered account on %(day)s. Please see to the balance until the day before.",
            day=in_japanese(way.on),
        )
    ]
