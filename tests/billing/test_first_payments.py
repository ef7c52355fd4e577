"""Money for an application: a payment from the day it is noted, settled by the contract or paid back without typing."""

from datetime import date

import pytest
import sqlalchemy as sa

from tests.billing.closing_world import at, contract_with, owed
from tests.contracts.applications import make_application
from wem.billing import first_invoices, first_payments, matching, paying, refunding
from wem.billing.month_models import FinalAccount
from wem.billing.payment_models import Payment
from wem.billing.payment_rules import PaymentState, PaymentWay, RefundGround
from wem.contracts import applying
from wem.contracts.application_rules import RefusalReason
from wem.contracts.rules import ContractState, EndReason
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.staff import money_work
from wem.web.paging import page_of

DAY = date(2026, 4, 1)
CSV = "日付,入金額,摘要\n2026/04/01,14300,{}\n"


def payments():
    return list(db.session.scalars(sa.select(Payment).order_by(Payment.id)))


@pytest.mark.both_databases
def test_what_came_in_parts_settles_the_first_invoice(world):
    with at("2026-04-03T12:00"):
        application = make_application()
        for day, amount, full in ((1, 10_000, False), (3, 5_000, True)):
            assert first_payments.note(application, date(2026, 4, day), amount, by=world.admin.id) is full
        assert [row.state for row in payments()] == [PaymentState.held] * 2
        with pytest.raises(Illegal):
            refunding.propose(payments()[0], RefundGround.overpaid, 1, "まだ審査中", by=world.admin.id)
        with pytest.raises(Illegal):
            first_payments.note(application, DAY, 14_300, by=world.admin.id)
        application.contract = contract_with(0, start_date=date(2026, 4, 15))
        first_invoices.account(application)
        db.session.commit()
    first, second = payments()
    assert (first.rest, second.rest, second.state) == (0, 700, PaymentState.over)
    assert owed(application.contract) == [(14_300, date(2026, 4, 3), date(2026, 4, 3))]


@pytest.mark.both_databases
@pytest.mark.parametrize("void", [False, True])
def test_of_a_refused_application_it_is_paid_back_from_there(world, browser_for, void):
    application = make_application()
    first_payments.note(application, DAY, 14_300, by=world.admin.id)
    if void:
        application.contract = contract_with(0, "断られた店")
        application.contract.end_reason, application.contract.ended_on = EndReason.void, DAY
        first_payments.hand_over(application)
    applying.refuse(application, RefusalReason.entries, "記載の不備", by=world.admin.id)
    db.session.commit()
    (payment,) = payments()
    browser, path = browser_for(world.admin), f"/staff/payments/{payment.id}"
    assert f'href="{path}#refund"' in browser.get(f"/staff/applications/{application.id}").html
    assert [item.url for item in money_work.first_fees()] == [path]
    typed = browser.get(path).form("refunds")
    assert (typed["ground"], typed["amount"]) == ("refused", "14300")
    browser.submit(path, {"reason": "お断り"}, action="refunds")
    assert money_work.first_fees() == [] and len(payments()) == 1


def read(world, payer="シンキショウテン"):
    return matching.read(CSV.format(payer).encode("cp932"), "april.csv", by=world.admin.id)


def test_a_line_of_the_bank_is_the_payment_that_is_noted_afterwards(world):
    with at("2026-04-03T12:00"):
        application = make_application()
        read(world, "ﾍﾞﾂﾉﾐｾ")
        first_payments.note(application, DAY, 14_300, by=world.admin.id)
    assert [row.application_id for row in payments()] == [None, application.id], "somebody else's of the same sum"
    with at("2026-04-03T12:00"):
        other = make_application()
        read(world)
        first_payments.note(other, DAY, 14_300, by=world.admin.id)
    assert payments()[-1].application_id == other.id and payments()[-1].statement_id is not None
    assert len(payments()) == 3


@pytest.mark.both_databases
def test_a_line_of_the_bank_that_was_noted_before_is_no_second_payment(world, browser_for):
    with at("2026-04-03T12:00"):
        application = make_application()
        first_payments.note(application, DAY, 14_300, by=world.admin.id)
        read(world)
    typed, line = payments()
    mark, number = line.line_hash, application.number
    browser = browser_for(world.admin)
    browser.post(f"/staff/payments/{line.id}/contract", {"contract": number})
    db.session.expire_all()
    (one,) = payments()
    assert (one.id, one.line_hash, one.payer_kana) == (typed.id, mark, "シンキショウテン")
    assert browser.post("/staff/payments/new", {"contract": number, "amount": "1"}).status == 422
    listed = browser.get("/staff/payments?state=all")
    assert "シンキショウテン" in listed.text and number in listed.text and "選択" not in listed.text
    assert number not in browser.get("/staff/payments?state=over").text


def test_the_newest_money_stands_first_on_each_page(world, app):
    contract = contract_with(0)
    for day in (3, 1, 2, 3):
        paying.take(PaymentWay.transfer, date(2026, 4, day), day, contract, by=1)
    db.session.commit()

    def page(query):
        with app.test_request_context(f"/?{query}"):
            return page_of(sa.select(Payment), Payment.id, 2, order=Payment.paid_on)

    first = page("")
    second = page(f"before={first.older}")
    assert [row.paid_on.day for row in [*first.rows, *second.rows]] == [3, 3, 2, 1]
    assert page(f"after={second.newer}").rows == first.rows


@pytest.mark.both_databases
def test_what_a_contract_that_is_over_paid_too_much_is_work(world):
    contract = contract_with(0)
    payment = paying.take(PaymentWay.transfer, DAY, 700, contract, by=1)
    db.session.commit()
    assert money_work.overpaid() == [], "the next invoice takes it"
    contract.state, contract.ended_on, contract.end_reason = ContractState.ended, DAY, EndReason.cancelled
    db.session.add(FinalAccount(contract_id=contract.id))
    db.session.commit()
    (item,) = money_work.overpaid()
    assert item.url == f"/staff/payments/{payment.id}#refund" and "返金" in item.what
    refunding.propose(payment, RefundGround.overpaid, 700, "過入金", by=world.admin.id)
    assert money_work.overpaid() == []
