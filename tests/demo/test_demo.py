"""The demo: made once, counted right, on reserved domains, never in production."""

import re
from dataclasses import replace

import pytest
import sqlalchemy as sa
import time_machine

from wem import clock
from wem.accounts.models import Account, Customer, Membership
from wem.accounts.rules import StaffRole, password_problem
from wem.audit import AuditEvent
from wem.billing import arrears, books, closing, debit_planning
from wem.billing.debit_models import DebitRun
from wem.billing.debit_rules import RunState
from wem.billing.invoice_models import Invoice
from wem.billing.rules import Occasion
from wem.contracts.models import Contract
from wem.db import db
from wem.demo import making
from wem.demo.cli import demo as demo_command
from wem.demo.cli import sign_ins
from wem.demo.customers import CUSTOMERS, OTHERS, PASSWORD
from wem.demo.names import PREFECTURES, readers
from wem.lists.counting import recount, registered
from wem.lists.models import MailingList
from wem.lists.subscription_models import ConsentEvent, Subscriber, Subscription
from wem.mailings import checking
from wem.mailings.models import Mailing
from wem.mailings.states import MailingState
from wem.outbox import OutboxMail, OutboxState

RESERVED = re.compile(r"@(?:[a-z]+\.)*example(?:\.(?:com|net|org|jp|co\.jp|ne\.jp|ac\.jp))$")


@pytest.fixture
def demo(app):
    making.make()
    db.session.commit()


def test_readers_are_distinct_and_unreachable():
    many = list(readers(1000))
    assert len({reader.address for reader in many}) == 1000
    assert all(RESERVED.search(reader.address) for reader in many)
    assert len({reader.name for reader in many[:200]}) > 150
    assert {"髙橋", "山﨑"} <= {reader.name.split()[0] for reader in many}
    assert list(readers(5)) == many[:5]


def test_every_prefecture_can_be_chosen():
    assert len(set(PREFECTURES)) == len(PREFECTURES) == 47
    assert {reader.prefecture for reader in readers(200)} <= set(PREFECTURES)


def test_made_and_counted(demo):
    slugs = [c.slug for c in db.session.scalars(sa.select(Customer).order_by(Customer.id))]
    assert slugs == [each.slug for each in (*CUSTOMERS, *OTHERS)]
    for customer in db.session.scalars(sa.select(Customer)):
        assert registered(customer.id) == recount(customer.id)
        assert (registered(customer.id) > 0) is (customer.slug in ("takahashi", "yunosato"))
    for row in db.session.scalars(sa.select(MailingList)):
        counted = sa.select(sa.func.count()).select_from(Subscription).where(Subscription.list_id == row.id)
        assert row.active_count == db.session.scalar(counted)
    # 200 and 40 share 20 people; each registration has its two proofs.
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Subscriber)) == 280
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ConsentEvent)) == 600


def test_nothing_is_faked(demo):
    assert {m.state for m in db.session.scalars(sa.select(Mailing))} == {MailingState.draft}
    waiting = sa.select(OutboxMail.id).where(OutboxMail.state == OutboxState.waiting)
    assert db.session.scalar(waiting) is None


def test_drafts_could_be_sent(demo, app):
    with app.test_request_context():
        for mailing in db.session.scalars(sa.select(Mailing)):
            assert not checking.refused(checking.checks(mailing)), mailing.subject


def test_contracts_may_send(demo):
    contracts = db.session.scalars(sa.select(Contract).order_by(Contract.id)).all()
    assert {c.standing for c in contracts} == {"in_use"}
    assert not any(c.missing_legal_items for c in contracts)
    assert [c.attested_uploads for c in contracts] == [True, False, False, False, False]
    assert all(c.effective_on < c.start_date < clock.today() for c in contracts)


def test_everybody_signs_in(demo, browser_for):
    assert password_problem(PASSWORD, "x@example.jp") is None
    told = sign_ins()
    accounts = db.session.scalars(sa.select(Account)).all()
    assert all(account.email in told for account in accounts)
    # One hash for all: checking takes its time on purpose.
    assert len({account.password_hash for account in accounts}) == 1 and accounts[0].has_password(PASSWORD)
    page = browser_for().submit("/login", {"email": "editor@yunosato.example.jp", "password": PASSWORD})
    assert page.location == "/dashboard"
    admin = db.session.scalar(sa.select(Account).where(Account.staff_role == StaffRole.admin))
    assert browser_for(admin).get("/staff/contracts").status == 200
    delegate = db.session.scalar(sa.select(Account).where(Account.email.startswith("delegate@")))
    both = sa.select(sa.func.count()).select_from(Membership).where(Membership.account_id == delegate.id)
    assert db.session.scalar(both) == len(CUSTOMERS)


@pytest.mark.parametrize("today", ["2026-11-28", "2027-03-01"])
def test_money_has_a_past_on_whatever_day_it_begins(app, today):
    with time_machine.travel(f"{today}T03:00:00+09:00", tick=False):
        making.make()
        db.session.commit()
        day = clock.today()
        issued = list(db.session.scalars(sa.select(Invoice)))
        assert {row.occasion for row in issued} == {Occasion.initial, Occasion.monthly} and len(issued) == 15
        assert all(row.issued_on <= day and row.told_at for row in issued)
        assert all(row.due_on > row.issued_on for row in issued if row.occasion is Occasion.monthly)
        runs = list(db.session.scalars(sa.select(DebitRun).order_by(DebitRun.id)))
        assert runs[0].state is RunState.answered and runs[0].paid_count == 2 and runs[0].failed_count == 1
        assert len(runs) == 2 and runs[0].made_at < runs[1].made_at < clock.now()
        names = [each.contract.customer.slug for each in arrears.debtors(day)]
        assert "sakurabooks" in names and "takahashi" not in names
        assert sum(each.amount for each in books.ageing(day)) > 0
        assert closing.next_month(day) == day.replace(day=1), "the present month is still to be closed"
        if runs[1].state is RunState.answered:
            plan = debit_planning.plan(debit_planning.upcoming(day), joined=True)
            assert [record[0].who.name for record in plan.records] == ["株式会社さくら書店"]
        last = db.session.scalar(sa.select(sa.func.max(AuditEvent.at)))
        assert last <= clock.now()


def test_command_makes_it_once(app):
    runner = app.test_cli_runner()
    first = runner.invoke(demo_command)
    assert first.exit_code == 0 and PASSWORD in first.output
    assert (app.config["WEM"].var / "demo.txt").read_text("utf-8") == first.output
    assert runner.invoke(demo_command).output == first.output
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Customer)) == 5
    shown = runner.invoke(demo_command, ["--show"]).output
    assert shown.endswith(first.output) and "http://localhost:8000" in shown
    (app.config["WEM"].var / "demo.txt").unlink()
    assert runner.invoke(demo_command, ["--show"]).exit_code == 1


def test_command_leaves_a_used_database_alone(app, world):
    before = db.session.scalar(sa.select(sa.func.count()).select_from(Account))
    answer = app.test_cli_runner().invoke(demo_command)
    assert answer.exit_code == 0 and "customers already" in answer.output
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Account)) == before
    (app.config["WEM"].var / "demo.txt").unlink()


def test_never_in_production(app, monkeypatch):
    monkeypatch.setitem(app.config, "WEM", replace(app.config["WEM"], WEM_ENV="production"))
    answer = app.test_cli_runner().invoke(demo_command)
    assert answer.exit_code == 1 and "production" in answer.output
    assert db.session.scalar(sa.select(Customer.id)) is None
