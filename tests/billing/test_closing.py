"""The close of a month: the worked example, ends, suspension, and that nothing is done twice or left out."""

from dataclasses import replace
from datetime import date, datetime

import pytest
import sqlalchemy as sa

from tests.billing.closing_world import at, closed, contract_with, drafted, invoices, issued, owed, with_option
from tests.contracts.applications import make_application
from tests.factories import make_campaign, make_course
from wem.billing import (
    arrears,
    closing,
    correcting,
    debit_deciding,
    drafting,
    final,
    first_invoices,
    jobs,
    monthly,
    moved_starts,
)
from wem.billing.debit_rules import Method
from wem.billing.models import Receivable
from wem.billing.month_models import ContractMonth, FinalAccount, MonthClose, MonthDraft
from wem.billing.rules import CloseState, Held, InvoiceKind, Occasion, ReceivableKind
from wem.clock import JAPAN
from wem.contracts import agreed, taking_effect
from wem.contracts.models import Contract
from wem.contracts.request_models import ContractRequest, RequestKind
from wem.contracts.rules import ContractState, EndReason, SuspensionGround
from wem.contracts.state_rules import RequestState
from wem.db import db
from wem.lists import counting
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind

FEBRUARY, MARCH, APRIL, MAY, JUNE = (date(2026, month, 1) for month in (2, 3, 4, 5, 6))


def again(contract):
    return db.session.get(Contract, contract.id, populate_existing=True)


@pytest.mark.both_databases
def test_the_example_of_chapter_8(app):
    with at("2026-01-20T12:00"):
        contract = contract_with(800)
        counting.change_count(contract.customer_id, 700)
        counting.change_count(contract.customer_id, -600)
        db.session.commit()
    with at("2026-02-01T09:00"):
        closed(FEBRUARY)
    with at("2026-02-12T12:00"):
        counting.change_count(contract.customer_id, 120)
        counting.change_count(contract.customer_id, -40)
        db.session.commit()
    with at("2026-03-01T00:00:01"):
        # Whoever registers before staff press the button does not change the count of 0:00.
        counting.change_count(contract.customer_id, 500)
        db.session.commit()
    with at("2026-03-02T09:00"):
        closed(MARCH)
    february, march = invoices(contract)
    assert (february.total, february.tax, february.due_on) == (3_300, 300, date(2026, 2, 27))
    assert (march.total, march.tax, march.due_on) == (5_500, 500, date(2026, 3, 27))
    assert [(line["kind"], line["amount"]) for line in march.lines] == [("base", 3_000), ("difference", 2_000)]
    assert "1,020" in march.lines[1]["label"] and "980" in march.lines[0]["label"]
    assert [amount for amount, _, _ in owed(contract)] == [3_300, 5_500]
    assert (february.number, march.number) == ("2026-000001", "2026-000002")
    told = db.session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.invoice).order_by(Notice.id)).all()
    assert len(told) == 2 and "2026-000002" in told[1].text and "T0000000000000" in told[1].text


def year(killed_after=None):
    """Close three months over contracts of all kinds; a worker that is killed after so many pieces is followed by
    another."""
    with at("2026-01-20T12:00"):
        plain, growing, ending = contract_with(10), contract_with(900), contract_with(20)
        suspended, _ = contract_with(30), contract_with(20_000)
        with_option(plain, date(2026, 1, 20))
        ending.state, ending.leaves_on = ContractState.leaving, APRIL
        db.session.commit()
        growing, suspended = growing.customer_id, suspended.id
    kills = 0
    for month, day in ((FEBRUARY, "2026-02-01"), (MARCH, "2026-03-01"), (APRIL, "2026-04-01")):
        with at(f"{day}T08:00"):
            while not closed(month, killed_after and kills % 3 + killed_after):
                kills += 1
                assert kills < 200
        if month is FEBRUARY:
            with at("2026-02-10T08:00"):
                counting.change_count(growing, 200)
                db.session.get_one(Contract, suspended).suspend(SuspensionGround.nonpayment, "", by=1)
                db.session.commit()
    return kills, issued()


