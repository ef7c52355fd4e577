"""A part of a contract ends by itself, an option or a part of the service; all else goes on (14-1)."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.billing.closing_world import closed, invoices
from tests.contracts.stepping import send
from tests.factories import make_account, make_mandate, make_option
from wem import clock
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.billing import first_invoices
from wem.clock import JAPAN
from wem.contracts import (
    agreed,
    deciding,
    describing,
    ending,
    jobs,
    life_rules,
    living,
    parting,
    requesting,
    revoking,
    taking_effect,
)
from wem.contracts.models import Contract
from wem.contracts.part_models import ContractOption
from wem.contracts.request_models import Revocation, Termination, TerminationGround, TerminationScope
from wem.contracts.requesting import NotPossible, Way
from wem.contracts.rules import ContractState, Restriction, ServicePart, SuspensionGround, Use
from wem.contracts.state_rules import Illegal, MandateState, RequestState, TerminationAction, TerminationState
from wem.contracts.stop_models import Stop
from wem.db import db
from wem.mailings.back_number_models import BackNumber
from wem.mailings.models import Mailing
from wem.mailings.states import MailingState
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind

MARCH, APRIL, MAY = (date(2026, month, 1) for month in (3, 4, 5))


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


def again(contract):
    db.session.expire_all()
    return db.session.get_one(Contract, contract.id)


@pytest.fixture
def other():
    account = make_account("第二 次郎", staff_role=StaffRole.contracts)
    db.session.commit()
    return account


@pytest.fixture
def paper(world):
    """Both customers have the same option."""
    option = make_option("紙の請求書", 500)
    for side in (world.ours, world.theirs):
        side.contract.options.append(ContractOption(option=option, since=date(2026, 2, 1)))
    db.session.commit()
    return option


def ended(world, other, **part):
    """A termination in part, asked for by one and approved by another."""
    ground, contract = TerminationGround.breach, again(world.ours.contract)
    row = ending.propose_termination(contract, ground, TerminationScope.part, "事実", by=world.admin.id, **part)
    ending.decide_termination(row, TerminationAction.approve, "確認", by=other.id)
    db.session.commit()
    return row


def lifted(world, other, row):
    wish = revoking.propose(again(world.ours.contract), row.id, "是正を確認", by=world.admin.id)
    revoking.decide(wish, TerminationAction.approve, "確認", by=other.id)
    db.session.commit()


def told(kind):
    return db.session.scalars(sa.select(Notice).where(Notice.kind == kind).order_by(Notice.id.desc())).first()


@pytest.mark.both_databases
def test_an_option_ends_by_itself_and_comes_back_by_two(world, other, paper, browser_for):
    contract, path = world.ours.contract, f"/staff/contracts/{world.ours.contract.id}"
    [held] = contract.options
    values = {"ground": "breach", "scope": "part", "evidence": "約款違反"}
    with at("2026-03-10T10:00"):
        first, second = browser_for(world.admin), browser_for(other)
        page = first.submit(f"{path}/termination", values)
        assert page.status == 422 and "サービスの一部を選んでください" in page.text, "words alone end nothing"
        # What is another customer's cannot be chosen.
        [foreign] = world.theirs.contract.options
        assert first.post(f"{path}/termination", {**values, "option": str(foreign.id)}).status == 422
        where = first.submit(f"{path}/termination", {**values, "option": str(held.id)}).location
        shown = second.get(where).text
        for said in (
            "オプション「紙の請求書」",
            "月額550円（税込）",
            "2026年3月31日（火）まで全額",
            "2026年4月1日（水）からはかかりません",
        ):
            assert said in shown, said
        assert "送信を中断するメール" not in shown and "完全に消去" not in shown
        assert [each.name for each in again(contract).options_on(clock.today())] == ["紙の請求書"]
        second.submit(where, {"note": "確認", "decision": "approve"})
        now = again(contract)
        assert not now.suspended and all(now.permits(use, clock.today()) for use in Use)
        assert now.options_on(clock.today()) == [] and db.session.scalar(sa.select(Stop.id)) is None
        assert [each.name for each in again(world.theirs.contract).options_on(clock.today())] == ["紙の請求書"]
        notice = told(NoticeKind.termination)
        for said in (
            "一部を、ただちに解除",
            "オプション「紙の請求書」",
            "そのほかすべて",
            "2026年3月31日（火）まで全額がかかり",
        ):
            assert said in notice.text, said
        assert "停止するもの" not in notice.text, "nothing is suspended"
        owner = browser_for(world.ours.owner)
        page = owner.get("/contract").text
        assert "弊社が解除したもの" in page and "オプション「紙の請求書」（2026年3月10日（火）から）" in page
        assert "利用停止" not in page
        # A later change knows of it: it cannot be chosen, by whatever way.
        page = owner.get("/contract/options")
        assert "お選びいただけません" in page.text and f'value="{paper.code}"' not in page.html
        assert f'value="{paper.code}"' not in first.get(f"{path}/request").html
        with pytest.raises(NotPossible):
            requesting.change_options(now, [paper.code], [], Way(None, clock.now()), overdue=0)
        shown = first.get(path).text
        assert "一部解除の撤回を申請する" in shown and "オプション「紙の請求書」" in shown
        assert "オプション「紙の請求書」" in first.get(f"{path}/timeline").text
    with at("2026-03-20T10:00"):
        first.sign_in(world.admin)
        second.sign_in(other)
        where = first.submit(f"{path}/revocation", {"reason": "是正を確認"}).location
        assert "2026年4月1日（水）からかかります" in second.get(where).text
        first.post(where, {"note": "自分で", "decision": "approve"})
        assert again(contract).options_on(clock.today()) == []
        second.submit(where, {"note": "確認", "decision": "approve"})
        assert [each.code for each in again(contract).options_on(clock.today())] == [paper.code]
        assert db.session.scalars(sa.select(Termination.state)).one() is TerminationState.lifted
        notice = told(NoticeKind.resumed)
        assert "撤回" in notice.title and "再び利用できるもの\n　オプション「紙の請求書」" in notice.text
        assert "すべてのサービス" not in notice.text and "引き続きご利用いただけない" not in notice.text
        owner.sign_in(world.ours.owner)
        assert "弊社が解除したもの" not in owner.get("/contract").text
        assert f'value="{paper.code}"' in owner.get("/contract/options").html
        # Pressed again, it is over; nor is it lifted by the form of terminations.
        second.post(where, {"note": "再度", "decision": "approve"})
        second.post("/staff/terminations/1", {"note": "x", "decision": "lift"})
        denied = sa.select(AuditEvent.action).where(AuditEvent.action.like("contract.denied_%"))
        assert sorted(db.session.scalars(denied)) == [
            "contract.denied_own_approval", "contract.denied_revocation", "contract.denied_termination",
        ]  # fmt: skip
        assert [each.until for each in again(contract).options] == [date(2026, 3, 10), None]


def charged_of(contract):
    return [[line["label"] for line in row.lines if "紙の請求書" in line["label"]] != [] for row in invoices(contract)]


@pytest.mark.both_databases
def test_its_fee_ends_with_the_month_and_begins_after_the_lifting(world, other, paper):
    contract = world.ours.contract
    make_mandate(contract, MandateState.registered)
    with at("2026-01-20T12:00"):
        first_invoices.issue(
            contract, first_invoices.FirstFee("スタンダード", 0, 3000, []), date(2026, 1, 20), paid_on=date(2026, 1, 20)
        )
        db.session.commit()
    for month in (date(2026, 2, 1), MARCH):
        with at(f"{month}T09:00"):
            closed(month)
    [held] = contract.options
    with at("2026-03-10T10:00"):
        row = ended(world, other, option=held)
        assert agreed.fee_of_month(contract, 0, MARCH) == 3_500, "this month stays as it was charged"
        assert agreed.fee_of_month(contract, 0, APRIL) == 3_000
    with at("2026-04-01T09:00"):
        closed(APRIL)
        assert charged_of(contract) == [False, True, True, False]
        assert [each.total for each in invoices(contract)][1:] == [3_850, 3_850, 3_300]
    with at("2026-04-15T10:00"):
        lifted(world, other, row)
        assert agreed.fee_of_month(again(contract), 0, APRIL) == 3_000
    with at("2026-05-01T09:00"):
        # On the 1st itself, before its invoice is made: the month has begun.
        ended(world, other, option=again(contract).options[-1])
        closed(MAY)
        assert [each.total for each in invoices(contract)][-1] == 3_850
    with at("2026-06-01T09:00"):
        closed(date(2026, 6, 1))
        assert [each.total for each in invoices(contract)][-1] == 3_300
        assert "紙の請求書" in str(invoices(world.theirs.contract)[-1].lines), "theirs goes on"


def test_a_part_of_the_service_closes_and_all_else_goes_on(world, other, browser_for):
    contract, path = world.ours.contract, f"/staff/contracts/{world.ours.contract.id}"
    values = {"ground": "unfit", "scope": "part", "evidence": "事実", "parts": ["sending"], "part": "配信機能"}
    with at("2026-03-10T10:00"):
        where = browser_for(world.admin).submit(f"{path}/termination", values).location
        shown = browser_for(other).get(where).text
        assert "送信を中断するメール" in shown and "月額料金" in shown and "変わりません" in shown
        assert "支払期日は変わりません" in shown and "第14条第3項" not in shown
        browser_for(other).submit(where, {"note": "確認", "decision": "approve"})
        now, today = again(contract), clock.today()
        assert (now.state, now.suspended) == (ContractState.active, False)
        assert {use for use in Use if not now.permits(use, today)} == {Use.send, Use.schedule}
        assert again(world.theirs.contract).permits(Use.send, today)
        assert db.session.scalars(sa.select(Stop.customer_id)).all() == [world.ours.customer.id]
        notice = told(NoticeKind.termination).text
        assert "メールの送信と予約：配信機能" in notice and "料金は定めていません" in notice
        assert "第14条第3項" not in notice, "no sum falls due with a part"
        owner = browser_for(world.ours.owner)
        for page in ("/contract", "/dashboard", "/lists", "/mailings"):
            assert "契約の一部を解除しています" in owner.get(page).text, page
        assert "一部解除のため" in owner.get(f"/mailings/{world.ours.mailing.id}/check").text
        assert owner.get(f"/lists/{world.ours.mailing_list.id}/imports").status == 200
        # A second termination; each is lifted by itself, and what the other closes stays closed.
        row = ended(world, other, parts=[ServicePart.intake, ServicePart.sending])
        assert owner.get(f"/lists/{world.ours.mailing_list.id}/imports").status == 403
        assert len(revoking.to_lift(again(contract))) == 2
        lifted(world, other, row)
        assert {use for use in Use if not again(contract).permits(use, today)} == {Use.send, Use.schedule}
        contract.restrict(Restriction.sending, "過大な負荷", by=None)
        contract.suspend(SuspensionGround.danger, "調査", by=None)
        lifted(world, other, db.session.get_one(Termination, 1))
        notice = told(NoticeKind.resumed).text
        assert "利用停止中のため" in notice and "利用制限（第18条）のため" in notice
        assert again(contract).terminated_parts == []


def test_it_ends_beside_a_suspension_and_outlives_it(world, other, paper, browser_for):
    with at("2026-03-10T10:00"):
        contract = again(world.ours.contract)
        contract.suspend(SuspensionGround.danger, "調査", by=None)
        ended(world, other, option=contract.options[0], parts=[ServicePart.back_numbers])
        contract = again(contract)
        assert contract.suspension_ground is SuspensionGround.danger
        contract.resume("済み", by=None)
        assert contract.permits(Use.send, clock.today()) and not contract.permits(Use.archive, clock.today())
        assert contract.options_on(clock.today()) == []


def test_what_can_end_and_what_can_come_back(world, other, paper, browser_for):
    contract, [held] = world.ours.contract, world.ours.contract.options

    def propose(**part):
        return ending.propose_termination(
            contract, TerminationGround.unfit, TerminationScope.part, "事実", by=world.admin.id, **part
        )

    with at("2026-03-10T10:00"):
        for part in ({}, {"part": "配信機能"}, {"option": world.theirs.contract.options[0]}):
            with pytest.raises(Illegal):
                propose(**part)
        asked = propose(option=held)
        # Removed by the customer meanwhile: there is nothing left to end.
        held.until = date(2026, 3, 10)
        with pytest.raises(Illegal):
            ending.decide_termination(asked, TerminationAction.approve, "確認", by=other.id)
        db.session.rollback()
    with at("2026-01-10T10:00"):
        page = browser_for(world.admin).get(f"/staff/contracts/{contract.id}/termination")
        assert "利用開始日より前は" in page.text and 'value="part"' not in page.html
        with pytest.raises(Illegal):
            propose(parts=[ServicePart.sending])
    with at("2026-03-10T10:00"):
        row = ended(world, other, option=again(contract).options[0])
        paper.ends_on = APRIL
        assert parting.liftable(row)
    with at("2026-04-01T10:00"):
        # Nobody has the option any more.
        assert not parting.liftable(row) and revoking.to_lift(contract) == {}
        with pytest.raises(Illegal):
            parting.lift(row)


def test_the_days_go_on_over_it(world, other, paper, browser_for):
    """A removal that the customer had asked for is carried out beside it; with the end all of it is over."""
    with at("2026-03-05T10:00"):
        send(browser_for(world.ours.owner), "/contract/options", {"options": []})
        browser_for(world.admin).submit("/staff/requests/1", action="accept")
    with at("2026-03-10T10:00"):
        row = ended(world, other, option=again(world.ours.contract).options[0], parts=[ServicePart.sending])
    with at("2026-04-01T00:05"):
        jobs.apply_due()
        contract = again(world.ours.contract)
        assert [each.until for each in contract.options] == [date(2026, 3, 10)]
    with at("2026-04-02T10:00"):
        wish = revoking.propose(contract, row.id, "是正", by=world.admin.id)
        contract.take(life_rules.terminate(contract.life, clock.today()))
        living.close(contract, by=None)
        db.session.commit()
        assert db.session.get_one(Revocation, wish.id).state is TerminationState.lapsed
        assert revoking.to_lift(contract) == {}


def test_pages_offer_nothing_that_a_part_has_closed(world, other, browser_for, public):
    list_id, mailing, slug = world.ours.mailing_list.id, world.ours.mailing, world.ours.customer.slug
    with at("2026-03-10T10:00"):
        owner = browser_for(world.ours.owner)
        mailing.scheduled_at, mailing.state = clock.now() + timedelta(hours=2), MailingState.scheduled
        db.session.commit()
        assert "に送信されません" not in owner.get(f"/mailings/{mailing.id}").text
        assert "受付中" in owner.get(f"/lists/{list_id}").text
        ended(world, other, parts=list(ServicePart))
        page = owner.get(f"/mailings/{mailing.id}").text
        assert "に送信されません" in page and "一部解除のため" in page and "カレンダーで別の日" not in page
        for state in (MailingState.held, MailingState.done):
            row = db.session.get_one(Mailing, mailing.id)
            row.state, row.held_reason, row.started_at = state, "contract", clock.now()
            db.session.commit()
            page = owner.get(f"/mailings/{mailing.id}")
            assert "sending.check" not in page.html and f"/mailings/{mailing.id}/publish" not in page.html
        owner.post(f"/mailings/{mailing.id}/publish")
        assert db.session.scalar(sa.select(BackNumber.id)) is None
        assert "公開していません" in owner.get(f"/mailings/{mailing.id}").text
        page = owner.get(f"/lists/{list_id}").text
        assert "受付中" not in page and "ファイルをアップロード" not in page and "一部を解除しています" in page
        assert "受付中" not in owner.get("/lists").text
        assert "受付中" not in browser_for(world.admin).get(f"/staff/contracts/{world.ours.contract.id}").text
        page = public.get(f"/h/{slug}/{world.ours.mailing_list.slug}/join").text
        assert "受け付けていません" in page and "日をあらためて" not in page


@pytest.mark.both_databases
def test_an_option_that_its_customer_gave_up_meanwhile_does_not_come_back(world, other, paper):
    contract = world.ours.contract
    with at("2026-03-10T10:00"):
        wish = requesting.change_options(contract, [], [paper.code], Way(1, clock.now()), overdue=0)
        deciding.accept(wish, by=world.admin.id)
        db.session.commit()
        [held] = contract.options
        row = ended(world, other, option=held)
    with at("2026-04-05T10:00"):
        jobs.apply_due()
        assert wish.state is RequestState.applied and parting.given_up_on(row) == APRIL
        lifted(world, other, row)
        assert again(contract).options_on(date(2026, 4, 5)) == [] and len(contract.options) == 1
        notice = told(NoticeKind.resumed)
        assert "4月1日" in notice.text and "再開しません" in notice.text


def test_what_was_asked_for_before_does_not_bring_an_ended_option_back(world, other, paper):
    with at("2026-03-05T10:00"):
        other_one = make_option("電話の案内", 300)
        way = Way(None, clock.now())
        row = requesting.change_options(again(world.ours.contract), [other_one.code], [], way, overdue=0)
        row.wish = {**row.wish, "add": [other_one.code, paper.code]}
        deciding.accept(row, by=other.id)
        db.session.commit()
        [held] = again(world.ours.contract).options
        ended(world, other, option=held)
        contract, begins = again(world.ours.contract), row.effective_on
        fee = agreed.plain_fee(contract, 0, begins, agreed.coming(contract))
        assert fee == agreed.plain_fee(contract, 0, begins, []) + 300
        assert "弊社が解除したため" in str(describing.facts(row)) and "紙の請求書" in describing.pending(row)
    with time_machine.travel(datetime(begins.year, begins.month, begins.day, 10, tzinfo=JAPAN), tick=False):
        taking_effect.apply(row, by=None)
        assert [each.code for each in again(contract).options_on(clock.today())] == [other_one.code]
