"""What there is to do for staff about money: the close of a month, mandates, debits, refunds, arrears."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from flask_babel import gettext

from wem.accounts.models import Customer
from wem.billing import arrears, books, closing, debit_planning, first_fee_return, refunding
from wem.billing.arrears import Debtor
from wem.billing.debit_models import DebitEntry, live_runs
from wem.billing.debit_rules import EntryState, Outcome, RunState
from wem.billing.dunning_rules import Proposal
from wem.billing.invoice_wording import HELD, month_text
from wem.billing.models import Receivable
from wem.billing.month_models import ContractMonth, FinalAccount, MonthClose
from wem.billing.payment_books import REST
from wem.billing.payment_models import DoubtfulLine, Payment, Refund, payments_of
from wem.billing.payment_rules import RefundState
from wem.billing.rules import CloseState, Held
from wem.billing.wording import OUTCOMES
from wem.billing.write_off_models import in_state
from wem.billing.write_off_rules import WriteOffState
from wem.contracts import price_models
from wem.contracts.application_models import Application
from wem.contracts.application_rules import ApplicationState
from wem.contracts.mandate_models import Mandate
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState, EndReason, SuspensionGround
from wem.contracts.state_rules import MandateState
from wem.db import db
from wem.lists import recounting
from wem.staff.work_items import MOST, Item, page_of, second_person

MANDATE_PATIENCE_DAYS = 21
AHEAD = timedelta(days=1)


def months(today: date) -> list[Item]:
    """A month that is to be closed, what its close left to us, and counts that differ; once WeM charges at all."""
    if db.session.scalar(sa.select(ContractMonth.month).limit(1)) is None:
        return []
    month, items = closing.next_month(today), []
    close = db.session.get(MonthClose, month)
    if close is None or close.state is not CloseState.done:
        what = gettext("%(month)s is to be closed", month=month_text(month))
        items.append(Item(month, None, what, gettext("To the close"), "/staff/month"))
    action = gettext("To the close")
    for row in closing.held():
        price = f"/staff/contracts/{row.contract_id}/months/{row.month:%Y-%m}/price"
        what = str(HELD[row.held]) if row.held else ""
        if row.held is Held.no_price:
            items.append(Item(row.month, row.contract, what, gettext("Agree on a price"), price))
        else:
            items.append(Item(row.month, row.contract, what, action, "/staff/month"))
    for each in recounting.differences():
        name = db.session.scalar(sa.select(Customer.name).where(Customer.id == each.customer_id)) or ""
        items.append(Item(each.day, None, gettext("A recount of addresses differed"), action, "/staff/month", name))
    return items


def mandates() -> list[Item]:
    """Forms that are here and go to the bank, and those that come back from it."""
    found = sa.select(Mandate).where(Mandate.state == MandateState.received).limit(MOST)
    what, action = gettext("A request for direct debit goes to the bank"), gettext("To the mandate")
    return [
        Item(row.moved_on, row.contract, what, action, f"/staff/mandates/{row.id}") for row in db.session.scalars(found)
    ]


def mandates_late(today: date) -> list[Item]:
    """Mandates that neither the customer nor the bank has moved for weeks (6-1)."""
    found = (
        sa.select(Mandate)
        .where(
            Mandate.state.in_((MandateState.missing, MandateState.returned, MandateState.sent)),
            Mandate.moved_on < today - timedelta(days=MANDATE_PATIENCE_DAYS),
        )
        .limit(MOST)
    )
    texts = {
        MandateState.missing: gettext("The request for direct debit has not come"),
        MandateState.returned: gettext("The request for direct debit has not come back"),
        MandateState.sent: gettext("The bank has not answered about a mandate"),
    }
    action = gettext("To the mandate")
    return [
        Item(row.moved_on, row.contract, texts[row.state], action, f"/staff/mandates/{row.id}")
        for row in db.session.scalars(found)
    ]


def debits() -> list[Item]:
    """Answers of the bank to debits that somebody has to look at (6-1)."""
    found = sa.select(DebitEntry).where(DebitEntry.state == EntryState.with_staff).order_by(DebitEntry.id).limit(MOST)
    action = gettext("To the decision")
    return [
        Item(
            row.run.debit_on,
            row.contract,
            gettext("A debit was not made: %(why)s", why=OUTCOMES[row.outcome or Outcome.unknown]),
            action,
            f"/staff/debits/entries/{row.id}",
        )
        for row in db.session.scalars(found)
    ]


def refunds() -> list[Item]:
    """Refunds that wait for a second person, and approved ones until they are paid out."""
    found = (
        sa.select(Refund)
        .where(Refund.state.in_((RefundState.proposed, RefundState.approved)))
        .order_by(Refund.id)
        .limit(MOST)
    )
    what, pay, action = gettext("Refund"), gettext("Transfer of a refund"), gettext("To the refund")
    items = []
    for row in db.session.scalars(found):
        contract, name = row.contract, row.payee
        url = f"/staff/payments/{row.payment_id}" if row.payment_id else f"/staff/invoices/{row.invoice_id}"
        if row.state is RefundState.approved and row.decided_at is not None:
            items.append(Item(row.decided_at.date(), contract, pay, action, f"{url}#refund-{row.id}", name))
        else:
            items.append(second_person(row.proposed_at.date(), contract, what, url, name))
    return items


def returns() -> list[Item]:
    """What is left of returns of contracts that are over: nothing is charged any more that they could be taken off."""
    what, action = gettext("What is left of a return goes back"), gettext("To the return")
    return [
        Item(row.issued_on, row.contract, what, action, f"/staff/invoices/{row.id}#refund")
        for row in refunding.returns(MOST)
    ]


def overpaid() -> list[Item]:
    """What is left of payments of contracts that are over and owe nothing: no invoice comes that it could settle."""
    owes = sa.exists(
        sa.select(Receivable.id).where(Receivable.contract_id == Payment.contract_id, Receivable.settled_on.is_(None))
    )
    found = (
        sa.select(Payment)
        .join(Contract, Contract.id == Payment.contract_id)
        .join(FinalAccount, FinalAccount.contract_id == Contract.id)
        .where(REST > 0, Payment.set_aside_at.is_(None), Contract.end_reason != EndReason.void, ~owes)
    )
    what, action = gettext("What was paid too much by a contract that is over goes back"), gettext("To the payment")
    return [
        Item(max(row.paid_on, row.contract.ended_on), row.contract, what, action, f"/staff/payments/{row.id}#refund")
        for row in db.session.scalars(found.order_by(Payment.id).limit(MOST))
        if row.free and row.contract is not None and row.contract.ended_on is not None
    ]


def statements() -> list[Item]:
    """Lines of bank files that may be payments of their own, or have come before."""
    found = sa.select(DoubtfulLine).order_by(DoubtfulLine.id).limit(MOST)
    what, action, url = gettext("A line of a bank's file may have come before"), gettext("To the line"), "#doubtful"
    return [
        Item(row.paid_on, None, what, action, f"/staff/payments{url}", row.payer) for row in db.session.scalars(found)
    ]


def write_offs() -> list[Item]:
    """Sums that one person wants to write off, and another decides about."""
    what = gettext("Write-off of a sum")
    return [
        second_person(
            row.proposed_at.date(), row.receivable.contract, what, f"/staff/receivables/{row.receivable_id}/write-off"
        )
        for row in in_state(WriteOffState.proposed, MOST)
    ]


def prices() -> list[Item]:
    """Prices that give money away: one person asks, and another decides about them."""
    what = gettext("Price above the highest tier")
    return [
        second_person(
            row.proposed_at.date(), row.contract, what,
            f"/staff/contracts/{row.contract_id}/months/{row.month:%Y-%m}/price",
        )
        for row in price_models.asked(MOST)
    ]  # fmt: skip


def first_fees() -> list[Item]:
    """First fees of applications that came to nothing, with or without a contract, not all asked back (A-17)."""
    found = (
        sa.select(Application)
        .join(Contract, Contract.id == Application.contract_id)
        .where(Contract.end_reason == EndReason.void, refunding.owes_back(Payment.contract_id, Contract))
        .order_by(Application.id)
        .limit(MOST)
    )
    what, action = gettext("The first fee of a refused application goes back"), gettext("To the payment")
    items = []
    for row in db.session.scalars(found):
        contract = row.contract
        assert contract is not None and contract.ended_on is not None
        came = payments_of(contract.id)
        held = [payment.id for payment in came if payment.free]
        missing = (row.paid_amount or 0) > sum(payment.amount for payment in came)
        if held:
            items.append(Item(contract.ended_on, contract, what, action, f"/staff/payments/{held[0]}"))
        elif missing:
            # One that somebody took back is there all the same.
            lost = first_fee_return.taken_back(contract)
            url = f"/staff/payments/{lost[0].id}#other" if lost else f"/staff/payments/new?contract={contract.number}"
            items.append(Item(contract.ended_on, contract, what, action, url))
        # What was paid out of a return before its money was let go stands in `returns`.
    before = sa.select(Application).where(refunding.kept_back()).order_by(Application.id).limit(MOST)
    withdrawn = gettext("The first fee of a withdrawn application goes back")
    for row in db.session.scalars(before):
        rest = sa.select(Payment).where(Payment.application_id == row.id, REST > 0).order_by(Payment.id)
        payment = next((each.id for each in db.session.scalars(rest) if each.free), None)
        url = f"/staff/payments/{payment}" if payment else f"/staff/payments/new?contract={row.number}"
        said = withdrawn if row.state is ApplicationState.withdrawn else what
        items.append(Item((row.decided_at or row.created_at).date(), None, said, action, url, row.name))
    return items


def files(today: date) -> list[Item]:
    """The debit file that the bank takes until today or tomorrow, made or not; what is saved has been handed in."""
    action = gettext("To the debit files")
    items = [
        Item(run.deadline, None, gettext("A debit file goes to the bank"), action, f"/staff/debits/{run.id}")
        for run in live_runs()
        if run.state is RunState.made and run.fetched_at is None and today <= run.deadline <= today + AHEAD
    ]
    day = debit_planning.upcoming(today)
    if day.deadline <= today + AHEAD and debit_planning.plan(day, True).records:
        items.append(Item(day.deadline, None, gettext("A debit file is to be made"), action, "/staff/debits"))
    return items


def results_late(today: date) -> list[Item]:
    """Debit files whose answer should have come."""
    what, action = gettext("The bank has not answered a debit file"), gettext("To the debit files")
    return [
        Item(run.result_on, None, what, action, f"/staff/debits/{run.id}")
        for run in live_runs()
        if run.state is RunState.made and run.result_on < today
    ]


def owing(today: date) -> list[Item]:
    """Contracts that have not paid in time: those that run, and those over, once the last reminder's day has passed."""
    found = [each for each in arrears.debtors(today, ended=True) if each.asked_for]
    return [_owing(each) for each in found if each.over or not each.contract.suspended][:MOST]


