"""The months that the demo's customers have behind them: invoices, debits, what came in and what did not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from wem import clock, workdays
from wem.billing import (
    closing,
    debit_answering,
    debit_deciding,
    debit_planning,
    debit_rules,
    debiting,
    drafting,
    first_invoices,
    paying,
    reminding,
)
from wem.billing.debit_models import live_runs
from wem.billing.debit_rules import Method
from wem.billing.invoice_models import Invoice
from wem.billing.payment_rules import PaymentWay
from wem.billing.rules import CloseStep
from wem.contracts import mandating
from wem.contracts.date_rules import bank_day_from, month_start
from wem.contracts.mandate_models import Mandate, mandates, sealed
from wem.contracts.models import Contract
from wem.db import db
from wem.demo import bank
from wem.demo.customers import Pays
from wem.notices import telling
from wem.notices.models import Notice
from wem.outbox import OutboxMail, OutboxState

Happens = list[tuple[datetime, Callable[[], object]]]  # when, and what
MONTHS = 3  # before the present one, which is still to be closed


@dataclass(frozen=True)
class Payer:
    """A contract of the demo with how it pays."""

    contract: Contract
    kana: str
    pays: Pays


def begin(today: date) -> date:
    """Return the 1st on which the demo's contracts began: the minimum term still runs."""
    return month_start(today, -MONTHS)


def morning(day: date, hour: int = 10) -> datetime:
    return datetime.combine(day, time(hour), clock.JAPAN)


def live(payers: list[Payer], *, by: int) -> None:
    """Let the months up to the present one happen, day after day, by the product's own acts; the caller commits."""
    now, today = clock.now(), clock.today()
    start = begin(today)
    happened: Happens = []
    for each in payers:
        happened += _beginnings(each, start, by)
    months = [month_start(start, 1), month_start(start, 2)]
    for month in months:
        happened += _month(payers, month, by)
    for each in payers:
        happened += _payments(each, months[0], by)
    for moment, act in sorted(happened, key=lambda each: each[0]):
        if moment < now:
            with clock.as_if(moment):
                act()
                db.session.flush()
    _unmatched(payers, today, by)
    _sent()


def _beginnings(payer: Payer, start: date, by: int) -> Happens:
    """The first fee, which came in before the start, and how the others are paid."""
    contract, first = payer.contract, morning(start)
    fee = (first, lambda: _first_fee(contract, start, by))
    if payer.pays is Pays.transfer:
        reason = "経理の都合により振込をご希望"
        return [
            fee,
            (first, lambda: debit_deciding.choose(contract, None, Method.transfer, reason, by=by)),
        ]
    sent: Happens = [
        fee,
        (first, lambda: mandating.receive(_mandate(payer), by=by)),
        (morning(start + timedelta(days=2)), lambda: mandating.send(_mandate_of(contract), by=by)),
    ]
    if payer.pays is Pays.waits_for_the_bank:
        return sent
    return [*sent, (morning(start + timedelta(days=20)), lambda: mandating.register(_mandate_of(contract), by=by))]


def _first_fee(contract: Contract, start: date, by: int) -> None:
    fee = first_invoices.by_table(contract)
    assert fee is not None
    paid_on = bank_day_from(start - timedelta(days=10), workdays.holidays())
    first_invoices.issue(contract, fee, paid_on, paid_on=paid_on, by=by)


def _mandate(payer: Payer) -> Mandate:
    contract = payer.contract
    row = Mandate(
        customer_id=contract.customer_id,
        contract=contract,
        bank="みずほ",
        bank_code="0001",
        branch="東京営業部",
        branch_code="001",
        account_type="1",
        account_sealed=sealed(f"{1_234_000 + contract.id}", contract.id),
        account_holder=payer.kana,
    )
    db.session.add(row)
    db.session.flush()
    return row


def _mandate_of(contract: Contract) -> Mandate:
    return mandates(contract.id)[-1]


def _month(payers: list[Payer], month: date, by: int) -> Happens:
    """The close of a month, its debit file, and what the bank said of it."""
    day = debit_planning.of_month(month)
    short = [each.contract.id for each in payers if each.pays is Pays.has_too_little]
    codes = {debit_rules.customer_number(id): debit_rules.Outcome.no_funds.value for id in short}
    return [
        (morning(month, 9), lambda: _close(month, by)),
        (morning(month + timedelta(days=9)), lambda: debiting.fetch(debiting.make(day, by=by), by=by)),
        (morning(day.result_on), lambda: _answered(day.debit_on, codes, by)),
    ]


def _close(month: date, by: int) -> None:
    close = drafting.begin(month, by=by)
    for _ in drafting.pieces(close):
        db.session.flush()
    closing.start(close, by=by)
    for _ in closing.pieces(close):
        db.session.flush()
        if close.step is CloseStep.tell:
            # Nobody is mailed today about an invoice of months ago.
            db.session.execute(sa.update(Invoice).where(Invoice.told_at.is_(None)).values(told_at=clock.now()))


def _answered(debit_on: date, codes: dict[str, str], by: int) -> None:
    run = next(each for each in live_runs() if each.debit_on == debit_on)
    debit_answering.check(run, bank.answer(run.file, codes), by=by)
    debit_answering.carry_out(run)


def _payments(payer: Payer, month: date, by: int) -> Happens:
    """Who pays by transfer has paid the first of the months, who waits for the bank all but the charges of it (7-1b);
    who has too little was reminded of it."""
    contract, days = payer.contract, workdays.holidays()
    if payer.pays is Pays.has_too_little:
        told = bank_day_from(debit_planning.of_month(month).result_on + timedelta(days=1), days)
        return [(morning(told), lambda: reminding.remind(contract, reminding.pay_by(clock.today()), by=by))]
    if payer.pays is Pays.debit:
        return []
    less = 440 if payer.pays is Pays.waits_for_the_bank else 0
    return [(morning(bank_day_from(month + timedelta(days=19), days)), lambda: _transferred(payer, less, by))]


def _transferred(payer: Payer, less: int, by: int) -> None:
    first, *_ = paying.open_sums(payer.contract.id)
    amount = first.missing - less
    payment = paying.take(PaymentWay.transfer, clock.today(), amount, payer.contract, by=by, payer=payer.kana)
    paying.settle(payment, payer.contract, [first.receivable_id], by=by)


def _unmatched(payers: list[Payer], today: date, by: int) -> None:
    """Who pays by transfer has paid again, and nobody has looked at the bank's list yet."""
    payer = next(each for each in payers if each.pays is Pays.transfer)
    missing = sum(each.missing for each in paying.open_sums(payer.contract.id))
    paying.take(PaymentWay.transfer, today - timedelta(days=1), missing, None, by=by, payer=payer.kana)


def _sent() -> None:
    """What the demo's customers were told has reached them in its time."""
    db.session.flush()
    for mail in db.session.scalars(sa.select(OutboxMail).where(OutboxMail.state == OutboxState.waiting)):
        mail.state, mail.finished_at = OutboxState.accepted, mail.created_at
        mail.recipient = mail.subject = mail.text = mail.html = None
        notice = db.session.scalar(sa.select(Notice).where(Notice.outbox_id == mail.id))
        if notice is not None:
            telling.mark_sent(notice, mail.created_at)
