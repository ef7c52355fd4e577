"""The register of disclosures: two people, papers, the day of giving; and who looked at whose data."""

import io
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.factories import make_account
from wem import clock
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.privacy import disclosing, jobs
from wem.privacy.models import Disclosure, Look
from wem.privacy.rules import Basis, DataClass, DisclosureState, Purpose, What

ASKED = {
    "whose": "customer",
    "basis": "law",
    "requester": "立川警察署 生活安全課",
    "reference": "刑事訴訟法197条2項",
    "items": "契約者の氏名、住所",
    "reason": "捜査関係事項照会書",
}


def staff(role=StaffRole.contracts):
    account = make_account("第二 次郎", staff_role=role)
    db.session.commit()
    return account


def audited(action):
    return db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)).all()


def test_from_the_demand_to_the_day_of_giving(world, browser_for):
    browser, other = browser_for(world.admin), browser_for(staff())
    paper = (io.BytesIO("照会書".encode()), "照会書.pdf")
    page = browser.submit(f"/staff/disclosures/new?contract={world.ours.contract.number}", {**ASKED, "paper": paper})
    row = db.session.scalars(sa.select(Disclosure)).one()
    path = f"/staff/disclosures/{row.id}"
    assert page.location == path
    assert "第三者提供が承認を待っています" in other.get("/staff/").text
    # Nothing is given before somebody else has approved, and nobody approves their own.
    browser.post(f"{path}/giving", {"given_on": clock.today().isoformat(), "how": "手渡し"})
    browser.post(path, {"note": "自分で", "decision": "approve"})
    browser.post(path, {"note": "直接", "decision": "give"})
    db.session.refresh(row)
    assert row.state is DisclosureState.proposed
    assert [len(audited(f"disclosure.denied_{act}")) for act in ("giving", "own_approval", "decision")] == [1, 1, 1]
    other.submit(path, {"note": "確認", "decision": "approve"}, action=path)
    late = clock.today() + timedelta(days=1)
    other.submit(path, {"given_on": late.isoformat(), "how": "手渡し"}, action="giving")
    db.session.refresh(row)
    assert row.state is DisclosureState.approved
    other.submit(path, {"how": "書留郵便、担当者あて"}, action="giving")
    db.session.refresh(row)
    assert (row.state, row.given_on, row.given_how) == (DisclosureState.given, clock.today(), "書留郵便、担当者あて")
    file = other.get(f"{path}/papers/{disclosing.papers(row)[0].id}")
    assert file.html == "照会書" and file.response.headers["Content-Disposition"].startswith("attachment")
    assert "no-store" in file.response.headers["Cache-Control"]
    assert "立川警察署" in other.get("/staff/disclosures").text


def test_a_demand_may_be_secret(world, browser_for):
    """No page of the customer lists a disclosure or its papers, and nobody is told by itself."""
    row = disclosing.propose(
        world.ours.customer, Basis.law, DataClass.customer, "捜査機関", "氏名", "照会", by=world.admin.id
    )
    disclosing.attach(row, b"x", "照会書.pdf", by=world.admin.id)
    db.session.commit()
    owner = browser_for(world.ours.owner)
    for path in ("/dashboard", "/contract", "/notices"):
        assert "照会書" not in owner.get(path).html and "捜査機関" not in owner.get(path).html
    assert disclosing.papers(row)[0].customer_id is None


def test_an_approval_stays_in_the_register_when_it_is_withdrawn(world, browser_for):
    second = staff()
    row = disclosing.propose(
        world.ours.customer, Basis.law, DataClass.customer, "警察署", "氏名", "x", by=world.admin.id
    )
    db.session.commit()
    path, first, other = f"/staff/disclosures/{row.id}", browser_for(world.admin), browser_for(second)
    other.post(path, {"note": "他人が取下げ", "decision": "withdraw"})
    db.session.refresh(row)
    assert row.state is DisclosureState.proposed and len(audited("disclosure.denied_decision")) == 1
    other.submit(path, {"note": "令状を確認", "decision": "approve"}, action=path)
    first.submit(path, {"note": "照会が取り下げられた", "decision": "withdraw"}, action=path)
    db.session.refresh(row)
    assert (row.state, row.decided_by, row.note) == (DisclosureState.withdrawn, second.id, "令状を確認")
    assert (row.withdrawn_by, row.withdrawal_note) == (world.admin.id, "照会が取り下げられた")
    shown = first.get(path).text
    assert "令状を確認" in shown and "照会が取り下げられた" in shown


