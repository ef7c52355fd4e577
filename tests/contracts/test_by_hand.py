"""Requests made by hand for what no screen offers: refused, nothing changed, and on record with who tried it."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.contracts.applications import make_application
from tests.contracts.stepping import send
from tests.factories import make_account, make_mandate, make_receivable
from wem import clock
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.clock import JAPAN
from wem.contracts import applying
from wem.contracts.application_rules import ApplicationState
from wem.contracts.models import Contract
from wem.contracts.request_models import ContractRequest, Termination
from wem.contracts.rules import ContractState, SuspensionGround
from wem.contracts.state_rules import MandateState, RequestState, TerminationState
from wem.db import db


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


def contract_of(side):
    return db.session.get(Contract, side.contract.id, populate_existing=True)


def tried(action):
    return db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)).all()


def test_lifting_with_arrears(world, browser_for):
    make_receivable(world.ours.contract, date(2026, 3, 27))
    with at("2026-04-10T12:00"):
        contract_of(world.ours).suspend(SuspensionGround.nonpayment, "未払い", by=None)
        db.session.commit()
        staff, path = browser_for(world.admin), f"/staff/contracts/{world.ours.contract.id}/lifting"
        assert 'name="decision" value="lift"' not in staff.get(path).html
        staff.post(path, {"note": "特別に", "decision": "lift"})
    assert contract_of(world.ours).suspended
    assert [event.account_id for event in tried("contract.denied_lifting")] == [world.admin.id]


@pytest.mark.parametrize("ground", [SuspensionGround.nonpayment, SuspensionGround.partial_termination])
def test_resuming_what_has_its_own_way(world, browser_for, ground):
    """By the plain form, which is there for other grounds: past the conditions of 13-2, or the second person."""
    contract_of(world.ours).suspend(ground, "停止", by=None)
    db.session.commit()
    browser_for(world.admin).post(f"/staff/contracts/{world.ours.contract.id}/resume", {"note": "特別に"})
    assert contract_of(world.ours).suspended
    assert [event.account_id for event in tried("contract.denied_lifting")] == [world.admin.id]


def test_suspending_who_owes_nothing(world, browser_for):
    path = f"/staff/contracts/{world.ours.contract.id}/suspend"
    assert browser_for(world.admin).post(path, {"ground": "nonpayment", "note": "未払い"}).status == 422
    assert not contract_of(world.ours).suspended
    assert [event.details["note"] for event in tried("contract.denied_suspension")] == ["未払い"]


@pytest.mark.both_databases
def test_start_without_payment(world, browser_for):
    application, staff = make_application(), browser_for(world.admin)
    path, today = f"/staff/applications/{application.id}", str(clock.today())
    staff.post(f"{path}/arrival", {"handed_on": today, "arrived_on": today})
    staff.post(f"{path}/possible")
    started = {"start_date": today, "slug": "shinki", "owner_email": "o@shinki.example.jp"}
    before = db.session.scalar(sa.select(sa.func.count()).select_from(Contract))
    page = staff.post(f"{path}/start", started)
    assert page.status == 409 and "足りないもの：初回料金の入金" in page.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Contract)) == before
    db.session.refresh(application)
    assert application.state is ApplicationState.checking
    [event] = tried("application.not_allowed")
    assert (event.account_id, event.details["missing"]) == (world.admin.id, ["money"])
    with pytest.raises(applying.NotReady):
        applying.accept(application, clock.today(), "shinki", "o@shinki.example.jp", by=world.admin)


@pytest.mark.both_databases
def test_anothers_contract(world, browser_for):
    with at("2026-03-20T12:00"):
        row = send(browser_for(world.theirs.owner), "/contract/cancel", {}).location
        ours = browser_for(world.ours.owner)
        assert ours.post(f"{row}/withdraw").status == 404
        paper = make_mandate(world.theirs.contract).id
        db.session.commit()
        assert ours.get(f"/contract/mandates/{paper}.pdf").status == 404
    assert contract_of(world.theirs).state is ContractState.leaving
    [event] = tried("access.denied")
    assert (event.account_id, event.customer_id) == (world.ours.owner.id, world.ours.customer.id)
    assert event.details["page"] == f"{row}/withdraw"
    assert "ほかのお客様のデータを変更しようとした" in browser_for(world.admin).get("/staff/audit").text


def test_what_the_role_does_not_permit(world, browser_for):
    support = browser_for(make_account("支援 担当", staff_role=StaffRole.support))
    editor, owner = browser_for(world.ours.editor), browser_for(world.ours.owner)
    id = world.ours.contract.id
    acts = [
        (support, f"/staff/contracts/{id}/suspend", 403),
        (owner, f"/staff/contracts/{id}/suspend", 404),
        (editor, "/contract/cancel", 403),
        (owner, "/partner/applications/new", 404),
    ]
    for browser, path, status in acts:
        assert browser.get(path).status in (status, 200)
        assert not tried("access.not_permitted"), "looking is no attempt"
        page = browser.post(path, {"ground": "danger", "note": "x"})
        assert page.status == status
        assert ("あなたの役割では" in page.text) is (browser is support)
        [event] = tried("access.not_permitted")
        assert event.details["page"] == path
        db.session.delete(event)
        db.session.commit()
    assert not contract_of(world.ours).suspended


def test_a_row_that_nobody_has_is_no_attempt(world, browser_for):
    assert browser_for(world.ours.owner).post("/contract/requests/999999/withdraw").status == 404
    assert not tried("access.denied")


def test_approving_ones_own_termination(world, browser_for):
    staff, id = browser_for(world.admin), world.ours.contract.id
    given = {"ground": "unfit", "scope": "whole", "evidence": "調査記録"}
    page = staff.submit(f"/staff/contracts/{id}/termination", given)
    assert "approve" not in staff.get(page.location).html
    staff.post(page.location, {"note": "自分で", "decision": "approve"})
    assert "ご自身の申請は承認できません" in staff.get(f"/staff/contracts/{id}").text
    assert contract_of(world.ours).state is ContractState.active
    assert db.session.scalars(sa.select(Termination.state)).one() is TerminationState.proposed
    assert [event.account_id for event in tried("contract.denied_own_approval")] == [world.admin.id]


def test_changing_the_start_date_after_it(world, browser_for):
    application, staff = make_application(), browser_for(world.admin)
    path, today = f"/staff/applications/{application.id}", str(clock.today())
    staff.post(f"{path}/arrival", {"handed_on": today, "arrived_on": today})
    staff.post(f"{path}/payment", {"paid_on": today, "amount": "14300"})
    staff.post(f"{path}/possible")
    staff.post(f"{path}/start", {"start_date": today, "slug": "shinki", "owner_email": "o@shinki.example.jp"})
    later = str(clock.today() + timedelta(days=9))
    assert "/start-date" not in staff.get(path).html
    assert staff.post(f"{path}/start-date", {"new_date": later}).status == 409
    db.session.refresh(application)
    assert str(application.contract.start_date) == today
    assert [event.details["act"] for event in tried("application.not_allowed")] == ["start-date"]


@pytest.mark.parametrize("kind", ["course", "options"])
def test_a_change_with_debts_overdue(world, browser_for, kind):
    make_receivable(world.ours.contract, date(2026, 3, 1))
    db.session.commit()
    with at("2026-03-20T12:00"):
        given = {"course": "business"} if kind == "course" else {"options": ["paper-invoice"]}
        assert send(browser_for(world.ours.owner), f"/contract/{kind}", given).status == 422
    assert db.session.scalar(sa.select(ContractRequest.id)) is None
    [event] = tried("request.denied")
    assert (event.account_id, event.details["denied"]) == (world.ours.owner.id, "overdue")


def test_registering_what_the_bank_has_not_seen(world, browser_for):
    row = make_mandate(world.ours.contract)
    db.session.commit()
    staff = browser_for(world.admin)
    staff.post(f"/staff/mandates/{row.id}/register")
    assert db.session.get(type(row), row.id, populate_existing=True).state is MandateState.missing
    assert [event.details["act"] for event in tried("mandate.not_allowed")] == ["register"]


def test_accepting_what_was_refused(world, browser_for):
    with at("2026-03-20T12:00"):
        new = {"name": "株式会社髙橋本店", "kana": "たかはしほんてん", "evidence": "登記"}
        send(browser_for(world.ours.owner), "/contract/name", new)
        row = db.session.scalars(sa.select(ContractRequest)).one()
        staff = browser_for(world.admin)
        staff.post(f"/staff/requests/{row.id}/refuse", {"reason": "別の会社です。"})
        staff.post(f"/staff/requests/{row.id}/accept", {"effective": "2026-03-20"})
    db.session.refresh(row)
    assert row.state is RequestState.refused and contract_of(world.ours).customer.name != new["name"]
    assert [event.account_id for event in tried("request.denied_accept")] == [world.admin.id]


@pytest.mark.parametrize("role", [StaffRole.billing, StaffRole.support, StaffRole.operations])
def test_roles_that_may_not(world, browser_for, role):
    person = make_account("別の担当", staff_role=role)
    db.session.commit()
    browser, id = browser_for(person), world.ours.contract.id
    for path, values in (
        (f"/staff/contracts/{id}/termination", {"ground": "unfit", "scope": "whole", "evidence": "x"}),
        (f"/staff/contracts/{id}/suspend", {"ground": "danger", "note": "x"}),
    ):
        assert browser.post(path, values).status == 403
    assert contract_of(world.ours).state is ContractState.active and not contract_of(world.ours).suspended
