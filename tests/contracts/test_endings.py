"""Our own notices: refusal of renewal, correction, termination by two people, restriction, and the daily job."""

import dataclasses
from datetime import date, datetime

import pytest
import sqlalchemy as sa
import time_machine

from tests.factories import make_account, make_contract, make_customer
from wem import clock
from wem.accounts import inviting
from wem.accounts.rules import Role, StaffRole
from wem.audit import AuditEvent
from wem.bounces import returning
from wem.cli import main
from wem.clock import JAPAN
from wem.contracts import due, ending, jobs, refusing, requesting
from wem.contracts.due_rules import What
from wem.contracts.models import Contract
from wem.contracts.part_models import ContractTerm
from wem.contracts.request_models import Correction, RenewalRefusal, Termination, TerminationGround, TerminationScope
from wem.contracts.requesting import Way
from wem.contracts.rules import ContractState, EndReason, Restriction, ServicePart, SuspensionGround, Use
from wem.contracts.state_rules import CorrectionState, Service, TerminationAction, TerminationState
from wem.contracts.stop_models import Stop
from wem.db import db
from wem.mailings.back_number_models import BackNumber
from wem.notices import jobs as notice_jobs
from wem.notices import letters
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind, NoticeState
from wem.outbox import OutboxMail, OutboxState


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


def contract_of(side):
    return db.session.get(Contract, side.contract.id, populate_existing=True)


def audited(action):
    return db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)).all()


def second_person():
    account = make_account("第二 次郎", staff_role=StaffRole.contracts)
    db.session.commit()
    return account


# -- refusal of renewal


def taken_by_a_server():
    """The mails in the outbox are accepted, and it is noted."""
    for mail in db.session.scalars(sa.select(OutboxMail).where(OutboxMail.state == OutboxState.waiting)):
        mail.state, mail.finished_at = OutboxState.accepted, clock.now()
    db.session.commit()
    notice_jobs.follow_mails()


def sent_back():
    """The last mail to our customer comes back."""
    row = db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id.desc())).first()
    assert returning.note(row, clock.now(), True)
    db.session.commit()


def only_refusal():
    return db.session.scalars(sa.select(RenewalRefusal).execution_options(populate_existing=True)).one()


@pytest.mark.both_databases
def test_our_refusal_by_mail_counts_from_the_day_it_was_taken(world, browser_for):
    path = f"/staff/contracts/{world.ours.contract.id}"
    with at("2026-06-29T10:00"):
        browser = browser_for(world.admin)
        page = browser.get(f"{path}/refusal")
        assert "2026年6月30日（火）までに届けば" in page.text and "2026年7月31日（金）に終了" in page.text
        browser.submit(f"{path}/refusal", {"reason": "サービス終了のため"})
        [mail] = db.session.scalars(sa.select(Notice)).all()
        assert (mail.kind, mail.deadline.date()) == (NoticeKind.non_renewal, date(2026, 6, 30))
        taken_by_a_server()
        jobs.follow_refusals()
        assert contract_of(world.ours).state is ContractState.active, "it may still come back"
        assert "72時間以内に戻ってこなければ" in browser.get(path).text
        # By hand staff note letters only.
        assert browser.get(f"{path}/refusal/arrival").status == 303
        browser.post(f"{path}/refusal/arrival", {"arrived": "2026-06-29"})
        assert contract_of(world.ours).state is ContractState.active and audited("contract.denied_arrival")
    with at("2026-07-02T10:01"):
        jobs.follow_refusals()
        jobs.follow_refusals()
    contract, row = contract_of(world.ours), only_refusal()
    assert (contract.state, contract.expires_on) == (ContractState.expiring, date(2026, 8, 1))
    assert (row.arrived_on, row.ends_on) == (date(2026, 6, 29), date(2026, 7, 31))
    assert len(audited("refusal.arrive")) == 1
    with at("2026-08-01T00:00"):
        jobs.apply_due()
    assert contract_of(world.ours).end_reason is EndReason.expired


