"""What is left when a contract is over: returns that go back, sums that never come in, first fees in the books."""

from datetime import date

import pytest
import sqlalchemy as sa

from tests.billing.closing_world import at, contract_with, invoices, owed
from tests.contracts.applications import make_application
from tests.factories import make_account, make_contract, make_customer, make_receivable
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.billing import (
    arrears,
    books,
    correcting,
    first_invoices,
    issuing,
    matching,
    paying,
    payment_rules,
    refunding,
    writing_off,
)
from wem.billing.invoice_models import Invoice
from wem.billing.invoice_rules import ItemKind, Line
from wem.billing.models import Receivable
from wem.billing.payment_models import DoubtfulLine, Payment, Refund
from wem.billing.payment_rules import PaymentState, PaymentWay, RefundGround, RefundState
from wem.billing.rules import NotPaid, Occasion
from wem.billing.statement_rules import in_doubt
from wem.billing.write_off_models import WriteOff
from wem.billing.write_off_rules import WriteOffAction, WriteOffState
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import Illegal, OwnProposal
from wem.db import db
from wem.staff import money_work

TODAY = date(2026, 4, 3)


# -- returns of contracts that are over


@pytest.mark.parametrize(
    ("amount", "ended", "owes", "written_off", "allowed"),
    [
        (426, True, False, False, True),
        (427, True, False, False, False),
        (0, True, False, False, False),
        (426, False, False, False, False),
        (426, True, True, False, False),
        (426, True, False, True, False),
    ],
)
def test_when_a_return_is_paid_out(amount, ended, owes, written_off, allowed):
    facts = {"ended": ended, "owes": owes, "written_off": written_off}
    if allowed:
        payment_rules.may_pay_return(amount, 426, **facts)
    else:
        with pytest.raises(Illegal):
            payment_rules.may_pay_return(amount, 426, **facts)


def given_back(world):
    """A month that was debited, and something of it given back after the end: −426 that nothing takes."""
    contract = make_contract(make_customer("株式会社返還"), state=ContractState.active)
    line = Line(ItemKind.other, 3000, name="月額料金", rate=10)
    charged = correcting.by_hand(contract, [line], date(2026, 3, 27), "3月分", by=world.admin.id, token="m")
    payment = paying.take(PaymentWay.debit, date(2026, 3, 27), charged.total, contract, by=world.admin.id)
    paying.settle(payment, contract, by=world.admin.id)
    back = Line(ItemKind.other, 388, name="中断の日数", rate=10)
    found = correcting.give_back(charged, [back], "13-3", by=world.admin.id, token="b")
    db.session.flush()
    return contract, found


@pytest.mark.both_databases
def test_a_return_of_a_contract_that_is_over_goes_back_by_two_persons(world, browser_for):
    contract, found = given_back(world)
    assert (found.credit, money_work.returns()) == (426, []), "a contract in force takes it off the next month"
    with pytest.raises(Illegal):
        refunding.propose_return(found, 426, "まだ続く", by=world.admin.id)
    contract.state, contract.ended_on = ContractState.ended, TODAY
    other = make_account("承認 担当", staff_role=StaffRole.billing)
    db.session.commit()
    path = f"/staff/invoices/{found.id}"
    assert [item.url for item in money_work.returns()] == [f"{path}#refund"]
    first, second = browser_for(world.admin), browser_for(other)
    first.submit(path, {"amount": "427", "reason": "多すぎる"}, action="returns")
    assert db.session.scalar(sa.select(sa.func.count(Refund.id))) == 0
    first.submit(path, {"amount": "426", "reason": "返還。お振込先: みずほ…"}, action="returns")
    row = db.session.scalars(sa.select(Refund)).one()
    assert (row.ground, money_work.returns()) == (RefundGround.returned, [])
    first.post(f"/staff/payments/refunds/{row.id}/approve")
    assert db.session.get(Refund, row.id, populate_existing=True).state is RefundState.proposed
    second.post(f"/staff/payments/refunds/{row.id}/approve")
    db.session.expire_all()
    assert (row.state, found.credit) == (RefundState.approved, 0)
    assert [(item.what, item.who) for item in money_work.refunds()] == [("返金の振込", "株式会社返還")]
    assert "株式会社返還" in second.get("/staff/payments").text
    assert second.post(f"/staff/payments/refunds/{row.id}/pay", {"paid_on": "2027-01-01"}).status == 422
    second.post(f"/staff/payments/refunds/{row.id}/pay", {"paid_on": "2026-04-03"})
    assert money_work.refunds() == [] and "返金済み" in first.get(path).text


