"""Payments and whose they are: reading a bank's statement, and suggesting the contracts that a payment may be of."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from wem import audit, clock
from wem.accounts.models import Customer
from wem.billing import kana_rules, payment_rules, statement_rules
from wem.billing.models import Receivable
from wem.billing.payment_models import BankStatement, Payment
from wem.billing.payment_rules import Open, Owing, PaymentWay, Suggestion
from wem.contracts.mandate_models import Mandate
from wem.contracts.models import Contract
from wem.db import db


class ReadBefore(Exception):
    """This very file was read before."""


def read(content: bytes, filename: str, *, by: int) -> BankStatement:
    """Return a statement that was read, its new lines as payments whose owner nobody has confirmed yet.

    A line that another file has brought is left alone, so that days may overlap. Raises ReadBefore, BadStatement.
    """
    digest = hashlib.sha256(content).hexdigest()
    if db.session.scalar(sa.select(BankStatement.id).where(BankStatement.file_hash == digest)) is not None:
        raise ReadBefore
    found = statement_rules.read_statement(content, clock.today())
    marks = [each.mark for each in found.deposits]
    known = set(db.session.scalars(sa.select(Payment.line_hash).where(Payment.line_hash.in_(marks))))
    new = [each for each in found.deposits if each.mark not in known]
    row = BankStatement(
        file_hash=digest,
        filename=filename[:200],
        read_by=by,
        new=len(new),
        known=len(found.deposits) - len(new),
        skipped=found.skipped,
        amount=sum(each.amount for each in new),
    )
    db.session.add(row)
    db.session.flush()
    db.session.add_all(
        Payment(
            way=PaymentWay.transfer,
            paid_on=each.paid_on,
            amount=each.amount,
            settled=0,
            refunded=0,
            payer_kana=each.payer,
            statement_id=row.id,
            line_hash=each.mark,
            created_by=by,
        )
        for each in new
    )
    audit.record("payment.read", by=by, subject=row, count=row.new, amount=row.amount)
    db.session.flush()
    return row


def owing() -> list[Owing]:
    """Return every contract that owes something, with the names by which its money may come."""
    sums: dict[int, list[Open]] = {}
    rows = sa.select(Receivable.id, Receivable.contract_id, Receivable.amount - Receivable.paid, Receivable.due_on)
    for id, contract_id, missing, due_on in db.session.execute(rows.where(Receivable.settled_on.is_(None))):
        if missing > 0:
            sums.setdefault(contract_id, []).append(Open(id, contract_id, missing, due_on))
    names: dict[int, set[str]] = {contract_id: set() for contract_id in sums}
    numbers: dict[int, str] = {}
    contracts = sa.select(Contract.id, Contract.number, Customer.name, Customer.kana)
    owes = sa.select(Receivable.contract_id).where(Receivable.settled_on.is_(None))
    contracts = contracts.join(Customer, Customer.id == Contract.customer_id).where(Contract.id.in_(owes))
    for id, number, name, kana in db.session.execute(contracts):
        if id in names:
            numbers[id] = number
            names[id] |= {kana_rules.key(name), kana_rules.key(kana)}
    holders = sa.select(Mandate.contract_id, Mandate.account_holder).where(Mandate.contract_id.in_(owes))
    for contract_id, holder in db.session.execute(holders):
        if contract_id in names:
            names[contract_id].add(kana_rules.key(holder))
    return [
        Owing(id, numbers[id], frozenset(names[id] - {""}), tuple(sums[id])) for id in sorted(sums) if id in numbers
    ]


def suggestions(rows: list[Payment]) -> dict[int, list[Suggestion]]:
    """Return what speaks for whom, by payment, for payments that nobody has matched."""
    known = owing() if rows else []
    return {row.id: payment_rules.suggestions(row.free, row.payer_kana, known) for row in rows}