@pytest.mark.both_databases
def test_one_that_comes_back_is_followed_by_a_letter_due_today(world, browser_for):
    path = f"/staff/contracts/{world.ours.contract.id}"
    with at("2026-06-26T10:00"):
        browser_for(world.admin).submit(f"{path}/refusal", {"reason": "サービス終了のため"})
        taken_by_a_server()
    with at("2026-06-27T10:00"):
        sent_back()
        [letter] = letters.waiting()
        assert (letter.due_on, letter.kind) == (date(2026, 6, 27), NoticeKind.non_renewal)
        assert only_refusal().failed_at is not None
        browser = browser_for(world.admin)
        assert "更新拒絶の通知が戻ってきました" in browser.get("/staff/").text
        letters.mark_printed([letter], by=world.admin.id)
        db.session.commit()
        browser.submit(f"/staff/notices/{letter.id}", {"on": "2026-06-27"}, action="/posted")
        assert "届いた日を記録する" in browser.get("/staff/").text
    with at("2026-07-03T10:00"):
        browser.sign_in(world.admin)
        # One day too late for July. The one note is the other's too.
        browser.submit(f"{path}/refusal/arrival", {"arrived": "2026-07-01"})
    contract, row = contract_of(world.ours), only_refusal()
    assert (contract.expires_on, row.arrived_on, row.failed_at) == (date(2026, 9, 1), date(2026, 7, 1), None)
    db.session.refresh(letter)
    assert (letter.state, letter.reached_at.date()) == (NoticeState.reached, date(2026, 7, 1))


def test_a_letter_noted_as_there_sets_the_day_of_the_refusal(world, browser_for):
    world.ours.contract.notice_email = "taro@docomo.ne.jp"
    db.session.commit()
    path = f"/staff/contracts/{world.ours.contract.id}"
    with at("2026-06-26T10:00"):
        browser = browser_for(world.admin)
        browser.submit(f"{path}/refusal", {"reason": "サービス終了のため"})
        [letter] = letters.waiting()
        letters.mark_printed([letter], by=world.admin.id)
        letters.mark_posted(letter, date(2026, 6, 26), by=world.admin.id)
        db.session.commit()
    with at("2026-06-30T23:00"):
        browser.sign_in(world.admin)
        browser.submit(f"/staff/notices/{letter.id}", {"on": "2026-06-30"}, action="/reached")
    assert contract_of(world.ours).expires_on == date(2026, 8, 1)
    assert only_refusal().arrived_on == date(2026, 6, 30)


@pytest.mark.both_databases
def test_a_mail_that_comes_back_after_all_undoes_the_arrival(world, browser_for):
    with at("2026-06-20T10:00"):
        refusing.refuse_renewal(contract_of(world.ours), "サービス終了のため", by=world.admin.id)
        db.session.commit()
        taken_by_a_server()
    with at("2026-06-24T10:00"):
        jobs.follow_refusals()
        assert contract_of(world.ours).state is ContractState.expiring
        sent_back()
        contract = contract_of(world.ours)
        assert (contract.state, contract.expires_on) == (ContractState.active, None)
        assert only_refusal().arrived_on is None and len(letters.waiting()) == 1
        jobs.follow_refusals()
        assert audited("refusal.came_back") and contract_of(world.ours).state is ContractState.active


def test_a_refusal_is_taken_back(world, browser_for):
    path = f"/staff/contracts/{world.ours.contract.id}"
    with at("2026-06-20T10:00"):
        browser_for(world.admin).submit(f"{path}/refusal", {"reason": "誤り"})
        taken_by_a_server()
    with at("2026-06-29T10:00"):
        jobs.follow_refusals()
        assert contract_of(world.ours).expires_on == date(2026, 8, 1)
        browser_for(world.admin).submit(path, action="refusal/withdrawal")
        jobs.follow_refusals()
    contract = contract_of(world.ours)
    assert (contract.state, contract.expires_on) == (ContractState.active, None)


# -- correction and termination


