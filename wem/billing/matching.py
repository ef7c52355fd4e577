"""Payments and whose they are: reading a bank's statement, and suggesting the contracts that a payment may be of."""

from __future__ import annotations

import functools
import hashlib
import itertools
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from wem import audit, clock
from wem.accounts.models import Customer
from wem.billing import kana_rules, payment_rules, statement_rules
from wem.billing.models import Receivable
from wem.billing.payment_models import BankStatement, DoubtfulLine, Payment
from wem.billing.payment_rules import Open, Owing, PaymentWay, Sought, Suggestion
from wem.billing.statement_rules import Deposit
from wem.contracts.mandate_models import Mandate
from wem.contracts.models import Contract
from wem.db import db


class ReadBefore(Exception):
    """This very file was read before."""


@dataclass(frozen=True)
class Read:
    """A statement that was read, and how many of its lines wait for somebody to say whether they are other payments."""

    statement: BankStatement
    in_doubt: int


def read(content: bytes, filename: str, *, by: int) -> Read:
    """Return a statement that was read, its new lines as payments whose owner nobody has confirmed yet.

    A line that another file has brought is left alone, so that days may overlap; where nothing tells whether it is the
    same one, people are asked (`DoubtfulLine`). Raises ReadBefore, BadStatement.
    """
    digest = hashlib.sha256(content).hexdigest()
    if db.session.scalar(sa.select(BankStatement.id).where(BankStatement.file_hash == digest)) is not None:
        raise ReadBefore
    found = statement_rules.read_statement(content, clock.today())
    known = _known([each.mark for each in found.deposits])
    new = [each for each in found.deposits if each.mark not in known]
    first_day = min((each.paid_on for each in found.deposits), default=None)
    doubtful = [
        each
        for each in found.deposits
        if not each.sure
        and first_day is not None
        and (last := known.get(each.mark)) is not None
        and statement_rules.in_doubt(first_day, each.paid_on, last)
    ]
    row = BankStatement(
        file_hash=digest,
        filename=filename[:200],
        read_by=by,
        new=len(new),
        known=len(found.deposits) - len(new) - len(doubtful),
        skipped=found.skipped,
        amount=sum(each.amount for each in new),
    )
    db.session.add(row)
    db.session.flush()
    if new:
        db.session.execute(sa.insert(Payment), [_columns(each, row.id, each.mark, by) for each in new])
    db.session.add_all(
        DoubtfulLine(statement_id=row.id, paid_on=each.paid_on, amount=each.amount, payer=each.payer, told=each.told)
        for each in doubtful
    )
    audit.record("payment.read", by=by, subject=row, count=row.new, amount=row.amount)
    db.session.flush()
    return Read(row, len(doubtful))


def _known(marks: list[str]) -> dict[str, date]:
    """Return the marks that are payments already, with the last day of the file that brought each."""
    last = sa.select(Payment.statement_id, sa.func.max(Payment.paid_on).label("day")).group_by(Payment.statement_id)
    days = last.where(Payment.statement_id.is_not(None)).subquery()
    found: dict[str, date] = {}
    for at in range(0, len(marks), 500):
        rows = (
            sa.select(Payment.line_hash, sa.func.coalesce(days.c.day, Payment.paid_on))
            .outerjoin(days, days.c.statement_id == Payment.statement_id)
            .where(Payment.line_hash.in_(marks[at : at + 500]))
        )
        found.update({mark: day for mark, day in db.session.execute(rows) if mark is not None})
    return found


def _columns(line: Deposit | DoubtfulLine, statement_id: int, mark: str, by: int) -> dict[str, Any]:
    return {
        "way": PaymentWay.transfer,
        "paid_on": line.paid_on,
        "amount": line.amount,
        "settled": 0,
        "refunded": 0,
        "payer_kana": line.payer,
        "statement_id": statement_id,
        "line_hash": mark,
        "created_by": by,
    }


