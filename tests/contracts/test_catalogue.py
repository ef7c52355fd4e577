"""Courses, options, campaigns, price lists: what applies when, and what is copied into a contract."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa
import time_machine

from tests.factories import make_account, make_contract, make_course, make_customer
from wem.accounts.rules import StaffRole
from wem.clock import JAPAN
from wem.contracts import accepting, catalogue
from wem.contracts.accepting import Taken
from wem.contracts.catalogue_models import Campaign, Course, CoursePrice, PriceList, price_list_on
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db

DETAILS = {"sender_name": "店", "notice_email": "n@shop.example.jp"}


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


@pytest.mark.parametrize(("published", "good"), [("2027-03-02T12:00", True), ("2027-03-03T00:00", False)])
def test_worse_prices_are_public_thirty_days_before(world, browser_for, published, good):
    with at("2027-03-01T12:00"):
        browser = browser_for(world.admin)
        assert browser.submit("/staff/catalog/prices/new", {"effective_from": "2027-04-15"}).status == 422
        page = browser.submit("/staff/catalog/prices/new", {"effective_from": "2027-04-01", "note": "値上げ"})
        row = db.session.scalars(sa.select(PriceList).order_by(PriceList.version.desc())).first()
        course = db.session.scalars(sa.select(Course).where(Course.code == "standard")).one()
        priced = f"{page.location}/courses/{course.id}"
        for wrong in ("1000", "1000 3000\n500 100", "abc def"):
            assert browser.submit(priced, {"initial": "10000", "tiers": wrong}).status == 422
        browser.submit(priced, {"initial": "12000", "tiers": "1,000 4000\n3000 6000\n"})
    with at(published):
        browser.sign_in(world.admin)
        browser.submit(page.location, action="publication")
        assert (db.session.get_one(PriceList, row.id).published_at is not None) is good
        if not good:
            return
        assert browser.get(priced).status == 404  # public is unchangeable
    contract = make_contract(make_customer(), course_id=course.id)
    assert contract.tiers_on(date(2027, 3, 31))[0] == (1000, 3000)
    assert contract.tiers_on(date(2027, 4, 1)) == [(1000, 4000), (3000, 6000)]
    assert price_list_on(date(2027, 4, 1)).version == row.version
    with at("2027-04-01T00:00"):
        assert "4,400円" in browser_for().get("/").text
    # A price written on the application wins (7-1).
    contract.own_price = {"initial": 0, "tiers": [[1000, 100]]}
    assert contract.tiers_on(date(2027, 4, 1)) == [(1000, 100)]


def test_a_course_that_is_no_longer_priced_keeps_its_last_price(world):
    course = make_course("旧コース", [[1000, 2500]])
    later = PriceList(version=9, effective_from=date(2026, 6, 1), published_at=datetime.now(JAPAN), adverse=False)
    db.session.add(later)
    db.session.flush()
    contract = make_contract(make_customer(), course_id=course.id)
    assert contract.tiers_on(date(2026, 7, 1)) == [(1000, 2500)]
    assert course.code not in {each.code for each, _ in catalogue.offered(date(2026, 7, 1))}


def test_campaign_before_course_is_copied_into_the_contract(world, browser_for):
    browser = browser_for(world.admin)
    standard = db.session.scalars(sa.select(Course).where(Course.code == "standard")).one()
    browser.submit(f"/staff/catalog/courses/{standard.id}", {"min_term": "12", "renewal": "3", "refund": "no"})
    page = browser.submit(
        "/staff/catalog/campaigns/new",
        {"code": "spring", "name": "春", "first_day": "2026-03-01", "last_day": "2026-04-30", "min_term": "3",
         "refund": "yes"},
    )  # fmt: skip
    assert page.status == 303
    taken = Taken("新店", "シンテン", "shinten", "standard", date(2026, 3, 15), DETAILS, campaign="spring",
                  options=("paper-invoice",), applied_on=date(2026, 3, 1))  # fmt: skip
    with at("2026-03-10T12:00"):
        contract = accepting.take_on(taken, by=None)
        db.session.commit()
    assert contract.state is ContractState.accepted
    assert (contract.min_term, contract.renewal, contract.refund) == (3, 3, True)
    assert contract.effective_on == date(2026, 3, 1) and contract.price_list_id
    assert [option.code for option in contract.options_on(date(2026, 3, 15))] == ["paper-invoice"]
    assert contract.life.first_exit == date(2026, 7, 1)
    # What is changed afterwards leaves it alone.
    browser.submit(f"/staff/catalog/courses/{standard.id}", {"min_term": "24"})
    assert db.session.get_one(Contract, contract.id).min_term == 3
    with pytest.raises(LookupError):
        accepting.take_on(
            Taken("別店", "ベツテン", "betsuten", "standard", date(2026, 5, 15), DETAILS, campaign="spring",
                  applied_on=date(2026, 5, 1)), by=None,
        )  # fmt: skip


def test_codes_are_taken_once(world, browser_for):
    page = browser_for(world.admin).submit("/staff/catalog/courses/new", {"code": "standard", "name": "二つ目"})
    assert page.status == 422 and "使われています" in page.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Campaign)) == 0


def test_samples_are_called_samples(world, browser_for):
    page = browser_for(world.admin).get("/staff/catalog")
    assert "見本の料金です" in page.text
    assert "見本" in browser_for(world.ours.owner).get("/contract").text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CoursePrice)) >= 2


def test_own_prices_are_not_called_samples(world, browser_for):
    with at("2027-03-01T12:00"):
        browser = browser_for(world.admin)
        page = browser.submit("/staff/catalog/prices/new", {"effective_from": "2027-04-01"})
        browser.submit(page.location, action="publication")
        assert "見本です" in browser_for().get("/apply").text
    with at("2027-04-01T09:00"):
        assert "見本" not in browser_for().get("/apply").text
        assert "見本" not in browser_for(world.ours.owner).get("/contract").text


@pytest.mark.parametrize("role", list(StaffRole))
def test_who_keeps_the_catalogue(world, browser_for, role):
    person = make_account("担当", staff_role=role)
    db.session.commit()
    may = role in (StaffRole.admin, StaffRole.contracts, StaffRole.billing)
    browser = browser_for(person)
    assert browser.get("/staff/catalog").status == (200 if may else 403)
    assert browser.post("/staff/catalog/options/new", {"code": "x1", "name": "x"}).status == (303 if may else 403)