def test_correction_then_termination_by_two(world, browser_for):
    other = second_person()
    id = world.ours.contract.id
    with at("2026-03-01T10:00"):
        browser = browser_for(world.admin)
        given = {"breach": "12禁8：承諾のない登録", "demand": "読者の削除", "deadline": "2026-03-31"}
        assert browser.submit(f"/staff/contracts/{id}/correction", {**given, "deadline": "2026-03-01"}).status == 422
        browser.submit(f"/staff/contracts/{id}/correction", given)
    row = db.session.scalars(sa.select(Correction)).one()
    values = {"ground": "uncorrected", "scope": "whole", "evidence": "調査記録"}
    with at("2026-03-31T23:00"):
        browser.sign_in(world.admin)
        jobs.apply_due()
        assert row.state is CorrectionState.running
        browser.submit(f"/staff/contracts/{id}/termination?correction={row.id}", values)
        assert db.session.scalar(sa.select(Termination.id)) is None and audited("contract.denied_termination")
    with at("2026-04-01T00:01"):
        jobs.apply_due()
        browser.sign_in(world.admin)
        assert "是正の期間が満了しました" in browser.get("/staff/").text
        # It has not reached the customer yet.
        browser.submit(f"/staff/contracts/{id}/termination?correction={row.id}", values)
        assert db.session.scalar(sa.select(Termination.id)) is None and len(audited("contract.denied_termination")) == 2
        taken_by_a_server()
        back_number = BackNumber(customer_id=world.ours.customer.id, mailing_id=world.ours.mailing.id, number=1)
        back_number.published_at = clock.now()
        db.session.add(back_number)
        page = browser.submit(f"/staff/contracts/{id}/termination?correction={row.id}", values)
        asked = db.session.scalars(sa.select(Termination)).one()
        assert page.location == f"/staff/terminations/{asked.id}"
        # Nobody approves their own.
        assert "approve" not in browser.get(page.location).html
        browser.post(page.location, {"note": "自分で", "decision": "approve"})
        assert contract_of(world.ours).state is ContractState.active
        assert len(audited("contract.denied_own_approval")) == 1
        approver = browser_for(other)
        shown = approver.get(page.location)
        assert "approve" in shown.html and "完全に消去します" in shown.text
        assert "読めなくなるバックナンバー：1件" in shown.text
        approver.post(page.location, {"note": "確認", "decision": "approve"})
    contract = contract_of(world.ours)
    assert (contract.state, contract.end_reason, contract.ended_on) == (
        ContractState.ended,
        EndReason.terminated,
        date(2026, 4, 1),
    )
    db.session.refresh(asked)
    db.session.refresh(row)
    assert (asked.state, asked.decided_by, row.state) == (
        TerminationState.carried_out,
        other.id,
        CorrectionState.terminated,
    )
    assert not contract.permits(Use.manage, date(2026, 4, 1))
    assert db.session.scalars(sa.select(Stop.customer_id)).all() == [world.ours.customer.id]


def test_one_that_ends_on_its_first_day_names_no_day_before_it(world, browser_for):
    contract, other = contract_of(world.ours), second_person()
    contract.start_date = date(2026, 3, 2)
    invited = inviting.invite_member(contract.customer, "late@shop.example.jp", "後任", Role.editor, by=world.admin)
    with at("2026-03-02T10:00"):
        row = ending.propose_termination(
            contract, TerminationGround.unfit, TerminationScope.whole, "事実", by=world.admin.id
        )
        ending.decide_termination(row, TerminationAction.approve, "確認", by=other.id)
        db.session.commit()
        told = db.session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.contract_ended)).one()
        assert "終了した日" in told.text and "2026年3月2日（月）" in told.text and "3月1日" not in told.text
        page = browser_for(world.admin).get(f"/staff/contracts/{contract.id}")
        assert "なし（利用開始日以前の2026年3月2日（月）に終了）" in page.text
        # Who was invited cannot come in any more, and nobody is told what a month costs.
        assert not inviting.usable(invited)
        page = browser_for(world.ours.owner).get("/contract")
        assert "なし（利用開始日以前の" in page.text and "3,300円" not in page.text and "月額" not in page.text
        assert "3,300円" not in browser_for(world.ours.owner).get("/dashboard").text


