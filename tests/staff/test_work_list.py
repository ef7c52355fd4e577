"""The work list: each role sees what it can act on, and what is many hides nothing of another kind."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.contracts.applications import make_application
from tests.factories import World, make_account
from wem import clock
from wem.accounts.rules import StaffRole
from wem.cases.models import Case
from wem.contracts.application_models import Application
from wem.contracts.application_rules import ApplicationState
from wem.contracts.request_models import Correction, Termination, TerminationGround, TerminationScope
from wem.contracts.state_rules import CorrectionState
from wem.db import db
from wem.privacy.models import Disclosure
from wem.privacy.rules import Basis, DataClass, DisclosureState
from wem.staff import contract_work, work, work_items

OLD = {"created_at": clock.now() - timedelta(days=40), "fee_told_on": clock.today() - timedelta(days=40)}


def stored(**values: Any) -> Application:
    row = make_application()
    for name, value in values.items():
        setattr(row, name, value)
    return row


@pytest.fixture
def busy(world: World) -> World:
    """A world in which something of many kinds waits for staff."""
    contract, at, admin = world.ours.contract, clock.now() - timedelta(days=1), world.admin.id
    case = Case(
        customer_id=contract.customer_id, contract=contract, codes=["P08"], title="承諾のない登録",
        opened_by=admin, assignee_id=admin, deadline=clock.today() - timedelta(days=1),
    )  # fmt: skip
    termination = Termination(
        contract=contract, ground=TerminationGround.unfit, scope=TerminationScope.whole, evidence="事実",
        proposed_at=at, proposed_by=admin,
    )  # fmt: skip
    asked = {"customer_id": contract.customer_id, "basis": Basis.law, "data": DataClass.customer, "items": "氏名"}
    disclosures = [
        Disclosure(**asked, requester="立川警察署", reason="照会", proposed_by=admin, state=state)
        for state in (DisclosureState.proposed, DisclosureState.approved)
    ]
    correction = Correction(
        contract=contract, breach="表示の欠落", demand="直すこと", deadline=clock.today() - timedelta(days=1),
        state=CorrectionState.due, issued_at=at, issued_by=admin,
    )  # fmt: skip
    db.session.add_all([case, termination, *disclosures, correction])
    db.session.commit()
    return world


@pytest.mark.parametrize("role", list(StaffRole))
def test_what_stands_there_can_be_opened(busy, browser_for, role):
    person = make_account("担当", staff_role=role)
    db.session.commit()
    browser = browser_for(person)
    links = [a["href"] for a in browser.get("/staff/").soup.select("main table a")]
    for path in links:
        assert browser.get(path).status in (200, 303), path
    text = browser.get("/staff/").text
    decides = role in (StaffRole.admin, StaffRole.contracts)
    assert ("次の対応" in text) is (decides or role is StaffRole.support)
    for words in ("承認を待っています", "提供の記録がありません"):
        assert (words in text) is decides


def test_a_secret_demand_is_for_those_who_keep_the_register(busy):
    """Who does not decide on disclosures does not learn of whom one was asked (2-1)."""
    shown = work.work(clock.today(), StaffRole.billing)
    assert not any("開示" in item.what or "提供" in item.what for item in shown.due + shown.late + shown.decide)


@pytest.mark.both_databases
def test_forms_left_half_done_hide_nothing(world, monkeypatch):
    monkeypatch.setattr(contract_work, "MOST", 3)
    monkeypatch.setattr(work, "MOST", 3)
    today = clock.today()
    for _ in range(4):
        stored(state=ApplicationState.filled, **OLD)
    done = {"arrived_on": today, "paid_on": today, "possible_on": today}
    ready = stored(state=ApplicationState.checking, **done)
    fresh = stored(state=ApplicationState.filled)
    db.session.commit()
    shown = work.work(today, StaffRole.contracts)
    assert [item.url for item in shown.decide if "applications" in item.url] == [f"/staff/applications/{ready.id}"]
    late = [item.url for item in shown.late if "applications" in item.url]
    assert len(late) == 3 and f"/staff/applications/{fresh.id}" not in late
    assert shown.cut and work_items.MOST == 100


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("values", "awaited"),
    [
        ({"state": ApplicationState.checking}, False),  # may the service be provided?
        ({"state": ApplicationState.checking, "possible_on": date(2026, 3, 1)}, True),
        ({"state": ApplicationState.supplement}, True),
        ({"state": ApplicationState.filled}, True),
    ],
)
def test_where_an_old_application_stands(world, values, awaited):
    row = stored(**OLD, **values)
    db.session.commit()
    for late in (True, False):
        urls = [item.url for item in contract_work.applications(clock.today(), late)]
        assert (f"/staff/applications/{row.id}" in urls) is (late is awaited)
