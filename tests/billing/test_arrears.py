"""Suspension for non-payment by staff, and its lifting under Art. 13-2 and not otherwise."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa
import time_machine

from tests.contracts.stepping import send
from tests.factories import make_account, make_mailing, make_receivable
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.billing import lifting, reminding
from wem.clock import JAPAN
from wem.contracts.models import Contract
from wem.contracts.part_models import Standstill
from wem.contracts.request_models import ContractRequest
from wem.contracts.rules import SuspensionGround
from wem.contracts.state_rules import Illegal, RequestState
from wem.contracts.stop_models import Stop
from wem.db import db
from wem.mailings.states import MailingState
from wem.outbox import OutboxMail


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


def contract_of(side):
    return db.session.get(Contract, side.contract.id, populate_existing=True)


def denied():
    return db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "contract.denied_lifting")).all()


def suspended(world):
    make_receivable(world.ours.contract, date(2026, 3, 27))
    with at("2026-04-10T12:00"):
        lifting.suspend(world.ours.contract, "未払い", by=world.admin.id)
    db.session.commit()


def test_mark_preview_suspend(world, browser_for):
    for side in (world.ours, world.theirs):
        make_receivable(side.contract, date(2026, 3, 27))
    make_receivable(world.ours.contract, date(2026, 4, 27))
    make_mailing(world.ours.mailing_list, state=MailingState.scheduled)
    person = make_account("請求 担当", staff_role=StaffRole.billing)
    db.session.commit()
    with at("2026-03-27T23:59:59"):
        assert "未納のご契約はありません" in browser_for(person).get("/staff/arrears").text
    with at("2026-04-10T12:00"):
        browser = browser_for(person)
        page = browser.get("/staff/arrears")
        assert "2026年9月27日（日）" in page.text and world.theirs.customer.name in page.text
        marked = {"contract": [str(world.ours.contract.id)]}
        assert browser.post("/staff/arrears", {"step": "preview"}).location == "/staff/arrears"
        page = browser.post("/staff/arrears", {**marked, "step": "preview"})
        cells = [cell.get_text(strip=True) for cell in page.soup.select("tbody tr")[0].find_all(["th", "td"])]
        assert cells == [world.ours.customer.name, "3,300円", "0", "1", "1"]
        assert f"{world.ours.customer.name}： 未納分の督促をまだ一度も送っていません" in page.text
        assert not contract_of(world.ours).suspended
        assert browser.post("/staff/arrears", {**marked, "step": "done", "note": " "}).status == 422
        page = browser.post("/staff/arrears", {**page.form(""), "step": "done", "note": "3月分"})
        assert page.status == 303
    ours = contract_of(world.ours)
    assert ours.suspended and ours.suspension_ground is SuspensionGround.nonpayment
    assert not contract_of(world.theirs).suspended
    assert db.session.scalars(sa.select(Stop.customer_id)).all() == [world.ours.customer.id]
    mail = db.session.scalars(sa.select(OutboxMail)).one()
    assert "2026年9月27日（日）までにすべて清算" in mail.text and "3,300円" in mail.text


def test_a_reminder_whose_day_lies_ahead_is_named_before_suspending(world, browser_for):
    make_receivable(world.ours.contract, date(2026, 3, 27))
    with at("2026-04-06T12:00"):
        reminding.remind(world.ours.contract, date(2026, 4, 16), by=world.admin.id)
        db.session.commit()
    path = f"/staff/contracts/{world.ours.contract.id}/suspend"
    with at("2026-04-16T12:00"):
        assert "2026年4月16日（木））がまだ過ぎていません" in browser_for(world.admin).get(path).text
    with at("2026-04-17T12:00"):
        assert "停止する前に確認" not in browser_for(world.admin).get(path).text


def test_nobody_is_suspended_without_a_debt(world, browser_for):
    path = f"/staff/contracts/{world.ours.contract.id}/suspend"
    page = browser_for(world.admin).submit(path, {"ground": "nonpayment", "note": "x"})
    assert page.status == 422 and "期限を過ぎた請求がありません" in page.text
    assert not contract_of(world.ours).suspended


def test_lifting_under_13_2(world, browser_for):
    suspended(world)
    path = f"/staff/contracts/{world.ours.contract.id}/lifting"
    owner, staff = browser_for(world.ours.owner), browser_for(world.admin)

    def conditions():
        return [badge.get_text(strip=True) for badge in staff.get(path).soup.select("#conditions .badge")]

    with at("2026-05-01T12:00"):
        for browser, account in ((owner, world.ours.owner), (staff, world.admin)):
            browser.sign_in(account)
        assert conditions() == ["充足", "未充足", "未充足"]
        staff.post(path, {"note": "おまけ", "decision": "lift"})
        assert contract_of(world.ours).suspended
        send(owner, "/contract/resume", {"note": "支払いました"})
        assert conditions() == ["充足", "未充足", "充足"]
        staff.post(path, {"note": "おまけ", "decision": "lift"})
        assert contract_of(world.ours).suspended and len(denied()) == 2
        # The plain switch leads to the conditions too, and is no way around them.
        resume = f"/staff/contracts/{world.ours.contract.id}/resume"
        assert staff.get(resume).location == path
        assert staff.post(resume, {"note": "手で"}).status == 303
        assert contract_of(world.ours).suspended and len(denied()) == 3
        owed = f"/staff/contracts/{world.ours.contract.id}/receivables"
        staff.submit(owed, {"settled_on": "2026-05-01"}, action="settlement")
        assert conditions() == ["充足", "充足", "充足"]
        page = staff.post(path, {"note": "確認済み", "decision": "lift"})
        assert page.status == 303
    contract = contract_of(world.ours)
    assert not contract.suspended
    held = db.session.scalars(sa.select(Standstill)).one()
    assert (held.since, held.until) == (date(2026, 4, 10), date(2026, 5, 1))
    assert db.session.scalars(sa.select(ContractRequest.state)).all() == [RequestState.applied]
    with at("2026-05-01T12:00"):
        assert owner.get("/lists").status == 200


@pytest.mark.parametrize(("settled", "good"), [("2026-09-27", True), ("2026-09-28", False)])
def test_six_months_from_the_oldest_due_date(world, browser_for, settled, good):
    suspended(world)
    with at("2026-12-01T12:00"):
        send(browser_for(world.ours.owner), "/contract/resume", {})
        staff, path = browser_for(world.admin), f"/staff/contracts/{world.ours.contract.id}/lifting"
        owed = f"/staff/contracts/{world.ours.contract.id}/receivables"
        staff.submit(owed, {"settled_on": settled}, action="settlement")
        staff.post(path, {"note": "再開", "decision": "lift"})
        assert contract_of(world.ours).suspended is not good
        assert ("6か月以内に清算されていません" in staff.get("/staff/").text) is not good


def test_the_decision_is_ours(world, browser_for):
    suspended(world)
    with at("2026-05-01T12:00"):
        send(browser_for(world.ours.owner), "/contract/resume", {})
        path = f"/staff/contracts/{world.ours.contract.id}/lifting"
        browser_for(world.admin).post(path, {"note": "再三の未払い", "decision": "refuse"})
    assert contract_of(world.ours).suspended
    row = db.session.scalars(sa.select(ContractRequest)).one()
    assert (row.state, row.reason) == (RequestState.refused, "再三の未払い")


def test_the_model_itself_refuses(world):
    suspended(world)
    with pytest.raises(Illegal):
        world.ours.contract.resume("", by=world.admin.id)


@pytest.mark.parametrize("role", [StaffRole.support, StaffRole.operations])
def test_arrears_are_for_contracts_and_billing(world, browser_for, role):
    suspended(world)
    person = make_account("別の担当", staff_role=role)
    db.session.commit()
    browser, id = browser_for(person), world.ours.contract.id
    for path in ("/staff/arrears", f"/staff/contracts/{id}/lifting", f"/staff/contracts/{id}/receivables"):
        assert browser.get(path).status == 403
        assert browser.post(path, {"note": "x", "decision": "lift"}).status == 403
    assert browser_for(world.ours.owner).get("/staff/arrears").status == 404
