"""Reminder letters for what is overdue (督促), each on record with the day that it gives."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem import audit, clock, workdays
from wem.billing import collecting
from wem.billing.models import Receivable
from wem.billing.month_models import Reminder
from wem.contracts import addressing, date_rules
from wem.contracts.describing import in_japanese
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.notices.rules import NoticeKind, Words
from wem.notices.telling import tell
from wem.settings import settings


def pay_by(today: date) -> date:
    """Return until when a reminder of today gives: a day on which banks work."""
    return date_rules.bank_day_from(today + timedelta(days=int(settings().REMINDER_DAYS)), workdays.holidays())


def remind(contract: Contract, until: date, *, by: int, by_letter: bool = False) -> Reminder:
    """Send a reminder of all that is overdue and that no debit is to collect; the caller commits.

    Raises Illegal with nothing to ask for.
    """
    today = clock.today()
    rows = collecting.uncollected([contract.id], today)
    if not rows or until <= today:
        raise Illegal("nothing is overdue")
    amount = sum(row.missing for row in rows)
    with force_locale("ja"):
        words = Words(
            gettext("Please pay what is overdue"),
            [gettext("We have not been able to see your payment of the following. Please pay by the day below.")],
            [
                (gettext("Contract number"), contract.number),
                *((row.label, sum_text(row)) for row in rows),
                (gettext("Total with tax"), gettext("%(amount)s yen", amount=f"{amount:,}")),
                (gettext("Please pay by"), in_japanese(until)),
                (gettext("Where to"), settings().PROVIDER_ACCOUNT),
            ],
            [
                *_follows(contract, rows[0].due_on),
                gettext("If you have paid in the meantime, please excuse this letter."),
            ],
        )
        notice = tell(
            addressing.addressee(contract),
            words,
            NoticeKind.dunning,
            customer_id=contract.customer_id,
            about=addressing.about(contract),
            by=by,
            by_letter=by_letter,
            terms_version=contract.terms_version,
        )
    row = Reminder(
        customer_id=contract.customer_id,
        contract_id=contract.id,
        sent_on=today,
        pay_by=until,
        amount=amount,
        notice_id=notice.id,
        sent_by=by,
    )
    db.session.add(row)
    audit.record(
        "contract.remind", by=by, customer_id=contract.customer_id, subject=contract, amount=amount, deadline=str(until)
    )
    return row


def _follows(contract: Contract, since: date) -> list[str]:
    """Return what comes of not paying, in the language of the moment: nothing stops that is over or stands still."""
    if contract.state is ContractState.ended:
        return [
            gettext("The contract is over: all that it owes is due."),
            gettext("If it is not paid by then, we may take legal steps to collect it."),
        ]
    limit = in_japanese(date_rules.settle_limit(since))
    if contract.suspended:
        return [gettext("If it is not settled by %(day)s, the service cannot be resumed (Art. 13-2).", day=limit)]
    return [
        gettext("If it is not paid by then, we may suspend the service (Art. 13-2)."),
        gettext("If it is not settled by %(day)s, the service cannot be resumed after a suspension.", day=limit),
    ]


def sum_text(row: Receivable) -> str:
    return str(gettext("%(amount)s yen, due on %(day)s", amount=f"{row.missing:,}", day=in_japanese(row.due_on)))


def last_reminders(contract_ids: list[int]) -> dict[int, Reminder]:
    """Return the last reminder of each contract that has one."""
    newest = sa.select(sa.func.max(Reminder.id)).where(Reminder.contract_id.in_(contract_ids)).group_by(
        Reminder.contract_id
    )  # fmt: skip
    return {row.contract_id: row for row in db.session.scalars(sa.select(Reminder).where(Reminder.id.in_(newest)))}
