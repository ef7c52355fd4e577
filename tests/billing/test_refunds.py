"""Money on its way back: until it is paid out, of whom, how much of it; what the search refuses (A-17, 7-1b)."""

import csv
from datetime import date

import pytest
import sqlalchemy as sa

from tests.contracts.applications import make_application
from tests.factories import make_account, make_contract, make_customer, make_receivable
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.billing import paying, refunding, statement_rules
from wem.billing.invoice_forms import FirstForm, SettledForm
from wem.billing.payment_models import Refund
from wem.billing.payment_rules import PaymentWay, RefundGround, RefundState
from wem.billing.statement_rules import BadStatement, StatementFault
from wem.contracts import applying
from wem.contracts.application_rules import ApplicationAction, RefusalReason
from wem.contracts.rules import EndReason
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.staff import money_work

TODAY = date(2026, 4, 3)


def in_vain(world, paid=20000, *, withdrawn=False):
    application = make_application()
    applying.note_payment(application, TODAY, paid, by=world.admin.id)
    if withdrawn:
        application.move(ApplicationAction.withdraw, by=world.admin.id)
    else:
        applying.refuse(application, RefusalReason.entries, "記載の不備", by=world.admin.id)
    payment = paying.take(PaymentWay.transfer, TODAY, paid, None, by=world.admin.id)
    paying.of_refused(payment, application, by=world.admin.id)
    db.session.commit()
    return application, payment


def lines():
    return [(item.what, item.who, item.url) for item in (*money_work.refunds(), *money_work.first_fees())]


@pytest.mark.both_databases
def test_a_first_fee_stands_on_the_work_list_until_all_of_it_is_paid_out(world, browser_for):
    application, payment = in_vain(world)
    url, name = f"/staff/payments/{payment.id}", application.name
    fee = ("拒絶したお申込みの初回料金を返金します", name, url)
    assert lines() == [fee]
    assert f'href="{url}#refund"' in browser_for(world.admin).get(f"/staff/applications/{application.id}").html
    first = refunding.propose(payment, RefundGround.refused, 1, "一部", by=world.admin.id)
    assert lines() == [("返金が承認を待っています", name, url), fee], "of 20000 yen 1 was asked back"
    assert payment.free == 19999
    rest = refunding.propose(payment, RefundGround.refused, 19999, "残り。お振込先: …", by=world.admin.id)
    assert len(lines()) == 2 and fee not in lines()
    for row in (first, rest):
        refunding.approve(row, by=world.theirs.owner.id)
    db.session.commit()
    assert [what for what, _, _ in lines()] == ["返金の振込", "返金の振込"], "approved is not paid out"
    browser = browser_for(world.admin)
    page = browser.get("/staff/payments")
    assert "振込を待つ返金" in page.text and name in page.text
    browser.submit("/staff/payments", {"paid_on": "2026-04-03"}, action=f"refunds/{rest.id}/pay")
    db.session.expire_all()
    assert (rest.state, rest.paid_on, len(lines())) == (RefundState.paid, date(2026, 4, 3), 1)


def test_who_asked_for_a_refund_withdraws_it(world, browser_for):
    _, payment = in_vain(world)
    row = refunding.propose(payment, RefundGround.refused, 20000, "お断り", by=world.admin.id)
    other = make_account("承認 担当", staff_role=StaffRole.billing)
    db.session.commit()
    browser_for(other).post(f"/staff/payments/refunds/{row.id}/withdraw")
    assert db.session.get(Refund, row.id, populate_existing=True).state is RefundState.proposed
    browser = browser_for(world.admin)
    assert "返金の申請を取り下げる" in browser.get(f"/staff/payments/{payment.id}").text
    browser.post(f"/staff/payments/refunds/{row.id}/withdraw")
    assert db.session.get(Refund, row.id, populate_existing=True).state is RefundState.withdrawn
    assert [url for _, _, url in lines()] == [f"/staff/payments/{payment.id}"], "it is to be asked back again"
    denied = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.action.startswith("refund.denied")))
    assert denied.all() == ["refund.denied_withdraw"]


def test_a_withdrawn_applicant_gets_the_money_back(world):
    _, payment = in_vain(world, withdrawn=True)
    assert [what for what, _, _ in lines()] == ["取り下げられたお申込みの初回料金を返金します"]
    with pytest.raises(Illegal):
        refunding.propose(payment, RefundGround.refused, 1, "お断りではない", by=world.admin.id)
    refunding.propose(payment, RefundGround.withdrawn, 20000, "取下げ", by=world.admin.id)
    assert len(lines()) == 1
    _, refused = in_vain(world)
    with pytest.raises(Illegal):
        refunding.propose(refused, RefundGround.withdrawn, 1, "取下げではない", by=world.admin.id)