def test_nothing_of_a_return_is_paid_out_while_something_is_owed(world):
    contract, found = given_back(world)
    contract.state = ContractState.ended
    row = make_receivable(contract, TODAY, 500)
    with pytest.raises(Illegal):
        refunding.propose_return(found, 426, "", by=world.admin.id)
    row.settled_on = TODAY
    asked = refunding.propose_return(found, 400, "", by=world.admin.id)
    with pytest.raises(Illegal):
        refunding.propose_return(found, 27, "", by=world.admin.id)
    refunding.withdraw(asked, by=world.admin.id)
    assert refunding.left_of_return(found) == 426


@pytest.mark.both_databases
def test_a_claim_against_a_third_party_is_seen_until_it_is_paid(world, browser_for):
    contract = make_contract(make_customer("株式会社架空"))
    line = Line(ItemKind.cost, 3000, name="架空メール", rate=10)
    other = {"name": "山田 太郎", "honorific": "様", "postal_code": "100-0001", "address": "東京都"}
    claim = correcting.by_hand(
        contract, [line], date(2026, 3, 31), "12特約", by=world.admin.id, token="t", recipient=other,
        occasion=Occasion.third_party,
    )  # fmt: skip
    db.session.commit()
    assert {each.since: each.amount for each in books.ageing(TODAY) if each.count} == {0: 3300}
    assert [(item.who, item.url) for item in money_work.claims(TODAY)] == [("山田 太郎", f"/staff/invoices/{claim.id}")]
    browser = browser_for(world.admin)
    page = browser.get("/staff/books")
    assert claim.number in page.text and page.soup.select("nav a[aria-current]")[0]["href"] == "/staff/invoices"
    browser.submit(f"/staff/invoices/{claim.id}", {"settled_on": "2026-04-03"}, action="settlement")
    assert sum(each.count for each in books.ageing(TODAY)) == 0 and money_work.claims(TODAY) == []


def claim_of(world, yen, *, paid):
    contract = make_contract(make_customer("株式会社架空"))
    make_receivable(contract, TODAY, 5000)
    to = {"name": "山田 太郎", "honorific": "様", "postal_code": "100-0001", "address": "東京都"}
    row = correcting.by_hand(
        contract, [Line(ItemKind.cost, yen, name="架空メール", rate=0)], TODAY, "12特約", by=1, token=f"t{yen}",
        recipient=to, occasion=Occasion.third_party, period=(date(2026, 3, 1), date(2026, 3, 31)),
    )  # fmt: skip
    row.settled_on = TODAY if paid else None
    db.session.flush()
    return row


def amounts(*yen):
    return [Line(ItemKind.other, each, name="架空メール", rate=0) for each in yen]


@pytest.mark.parametrize(
    ("paid", "new", "open_", "goes_back"),
    [(False, 2000, 2000, 0), (False, 4000, 4000, 0), (True, 2000, 0, 1000), (True, 3000, 0, 0), (True, 3001, None, 0)],
)
@pytest.mark.both_databases
def test_a_claim_against_a_third_party_is_corrected_and_the_customer_owes_nothing_of_it(
    world, paid, new, open_, goes_back
):
    row = claim_of(world, 3000, paid=paid)
    if open_ is None:
        with pytest.raises(correcting.NotCorrectable):
            correcting.replace_by(row, amounts(new), "", by=1)
        return
    back, instead = correcting.replace_by(row, amounts(new), "", by=1, recipient={**row.recipient, "name": "別の人"})
    db.session.flush()
    assert (back.third_party, instead.third_party, instead.corrects_id) == (True, True, row.id)
    assert instead.evidence == row.evidence and back.recipient["name"] == "山田 太郎"
    assert [(each.id, correcting.claimed(each)) for each in books.claims(9)] == ([(instead.id, open_)] if open_ else [])
    assert sum(each.amount for each in books.ageing(TODAY)) == 5000 + (open_ or 0)
    assert issuing.open_credits(row.contract_id) == issuing.waiting_credits() == []
    assert owed(row.contract) == [(5000, TODAY, None)], "nothing of it is taken off what the customer owes"
    assert back.credit == goes_back == sum(each.credit for each in refunding.returns(9))
    if goes_back:
        asked = refunding.propose_return(back, goes_back, "誤請求", by=1)
        refunding.approve(asked, by=2)
        assert back.credit == 0
    with pytest.raises(correcting.NotCorrectable):
        correcting.replace_by(row, amounts(1), "", by=1)