@pytest.mark.both_databases
def test_a_kill_between_any_two_pieces_gives_the_same_invoices(app):
    """Each worker does one to three pieces and is killed in the midst of the next."""
    kills, killed = year(1)
    assert kills > 15
    for month in (FEBRUARY, MARCH, APRIL):
        with at("2026-04-02T08:00"):
            close = db.session.get(MonthClose, month)
            closing.again(close, by=1)
            db.session.commit()
            assert closed(month)
    assert issued() == killed
    numbers = [row[0] for row in killed]
    assert numbers == [f"2026-{place:06}" for place in range(1, len(numbers) + 1)]
    assert [row[3] for row in killed] == KILLED_OR_NOT


def test_the_same_without_a_kill(app):
    kills, plain = year()
    assert kills == 0
    assert [row[3] for row in plain] == KILLED_OR_NOT


# Contracts of 10 (with an option), 900, 20 and 30 addresses; in March the difference and the return; one ends in April.
KILLED_OR_NOT = [3_850, 3_300, 3_300, 3_300, 3_850, 7_700, 3_300, -2_239, 3_850, 5_500]


def test_suspended_months_are_settled_by_days(app):
    with at("2026-03-15T12:00"):
        contract = contract_with(10, start_date=date(2026, 1, 15))
        db.session.commit()
    with at("2026-04-01T08:00"):
        closed(APRIL)
    with at("2026-04-10T12:00"):
        again(contract).suspend(SuspensionGround.danger, "", by=1)
        db.session.commit()
    with at("2026-05-01T08:00"):
        closed(MAY)
    april, back = invoices(contract)
    assert (back.kind, back.total, back.tax, back.corrects_id) == (InvoiceKind.give_back, -2_310, -210, april.id)
    # It is taken off the invoice that it belongs to; nothing is charged for May, which begins suspended.
    assert [amount for amount, _, _ in owed(contract)] == [990]
    assert back.credit == 0
    with at("2026-05-20T12:00"):
        again(contract).resume("", by=1)
        db.session.commit()
    with at("2026-06-01T08:00"):
        closed(JUNE)
    june = invoices(contract)[-1]
    # May was used on 12 of 31 days: 3,000 × 12 ÷ 31.
    assert [line["amount"] for line in june.lines] == [3_000, 1_161]


@pytest.mark.both_databases
def test_the_end_makes_all_due_and_charges_nothing_after_it(app):
    with at("2026-02-20T12:00"):
        contract = contract_with(900)
        contract.state, contract.leaves_on = ContractState.leaving, APRIL
        db.session.commit()
    with at("2026-03-01T08:00"):
        closed(MARCH)
    with at("2026-03-31T23:00"):
        counting.change_count(contract.customer_id, 200)
        db.session.commit()
    with at("2026-04-01T08:00"):
        closed(APRIL)
        # The daily work finds it done.
        assert final.waiting() == [] and final.account(again(contract)) is None
    march, last = invoices(contract)
    assert (last.occasion, last.total, last.due_on) == (Occasion.final, 2_200, APRIL)
    assert [(amount, due) for amount, due, _ in owed(contract)] == [(3_300, date(2026, 3, 27)), (2_200, APRIL)]
    with at("2026-05-01T08:00"):
        closed(MAY)
    assert invoices(contract) == [march, last]


def test_a_termination_makes_open_sums_due_at_once_and_needs_no_close(app):
    with at("2026-02-20T12:00"):
        contract = contract_with(900)
        db.session.commit()
    with at("2026-03-01T08:00"):
        closed(MARCH)
    with at("2026-03-10T12:00"):
        counting.change_count(contract.customer_id, 200)
        row = again(contract)
        row.state, row.ended_on, row.end_reason = ContractState.ended, date(2026, 3, 10), EndReason.terminated
        db.session.commit()
        final.account(again(contract))
        db.session.commit()
    assert [(amount, due) for amount, due, _ in owed(contract)] == [
        (3_300, date(2026, 3, 10)),
        (2_200, date(2026, 3, 10)),
    ]
    with at("2026-04-01T08:00"):
        closed(APRIL)
    assert len(invoices(contract)) == 2