def _owing(row: Debtor) -> Item:
    amount = f"{row.amount:,}"
    if row.proposal is Proposal.collect:
        what = gettext("%(amount)s yen of a contract that is over are not paid: decide what comes next", amount=amount)
        return Item(row.oldest, row.contract, what, gettext("To the sums"), f"{page_of(row.contract)}/receivables")
    what = gettext("%(amount)s yen are overdue", amount=amount)
    return Item(row.oldest, row.contract, what, gettext("To the arrears"), "/staff/arrears")


def claims(today: date) -> list[Item]:
    """Claims of costs against others than customers that were not paid in time (12特約)."""
    what, action = gettext("A claim against somebody who is no customer is overdue"), gettext("To the claim")
    return [
        Item(row.due_on or row.issued_on, None, what, action, f"/staff/invoices/{row.id}", row.recipient_name)
        for row in books.claims(MOST, today)
    ]


def lost(today: date) -> list[Item]:
    """Suspensions for non-payment that can no longer be lifted: ours to terminate (A-24)."""
    found = sa.select(Contract).where(
        Contract.suspension_ground == SuspensionGround.nonpayment, Contract.state != ContractState.ended
    )
    items = []
    for contract in db.session.scalars(found.limit(MOST)):
        state = arrears.conditions(contract, today)
        if state is not None and state.lost and state.limit is not None:
            what, url = gettext("Not settled within six months"), f"{page_of(contract)}/termination"
            items.append(Item(state.limit, contract, what, gettext("Ask for the termination"), url))
    return items