def another(line: DoubtfulLine, *, by: int) -> Payment:
    """Return the payment that a line in doubt is: another one than that which an earlier file has brought."""
    marks = (statement_rules.mark(line.told, place) for place in itertools.count(1))
    payment = Payment(**_columns(line, line.statement_id, next(mark for mark in marks if not _known([mark])), by))
    line.statement.new += 1
    line.statement.amount += line.amount
    db.session.add(payment)
    db.session.delete(line)
    db.session.flush()
    audit.record("payment.another", by=by, subject=payment, amount=payment.amount)
    return payment


def same(line: DoubtfulLine, *, by: int) -> None:
    """A line in doubt is the payment that an earlier file has brought."""
    line.statement.known += 1
    audit.record("payment.same", by=by, subject=line.statement, amount=line.amount, on_day=str(line.paid_on))
    db.session.delete(line)


# Names of customers and account holders hardly change; spelling ten thousand of them anew for each page takes seconds.
_key = functools.lru_cache(maxsize=100_000)(kana_rules.key)


def suggestions(rows: list[Payment]) -> dict[int, list[Suggestion]]:
    """Return what speaks for whom, by payment, for payments that nobody has matched."""
    if not rows:
        return {}
    sought = Sought((row.free, row.payer_kana) for row in rows)
    by_sum = _by_sum(sought)
    known, telling = _near(sought, set(by_sum)), set().union(*by_sum.values())
    return {
        row.id: payment_rules.suggestions(row.free, row.payer_kana, known, alone=row.free in telling) for row in rows
    }


MISSING = Receivable.amount - Receivable.paid
OPEN = sa.and_(Receivable.settled_on.is_(None), MISSING > 0)


def _near(sought: Sought, by_sum: set[int]) -> list[Owing]:
    """Return the contracts that owe something and that what is sought may be of, with the names that their money may
    come by. All that owe are walked through as plain rows; of those alone that are near the sums are read."""
    names = _names()
    near = {id for id, (number, known) in names.items() if sought.may_be(number, known)} | by_sum
    sums: dict[int, list[Open]] = {}
    ids = sorted(near & names.keys())
    for at in range(0, len(ids), 500):
        rows = sa.select(Receivable.id, Receivable.contract_id, MISSING, Receivable.due_on)
        rows = rows.where(OPEN, Receivable.contract_id.in_(ids[at : at + 500]))
        for id, contract_id, missing, due_on in db.session.execute(rows):
            sums.setdefault(contract_id, []).append(Open(id, contract_id, missing, due_on))
    return [Owing(id, names[id][0], frozenset(names[id][1] - {""}), tuple(sums[id])) for id in ids if id in sums]


def _names() -> dict[int, tuple[str, set[str]]]:
    """Return number and names of every contract that owes something."""
    owes = sa.select(Receivable.contract_id).where(OPEN)
    rows = sa.select(Contract.id, Contract.number, Customer.name, Customer.kana, Mandate.account_holder)
    rows = rows.join(Customer, Customer.id == Contract.customer_id)
    rows = rows.outerjoin(Mandate, Mandate.contract_id == Contract.id).where(Contract.id.in_(owes))
    found: dict[int, tuple[str, set[str]]] = {}
    for id, number, name, kana, holder in db.session.execute(rows):
        known = found.setdefault(id, (number, set()))[1]
        known.update((_key(name), _key(kana), _key(holder or "")))
    return found


def _by_sum(sought: Sought) -> dict[int, set[int]]:
    """Return the contracts of which a sum, or all that is open, is one that was paid, with these sums; not such as are
    owed by too many to say anything."""
    each = sa.select(Receivable.contract_id, MISSING.label("yen")).where(OPEN)
    whole = sa.select(Receivable.contract_id, sa.func.sum(MISSING).label("yen")).where(OPEN)
    sums = sa.union(each, whole.group_by(Receivable.contract_id)).subquery()
    few = sa.select(sums.c.yen).where(sums.c.yen.in_(sought.amounts)).group_by(sums.c.yen)
    few = few.having(sa.func.count() <= payment_rules.FEW)
    found: dict[int, set[int]] = {}
    for contract_id, yen in db.session.execute(sa.select(sums.c.contract_id, sums.c.yen).where(sums.c.yen.in_(few))):
        found.setdefault(contract_id, set()).add(int(yen))
    return found