def test_an_early_exit_owes_the_rest_only_where_it_was_agreed(app):
    for owes, lines in ((True, ["rest"]), (False, [])):
        with at("2026-02-20T12:00"):
            contract = contract_with(5, rest_owed=owes)
            db.session.commit()
        with at("2026-03-01T08:00"):
            if owes:
                closed(MARCH)
            else:
                db.session.add(monthly_opened(contract))
                db.session.commit()
        with at("2026-04-01T08:00"):
            row = again(contract)
            row.state, row.ended_on, row.end_reason = ContractState.ended, APRIL, EndReason.cancelled
            db.session.flush()
            last = final.account(row)
            db.session.commit()
        assert [line["kind"] for line in (last.lines if last else [])] == lines
        if last:
            assert last.lines[0]["amount"] == 4 * 3_000


def monthly_opened(contract):
    row = monthly.opened(contract, MARCH)
    row.charge(monthly.opening_fees(row))
    row.invoiced_at = contract.created_at
    return row


def test_above_the_highest_tier_waits_for_a_price(app):
    with at("2026-02-20T12:00"):
        contract = contract_with(20_000)
        db.session.commit()
    with at("2026-03-01T08:00"):
        close = drafted(MARCH)
        assert db.session.scalars(sa.select(MonthDraft.look_at)).all() == [["no_price", "no_month"]]
        closed(MARCH)
        assert invoices(contract) == []
        assert [(row.contract_id, row.held) for row in closing.held()] == [(contract.id, Held.no_price)]
        again(contract).own_price = {"initial": 0, "tiers": [[30_000, 12_000]]}
        db.session.commit()
        close = db.session.get(MonthClose, MARCH)
        closing.again(close, by=1)
        db.session.commit()
        assert closed(MARCH)
    assert [row.total for row in invoices(contract)] == [13_200]
    assert closing.held() == []


def test_the_dry_run_says_what_the_close_charges(app):
    with at("2026-02-20T12:00"):
        contract = contract_with(900)
        contract_with(10)
        with_option(contract, FEBRUARY)
        db.session.commit()
    with at("2026-03-01T08:00"):
        closed(MARCH)
    with at("2026-03-12T12:00"):
        counting.change_count(contract.customer_id, 200)
        db.session.commit()
    with at("2026-04-01T08:00"):
        close = drafted(APRIL)
        drafts = db.session.scalars(
            sa.select(MonthDraft).where(MonthDraft.month == APRIL).order_by(MonthDraft.contract_id)
        ).all()
        assert [(row.total, row.before, row.look_at) for row in drafts] == [
            # 1,100 addresses: the higher tier, and March's difference.
            (5_500 + 550 + 2_200, 3_850, ["changed"]),
            (3_300, 3_300, []),
        ]
        assert len(invoices()) == 2, "a dry run charges nothing"
        assert drafting.sums(APRIL)["total"] == 11_550
        assert close.state is CloseState.drafted
        closed(APRIL)
        assert drafting.differing(APRIL) == 0
    assert [row.total for row in invoices()[2:]] == [8_250, 3_300]


def test_a_first_invoice_is_what_was_told_and_paid(app):
    with at("2026-01-10T12:00"):
        application = make_application()
        contract = contract_with(0, start_date=date(2026, 1, 15))
        application.contract, application.paid_on = contract, date(2026, 1, 9)
        application.paid_amount = application.fee_total
        db.session.commit()
        assert first_invoices.waiting() == [application.id]
        first_invoices.account(application)
        db.session.commit()
        assert first_invoices.waiting() == []
    (row,) = invoices(contract)
    assert row.occasion is Occasion.initial and row.total == application.fee_total
    assert owed(contract) == [(application.fee_total, date(2026, 1, 9), date(2026, 1, 9))]
    month = db.session.get(ContractMonth, (contract.id, date(2026, 1, 1)))
    assert month.first
    with at("2026-01-20T12:00"):
        counting.change_count(contract.customer_id, 2_000)
        db.session.commit()
    with at("2026-02-01T08:00"):
        closed(FEBRUARY)
    # The first month's peak costs nothing more.
    assert [line["kind"] for line in invoices(contract)[1].lines] == ["base"]