def test_of_two_payments_of_a_void_contract_both_go_back(world):
    contract = make_contract(make_customer("断られた店"))
    contract.end_reason, contract.ended_on = EndReason.void, TODAY
    application = make_application()
    application.contract, application.paid_amount = contract, 14300
    payments = [paying.take(PaymentWay.transfer, TODAY, sum_, contract, by=world.admin.id) for sum_ in (14300, 700)]
    refunding.propose(payments[0], RefundGround.refused, 14300, "お断り", by=world.admin.id)
    assert [item.url for item in money_work.first_fees()] == [f"/staff/payments/{payments[1].id}"]
    refunding.propose(payments[1], RefundGround.refused, 700, "お断り", by=world.admin.id)
    assert money_work.first_fees() == []


def test_what_is_asked_back_settles_nothing_and_the_rest_can_be_used(world, browser_for):
    contract = make_contract(make_customer("株式会社支払い"))
    payment = paying.take(PaymentWay.transfer, TODAY, 1000, contract, by=world.admin.id)
    refunding.propose(payment, RefundGround.overpaid, 400, "過入金", by=world.admin.id)
    row = make_receivable(contract, TODAY, 3300)
    db.session.commit()
    page = browser_for(world.admin).get(f"/staff/payments/{payment.id}")
    assert page.soup.select("#rest") and page.soup.select("#refund"), "what else can be done stays to be seen"
    assert paying.settle(payment, contract, by=world.admin.id) == 600
    assert (row.missing, payment.free) == (2700, 0)


@pytest.mark.parametrize(
    "query",
    [
        {"least": "9" * 20},
        {"most": "-1"},
        {"from": "2026-13-01"},
        {"to": "x"},
        {"least": "三千"},
        {"least": "10", "most": "9"},
        {"from": "2026-04-02", "to": "2026-04-01"},
    ],
)
def test_a_search_that_cannot_be_read_is_refused(world, browser_for, query):
    payment = paying.take(PaymentWay.transfer, TODAY, 1000, None, by=world.admin.id, payer="ﾔﾏﾀﾞﾀﾛｳ")
    db.session.commit()
    browser, query = browser_for(world.admin), query | {"state": "all"}
    for path in ("/staff/payments", "/staff/payments/csv"):
        page = browser.get(path, query_string=query)
        assert page.status == 422 and page.soup.select("#search [aria-invalid=true]"), path
        assert f"/staff/payments/{payment.id}" not in page.text


def test_invoices_refuse_what_they_cannot_read(world, browser_for):
    browser = browser_for(world.admin)
    for path in ("/staff/invoices", "/staff/invoices/csv"):
        page = browser.get(path, query_string={"least": "千"})
        assert page.status == 422 and page.soup.select("[aria-invalid=true]"), path


def test_a_payer_is_found_however_the_name_is_spelled(world, browser_for):
    for name, payer in (("髙橋商店", ""), ("", "ﾔﾏﾀﾞﾀﾛｳ"), ("", "ヤマダハナコ")):
        contract = make_contract(make_customer(name)) if name else None
        paying.take(PaymentWay.transfer, TODAY, 1000, contract, by=world.admin.id, payer=payer)
    db.session.commit()
    browser = browser_for(world.admin)
    for typed, count in (("高橋", 1), ("ヤマダ", 2), ("やまだ", 1), ("ﾔﾏﾀﾞ", 2)):
        answer = browser.get("/staff/payments/csv", query_string={"payer": typed}).response
        assert len(answer.data.decode("utf-8-sig").splitlines()) - 1 == count, typed


def test_numbers_no_row_can_have_are_no_error(world, browser_for):
    payment = paying.take(PaymentWay.transfer, TODAY, 1000, None, by=world.admin.id)
    contract = make_contract(make_customer("株式会社支払い"))
    make_receivable(contract, TODAY, 1000)
    db.session.commit()
    browser = browser_for(world.admin)
    assert browser.post("/staff/payments/confirm", {"pair": f"{10**20}:1"}).status == 303
    assert browser.post("/staff/payments/confirm", {"pair": f"{payment.id}:{10**20}"}).status == 303
    answer = browser.post(f"/staff/payments/{payment.id}/contract", {"contract": contract.number, "sum": str(10**30)})
    assert answer.status == 303
    browser.post(f"/staff/payments/{payment.id}/aside", {"note": "利息"})
    denied = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.action.startswith("payment.denied")))
    assert denied.all() == ["payment.denied_set_aside"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('2026-04-01,3300,"' + "x" * (csv.field_size_limit() + 1), StatementFault.cells),
        (f"2026-04-01,{'9' * 23},ﾔﾏﾀﾞ", StatementFault.amount),
    ],
)
def test_a_csv_that_cannot_be_held_is_refused(line, fault):
    with pytest.raises(BadStatement) as refused:
        statement_rules.read_statement(f"日付,入金額,摘要\n{line}\n".encode(), TODAY)
    assert refused.value.fault is fault and refused.value.line > 1


@pytest.mark.parametrize(("form", "name"), [(SettledForm, "settled_on"), (FirstForm, "paid_on")])
def test_money_does_not_come_in_ahead_of_time(app, form, name):
    typed = {name: "2027-01-01", "due_on": "2026-05-01"}
    with app.test_request_context(method="POST", data=typed):
        found = form(meta={"csrf": False})
        assert not found.validate() and list(found.errors) == [name]
