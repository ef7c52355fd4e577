"""A termination in part of old, which suspended the whole service, is lifted by two persons as any other (14-1)."""

import pytest
import sqlalchemy as sa

from tests.factories import make_account
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.clock import now, today
from wem.contracts import life_rules, living
from wem.contracts.models import Contract
from wem.contracts.request_models import Revocation, Termination, TerminationGround, TerminationScope
from wem.contracts.rules import SuspensionGround
from wem.contracts.state_rules import Illegal, OwnProposal, TerminationState
from wem.db import db
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind


@pytest.fixture
def other(world):
    """A second person; the service stands still by a termination of old, which had words alone."""
    account = make_account("第二 次郎", staff_role=StaffRole.contracts)
    contract = world.ours.contract
    db.session.add(
        Termination(
            contract=contract, ground=TerminationGround.unfit, scope=TerminationScope.part, part="配信機能",
            evidence="事実", state=TerminationState.carried_out, proposed_at=now(), proposed_by=world.admin.id,
            decided_at=now(), decided_by=account.id,
        )
    )  # fmt: skip
    contract.suspend(SuspensionGround.partial_termination, "配信機能", by=account.id)
    db.session.commit()
    return account


def contract_of(side):
    return db.session.get(Contract, side.contract.id, populate_existing=True)


def only():
    return db.session.scalars(sa.select(Revocation).execution_options(populate_existing=True)).one()


def audited(action):
    return db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)).all()


@pytest.mark.both_databases
def test_one_asks_and_another_lifts(world, other, browser_for):
    path = f"/staff/contracts/{world.ours.contract.id}"
    first, second = browser_for(world.admin), browser_for(other)
    # The way by which other suspensions are lifted leads here.
    assert first.get(f"{path}/resume").location == f"{path}/revocation"
    assert first.post(f"{path}/resume", {"note": "一人で"}).location == path
    assert "配信機能" in first.get(f"{path}/revocation").text
    assert first.submit(f"{path}/revocation", {"reason": ""}).status == 422
    page = first.submit(f"{path}/revocation", {"reason": "是正を確認したため"})
    row = only()
    assert page.location == f"/staff/revocations/{row.id}"
    assert first.get(f"{path}/revocation").location == page.location, "one at a time"
    shown = first.get(page.location)
    assert "承認は別の担当者が行います" in shown.text and 'value="approve"' not in shown.html
    first.post(page.location, {"note": "自分で", "decision": "approve"})
    assert contract_of(world.ours).suspended and len(audited("contract.denied_own_approval")) == 1
    assert "一部解除の撤回が承認を待っています" in second.get("/staff/").text
    assert second.post(page.location, {"note": "", "decision": "approve"}).location == page.location
    assert contract_of(world.ours).suspended, "not without a note"
    second.submit(page.location, {"note": "確認", "decision": "approve"})
    assert not contract_of(world.ours).suspended
    assert (only().state, only().decided_by) == (TerminationState.carried_out, other.id)
    assert db.session.scalars(sa.select(Termination.state)).one() is TerminationState.lifted
    [lifted] = audited("contract.resume")
    assert (lifted.account_id, lifted.details["note"]) == (other.id, "是正を確認したため")
    told = db.session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.resumed)).one()
    assert "撤回" in told.title and "配信機能" in told.text
    # Pressed again it is over, and on record.
    second.post(page.location, {"note": "再度", "decision": "approve"})
    assert len(audited("contract.denied_revocation")) == 1
    assert "一部解除の撤回" in second.get(path).text


def test_who_asked_withdraws_and_another_refuses(world, other, browser_for):
    path = f"/staff/contracts/{world.ours.contract.id}/revocation"
    first, second = browser_for(world.admin), browser_for(other)
    where = first.submit(path, {"reason": "誤り"}).location
    second.post(where, {"note": "他人が取下げ", "decision": "withdraw"})
    assert only().state is TerminationState.proposed and len(audited("contract.denied_revocation")) == 1
    first.submit(where, {"note": "取下げ", "decision": "withdraw"})
    assert only().state is TerminationState.withdrawn
    where = first.submit(path, {"reason": "解決"}).location
    second.submit(where, {"note": "未解決", "decision": "refuse"})
    states = db.session.scalars(sa.select(Revocation.state).order_by(Revocation.id)).all()
    assert states == [TerminationState.withdrawn, TerminationState.refused]
    assert contract_of(world.ours).suspended


def test_by_hand_where_there_is_nothing_to_lift(world, browser_for):
    path = f"/staff/contracts/{world.ours.contract.id}"
    staff = browser_for(world.admin)
    staff.post(f"{path}/revocation", {"reason": "手で"})
    assert db.session.scalar(sa.select(Revocation.id)) is None and len(audited("contract.denied_revocation")) == 1
    # Nor does one person order it by the plain suspension.
    assert staff.post(f"{path}/suspend", {"ground": "partial_termination", "note": "一人で"}).status == 422
    assert not contract_of(world.ours).suspended


def test_the_model_itself_wants_two(world, other):
    contract = contract_of(world.ours)
    assert contract.suspension_ground is SuspensionGround.partial_termination
    with pytest.raises(Illegal):
        contract.resume("", by=world.admin.id)
    with pytest.raises(OwnProposal):
        contract.resume("", by=world.admin.id, asked_by=world.admin.id)


def test_it_lapses_with_the_contract(world, other, browser_for):
    path = f"/staff/contracts/{world.ours.contract.id}/revocation"
    where = browser_for(world.admin).submit(path, {"reason": "解決"}).location
    contract = contract_of(world.ours)
    contract.take(life_rules.terminate(contract.life, today()))
    living.close(contract, by=None)
    db.session.commit()
    assert only().state is TerminationState.lapsed
    browser_for(other).post(where, {"note": "確認", "decision": "approve"})
    assert len(audited("contract.denied_revocation")) == 1