def test_corrected_in_time(world, browser_for):
    with at("2026-03-01T10:00"):
        row = ending.issue_correction(world.ours.contract, "違反", "是正", date(2026, 3, 31), by=world.admin.id)
        db.session.commit()
        browser_for(world.admin).submit(f"/staff/corrections/{row.id}/closing", {"note": "確認した"})
        jobs.apply_due()
    assert db.session.get_one(Correction, row.id).state is CorrectionState.corrected


# -- restriction


def test_restriction_for_overload(world, browser_for):
    path, browser = f"/staff/contracts/{world.ours.contract.id}", browser_for(world.admin)
    browser.submit(f"{path}/restriction", {"restriction": "sending", "note": "過大な負荷"})
    contract = contract_of(world.ours)
    today = datetime.now(JAPAN).date()
    assert contract.restriction is Restriction.sending
    assert not contract.permits(Use.send, today) and contract.permits(Use.sign_up, today)
    assert db.session.scalars(sa.select(Stop.customer_id)).all() == [world.ours.customer.id]
    page = browser_for(world.ours.owner).get("/contract")
    assert "過大な負荷" in page.text
    owner = browser_for(world.ours.owner)
    for each in ("/dashboard", "/lists", "/mailings"):
        assert "ご利用を制限しています" in owner.get(each).text, each
    assert "ご利用いただけないもの：メールの送信と予約" in owner.get(f"/mailings/{world.ours.mailing.id}/check").text
    browser.submit(f"{path}/release", {"note": "落ち着いた"})
    assert contract_of(world.ours).permits(Use.send, today)
    browser.post(f"{path}/release", {"note": "もう一度"})
    assert audited("contract.denied_release")


def test_a_restriction_outlives_a_suspension(world, browser_for):
    contract, today = contract_of(world.ours), datetime.now(JAPAN).date()
    contract.restrict(Restriction.sending, "過大な負荷", by=None)
    contract.suspend(SuspensionGround.danger, "", by=None)
    assert not contract.permits(Use.sign_up, today)
    db.session.commit()
    staff, path = browser_for(world.admin), f"/staff/contracts/{contract.id}"
    staff.submit(f"{path}/resume", {"note": "確認した"})
    assert "再び適用されます" in staff.get(path).text
    told = db.session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.resumed)).one()
    assert "第18条）は、再び適用されます" in told.text and "過大な負荷" in told.text
    contract = contract_of(world.ours)
    assert contract.service is Service.restricted
    assert not contract.permits(Use.send, today) and contract.permits(Use.sign_up, today)
    contract.release("", by=None)
    assert contract.service is Service.running


# -- the daily job


def test_begin_and_renewals_are_written_once(world):
    customer = make_customer("株式会社はじめ")
    contract = make_contract(customer, state=ContractState.accepted, start_date=date(2026, 1, 15))
    db.session.commit()
    with at("2026-01-14T23:59:59"):
        jobs.apply_due()
        assert db.session.get_one(Contract, contract.id).state is ContractState.accepted
    with at("2026-01-15T00:00:00"):
        jobs.apply_due()
    assert db.session.get_one(Contract, contract.id).state is ContractState.active
    with at("2026-09-02T03:00"):  # a month late, and twice
        jobs.apply_due()
        jobs.apply_due()
    rows = db.session.scalars(
        sa.select(ContractTerm).where(ContractTerm.contract_id == contract.id).order_by(ContractTerm.number)
    ).all()
    assert [(row.begins, row.literal_end, row.aligned_end) for row in rows] == [
        (date(2026, 1, 15), date(2026, 7, 14), date(2026, 7, 31)),
        (date(2026, 8, 1), date(2026, 8, 14), date(2026, 8, 31)),
        (date(2026, 9, 1), date(2026, 9, 14), date(2026, 9, 30)),
    ]