@pytest.mark.parametrize(("data", "basis"), [("end_user", "consent"), ("customer", "public")])
def test_not_on_every_ground(world, browser_for, data, basis):
    values = {**ASKED, "whose": data, "basis": basis}
    page = browser_for(world.admin).submit(f"/staff/disclosures/new?contract={world.ours.contract.number}", values)
    assert page.status == 422 and "この根拠では提供できません" in page.text
    with pytest.raises(Illegal):
        disclosing.propose(world.ours.customer, Basis(basis), DataClass(data), "x", "x", "x", by=world.admin.id)
    assert db.session.scalar(sa.select(Disclosure.id)) is None


@pytest.mark.parametrize("name", ["whose", "basis"])
def test_a_ground_that_there_is_not(world, browser_for, name):
    page = browser_for(world.admin).submit("/staff/disclosures/new", {**ASKED, name: "nonsense"})
    assert page.status == 422 and db.session.scalar(sa.select(Disclosure.id)) is None


def test_papers_of_another_disclosure_are_not_there(world, browser_for):
    rows = [
        disclosing.propose(side.customer, Basis.law, DataClass.secret, "x", "x", "x", by=world.admin.id)
        for side in (world.ours, world.theirs)
    ]
    paper = disclosing.attach(rows[1], b"x", "x.pdf", by=world.admin.id)
    db.session.commit()
    browser = browser_for(world.admin)
    assert browser.get(f"/staff/disclosures/{rows[0].id}/papers/{paper.id}").status == 404


@pytest.mark.parametrize("role", [StaffRole.billing, StaffRole.support, StaffRole.operations])
def test_the_register_is_not_for_everybody(world, browser_for, role):
    assert browser_for(staff(role)).get("/staff/disclosures").status == 403


# -- who looked


@pytest.mark.both_databases
def test_each_look_is_written_down(world, browser_for):
    account = staff(StaffRole.support)
    browser, id = browser_for(account), world.ours.contract.id
    browser.get(f"/staff/contracts/{id}")
    browser.get("/staff/contracts")
    browser.get(f"/staff/contracts/{id}/details")  # refused: support changes nothing
    browser.get("/staff/contracts/999999")
    row = db.session.scalars(sa.select(Look)).one()
    assert (row.account_id, row.customer_id, row.what, row.purpose, row.path) == (
        account.id,
        world.ours.customer.id,
        What.contract,
        Purpose.matching,
        f"/staff/contracts/{id}",
    )


def test_only_administrators_see_who_looked(world, browser_for):
    other = staff()
    browser_for(other).get(f"/staff/contracts/{world.ours.contract.id}")
    browser_for(world.admin).get(f"/staff/contracts/{world.theirs.contract.id}")
    admin = browser_for(world.admin)
    page = admin.get(f"/staff/access?customer={world.ours.contract.number}")
    assert "第二 次郎" in page.text and "株式会社髙橋商店" in page.text and "有限会社山田花店" not in page.text
    assert "有限会社山田花店" in admin.get("/staff/access").text
    assert admin.get("/staff/access?customer=どこにもない").status == 200
    assert browser_for(other).get("/staff/access").status == 403
    assert "閲覧記録を見る" not in browser_for(other).get(f"/staff/contracts/{world.ours.contract.id}").text


@pytest.mark.both_databases
def test_looks_are_forgotten_after_a_year(world, browser_for):
    with time_machine.travel(clock.now() - timedelta(days=366), tick=False):
        browser = browser_for(world.admin)
        browser.get(f"/staff/contracts/{world.ours.contract.id}")
    browser_for(world.admin).get(f"/staff/contracts/{world.theirs.contract.id}")
    jobs.forget_old()
    assert db.session.scalars(sa.select(Look.customer_id)).all() == [world.theirs.customer.id]