def test_a_part_of_a_claim_is_given_back_and_seen_without_a_minus(world, browser_for):
    row = claim_of(world, 3000, paid=False)
    db.session.commit()
    browser = browser_for(world.admin)
    path = f"/staff/invoices/{row.id}/correction?way=give_back"
    form = browser.get(path).form("")
    assert not any(value for name, value in form.items() if name.startswith("lines-") and "rate" not in name)
    typed = {"lines-0-label": "費用", "lines-0-rate": "0", "lines-0-amount": "1,000", "note": "数の誤り"}
    assert browser.submit(path, {**typed, "lines-0-amount": "3,001"}).status == 422
    page = browser.submit(path, typed)
    assert "1,000円" in page.text
    browser.post(path, {**page.form(""), "step": "issue"})
    back = db.session.scalars(sa.select(Invoice).where(Invoice.corrects_id == row.id)).one()
    assert (back.total, back.credit, correcting.claimed(row)) == (-1000, 0, 2000)
    page = browser.get(f"/staff/invoices/{back.id}").text
    assert "返還 1,000円" in page and "-1,000" not in page and "マイナスを付けずに" in page
    assert "2,000円" in browser.get("/staff/books").text
    found = browser.get("/staff/invoices?least=1000&most=1000")
    assert back.number in found.text and row.number not in found.text, "an amount is looked for as it is shown"


# -- what does not come in


@pytest.mark.both_databases
def test_a_debt_is_written_off_by_two_persons(world, browser_for):
    contract = make_contract(make_customer("行方不明の店"))
    row = make_receivable(contract, date(2026, 1, 27), 3300)
    payment = paying.take(PaymentWay.transfer, TODAY, 300, contract, by=world.admin.id)
    paying.settle(payment, contract, by=world.admin.id)
    other = make_account("承認 担当", staff_role=StaffRole.billing)
    db.session.commit()
    first, second, path = browser_for(world.admin), browser_for(other), f"/staff/receivables/{row.id}/write-off"
    typed = {"kind": "bad_debt", "on_day": "2026-04-03", "reason": "破産の通知"}
    assert first.submit(path, typed | {"on_day": "2027-01-01"}, action="write-off").status == 422
    first.submit(path, typed, action="write-off")
    asked = db.session.scalars(sa.select(WriteOff)).one()
    assert [item.url for item in money_work.write_offs()] == [path]
    first.post(f"/staff/write-offs/{asked.id}", {"decision": "approve"})
    assert db.session.get(Receivable, row.id, populate_existing=True).settled_on is None, "one person is not two"
    second.post(f"/staff/write-offs/{asked.id}", {"decision": "approve"})
    db.session.expire_all()
    assert (asked.state, row.not_paid, row.settled_on) == (WriteOffState.written_off, NotPaid.bad_debt, TODAY)
    assert (row.missing, arrears.outstanding(contract.id, date(2026, 5, 1)), paying.open_sums(contract.id)) == (
        0,
        0,
        [],
    )
    assert sum(each.amount for each in books.ageing(TODAY)) == 0
    page = first.get("/staff/books").text
    assert "破産の通知" in page and "3,000円" in page
    assert "貸倒" in first.get(f"/staff/contracts/{contract.id}/receivables").text
    with pytest.raises(Illegal):
        paying.undo(payment.shares[0], by=world.admin.id)
    events = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.action.startswith("write_off")))
    assert set(events) == {"write_off.propose", "write_off.denied_approve", "write_off.approve"}