def test_due_shows_and_changes_nothing(world, app):
    contract = make_contract(make_customer("株式会社はじめ"), state=ContractState.accepted, start_date=date(2026, 8, 1))
    db.session.commit()
    before = db.session.scalar(sa.select(sa.func.count()).select_from(AuditEvent))
    result = app.test_cli_runner().invoke(main.get_command(None, "due"), ["--on", "2026-08-01"])
    assert result.exit_code == 0, result.output
    assert f"2026-08-01  begin       {contract.number}  株式会社はじめ" in result.output
    assert "nothing was changed" in result.output
    assert db.session.get_one(Contract, contract.id).state is ContractState.accepted
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == before


def test_one_that_fails_keeps_no_other_from_its_day(world, monkeypatch):
    for name in ("い", "ろ"):
        make_contract(make_customer(name), state=ContractState.accepted, start_date=date(2026, 1, 20))
    db.session.commit()
    with at("2026-01-20T00:01"):
        planned = [act for act in due.plan(date(2026, 1, 20)) if act.what is What.begin]
        assert len(planned) == 2
        first = db.session.get_one(Contract, planned[0].contract_id)
        first.price_list_id = None
        first.start_date = date(2026, 1, 20)
        # The terms of the first are there already, by whatever fault: writing them again breaks.
        db.session.add(
            ContractTerm(
                contract_id=first.id,
                number=-1,
                begins=date(2026, 1, 20),
                literal_end=date(2026, 7, 19),
                aligned_end=date(2026, 7, 31),
            )
        )
        db.session.commit()
        jobs.apply_due()
    assert db.session.get_one(Contract, planned[1].contract_id).state is ContractState.active


def test_what_was_under_way_against_it_lapses_with_the_contract(world, browser_for):
    other, id = second_person(), world.ours.contract.id
    with at("2026-07-20T10:00"):
        demand = ending.issue_correction(world.ours.contract, "違反", "是正", date(2026, 8, 20), by=world.admin.id)
        asked = ending.propose_termination(
            world.ours.contract, TerminationGround.unfit, TerminationScope.part, "事実", by=world.admin.id,
            parts=[ServicePart.sending],
        )  # fmt: skip
        requesting.cancel(world.ours.contract, Way(world.admin.id, clock.now()))
        db.session.commit()
    with at("2026-08-01T00:01"):
        jobs.apply_due()
        assert db.session.get_one(Correction, demand.id).state is CorrectionState.lapsed
        assert db.session.get_one(Termination, asked.id).state is TerminationState.lapsed
        approver = browser_for(other)
        # From a page that was opened the day before.
        approver.post(f"/staff/terminations/{asked.id}", {"note": "確認", "decision": "approve"})
        page = approver.get(approver.post(f"/staff/contracts/{id}/suspend", {"ground": "danger", "note": "x"}).location)
        assert "この契約は終了しています" in page.soup.select_one(".flashes").get_text()
        assert not contract_of(world.ours).suspended and audited("contract.denied_termination")
        for action in ("lapse", "approve"):
            approver.post(f"/staff/terminations/{asked.id}", {"note": "確認", "decision": action})
        assert len(audited("contract.denied_termination")) == 3
    with at("2026-08-21T00:01"):
        jobs.apply_due()
        assert "是正の期間が満了しました" not in browser_for(world.admin).get("/staff/").text


def test_the_notice_names_the_end_that_the_setting_chooses(world, browser_for, app):
    app.config["WEM"] = dataclasses.replace(app.config["WEM"], CONTRACT_END="literal")
    with at("2026-03-01T10:00"):
        page = browser_for(world.admin).get(f"/staff/contracts/{world.ours.contract.id}/refusal")
        assert "2026年7月14日（火）" in page.text
        row = refusing.refuse_renewal(world.ours.contract, "廃止", by=world.admin.id)
        db.session.commit()
    assert "2026年7月14日（火）" in str(db.session.get_one(Notice, row.notice_id).words)