@pytest.mark.parametrize("start", [date(2026, 1, 25), date(2026, 2, 20), date(2026, 3, 3)])
def test_the_first_fee_follows_a_corrected_start_date(app, start):
    """An earlier month would be free, and a later one charged twice (4-4)."""
    begins, after = start.replace(day=1), date(2026, start.month + 1, 1)
    with at("2026-01-10T12:00"):
        application = make_application()
        contract = contract_with(900, start_date=date(2026, 2, 3))
        application.contract, application.paid_on = contract, date(2026, 1, 9)
        application.paid_amount = application.fee_total
        db.session.commit()
        jobs.follow_contracts()
        (first,) = invoices(contract)
        assert moved_starts.waiting() == []
        contract.start_date = start
        db.session.commit()
        assert moved_starts.waiting() == [contract.id]
        for _ in range(2):
            jobs.follow_contracts()
        before, back, new = invoices(contract)
        assert before.id == first.id and back.total == -first.total and new.total == first.total
        assert (new.period_from, new.corrects_id) == (start, first.id)
        assert {line["month"] for line in new.lines if line["month"]} == {begins.isoformat()}
        # What was transferred counts for the one in its place.
        assert {settled for _, _, settled in owed(contract)} <= {date(2026, 1, 9), date(2026, 1, 10)}
    rows = db.session.scalars(sa.select(ContractMonth).where(ContractMonth.contract_id == contract.id)).all()
    assert [(row.month, row.first, row.invoice_id) for row in rows] == [(begins, True, new.id)]
    with at(f"{after}T08:00"):
        closed(after)
    assert [(row.month, row.net) for row in invoices(contract)[3:]] == [(after, 3_000)]


def test_an_end_without_any_month_is_an_account_without_an_invoice(app):
    with at("2026-02-20T12:00"):
        contract = contract_with(5, state=ContractState.ended, ended_on=date(2026, 2, 1), end_reason=EndReason.void)
        db.session.commit()
        assert final.account(contract) is None
        db.session.commit()
    assert db.session.get(FinalAccount, contract.id) is not None


def test_who_was_charged_before_wem_wrote_invoices_is_left_alone_until_staff_say_so(app):
    with at("2026-01-10T12:00"):
        application = make_application()
        application.contract, application.invoiced_elsewhere = contract_with(0), True
        db.session.commit()
        jobs.follow_contracts()
        assert invoices() == [] and first_invoices.may_issue(application.contract)


def test_a_contract_without_an_application_has_its_first_invoice_by_the_price_list(app):
    with at("2026-01-20T12:00"):
        contract = contract_with(0)
        with_option(contract, date(2026, 1, 15))
        db.session.commit()
        assert first_invoices.waiting() == []
        fee = first_invoices.by_table(contract)
        row = first_invoices.issue(contract, fee, date(2026, 2, 10), paid_on=None, by=1)
        db.session.commit()
    assert (row.occasion, row.total, row.due_on) == (Occasion.initial, 14_850, date(2026, 2, 10))
    assert db.session.scalar(sa.select(Receivable.kind)) is ReceivableKind.initial  # never debited (6-1c)
    assert not first_invoices.may_issue(contract)


def test_a_late_close_takes_the_course_that_held_in_its_month(app):
    with at("2026-02-20T12:00"):
        contract = contract_with(900, own_price={"initial": 0, "tiers": [[1_000, 2_000]]})
        change = ContractRequest(
            customer_id=contract.customer_id, contract=contract, kind=RequestKind.course, state=RequestState.waiting,
            received_at=datetime(2026, 3, 5, tzinfo=JAPAN), effective_on=APRIL,
            wish={"course": make_course("ビジネス", [[30_000, 16_000]]).code, "from": contract.course.code},
        )  # fmt: skip
        db.session.add(change)
        db.session.commit()
        before = contract.course.name
    with at("2026-04-03T08:00"):
        taking_effect.apply(change, by=None)
        db.session.commit()
        closed(MARCH)
        closed(APRIL)
    march, april = (db.session.get(ContractMonth, (contract.id, month)) for month in (MARCH, APRIL))
    assert (march.course, march.tiers, march.charged_base) == (before, [[1_000, 2_000]], 2_000)
    assert (april.course, april.charged_base) == ("ビジネス", 16_000)


