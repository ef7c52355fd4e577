"""Payments that are nobody's: kept as long as the law asks, then gone with all that was noted of them."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa
import time_machine

from tests.factories import make_receivable
from wem.audit import AuditEvent
from wem.billing import paying
from wem.billing.payment_models import BankStatement, Payment, PaymentShare
from wem.billing.payment_rules import PaymentWay
from wem.clock import JAPAN
from wem.db import db
from wem.erasure import erasing, jobs, planning, unowned
from wem.erasure.rules import Phase

PAID = date(2026, 4, 3)


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


@pytest.mark.both_databases
def test_a_payment_of_nobody_goes_after_the_time_of_the_law_but_not_while_it_is_owed(world):
    with at("2026-04-03T12:00"):
        statement = BankStatement(file_hash="a", filename="a.csv", read_by=1, new=2, known=0, skipped=0, amount=9)
        db.session.add(statement)
        owned = paying.take(PaymentWay.transfer, PAID, 500, world.ours.contract, by=1)
        aside, open_ = (paying.take(PaymentWay.transfer, PAID, 500, None, by=1, payer="ﾀﾞﾚｶ") for _ in range(2))
        aside.statement_id = statement.id
        paying.set_aside(aside, "ダレカ様の誤振込", by=1)
        # It was matched wrongly first: what is left of that goes too.
        paying.settle(open_, world.ours.contract, by=1)
        owed = make_receivable(world.ours.contract, PAID, 100)
        paying.settle(open_, world.ours.contract, by=1)
        paying.undo(open_.shares[0], by=1)
        db.session.commit()
        aside, open_, owned, owed = aside.id, open_.id, owned.id, owed.id
    with at("2034-05-31T12:00"):
        assert unowned.forget_payments() == 0
    with at("2034-06-01T12:00"):
        jobs.forget_old()
        assert set(db.session.scalars(sa.select(Payment.id))) == {open_, owned}
        assert db.session.scalar(sa.select(BankStatement.id)) is None
        told = sa.select(AuditEvent.details).where(AuditEvent.subject == f"Payment {aside}")
        assert set(map(str, db.session.scalars(told))) == {"{}"}
        paying.set_aside(db.session.get_one(Payment, open_), "振込元が不明", by=1)
        db.session.commit()
        jobs.forget_old()
    assert set(db.session.scalars(sa.select(Payment.id))) == {owned}
    assert db.session.scalar(sa.select(PaymentShare.id)) is None


@pytest.mark.both_databases
def test_a_share_that_was_taken_back_does_not_keep_the_books_of_a_customer(world):
    payment = paying.take(PaymentWay.transfer, PAID, 100, None, by=1)
    make_receivable(world.ours.contract, PAID, 100)
    paying.settle(payment, world.ours.contract, by=1)
    paying.undo(payment.shares[0], by=1)
    db.session.commit()
    for phase in Phase:
        for _ in erasing.pieces(planning.begun(world.ours.contract, phase, by=None), tell=False):
            db.session.commit()
    assert db.session.scalar(sa.select(PaymentShare.id)) is None and db.session.get(Payment, payment.id)
