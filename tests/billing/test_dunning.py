"""Reminders, and what is proposed about who does not pay: remind, suspend, terminate; gone with the late payment."""

from datetime import date

import pytest
import sqlalchemy as sa

from tests.billing import bank
from tests.billing.closing_world import at, contract_with
from tests.factories import make_account, make_receivable
from wem import clock
from wem.accounts.rules import StaffRole
from wem.billing import arrears, debit_answering, debit_planning, debiting, lifting, reminding
from wem.billing.debit_models import PaymentChoice
from wem.billing.debit_rules import Method, first_asking
from wem.billing.dunning_rules import Asked, Case, Doubt, Proposal, doubt, proposal
from wem.billing.invoice_rules import due_day
from wem.billing.models import Receivable
from wem.billing.month_models import Reminder
from wem.billing.staff_invoice_views import to_pay_by
from wem.contracts import ending, notifying_service
from wem.contracts.request_models import TerminationGround, TerminationScope
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import Illegal, TerminationAction
from wem.db import db
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind
from wem.settings import settings
from wem.staff import money_work

DUE, LIMIT = date(2026, 3, 27), date(2026, 9, 27)
ASKED = Asked(date(2026, 4, 6), date(2026, 4, 16))


@pytest.mark.parametrize(
    ("on", "values", "wanted"),
    [
        ((4, 2), {}, Proposal.wait),
        ((4, 3), {}, Proposal.remind),
        ((4, 16), {"asked": ASKED}, Proposal.wait),
        ((4, 17), {"asked": ASKED}, Proposal.suspend),
        ((4, 17), {"asked": ASKED, "suspended": True}, Proposal.wait),
        # A reminder of an older debt, which was paid since, asks for nothing of this one.
        ((4, 17), {"asked": Asked(date(2026, 3, 1), date(2026, 3, 11))}, Proposal.remind),
        ((9, 27), {"asked": ASKED, "suspended": True}, Proposal.wait),
        ((9, 28), {"asked": ASKED, "suspended": True}, Proposal.terminate),
        ((9, 28), {}, Proposal.terminate),
        # Over already: nothing to suspend or terminate; the debt stays on the list, also of one that stood still.
        ((4, 16), {"asked": ASKED, "ended": True, "suspended": True}, Proposal.wait),
        ((9, 28), {"ended": True}, Proposal.remind),
        ((9, 28), {"asked": ASKED, "ended": True}, Proposal.collect),
        ((9, 28), {"asked": ASKED, "ended": True, "suspended": True}, Proposal.collect),
    ],
)
def test_what_is_proposed(on, values, wanted):
    assert proposal(Case(DUE, LIMIT, **values), date(2026, *on), 7) is wanted


@pytest.mark.parametrize(
    ("pay_by", "asks_for", "on", "wanted"),
    [
        (None, 3_300, 17, Doubt.never),
        (date(2026, 4, 16), 3_300, 16, Doubt.ahead),
        (date(2026, 4, 16), 3_300, 17, None),
        (None, 0, 17, Doubt.debit),
    ],
)
def test_what_speaks_against_a_suspension(pay_by, asks_for, on, wanted):
    assert doubt(pay_by, asks_for, date(2026, 4, on)) is wanted


