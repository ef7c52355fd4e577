"""A price for a month above the highest tier: what it changes is seen first, two agree where money is given away."""

from datetime import date

import pytest
import sqlalchemy as sa

from tests.billing.closing_world import at, closed, contract_with, invoices
from tests.factories import make_account
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.billing import closing, final, pricing
from wem.billing.month_models import ContractMonth, FinalAccount, MonthClose
from wem.billing.rules import Held
from wem.contracts import catalogue, price_rules
from wem.contracts.models import Contract
from wem.contracts.price_models import AgreedPrice, agreed_tier
from wem.contracts.price_rules import PriceState
from wem.contracts.rules import ContractState, EndReason
from wem.contracts.state_rules import Illegal, OwnProposal
from wem.db import db
from wem.lists import counting
from wem.staff import money_work

TIERS = ((1_000, 3_000), (3_000, 5_000))
FEBRUARY, MARCH, APRIL = (date(2026, month, 1) for month in (2, 3, 4))


@pytest.mark.parametrize(
    ("count", "up_to", "asked", "allowed"),
    [
        (3_001, 3_001, False, True),
        (3_001, 50_000, False, True),
        (3_001, 3_000, False, False),  # it does not hold the count
        (3_000, 50_000, False, False),  # there is a price
        (3_001, 50_000, True, False),
    ],
)
def test_when_a_price_may_be_agreed_on(count, up_to, asked, allowed):
    if allowed:
        price_rules.may_agree(count, up_to, TIERS, asked=asked)
    else:
        with pytest.raises(Illegal):
            price_rules.may_agree(count, up_to, TIERS, asked=asked)


@pytest.mark.parametrize(("fee", "two"), [(5_000, False), (4_999, True), (0, True), (9_000, False)])
def test_two_decide_below_the_highest_tier(fee, two):
    assert price_rules.gives_away(fee, TIERS) is two
    assert not price_rules.gives_away(fee, ())


def again(month):
    closing.again(db.session.get(MonthClose, month), by=1)
    db.session.commit()
    assert closed(month)


@pytest.mark.both_databases
def test_a_month_above_the_highest_tier_is_priced_on_its_page_and_billed(world, browser_for):
    with at("2026-01-20T12:00"):
        contract = contract_with(20_000)
        db.session.commit()
    with at("2026-02-02T12:00"):
        browser = browser_for(world.admin)
        closed(FEBRUARY)
        path = f"/staff/contracts/{contract.id}/months/2026-02/price"
        assert path in browser.get("/staff/month").html and path in [item.url for item in money_work.months(FEBRUARY)]
        typed = {"fee": "40000", "up_to": "19999", "holds": "onwards", "reason": "社長と電話で合意"}
        assert browser.submit(path, typed, action="price").status == 422, "it does not hold the count"
        typed["up_to"] = "50000"
        # Nothing is agreed on before its effect was seen, also when the button is pressed of another price.
        seen = browser.submit(path, typed | {"step": "agree"}, action="price")
        assert "44,000円" in seen.text and "9,900円" in seen.text, "and beside it what the highest tier would come to"
        assert db.session.scalar(sa.select(sa.func.count(AgreedPrice.id))) == 0
        other = seen.form("price") | {"fee": "41000", "step": "agree"}
        assert "45,100円" in browser.post(path, other).text
        assert db.session.scalar(sa.select(sa.func.count(AgreedPrice.id))) == 0
        for _ in range(2):  # pressed twice
            browser.post(path, seen.form("price") | {"step": "agree"})
        found = db.session.scalars(sa.select(AgreedPrice)).one()
        assert (found.state, found.tier, found.decided_by) == (PriceState.agreed, (50_000, 40_000), world.admin.id)
        assert invoices(contract) == [] and "料金確定済み" in browser.get("/staff/month").text
        again(FEBRUARY)
        assert [row.total for row in invoices(contract)] == [44_000] and closing.held() == []
        assert catalogue.monthly_fee(db.session.get_one(Contract, contract.id), 20_000, FEBRUARY) == 40_000
        assert catalogue.monthly_fee(db.session.get_one(Contract, contract.id), 50_001, FEBRUARY) is None
    with at("2026-02-12T12:00"):
        counting.change_count(contract.customer_id, 40_000)
        counting.change_count(contract.customer_id, -30_000)
        db.session.commit()
    with at("2026-03-02T12:00"):
        closed(MARCH)
        # March goes on by the same price; February's peak of 60,000 is above that, too.
        assert [row.total for row in invoices(contract)] == [44_000, 44_000]
        row = db.session.get_one(ContractMonth, (contract.id, FEBRUARY))
        assert row.held is Held.no_price and pricing.count_of(row) == 60_000
        pricing.propose(row, 60_000, 70_000, False, "合意", by=1)
        assert pricing.effect(row, 70_000).total == 33_000
        db.session.commit()
        again(MARCH)
    with at("2026-04-02T12:00"):
        closed(APRIL)
    assert [row.total for row in invoices(contract)] == [44_000, 44_000, 77_000]