@pytest.mark.both_databases
def test_a_late_close_leaves_time_and_its_notice_says_how_to_pay(app):
    with at("2026-03-15T12:00"):
        debited, transferring = contract_with(10), contract_with(10, name="振込の店")
        debit_deciding.choose(transferring, None, Method.transfer, "経理の都合", by=1)
        db.session.commit()
    with at("2026-03-28T12:00"):
        closed(MARCH)
    for contract, said in (
        (debited, "2026年4月27日（月）に、ご登録の口座から振り替えます"),
        (transferring, "見本銀行"),
    ):
        (row,) = invoices(contract)
        assert (row.issued_on, row.due_on) == (date(2026, 3, 28), date(2026, 4, 27))
        notice = db.session.get(Notice, row.notice_id)
        assert said in notice.text
        assert arrears.outstanding(contract.id, date(2026, 4, 27)) == 0
    assert "見本銀行" not in db.session.get(Notice, invoices(debited)[0].notice_id).text


def test_the_fee_of_a_month_knows_a_campaigns_months(app):
    campaign = make_campaign("無料", free_months=2)
    with at("2026-02-20T12:00"):
        contract = contract_with(900, campaign_id=campaign.id)
        with_option(contract, FEBRUARY)
        fees = [agreed.fee_of_month(contract, 900, date(2026, month, 1)) for month in (1, 2, 3)]
    assert fees == [0, 500, 3_500]


def agree(contract, *tiers):
    again(contract).own_price = {"initial": 0, "tiers": [list(tier) for tier in tiers]}
    db.session.commit()


def press_again(month):
    closing.again(db.session.get(MonthClose, month), by=1)
    db.session.commit()
    assert closed(month)


@pytest.mark.both_databases
def test_a_month_that_was_held_is_billed_as_a_whole_by_the_next_close(app):
    with at("2026-02-20T12:00"):
        contract = contract_with(20_000)
        db.session.commit()
    with at("2026-03-01T08:00"):
        closed(MARCH)
    with at("2026-03-20T12:00"):
        agree(contract, (30_000, 12_000))
    with at("2026-04-01T08:00"):
        drafted(APRIL)
        assert db.session.scalars(sa.select(MonthDraft.total).where(MonthDraft.month == APRIL)).all() == [26_400]
        closed(APRIL)
    (row,) = invoices(contract)
    assert (row.total, row.period_from, row.period_to) == (26_400, MARCH, date(2026, 4, 30))
    assert [(line["amount"], line["month"]) for line in row.lines] == [(12_000, "2026-03-01"), (12_000, "2026-04-01")]
    march = db.session.get(ContractMonth, (contract.id, MARCH))
    assert march.charged_base == 12_000 and march.settled_at and march.invoice_id == row.id
    with at("2026-05-01T08:00"):
        closed(MAY)
    assert [each.total for each in invoices(contract)] == [26_400, 13_200]


def test_two_held_months_are_both_shown_and_both_billed(app):
    with at("2026-02-20T12:00"):
        contract = contract_with(20_000)
        db.session.commit()
    for month, day in ((MARCH, "2026-03-01"), (APRIL, "2026-04-01"), (MAY, "2026-05-01")):
        with at(f"{day}T08:00"):
            closed(month)
    with at("2026-05-02T08:00"):
        assert [row.month for row in closing.held()] == [MARCH, APRIL, MAY]
        press_again(MAY)  # without a price nothing changes
        assert [row.month for row in closing.held()] == [MARCH, APRIL, MAY] and invoices(contract) == []
        agree(contract, (30_000, 12_000))
        press_again(MAY)
        assert closing.held() == []
    assert [line["month"] for row in invoices(contract) for line in row.lines] == [
        "2026-03-01", "2026-04-01", "2026-05-01",
    ]  # fmt: skip
    assert owed(contract) == [(39_600, date(2026, 5, 27), None)]