def test_remind_wait_suspend_and_the_late_payment(world, browser_for):
    make_receivable(world.ours.contract, DUE)
    make_receivable(world.theirs.contract, date(2026, 2, 27))
    world.theirs.contract.state, world.theirs.contract.ended_on = ContractState.ended, date(2026, 3, 1)
    person = make_account("請求 担当", staff_role=StaffRole.billing)
    db.session.commit()
    id = str(world.ours.contract.id)
    with at("2026-04-06T12:00"):
        browser = browser_for(person)
        page = browser.get("/staff/arrears")
        # Who has left still owes.
        assert world.theirs.customer.name in page.text and "督促" in page.text
        page = browser.post("/staff/arrears", {"contract": [id], "step": "remind"})
        assert "3,300円" in page.text and db.session.scalars(sa.select(Reminder)).all() == []
        wrong = {**page.form(""), "pay_by": "2026-04-06", "step": "remind_done"}
        assert browser.post("/staff/arrears", wrong).status == 422
        assert browser.post("/staff/arrears", {**page.form(""), "step": "remind_done"}).status == 303
    row = db.session.scalars(sa.select(Reminder)).one()
    assert (row.amount, row.pay_by) == (3_300, date(2026, 4, 16))
    notice = db.session.scalars(sa.select(Notice)).one()
    assert "3,300円" in notice.text and "2026年4月16日（木）" in notice.text and "2026年9月27日（日）" in notice.text

    def proposed(on):
        return [each.proposal for each in arrears.debtors(on) if each.contract.id == row.contract_id]

    assert proposed(date(2026, 4, 10)) == [Proposal.wait]
    assert proposed(date(2026, 4, 17)) == [Proposal.suspend]
    assert proposed(date(2026, 9, 28)) == [Proposal.terminate]
    open_sum = db.session.scalars(sa.select(Receivable).where(Receivable.contract_id == row.contract_id)).one()
    open_sum.pay(1_000, date(2026, 4, 20), by=person.id)
    assert proposed(date(2026, 4, 21)) == [Proposal.suspend], "a part lifts nothing"
    with at("2026-04-21T12:00"):
        assert reminding.remind(world.ours.contract, date(2026, 5, 1), by=person.id).amount == 2_300
    open_sum.pay(2_300, date(2026, 4, 22), by=person.id)
    db.session.commit()
    assert proposed(date(2026, 9, 28)) == []


def test_when_the_bank_answers_the_first_debit_that_can_ask(app):
    def answer(since, due):
        return first_asking(date(2026, *since), date(2026, *due), debit_planning.of_month).result_on

    assert answer((3, 1), (3, 27)) == date(2026, 4, 2)
    assert answer((3, 19), (3, 20)) == answer((4, 1), (4, 1)) == date(2026, 5, 7)  # the file of March was closed
    assert answer((3, 1), (3, 30)) == date(2026, 5, 7)  # not due by the debit of March


NOVEMBER, DECEMBER = date(2026, 11, 27), date(2026, 12, 28)


@pytest.mark.parametrize(
    ("issued", "debited", "made", "wanted"),
    [
        ((11, 1), True, (), NOVEMBER),
        ((11, 17), True, (), NOVEMBER),  # the last day on which the bank takes the file
        ((11, 18), True, (), DECEMBER),
        ((11, 5), True, (NOVEMBER,), DECEMBER),  # its file was made without it
        ((11, 17), False, (), NOVEMBER),  # ten days for a transfer
        ((11, 18), False, (), DECEMBER),
        ((11, 27), False, (), DECEMBER),  # never on the day of issue
        ((11, 28), True, (), DECEMBER),
    ],
)
def test_who_is_told_late_has_time_to_pay(app, issued, debited, made, wanted):
    day = date(2026, *issued)
    found = due_day(date(2026, 11, 1), day, 10, debit_planning.of_month, debited=debited, made=made)
    assert found == wanted


def proposals(on):
    return [(each.proposal, each.asked_for) for each in arrears.debtors(on, ended=True)]