def test_a_payment_meanwhile_keeps_a_debt_from_being_written_off(world):
    contract = make_contract(make_customer("遅れて払う店"))
    row = make_receivable(contract, date(2026, 1, 27), 3300)
    asked = writing_off.propose(row, NotPaid.waived, TODAY, "少額", by=world.admin.id)
    with pytest.raises(Illegal):
        writing_off.propose(row, NotPaid.waived, TODAY, "二度目", by=world.admin.id)
    payment = paying.take(PaymentWay.transfer, TODAY, 300, contract, by=world.admin.id)
    paying.settle(payment, contract, by=world.admin.id)
    with pytest.raises(Illegal):
        writing_off.decide(asked, WriteOffAction.approve, "", by=world.theirs.owner.id)
    with pytest.raises(Illegal):
        writing_off.decide(asked, WriteOffAction.withdraw, "", by=world.theirs.owner.id)
    with pytest.raises(OwnProposal):
        writing_off.decide(asked, WriteOffAction.refuse, "", by=world.admin.id)
    writing_off.decide(asked, WriteOffAction.withdraw, "", by=world.admin.id)
    assert (asked.state, row.missing) == (WriteOffState.withdrawn, 3000)


def test_a_sum_typed_by_mistake_is_cancelled_and_no_invoice_is(world, browser_for):
    contract = make_contract(make_customer("株式会社入力"))
    row = make_receivable(contract, date(2026, 1, 27), 33000)
    line = Line(ItemKind.other, 3000, name="月額料金", rate=10)
    charged = correcting.by_hand(contract, [line], TODAY, "3月分", by=world.admin.id, token="m")
    db.session.commit()
    other = db.session.scalars(sa.select(Receivable).where(Receivable.invoice_id == charged.id)).one()
    browser = browser_for(world.admin)
    assert not browser.get(f"/staff/receivables/{other.id}/write-off").soup.select("#cancel")
    browser.post(f"/staff/receivables/{other.id}/cancellation", {"mistake": "請求書のある金額"})
    browser.submit(f"/staff/receivables/{row.id}/write-off", {"mistake": "桁の誤り"}, action="cancellation")
    db.session.expire_all()
    assert (row.not_paid, other.not_paid, arrears.outstanding(contract.id, TODAY)) == (NotPaid.cancelled, None, 0)
    assert "誤入力のため取消し" in browser.get(f"/staff/contracts/{contract.id}/receivables").text


def test_the_rest_of_a_payment_whose_payer_is_gone_is_set_aside(world, browser_for):
    contract = make_contract(make_customer("株式会社支払い"))
    make_receivable(contract, TODAY, 3300)
    payment = paying.take(PaymentWay.transfer, TODAY, 4000, contract, by=world.admin.id)
    paying.settle(payment, contract, by=world.admin.id)
    db.session.commit()
    browser = browser_for(world.admin)
    browser.submit(f"/staff/payments/{payment.id}", {"note": "連絡がつかない"}, action="aside")
    db.session.expire_all()
    assert (payment.state, payment.rest, payment.contract_id) == (PaymentState.set_aside, 700, contract.id)
    assert f"/staff/payments/{payment.id}" not in browser.get("/staff/payments?state=over").text
    assert paying.settle(payment, contract, by=world.admin.id) == 0 and payment.state is PaymentState.over


# -- the first fee in the books


@pytest.mark.both_databases
def test_the_first_fee_is_a_payment_with_its_surplus_and_a_name_that_stays(world, browser_for):
    with at("2026-01-10T12:00"):
        application = make_application()
        contract = contract_with(0, name="株式会社しんき商店", start_date=date(2026, 1, 15))
        application.contract, application.paid_on = contract, date(2026, 1, 9)
        application.paid_amount = application.fee_total + 700
        for _ in range(2):
            first_invoices.account(application)
            db.session.commit()
    (payment,) = db.session.scalars(sa.select(Payment))
    assert (payment.paid_on, payment.amount, payment.rest) == (date(2026, 1, 9), application.fee_total + 700, 700)
    assert owed(contract) == [(application.fee_total, date(2026, 1, 9), date(2026, 1, 9))]
    contract.customer.name = "消去済み"
    db.session.commit()
    found = browser_for(world.admin).get("/staff/payments/csv", query_string={"payer": "しんき商店"}).response
    (_, line) = found.data.decode("utf-8-sig").splitlines()
    assert "株式会社しんき商店" in line and line.startswith("2026-01-09")


