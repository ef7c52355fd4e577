"""An application that is refused after all, before the service has begun: the contract is void (4-3, A-03)."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa
import time_machine

from tests.contracts.applications import make_application
from tests.factories import make_account, make_contract, make_customer, make_member
from wem.accounts.models import Customer, Invitation
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.billing import first_invoices, first_payments, paying, refunding
from wem.billing import jobs as billing_jobs
from wem.billing.invoice_models import Invoice
from wem.billing.models import Receivable
from wem.billing.payment_models import Payment
from wem.billing.payment_rules import PaymentWay, RefundGround
from wem.clock import JAPAN
from wem.contracts import applying, jobs
from wem.contracts.application_models import Application
from wem.contracts.application_rules import ApplicationState
from wem.contracts.mandate_models import Mandate
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState, EndReason
from wem.contracts.state_rules import Illegal, MandateState
from wem.db import db
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind
from wem.staff import money_work


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


def accepted(world, start="2026-04-01"):
    """An application that was accepted on 20 March, its first fee paid; the service begins later."""
    with at("2026-03-20T10:00"):
        row = make_application()
        today = date(2026, 3, 20)
        applying.note_arrival(row, today, today, by=world.admin.id)
        applying.note_payment(row, today, row.fee_total, by=world.admin.id)
        row.note_possible(by=world.admin.id)
        contract = applying.accept(row, date.fromisoformat(start), "shinki", "o@shinki.example.jp", by=world.admin)
        db.session.commit()
    return contract.id


def fresh(model, id):
    return db.session.get(model, id, populate_existing=True)


def only(model, **values):
    return db.session.scalars(sa.select(model).filter_by(**values).execution_options(populate_existing=True)).one()


def tried(action):
    return db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)).all()


@pytest.mark.both_databases
def test_refused_after_the_start_guide(world, browser_for):
    id = accepted(world)
    path = f"/staff/contracts/{id}"
    with at("2026-03-25T10:00"):
        staff = browser_for(world.admin)
        assert "受諾後の拒絶" in staff.get(path).text
        page = staff.get(f"{path}/void")
        for said in (
            "契約1件",
            "はじめから効力を生じなかった",
            "2026年4月1日（水）",
            "取り消される招待：1件",
            "口座振替の登録：1件",
            "14,300円",
        ):
            assert said in page.text, said
        assert staff.post(f"{path}/void", {"note": "理由なし"}).status == 422
        assert fresh(Contract, id).state is ContractState.accepted
        staff.submit(f"{path}/void", {"reason": "3", "note": "反社会的勢力との関係が判明したため"})
    contract, application = fresh(Contract, id), only(Application, contract_id=id)
    assert (contract.state, contract.end_reason, contract.ended_on) == (
        ContractState.ended,
        EndReason.void,
        date(2026, 3, 25),
    )
    assert (application.state, application.refusal_reason, application.decided_by) == (
        ApplicationState.refused,
        3,
        world.admin.id,
    )
    assert only(Invitation, customer_id=contract.customer_id).withdrawn_at is not None
    assert only(Mandate, contract_id=id).state is MandateState.void
    # One notice, of the refusal: nobody is thanked for having used what never began.
    told = db.session.scalars(sa.select(Notice).where(Notice.about == f"contract {id}")).all()
    assert [notice.kind for notice in told] == [NoticeKind.refusal]
    for said in ("第4条第3項", "(3)", "反社会的勢力", contract.number, "返金", "2026年4月1日（水）"):
        assert said in str(told[0].words), said
    [event] = tried("contract.void")
    assert (event.account_id, event.customer_id, event.details["ground"]) == (world.admin.id, contract.customer_id, 3)
    with at("2026-04-01T00:05"):
        jobs.apply_due()
        assert fresh(Contract, id).state is ContractState.ended, "the start date comes and nothing begins"
        staff.sign_in(world.admin)
        page = staff.get(path)
        assert "申込みを受諾後に拒絶" in page.text and "受諾後の拒絶" not in page.text
        owner = make_member(db.session.get_one(Customer, contract.customer_id))
        db.session.commit()
        # The customer's page says the same.
        for shown in (page.text, browser_for(owner).get("/contract").text):
            assert "はじめから効力を生じていません（2026年3月25日（水）にお申込みを拒絶しました）" in shown
            assert "2026年9月" not in shown, "no terms of what never began"
        application_page = staff.get(f"/staff/applications/{application.id}")
        assert "反社会的勢力" in application_page.text and "/start-date" not in application_page.html


def test_all_that_came_in_goes_back_out_of_its_payment(world, browser_for):
    """25,000 yen came in for a first fee of 14,300, and the invoice had settled its part."""
    with at("2026-03-20T10:00"):
        row = make_application()
        today = date(2026, 3, 20)
        applying.note_arrival(row, today, today, by=world.admin.id)
        first_payments.note(row, today, 25_000, by=world.admin.id)
        row.note_possible(by=world.admin.id)
        contract = applying.accept(row, date(2026, 4, 1), "shinki", "o@shinki.example.jp", by=world.admin)
        db.session.commit()
        billing_jobs.follow_contracts()
    payment = only(Payment)
    assert (payment.settled, payment.rest) == (14_300, 10_700)
    path = f"/staff/payments/{payment.id}"
    with at("2026-03-25T10:00"):
        staff = browser_for(world.admin)
        staff.submit(f"/staff/contracts/{contract.id}/void", {"reason": "1", "note": ""})
        payment = fresh(Payment, payment.id)
        assert (payment.free, payment.contract_id) == (25_000, contract.id)
        assert only(Receivable).missing == 0 and sum(row.total for row in db.session.scalars(sa.select(Invoice))) == 0
        assert [item.url for item in money_work.first_fees()] == [path] and money_work.returns() == []
        page = staff.get(path)
        assert page.form("refunds")["amount"] == "25000" and "/undo" not in page.html
        part = payment.shares[0]
        with pytest.raises(Illegal):
            paying.undo(part, by=world.admin.id)
        much = staff.submit(path, {"amount": "25001", "reason": "お断りのため"}, action="refunds")
        assert much.status == 422 and "お断りのため" in much.html and "25,000円まで" in much.text
        again = {"way": "transfer", "paid_on": "2026-03-20", "amount": "25000"}
        twice = staff.submit(f"/staff/payments/new?contract={contract.number}", again)
        assert twice.status == 422 and path in twice.text
        staff.submit(path, {"reason": "お断りのため"}, action="refunds")
        assert money_work.first_fees() == []


def test_the_first_fee_stands_on_the_work_list_until_somebody_asks_for_the_refund(world, browser_for):
    id = accepted(world)
    with at("2026-03-25T10:00"):
        staff = browser_for(world.admin)
        staff.submit(f"/staff/contracts/{id}/void", {"reason": "1", "note": ""})
        number = fresh(Contract, id).number

        def line():
            found = staff.get("/staff/").soup.find("a", href=lambda url: url and "/staff/payments/" in url)
            return found["href"] if found else None

        assert line() == f"/staff/payments/new?contract={number}"
        assert staff.get(line()).form("")["contract"] == number
        payment = paying.take(PaymentWay.transfer, date(2026, 3, 20), 14300, fresh(Contract, id), by=world.admin.id)
        db.session.commit()
        assert line() == f"/staff/payments/{payment.id}"
        refunding.propose(
            fresh(Payment, payment.id), RefundGround.refused, 14300, "お申込みのお断り", by=world.admin.id
        )
        db.session.commit()
        assert "返金が承認を待っています" in staff.get("/staff/").text
        assert "初回料金を返金します" not in staff.get("/staff/").text


def test_a_mandate_that_the_bank_has_registered_stops(world, browser_for):
    id = accepted(world)
    only(Mandate, contract_id=id).state = MandateState.registered
    db.session.commit()
    with at("2026-03-25T10:00"):
        browser_for(world.admin).submit(f"/staff/contracts/{id}/void", {"reason": "1", "note": ""})
    assert only(Mandate, contract_id=id).state is MandateState.stopped


def test_a_contract_without_application(world, browser_for):
    contract = make_contract(
        make_customer("株式会社はじめ"), state=ContractState.accepted, start_date=date(2026, 4, 1), notice_email=""
    )
    db.session.commit()
    with at("2026-03-25T10:00"):
        staff = browser_for(world.admin)
        assert "郵便で送ります" in staff.get(f"/staff/contracts/{contract.id}/void").text
        staff.submit(f"/staff/contracts/{contract.id}/void", {"reason": "2", "note": "虚偽の記載"})
    assert fresh(Contract, contract.id).end_reason is EndReason.void
    assert only(Notice, customer_id=contract.customer_id).kind is NoticeKind.refusal


@pytest.mark.parametrize("moment", ["2026-04-01T00:00:00", "2026-04-02T10:00"])
def test_not_once_the_start_date_has_come_even_when_the_daily_job_is_late(world, browser_for, moment):
    id = accepted(world)
    with at(moment):
        staff = browser_for(world.admin)
        assert "受諾後の拒絶" not in staff.get(f"/staff/contracts/{id}").text
        assert staff.get(f"/staff/contracts/{id}/void").location == f"/staff/contracts/{id}"
        staff.post(f"/staff/contracts/{id}/void", {"reason": "3", "note": "手で"})
    assert fresh(Contract, id).state is ContractState.accepted
    assert [event.account_id for event in tried("contract.denied_void")] == [world.admin.id]


def test_who_may_not(world, browser_for):
    id = accepted(world)
    support = make_account("問合せ 担当", staff_role=StaffRole.support)
    db.session.commit()
    with at("2026-03-25T10:00"):
        browser = browser_for(support)
        assert "受諾後の拒絶" not in browser.get(f"/staff/contracts/{id}").text
        assert browser.post(f"/staff/contracts/{id}/void", {"reason": "3", "note": "x"}).status == 403
        assert browser_for(world.ours.owner).post(f"/staff/contracts/{id}/void", {"reason": "3"}).status == 404
    assert fresh(Contract, id).state is ContractState.accepted


@pytest.mark.both_databases
@pytest.mark.parametrize("invoiced", [True, False])
def test_a_void_contract_charges_nothing(world, browser_for, invoiced):
    """Whether the first invoice was there already or not: what was charged is given back by a document of its own."""
    id = accepted(world)
    if invoiced:
        with at("2026-03-21T10:00"):
            billing_jobs.follow_contracts()
    with at("2026-03-25T10:00"):
        browser_for(world.admin).submit(f"/staff/contracts/{id}/void", {"reason": "3", "note": "反社会的勢力のため"})
        billing_jobs.follow_contracts()
        billing_jobs.follow_contracts()
    contract = fresh(Contract, id)
    assert contract.end_reason is EndReason.void
    documents = db.session.scalars(sa.select(Invoice).filter_by(contract_id=id).order_by(Invoice.id)).all()
    assert [row.total for row in documents] == ([14_300, -14_300] if invoiced else [])
    assert [row.corrects_id for row in documents] == ([None, documents[0].id] if invoiced else [])
    assert not paying.open_sums(id)
    assert not first_invoices.may_issue(contract)
