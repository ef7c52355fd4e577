"""Options and campaigns: free to change while nobody relies on them, then only ahead of time and announced."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.contracts.applications import TYPED, make_application
from tests.factories import make_campaign, make_contract, make_course, make_customer, make_option
from wem import clock
from wem.clock import JAPAN
from wem.contracts import accepting, date_rules, rules
from wem.contracts.accepting import Taken
from wem.contracts.application_models import Application
from wem.contracts.application_rules import Way
from wem.contracts.catalogue_models import Campaign, Option, PriceList
from wem.contracts.models import Contract
from wem.contracts.part_models import ContractOption
from wem.db import db
from wem.notices.models import Announcement, Notice
from wem.notices.rules import NoticeKind

TIERS = [[1000, 3000], [3000, 5000]]


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


def announced():
    return db.session.scalars(sa.select(Announcement.title).order_by(Announcement.id)).all()


def d(text):
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        (TIERS, TIERS, False),
        (TIERS, [[1000, 2900], [3000, 5000]], False),
        (TIERS, [[1000, 3001], [3000, 5000]], True),
        (TIERS, [[900, 3000], [3000, 5000]], True),  # who has 950 pays the next tier
        (TIERS, [[1100, 3000], [3000, 5000]], False),
        (TIERS, [[1000, 3000]], True),  # who has more finds no tier
        (TIERS, [[3000, 3000]], False),
        (TIERS, [[500, 2000], [1000, 3000], [3000, 5000], [9000, 9000]], False),
    ],
)
def test_what_is_dearer(before, after, worse):
    assert rules.dearer(before, after) is worse


@pytest.mark.parametrize(
    ("today", "before", "after", "good"),
    [
        ("2026-03-01", "2026-04-30", "2026-05-31", True),
        ("2026-03-01", "2026-04-30", "2026-03-31", True),  # 30 days ahead to the day
        ("2026-03-01", "2026-04-30", "2026-03-30", False),
        ("2026-04-30", "2026-04-30", "2026-05-31", True),
        ("2026-05-01", "2026-04-30", "2026-05-31", False),  # over is over
    ],
)
def test_the_last_day_of_a_campaign(today, before, after, good):
    assert date_rules.last_day_may_move(d(today), d(before), d(after), 30) is good


# -- campaigns on staff's screens


def test_a_campaign_is_free_until_it_is_public(world, browser_for):
    row = make_campaign("夏", clock.today() + timedelta(days=10))
    db.session.commit()
    staff, path = browser_for(world.admin), f"/staff/catalog/campaigns/{row.id}"
    assert staff.submit(path, {"name": "初夏", "free_months": "2"}).status == 303
    changed = db.session.get(Campaign, row.id, populate_existing=True)
    assert (changed.name, changed.free_months) == ("初夏", 2)
    with time_machine.travel(clock.now() + timedelta(days=10)):
        staff = browser_for(world.admin)
        page = staff.get(path)
        assert "変更できるのは" not in page.text and "新しい版を作ってください" in page.text
        staff.post(path, {"name": "別の名前", "free_months": "0", "last_day": str(row.last_day)})
        assert staff.post(f"{path}/removal").status == 303
    kept = db.session.get(Campaign, row.id, populate_existing=True)
    assert (kept.name, kept.free_months) == ("初夏", 2)
    copy = browser_for(world.admin).get(f"/staff/catalog/campaigns/new?from={row.id}").form("")
    assert (copy["name"], copy["free_months"]) == ("初夏", "2") and copy["code"] == f"{row.code}-v2"


def test_a_campaign_that_an_application_names_stays(world, browser_for):
    row = make_campaign("秋", clock.today())
    make_application(campaign=row.code)
    row.first_day = clock.today() + timedelta(days=1)  # not public any more, yet somebody relies on it
    db.session.commit()
    staff, path = browser_for(world.admin), f"/staff/catalog/campaigns/{row.id}"
    staff.post(f"{path}/removal")
    assert db.session.get(Campaign, row.id) is not None
    assert "削除できません" in staff.get("/staff/catalog").text


def test_deleted_before_it_is_public(world, browser_for):
    row = make_campaign("冬", clock.today() + timedelta(days=1))
    db.session.commit()
    browser_for(world.admin).post(f"/staff/catalog/campaigns/{row.id}/removal")
    assert db.session.get(Campaign, row.id) is None


def test_ending_earlier_is_announced_ahead(world, browser_for):
    row = make_campaign("春", clock.today(), days=90)
    db.session.commit()
    staff, path, today = browser_for(world.admin), f"/staff/catalog/campaigns/{row.id}", clock.today()
    assert staff.post(path, {"last_day": str(today + timedelta(days=29))}).status == 422
    assert not announced()
    assert staff.post(path, {"last_day": str(today + timedelta(days=30))}).status == 303
    assert db.session.get(Campaign, row.id).last_day == today + timedelta(days=30)
    assert announced() == ["キャンペーン「春」の受付期間短縮のお知らせ"]
    assert staff.post(path, {"last_day": str(today + timedelta(days=120))}).status == 303
    assert len(announced()) == 1, "longer is nobody's loss"


# -- options


def test_an_option_is_renamed_until_somebody_has_it(world, browser_for):
    option = make_option("印刷")
    db.session.commit()
    staff, path = browser_for(world.admin), f"/staff/catalog/options/{option.id}"
    assert staff.post(path, {"name": "印刷と発送", "offered": "y"}).status == 303
    db.session.add(ContractOption(contract_id=world.ours.contract.id, option=option, since=d("2026-02-01")))
    db.session.commit()
    assert staff.post(path, {"name": "別物"}).status == 303
    row = db.session.get(Option, option.id, populate_existing=True)
    assert (row.name, row.offered) == ("印刷と発送", False)
    assert world.ours.contract.options_on(clock.today()) == [row], "off offer, who has it keeps it"


@pytest.mark.both_databases
def test_the_end_of_an_option_is_public_before_it_comes(world, browser_for):
    option = make_option("印刷")
    part = ContractOption(contract_id=world.ours.contract.id, option=option, since=d("2026-02-01"))
    db.session.add(part)
    db.session.commit()
    with at("2026-03-02T12:00"):
        staff, path = browser_for(world.admin), f"/staff/catalog/options/{option.id}"
        assert staff.post(f"{path}/end", {"ends_on": "2026-04-15"}).status == 422, "with a month"
        assert staff.post(f"{path}/end", {"ends_on": "2026-05-01"}).status == 303
        assert staff.post(f"{path}/end", {"ends_on": "2026-06-01"}).status == 422, "its end stands"
    with at("2026-04-02T12:00"):
        other = make_option("別")
        db.session.commit()
        late = browser_for(world.admin).post(f"/staff/catalog/options/{other.id}/end", {"ends_on": "2026-05-01"})
        assert late.status == 422 and "30日以上先" in late.text
    contract = db.session.get(Contract, world.ours.contract.id, populate_existing=True)
    assert [each.id for each in contract.options_on(d("2026-04-30"))] == [option.id]
    assert contract.options_on(d("2026-05-01")) == []
    assert announced() == ["オプション「印刷」提供終了のお知らせ"]


def test_who_begins_later_has_it_until_then_only(world):
    option = make_option("印刷")
    option.ends_on = d("2026-06-01")
    details = {"sender_name": "店", "notice_email": "n@shop.example.jp"}
    for start, slug, held in (("2026-05-15", "mae", True), ("2026-06-15", "ato", False)):
        taken = Taken("店", "ミセ", slug, "standard", d(start), details, options=(option.code,))
        contract = accepting.take_on(taken, by=None)
        db.session.flush()
        assert bool(contract.options_on(d(start))) is held
        assert contract.options_on(d("2026-06-20")) == []


# -- prices


def test_dearer_prices_are_worse_whatever_was_ticked(world, browser_for):
    staff = browser_for(world.admin)
    with at("2027-03-20T12:00"):
        staff = browser_for(world.admin)
        page = staff.submit("/staff/catalog/prices/new", {"effective_from": "2027-04-01", "adverse": False})
        row = db.session.scalars(sa.select(PriceList).order_by(PriceList.version.desc())).first()
        row.adverse = False
        row.courses[0].tiers = [[1000, 9999]]
        db.session.commit()
        staff.submit(page.location, action="publication")
        assert db.session.get(PriceList, row.id).published_at is None
        row = db.session.get(PriceList, row.id)
        row.adverse, row.courses[0].tiers = False, [[1_000_000, 1]]
        db.session.commit()
        staff.submit(page.location, action="publication")
    assert db.session.get(PriceList, row.id, populate_existing=True).published_at is not None
    assert announced() == [f"料金表の改定（第{row.version}版）"]


# -- what an application names


def only():
    return db.session.scalars(sa.select(Application)).one()


def test_options_and_campaign_go_from_the_page_into_the_contract(world, browser_for):
    option = make_option("印刷", 700)
    row = make_campaign("春", free_months=1, conditions={"min_term": 3})
    db.session.commit()
    browser = browser_for()
    page = browser.post("/apply", {**TYPED, "options": [option.code], "campaign": row.code})
    assert page.location == "/apply/confirm", page.text
    shown = browser.get("/apply/confirm").text
    assert "印刷" in shown and "春" in shown and "700円" in shown
    browser.post("/apply/confirm")
    application = only()
    # Initial 10,000, the month free by the campaign, the option paid: 10,700 and tax.
    assert (application.fee_total, application.campaign_id) == (11_770, row.id)
    assert "春" in browser.get("/apply/done").text
    staff, path, today = browser_for(world.admin), f"/staff/applications/{application.id}", str(clock.today())
    staff.post(f"{path}/arrival", {"handed_on": today, "arrived_on": today})
    staff.post(f"{path}/payment", {"paid_on": today, "amount": "11770"})
    staff.post(f"{path}/possible")
    started = {"start_date": today, "slug": "shinki", "owner_email": "o@shinki.example.jp"}
    assert staff.post(f"{path}/start", started).status == 303
    contract = db.session.get(Contract, only().contract_id)
    assert (contract.campaign_id, contract.min_term) == (row.id, 3)
    assert [each.code for each in contract.options_on(clock.today())] == [option.code]
    assert (contract.person, contract.phone) == ("新木 四郎", "042-123-4567")


def test_a_campaign_of_another_course_or_day_is_refused(world, browser_for):
    other = make_course("別コース")
    theirs = make_campaign("別コースの春", course_id=other.id)
    past = make_campaign("昨年", clock.today() - timedelta(days=90))
    db.session.commit()
    for code in (theirs.code, past.code, "nonsense"):
        assert browser_for().post("/apply", {**TYPED, "campaign": code}).status == 422
    assert browser_for().post("/apply", {**TYPED, "options": ["nonsense"]}).status == 422


@pytest.mark.parametrize("paid", [False, True])
def test_posted_after_the_campaign_the_fee_is_told_anew(world, browser_for, paid):
    row = make_campaign("春", days=3, initial_free=True)
    application = make_application(campaign=row.code)
    assert application.fee_total == 3_300
    db.session.commit()
    staff, path = browser_for(world.admin), f"/staff/applications/{application.id}"
    if paid:
        staff.post(f"{path}/payment", {"paid_on": str(clock.today()), "amount": "3300"})
    with time_machine.travel(clock.now() + timedelta(days=5)):
        staff, today = browser_for(world.admin), clock.today()
        staff.post(f"{path}/arrival", {"handed_on": str(today - timedelta(days=1)), "arrived_on": str(today)})
    late = only()
    assert (late.campaign_id, late.fee_total, late.paid_on) == (None, 14_300, None)
    told = db.session.scalars(sa.select(Notice.text).where(Notice.kind == NoticeKind.initial_fee)).all()
    assert len(told) == 2 and "14,300円" in told[1] and "春" not in told[1]


def test_posted_on_its_last_day_it_holds(world, browser_for):
    row = make_campaign("春", days=3, initial_free=True)
    application = make_application(campaign=row.code)
    last = row.last_day
    with time_machine.travel(clock.now() + timedelta(days=6)):
        staff = browser_for(world.admin)
        path = f"/staff/applications/{application.id}"
        staff.post(f"{path}/arrival", {"handed_on": str(last), "arrived_on": str(clock.today())})
    assert (only().campaign_id, only().fee_total) == (row.id, 3_300)


def test_where_nothing_is_to_be_paid_nothing_is_waited_for(world):
    row = make_campaign("無料", initial_free=True, free_months=1)
    application = make_application(campaign=row.code)
    assert (application.fee_total, application.paid_amount) == (0, 0) and application.paid_on
    text = db.session.scalars(sa.select(Notice.text)).one()
    assert "お振り込みはありません" in text


def test_a_special_price_on_the_paper_wins(world, browser_for):
    row = make_campaign("春", initial_free=True)
    db.session.commit()
    staff, today = browser_for(world.admin), str(clock.today())
    typed = {**TYPED, "handed_on": today, "arrived_on": today, "campaign": row.code}
    for own in ({"own_initial": "5000"}, {"own_tiers": "1000 2000"}, {"own_initial": "5000", "own_tiers": "1000"}):
        assert staff.post("/staff/applications/new", {**typed, **own}).status == 422
    own = {"own_initial": "5000", "own_tiers": "1,000 2000\n3000 4000"}
    assert staff.post("/staff/applications/new", {**typed, **own}).status == 303
    application = only()
    assert application.fee_total == 7_700
    path = f"/staff/applications/{application.id}"
    staff.post(f"{path}/payment", {"paid_on": today, "amount": "7700"})
    staff.post(f"{path}/possible")
    staff.post(f"{path}/start", {"start_date": today, "slug": "shinki", "owner_email": "o@shinki.example.jp"})
    contract = db.session.get(Contract, only().contract_id)
    assert contract.own_price == {"initial": 5000, "tiers": [[1000, 2000], [3000, 4000]]}
    assert contract.tiers[0] == (1000, 2000) and contract.campaign_id == row.id


def test_nobody_but_staff_writes_a_price(world, browser_for):
    """The fields are on no page of applicants and partners; sent by hand they change nothing (7-1)."""
    own = {"own_initial": "0", "own_tiers": "1000000 1"}
    browser_for().post("/apply", {**TYPED, **own})
    assert only().entries.get("own_price") is None and only().fee_total == 14_300
    partner = browser_for(world.partner)
    partner.post("/partner/applications/new", {**TYPED, **own, "handed_on": str(clock.today())})
    found = db.session.scalars(sa.select(Application).where(Application.way == Way.partner)).one()
    assert found.entries.get("own_price") is None and found.fee_total == 14_300


def test_a_paper_that_comes_late_may_name_a_campaign_that_was(world, browser_for):
    row = make_campaign("先月", clock.today() - timedelta(days=40), days=30)
    db.session.commit()
    staff, today = browser_for(world.admin), clock.today()
    typed = {**TYPED, "campaign": row.code, "arrived_on": str(today)}
    assert staff.post("/staff/applications/new", {**typed, "handed_on": str(today)}).status == 422
    handed = {**typed, "handed_on": str(row.last_day)}
    assert staff.post("/staff/applications/new", handed).status == 303
    assert only().campaign_id == row.id
    assert make_contract(make_customer()).campaign_id is None