def test_a_held_month_is_billed_although_the_next_is_billed_already(app):
    with at("2026-02-20T12:00"):
        contract = contract_with(20_000)
        db.session.commit()
    with at("2026-03-01T08:00"):
        closed(MARCH)
        counting.change_count(contract.customer_id, -19_500)
        db.session.commit()
    with at("2026-04-01T08:00"):
        closed(APRIL)
        assert [row.month for row in closing.held()] == [MARCH]
        agree(contract, (1_000, 3_000), (30_000, 12_000))
        press_again(APRIL)
        press_again(APRIL)
    assert [row.total for row in invoices(contract)] == [3_300, 13_200]


@pytest.mark.both_databases
def test_a_last_account_waits_for_a_price(app):
    with at("2026-02-20T12:00"):
        contract = contract_with(900)
        contract.state, contract.leaves_on = ContractState.leaving, APRIL
        db.session.commit()
    with at("2026-03-01T08:00"):
        closed(MARCH)
    with at("2026-03-20T12:00"):
        counting.change_count(contract.customer_id, 20_000)
        db.session.commit()
    with at("2026-04-01T08:00"):
        closed(APRIL)
        jobs.follow_contracts()
        assert db.session.get(FinalAccount, contract.id) is None
        assert [(row.month, row.held) for row in closing.held()] == [(MARCH, Held.no_price)]
        agree(contract, (30_000, 12_000))
        jobs.follow_contracts()
        assert db.session.get(FinalAccount, contract.id) is not None and closing.held() == []
    assert [row.total for row in invoices(contract)] == [3_300, 9_900]


@pytest.mark.parametrize("replaced", [False, True])
def test_months_that_the_contract_did_not_reach_are_given_back(app, replaced):
    """The cancellation of 28 February is entered on 3 March: March was invoiced with February's difference."""
    with at("2026-01-20T12:00"):
        contract = contract_with(900)
        db.session.commit()
    with at("2026-02-01T08:00"):
        closed(FEBRUARY)
    with at("2026-02-10T12:00"):
        counting.change_count(contract.customer_id, 200)
        counting.change_count(contract.customer_id, -200)
        db.session.commit()
    with at("2026-03-01T08:00"):
        closed(MARCH)
    with at("2026-03-03T12:00"):
        march = invoices(contract)[1]
        if replaced:
            typed = [replace(line, month=None) for line in correcting.lines_of(march)]  # as it comes from the form
            march = correcting.replace_by(march, typed, "宛名の誤り", by=1)[1]
        counting.change_count(contract.customer_id, 5_000)
        row = again(contract)
        row.state, row.ended_on, row.end_reason = ContractState.ended, MARCH, EndReason.cancelled
        db.session.commit()
        jobs.follow_contracts()
        jobs.follow_contracts()
    back = invoices(contract)[-1]
    assert (back.occasion, back.total, back.corrects_id) == (Occasion.final, -3_300, march.id)
    assert [amount for amount, _, settled in owed(contract) if settled is None] == [3_300, 2_200]
    assert db.session.get(FinalAccount, contract.id).invoice_id is None
    with at("2026-04-01T08:00"):
        closed(APRIL)
    assert invoices(contract)[-1].id == back.id


@pytest.mark.both_databases
def test_the_close_charges_no_contract_that_another_worker_has_ended(app):
    """The close of April has found the contract; before its turn it ends, and its last account is made elsewhere."""
    with at("2026-03-20T12:00"):
        contract = contract_with(900)
        db.session.add(monthly_opened(contract))
        db.session.commit()
    with at("2026-04-01T08:00"):
        row = again(contract)
        row.state, row.ended_on, row.end_reason = ContractState.ended, date(2026, 3, 31), EndReason.terminated
        db.session.add(monthly.opened(contract, APRIL))
        db.session.commit()
        final.account(row)
        db.session.commit()
        closing.charge(contract.id, APRIL)
        db.session.commit()
        assert invoices(contract) == []