@pytest.mark.both_databases
def test_what_a_debit_is_still_to_collect_is_asked_for_by_nobody(app):
    """An invoice of 2 April that is due on the 10th: the debit of 27 April asks for it, and its answer is not clear."""
    with at("2026-04-02T12:00"):
        contract = contract_with(0)
        make_receivable(contract, date(2026, 4, 10))
        db.session.commit()
        assert proposals(date(2026, 4, 30)) == [], "its payer has nothing to do but to wait"
        assert arrears.outstanding(contract.id, date(2026, 4, 30)) == 0
        with pytest.raises(Illegal):
            lifting.suspend(contract, "早すぎる", by=1)
        assert proposals(date(2026, 5, 8)) == [(Proposal.remind, 3_300)], "no file was made"
    with at("2026-04-15T12:00"):
        assert money_work.owing(date(2026, 4, 30)) == []
        with pytest.raises(Illegal):
            reminding.remind(contract, date(2026, 4, 30), by=1)
        run = debiting.make(debit_planning.upcoming(date(2026, 4, 15)), by=1)
        db.session.commit()
    with at("2026-05-07T12:00"):
        debit_answering.check(run, bank.answer(run.file, "9"), by=1)
        debit_answering.carry_out(run)
        db.session.commit()
    assert proposals(date(2026, 6, 30)) == [], "with staff: nobody knows whether it is paid"


def test_who_pays_by_transfer_is_asked_at_once(app):
    with at("2026-04-02T12:00"):
        contract = contract_with(0)
        make_receivable(contract, date(2026, 4, 10))
        choice = PaymentChoice(contract_id=contract.id, method=Method.transfer, reason="x", chosen_by=1)
        db.session.add(choice)
        db.session.commit()
        assert proposals(date(2026, 4, 30)) == [(Proposal.remind, 3_300)]


def test_a_reminder_gives_until_a_day_on_which_banks_work(app):
    assert reminding.pay_by(date(2026, 4, 24)) == date(2026, 5, 7)  # the 4th, 5th and 6th are holidays
    assert to_pay_by(date(2026, 11, 24)) == date(2026, 12, 24)
    assert to_pay_by(date(2026, 12, 2)) == date(2027, 1, 4)


def test_a_debt_of_a_contract_that_is_over_stays_until_somebody_decides(world, browser_for):
    contract = world.ours.contract
    make_receivable(contract, DUE)
    contract.state, contract.ended_on = ContractState.ended, date(2026, 4, 1)
    contract.suspended_at = clock.midnight(date(2026, 3, 30))
    db.session.commit()
    with at("2026-04-06T12:00"):
        assert [item.url for item in money_work.owing(date(2026, 4, 6))] == ["/staff/arrears"]
        row = reminding.remind(contract, date(2026, 4, 16), by=world.admin.id)
    text = db.session.get_one(Notice, row.notice_id).text
    assert "法的な手続" in text and "停止" not in text and "再開" not in text
    [item] = money_work.owing(date(2026, 4, 17))
    assert item.url.endswith("/receivables")
    db.session.commit()
    with at("2026-04-17T12:00"):
        page = browser_for(world.admin).get("/staff/arrears")
    assert "回収の方法を決める" in page.text and 'value="preview"' not in page.html


def test_notices_of_what_stops_name_the_sum_and_where_to_pay_it(world, browser_for):
    contract = world.ours.contract
    make_receivable(contract, DUE)
    db.session.commit()
    account = settings().PROVIDER_ACCOUNT
    with at("2026-03-20T12:00"):
        for page in ("/contract", "/invoices"):
            shown = browser_for(world.ours.owner).get(page).text
            assert account in shown and "3,300円" in shown, page
    with at("2026-04-20T12:00"):
        lifting.suspend(contract, "未払い", by=world.admin.id)
        notifying_service.suspended(contract, [])  # as for 13-1
        row = ending.propose_termination(
            contract, TerminationGround.nonpayment, TerminationScope.whole, "台帳", by=world.admin.id
        )
        other = make_account("承認 担当", staff_role=StaffRole.contracts)
        ending.decide_termination(row, TerminationAction.approve, "確認", by=other.id, owed=[("3月分", 3_300, DUE)])
    kinds = (NoticeKind.suspension, NoticeKind.termination)
    found = sa.select(Notice.text).where(Notice.kind.in_(kinds)).order_by(Notice.id)
    told, ours, ended = db.session.scalars(found)
    for text in (told, ended):
        assert account in text and "3,300円" in text and "2026年3月27日（金）" in text
    assert account not in ours and settings().SUPPORT_EMAIL in ours and "停止するもの" in ours