@pytest.mark.both_databases
def test_less_than_the_highest_tier_is_agreed_on_by_two_also_for_a_contract_that_is_over(world, browser_for):
    with at("2026-02-05T12:00"):
        contract = contract_with(20_000, start_date=date(2025, 1, 1))
        other = make_account("承認 担当", staff_role=StaffRole.billing)
        db.session.commit()
    with at("2026-03-02T12:00"):
        first, second = browser_for(world.admin), browser_for(other)
        closed(MARCH)
        contract = db.session.get_one(Contract, contract.id)
        contract.state, contract.ended_on, contract.end_reason = ContractState.ended, APRIL, EndReason.cancelled
        db.session.commit()
        row = db.session.get_one(ContractMonth, (contract.id, MARCH))
        path = f"/staff/contracts/{contract.id}/months/2026-03/price"
        seen = first.submit(path, {"fee": "4999", "holds": "month", "reason": "ご案内の誤り"}, action="price")
        assert "別の担当者" in seen.text
        first.post(path, seen.form("price") | {"step": "agree"})
        found = db.session.scalars(sa.select(AgreedPrice)).one()
        assert found.state is PriceState.proposed and [item.url for item in money_work.prices()] == [path]
        assert pricing.agreed([row]) == set(), "not before the second person"
        with pytest.raises(OwnProposal):
            pricing.decide(found, price_rules.PriceAction.approve, "", by=world.admin.id)
        with pytest.raises(Illegal):
            pricing.propose(row, 20_000, 9_000, False, "もう一つ", by=world.admin.id)
        first.post(f"/staff/agreed-prices/{found.id}", {"decision": "approve"})
        assert db.session.get(AgreedPrice, found.id, populate_existing=True).state is PriceState.proposed
        second.post(f"/staff/agreed-prices/{found.id}", {"decision": "approve", "note": "確認しました"})
        found = db.session.get(AgreedPrice, found.id, populate_existing=True)
        assert (found.state, found.decided_by) == (PriceState.agreed, other.id) and money_work.prices() == []
        acts = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.action.startswith("agreed_price")))
        assert list(acts) == ["agreed_price.propose", "agreed_price.denied_approve", "agreed_price.approve"]
        assert pricing.agreed([db.session.get_one(ContractMonth, (contract.id, MARCH))])
        assert "最終精算" in first.get(path).text
        final.account(db.session.get_one(Contract, contract.id))
        db.session.commit()
        assert db.session.get(FinalAccount, contract.id) is not None and closing.held() == []
    assert [row.total for row in invoices(contract)] == [5_498]


@pytest.mark.parametrize(
    ("month", "count", "tier"),
    [
        (date(2026, 1, 1), 20_000, None),  # nothing yet
        (FEBRUARY, 50_000, (50_000, 40_000)),
        (MARCH, 30_000, (30_000, 25_000)),
        # What replaced it is too small: the older price does not come back without a word.
        (MARCH, 50_000, None),
        (APRIL, 45_000, (45_000, 30_000)),  # for that month alone
        (date(2026, 5, 1), 30_000, (30_000, 25_000)),
    ],
)
def test_the_newest_price_holds_also_where_it_does_not_reach_the_count(world, month, count, tier):
    contract = contract_with(20_000)
    agreed = ((FEBRUARY, 50_000, 40_000, True), (MARCH, 30_000, 25_000, True), (APRIL, 45_000, 30_000, False))
    for since, up_to, fee, onwards in agreed:
        db.session.add(
            AgreedPrice(contract=contract, customer_id=contract.customer_id, course_id=contract.course_id, month=since,
                        onwards=onwards, up_to=up_to, fee=fee, state=PriceState.agreed, reason="合意", proposed_by=1)
        )  # fmt: skip
    db.session.commit()
    assert agreed_tier(contract.id, contract.course_id, month, count) == tier
