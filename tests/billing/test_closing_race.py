"""Two workers that close the same month at once, each a process of its own: every contract is charged once."""

import os
import threading
import traceback
from datetime import date

import pytest
import sqlalchemy as sa

from tests.billing.closing_world import at, contract_with, drafted, invoices
from wem.audit import AuditEvent
from wem.billing import closing, jobs, telling
from wem.billing.invoice_models import Invoice
from wem.billing.models import Receivable
from wem.billing.month_models import ContractMonth, MonthClose
from wem.billing.rules import CloseState
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind

MARCH, MANY = date(2026, 3, 1), 7


def begun():
    """A month whose close was begun over some contracts, one of which ends with it."""
    with at("2026-02-10T12:00"):
        contracts = [contract_with(10 + number) for number in range(MANY)]
        contracts[0].state, contracts[0].leaves_on = ContractState.leaving, MARCH
        db.session.commit()
    with at("2026-03-01T08:00"):
        close = drafted(MARCH)
        closing.start(close, by=1)
        db.session.commit()
    return [contract.id for contract in contracts]


def in_two_processes(work):
    """Do the same in two processes that begin together; fails when one of them does."""
    db.session.remove()
    db.engine.dispose()
    gate, opener = os.pipe()
    children = []
    for _ in range(2):
        child = os.fork()
        if not child:
            try:
                os.close(opener)
                os.read(gate, 1)  # until the parent lets both go
                work()
                os._exit(0)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        children.append(child)
    os.close(gate)
    os.close(opener)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]


def charged_once(ids):
    db.session.expire_all()
    assert db.session.get_one(MonthClose, MARCH).state is CloseState.done
    found = sorted(row.contract_id for row in invoices())
    assert found == ids[1:], "one invoice for each that goes on, none for a month after the end"
    assert [row.number for row in invoices()] == [f"2026-{place:06}" for place in range(1, MANY)]
    for rows, mine in (
        (Receivable.invoice_id, Receivable.invoice_id.is_not(None)),
        (Notice.about, Notice.kind == NoticeKind.invoice),
    ):
        number = sa.select(sa.func.count(), sa.func.count(sa.distinct(rows))).where(mine)
        assert tuple(db.session.execute(number).one()) == (MANY - 1, MANY - 1)
    months = sa.select(sa.func.count()).select_from(ContractMonth).where(ContractMonth.month == MARCH)
    assert db.session.scalar(months) == MANY - 1
    done = sa.select(sa.func.count()).select_from(AuditEvent).where(AuditEvent.action == "month.close")
    assert db.session.scalar(done) == 1


@pytest.mark.both_databases
def test_two_processes_close_one_month(app, monkeypatch):
    monkeypatch.setattr(closing, "AT_ONCE", 1)  # as many turns as can be
    monkeypatch.setattr(telling, "AT_ONCE", 1)
    ids = begun()
    with at("2026-03-01T08:00"):
        in_two_processes(jobs.close_month)
    charged_once(ids)


@pytest.mark.both_databases
def test_who_waits_for_a_contract_finds_it_charged(app):
    """The second one begins while the first has issued the invoice and has not committed it."""
    id = begun()[-1]
    with at("2026-03-01T08:00"):
        for _ in closing.WORK[closing.CloseStep.settle](MARCH):
            db.session.commit()
        for _ in closing.WORK[closing.CloseStep.open](MARCH):
            db.session.commit()
        closing.charge(id, MARCH)
        begins, over = threading.Event(), threading.Event()

        def second():
            with app.app_context():
                begins.set()
                closing.charge(id, MARCH)
                db.session.commit()
                db.session.remove()
                over.set()

        other = threading.Thread(target=second)
        other.start()
        assert begins.wait(30) and not over.wait(0.2), "it waits"
        db.session.commit()
        other.join(60)
    assert over.is_set()
    found = sa.select(sa.func.count()).select_from(Invoice).where(Invoice.contract_id == id)
    assert db.session.scalar(found) == 1 and db.session.get_one(Contract, id)
