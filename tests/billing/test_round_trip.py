"""10,000 debits to the bank and back, with every code of result: what was paid is settled, to the yen."""

import random
from datetime import date

import sqlalchemy as sa

from tests.billing import bank
from tests.billing.test_arrears import at
from tests.factories import make_course
from wem import clock
from wem.accounts.models import Customer
from wem.billing import debit_answering, debit_planning, debiting, jobs
from wem.billing.debit_models import DebitEntry
from wem.billing.debit_rules import EntryState
from wem.billing.models import Receivable
from wem.billing.payment_models import Payment, PaymentShare
from wem.billing.rules import ReceivableKind
from wem.contracts.mandate_models import Mandate, sealed
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import MandateState
from wem.db import db

MANY = 10_000
DUE = date(2026, 3, 27)
HOLDERS = ("カ)タカハシ", "ヤマダ タロウ", "サトウ ハナコ", "ドウ)キタ-ノ", "イ)サクラカイ")
OTHERS = "123489N5E"
ACCOUNT = {
    "bank": "みずほ", "bank_code": "0001", "branch": "東京営業部", "branch_code": "001", "account_type": "1",
    "state": MandateState.registered, "moved_on": DUE, "note": "",
}  # fmt: skip


def fill(chance):
    """Customers with a contract, a mandate and a sum each, straight into the tables; returns yen by contract."""
    course, now = make_course().id, clock.now()
    first = (db.session.scalar(sa.select(sa.func.max(Customer.id))) or 0) + 1
    ids = range(first, first + MANY)
    amounts = {id: chance.randrange(1, 2_000_000) for id in ids}
    contract = {"course_id": course, "state": ContractState.active, "start_date": date(2026, 1, 1)}
    reach = {"sender_name": "店", "postal_code": "190-0012", "postal_address": "東京都", "contact": "x"}
    db.session.execute(
        sa.insert(Customer), [{"id": id, "name": f"店{id}", "slug": f"many{id}", "kana": "ミセ"} for id in ids]
    )
    db.session.execute(
        sa.insert(Contract),
        [{"id": id, "customer_id": id, "number": f"M{id:07}", "notice_email": "", **contract, **reach} for id in ids],
    )
    db.session.execute(
        sa.insert(Mandate),
        [
            {
                "customer_id": id,
                "contract_id": id,
                "account_holder": HOLDERS[id % len(HOLDERS)],
                "account_sealed": sealed(f"{id:07}", id),
                "created_at": now,
                **ACCOUNT,
            }
            for id in ids
        ],
    )
    row = {"label": "2026年3月分", "due_on": DUE, "paid": 0, "kind": ReceivableKind.monthly, "created_at": now}
    db.session.execute(
        sa.insert(Receivable),
        [{"customer_id": id, "contract_id": id, "amount": yen, **row} for id, yen in amounts.items()],
    )
    db.session.commit()
    return amounts


def test_ten_thousand_debits_there_and_back(world):
    chance = random.Random(91)
    amounts = fill(chance)
    with at("2026-03-10T12:00"):
        run = debiting.make(debit_planning.upcoming(clock.today()), by=world.admin.id)
        db.session.commit()
    file = run.file
    _, rows, tail = bank.read_request(file)
    asked = {int(row["number"]): int(row["amount"]) for row in rows}
    assert asked == amounts and int(tail["total"]) == sum(amounts.values()) == run.amount
    assert {int(row["number"]): int(row["account"]) for row in rows} == {id: id for id in amounts}
    # One in fifty is not paid: each of the codes, and those that are in no list.
    codes = ["0"] * MANY
    for place in range(0, MANY, 50):
        codes[place] = OTHERS[place // 50 % len(OTHERS)]
    with at("2026-04-02T12:00"):
        debit_answering.check(run, bank.answer(file, codes), by=world.admin.id)
        db.session.commit()
        jobs.carry_out_answer(run.id)
    paid = {int(row["number"]): int(row["amount"]) for row, code in zip(rows, codes, strict=True) if code == "0"}
    sums = sa.select(sa.func.count(), sa.func.sum(Receivable.amount), sa.func.sum(Receivable.paid))
    settled = db.session.execute(sums.where(Receivable.settled_on == DUE)).one()
    assert tuple(settled) == (len(paid), sum(paid.values()), sum(paid.values()))
    left = db.session.execute(sums.where(Receivable.settled_on.is_(None))).one()
    assert tuple(left) == (MANY - len(paid), sum(amounts.values()) - sum(paid.values()), 0)
    for column in (Payment.amount, Payment.settled, PaymentShare.amount):
        assert db.session.scalar(sa.select(sa.func.sum(column))) == sum(paid.values()) == run.paid_amount
    assert run.paid_amount + run.failed_amount == run.amount
    by_code = sa.select(DebitEntry.code, DebitEntry.state).where(DebitEntry.code != "0").distinct()
    found = {row.code: row.state for row in db.session.execute(by_code)}
    assert set(found) == set(OTHERS)
    assert {code for code, state in found.items() if state is EntryState.failed} == set("123")