def test_the_first_fee_that_a_bank_file_has_brought_is_no_second_payment(world):
    with at("2026-01-10T12:00"):
        application = make_application()
        contract = contract_with(0, start_date=date(2026, 1, 15))
        application.contract, application.paid_on = contract, date(2026, 1, 9)
        application.paid_amount = application.fee_total
        known = paying.take(PaymentWay.transfer, date(2026, 1, 9), application.fee_total, contract, by=world.admin.id)
        first_invoices.account(application)
    assert [row.id for row in db.session.scalars(sa.select(Payment))] == [known.id]
    assert known.state is PaymentState.settled and len(invoices(contract)) == 1


# -- lines that may have come before


@pytest.mark.parametrize(
    ("first_day", "paid_on", "last_before", "doubt"),
    [(1, 1, 1, True), (1, 2, 2, False), (1, 1, 2, False), (2, 2, 2, True)],
)
def test_when_a_known_line_may_be_another_payment(first_day, paid_on, last_before, doubt):
    first_day, paid_on, last_before = (date(2026, 4, day) for day in (first_day, paid_on, last_before))
    assert in_doubt(first_day, paid_on, last_before) is doubt


def bank_csv(*rows, balance=False):
    head = "日付,入金額,摘要" + ",差引残高" * balance
    return "\n".join([head, *rows, ""]).encode()


@pytest.mark.both_databases
def test_a_second_equal_payment_of_a_day_is_asked_about(world, browser_for):
    line = "2026-04-01,3300,ﾔﾏﾀﾞ"
    matching.read(bank_csv(line), "朝.csv", by=world.admin.id)
    afternoon = matching.read(bank_csv(line, "2026-04-01,500,ｻﾄｳ"), "夕.csv", by=world.admin.id)
    assert (afternoon.in_doubt, afternoon.statement.new, afternoon.statement.known) == (1, 1, 0)
    longer = matching.read(bank_csv("2026-03-31,100,ｽｽﾞｷ", line), "週.csv", by=world.admin.id)
    assert (longer.in_doubt, longer.statement.known) == (0, 1), "a file that begins before has the whole day"
    db.session.commit()
    doubt = db.session.scalars(sa.select(DoubtfulLine)).one()
    assert [item.who for item in money_work.statements()] == ["ヤマダ"]
    browser = browser_for(world.admin)
    assert "以前に取り込んだ行と区別できない行" in browser.get("/staff/payments").text
    browser.post(f"/staff/payments/lines/{doubt.id}/another")
    assert browser.post(f"/staff/payments/lines/{doubt.id}/another").status == 303, "said once"
    found = db.session.scalars(sa.select(Payment.amount).where(Payment.amount == 3300)).all()
    assert len(found) == 2 and money_work.statements() == []
    whole = matching.read(bank_csv(line, line, "2026-04-01,500,ｻﾄｳ", "2026-04-02,1,ｽｽﾞｷ"), "月.csv", by=world.admin.id)
    assert whole.statement.new == 1, "what was said of a line is known from then on"


def test_the_same_line_counts_once_and_a_balance_tells_lines_apart(world, browser_for):
    line = "2026-04-01,3300,ﾔﾏﾀﾞ"
    matching.read(bank_csv(line), "朝.csv", by=world.admin.id)
    matching.read(bank_csv(line, ""), "夕.csv", by=world.admin.id)
    db.session.commit()
    doubt = db.session.scalars(sa.select(DoubtfulLine)).one()
    browser_for(world.admin).post(f"/staff/payments/lines/{doubt.id}/same")
    assert db.session.scalar(sa.select(sa.func.count(Payment.id))) == 1
    assert doubt.statement.known == 1 and db.session.scalar(sa.select(sa.func.count(DoubtfulLine.id))) == 0
    with_balance = matching.read(bank_csv(f"{line},9900", balance=True), "残高.csv", by=world.admin.id)
    again = matching.read(bank_csv(f"{line},9900", "2026-04-01,3300,ﾔﾏﾀﾞ,13200", balance=True), "残高2.csv", by=1)
    assert (with_balance.statement.new, again.statement.new, again.in_doubt) == (1, 1, 0)
