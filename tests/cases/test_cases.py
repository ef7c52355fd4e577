"""A case's course, its consequences, claims and talks."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.factories import make_account, make_mailing
from wem import clock
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.cases import handling
from wem.cases.models import Case, CaseEntry, Claim, Talk
from wem.cases.rules import CaseAction, CaseState, ClaimState
from wem.clock import JAPAN
from wem.contracts import life_rules
from wem.contracts.models import Contract
from wem.contracts.request_models import Correction, Termination
from wem.contracts.rules import Restriction
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.lists import subscribing
from wem.lists.rules import read_address
from wem.lists.states import Way
from wem.lists.subscribing import Asked
from wem.lists.takedown_models import Takedown
from wem.mailings import starting
from wem.mailings.models import Mailing
from wem.mailings.starting import CannotStart, Problem
from wem.mailings.states import HeldReason, MailingState
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind


def open_case(side, by, *, looked=True):
    case = handling.open_case(side.contract, "承諾のない登録", ["P08"], "通報があった", by=by.id)
    if looked:
        handling.move(case, CaseAction.look_into, "調査", by=by.id)
    db.session.commit()
    return case


def fresh(case):
    return db.session.get(Case, case.id, populate_existing=True)


def notices():
    return db.session.scalars(sa.select(Notice).order_by(Notice.id)).all()


def denied(act):
    return db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == f"case.denied_{act}")).all()


def test_by_hand_with_evidence_to_the_end(world, browser_for):
    browser = browser_for(world.admin)
    browser.submit(
        f"/staff/cases/new?contract={world.ours.contract.number}",
        {"title": "なりすまし", "codes": ["P19"], "what": "電話で知った", "deadline": "2026-12-24"},
    )
    case = db.session.scalars(sa.select(Case)).one()
    path = f"/staff/cases/{case.id}"
    page = browser.get(path)
    assert "P19 なりすまし、権限のない会社などの名乗り" in page.text and "2026年12月24日" in page.text
    browser.submit(f"{path}/entries", {"note": "画面の写し"}, action="")
    browser.submit(path, {"note": "始める", "action": "look_into"}, action=f"{path}/state")
    assert fresh(case).state is CaseState.investigating
    browser.submit(
        f"{path}/edit", {"title": "名乗り", "codes": ["P19", "P10"], "deadline": "2026-12-31", "assignee": ""}
    )
    assert (fresh(case).title, fresh(case).codes, fresh(case).assignee_id) == ("名乗り", ["P10", "P19"], None)
    browser.submit(path, {"note": "誤解だった", "action": "close"}, action=f"{path}/state")
    assert (fresh(case).state, fresh(case).outcome) == (CaseState.closed, "誤解だった")
    assert "名乗り" in browser.get("/staff/cases?state=closed").text
    assert "名乗り" not in browser.get("/staff/cases").text
    # Closed is closed: nothing follows before it is opened again.
    assert browser.post(f"{path}/warning", {"text": "注意"}).location == path
    assert denied("warning") and notices() == []
    browser.submit(path, {"note": "新しい事実", "action": "reopen"}, action=f"{path}/state")
    assert (fresh(case).state, fresh(case).closed_at) == (CaseState.investigating, None)


def test_the_work_list_tells_of_cases(world, browser_for):
    case = open_case(world.ours, world.admin)
    browser = browser_for(world.admin)
    for days, words in ((0, "本日"), (-1, "遅れ")):
        case.deadline = clock.today() + timedelta(days=days)
        db.session.commit()
        text = browser.get("/staff/").text
        assert f"事案{case.number}：次の対応" in text, words
    case.deadline = clock.today() + timedelta(days=1)
    db.session.commit()
    assert f"事案{case.number}：次の対応" not in browser.get("/staff/").text
    assert case.number in browser.get(f"/staff/contracts/{world.ours.contract.id}").text


def test_warning(world, browser_for):
    case = open_case(world.ours, world.admin)
    browser_for(world.admin).submit(
        f"/staff/cases/{case.id}/warning", {"text": "reader1@readers.example.com の承諾がない"}
    )
    notice = notices()[-1]
    assert (notice.kind, notice.customer_id) == (NoticeKind.warning, world.ours.customer.id)
    assert "第12条第8号：本人の承諾のないメールアドレスの登録" in notice.text
    # A notice goes to the customer: no reader's address is read in it.
    assert "reader1@" not in notice.text and "r****@readers.example.com" in notice.text
    assert fresh(case).state is CaseState.acting


def test_correction_and_restriction_and_termination(world, browser_for):
    case, browser = open_case(world.ours, world.admin), browser_for(world.admin)
    path = f"/staff/cases/{case.id}"
    with time_machine.travel(datetime(2026, 3, 1, 10, tzinfo=JAPAN), tick=False):
        browser.sign_in(world.admin)
        assert browser.submit(f"{path}/correction", {"demand": "削除", "deadline": "2026-03-01"}).status == 422
        browser.submit(f"{path}/correction", {"demand": "reader1@readers.example.com の削除", "deadline": "2026-03-31"})
        assert "reader1@" not in notices()[-1].text and "r****@readers.example.com の削除" in notices()[-1].text
        row = db.session.scalars(sa.select(Correction)).one()
        assert "第12条第8号" in row.breach and row.deadline == date(2026, 3, 31)
        assert fresh(case).deadline == date(2026, 3, 31)
        browser.submit(f"{path}/restriction", {"restriction": "both", "note": "reader1@readers.example.com の件"})
        assert "reader1@" not in notices()[-1].text and "r****@readers.example.com の件" in notices()[-1].text
        shown = browser_for(world.ours.owner).get("/contract").text
        assert "reader1@" not in shown and "r****@readers.example.com の件" in shown
        contract = db.session.get(Contract, world.ours.contract.id, populate_existing=True)
        assert contract.restriction is Restriction.both
        # Twice: it is restricted already.
        browser.post(f"{path}/restriction", {"restriction": "both", "note": "過負荷"})
        assert denied("restriction")
        page = browser.submit(f"{path}/termination", {"ground": "breach", "evidence": "調査記録"})
        asked = db.session.scalars(sa.select(Termination)).one()
        assert page.location == f"/staff/terminations/{asked.id}"
        browser.post(f"{path}/termination", {"ground": "breach", "evidence": "もう一度"})
        assert denied("termination")
        assert "解除" in browser.get(path).text
    acts = db.session.scalars(
        sa.select(CaseEntry.path).where(CaseEntry.case_id == case.id, CaseEntry.kind == "act")
    ).all()
    assert acts == [f"/staff/contracts/{contract.id}"] * 2 + [f"/staff/terminations/{asked.id}"]


def test_support_writes_down_and_contracts_acts(world, browser_for):
    support = make_account("窓口 花子", staff_role=StaffRole.support)
    case = open_case(world.ours, world.admin)
    browser, path = browser_for(support), f"/staff/cases/{case.id}"
    assert "データを削除する" not in browser.get(path).text
    for act in ("warning", "correction", "restriction", "takedown", "deletion", "termination"):
        assert browser.get(f"{path}/{act}").status == 403, act
    browser.submit(f"{path}/claims", {"claimant": "被害者", "demand": "賠償", "amount": "10000"})
    assert db.session.scalars(sa.select(Claim)).one().amount == 10000


def test_claims_are_passed_on_and_settled_by_the_customer(world, browser_for):
    case, browser = open_case(world.ours, world.admin), browser_for(world.admin)
    path = f"/staff/cases/{case.id}"
    tomorrow = clock.today() + timedelta(days=1)
    values = {"claimant": "someone@readers.example.com", "demand": "個人情報の削除"}
    assert browser.submit(f"{path}/claims", {**values, "raised_on": tomorrow.isoformat()}).status == 422
    browser.submit(f"{path}/claims", values)
    row = db.session.scalars(sa.select(Claim)).one()
    browser.submit(path, {"note": "取次", "action": "pass_on"}, action=f"/claims/{row.id}")
    notice = notices()[-1]
    assert "第9条第5項" in notice.text and "someone@" not in notice.text
    browser.submit(path, {"note": "和解した", "action": "settle"}, action=f"/claims/{row.id}")
    db.session.refresh(row)
    assert (row.state, row.result, row.closed_on) == (ClaimState.settled, "和解した", clock.today())
    browser.post(f"/staff/cases/claims/{row.id}", {"note": "戻す", "action": "drop"})
    assert denied("claim")


def test_once_the_contract_is_over_only_notes_and_a_deletion_are_left(world, browser_for):
    case = open_case(world.ours, world.admin)
    row = handling.claim(case, "被害者", "賠償", None, clock.today(), by=world.admin.id)
    contract = db.session.get(Contract, world.ours.contract.id)
    contract.take(life_rules.terminate(contract.life, clock.today()))
    db.session.commit()
    browser, path, told = browser_for(world.admin), f"/staff/cases/{case.id}", len(notices())
    page = browser.get(path)
    for act in ("warning", "correction", "restriction", "takedown", "termination"):
        assert f"{path}/{act}" not in page.html, act
    assert f"{path}/deletion" in page.html and "契約は終了しています" in page.text and "取り次ぐ" not in page.text
    browser.post(f"{path}/warning", {"text": "注意"})
    browser.post(f"{path}/restriction", {"restriction": "both", "note": "x"})
    browser.post(f"{path}/takedown", {"target": "pages 0", "reason": "x"})
    browser.post(f"/staff/cases/claims/{row.id}", {"note": "取次", "action": "pass_on"})
    for act in ("warning", "restriction", "takedown", "claim"):
        assert len(denied(act)) == 1, act
    assert len(notices()) == told and fresh(case).state is CaseState.investigating
    with pytest.raises(Illegal):
        db.session.get(Contract, contract.id).restrict(Restriction.both, "x", by=world.admin.id)
    browser.submit(f"{path}/entries", {"note": "連絡がつかない"})
    assert "連絡がつかない" in browser.get(path).text


def test_talks_are_on_record(world, browser_for):
    case, browser = open_case(world.ours, world.admin), browser_for(world.admin)
    values = {
        "held_on": "2026-01-20",
        "way": "meeting",
        "people": "髙橋様、弊社 管理",
        "matter": "請求の範囲",
        "result": "継続",
    }
    browser.submit(f"/staff/cases/{case.id}/talks", values)
    assert db.session.scalars(sa.select(Talk)).one().held_on == date(2026, 1, 20)
    page = browser.get(f"/staff/cases/{case.id}")
    assert "請求の範囲" in page.text and "東京地方裁判所立川支部" in page.text


# -- takedown


def take_down(browser, case, target):
    return browser.submit(f"/staff/cases/{case.id}/takedown", {"target": target, "reason": "権利侵害のおそれ"})


@pytest.mark.parametrize("whole", [False, True])
def test_a_page_taken_down_takes_nobody_and_lets_everybody_go(world, browser_for, public, whole):
    case, browser = open_case(world.ours, world.admin), browser_for(world.admin)
    row = world.ours.mailing_list
    take_down(browser, case, "pages 0" if whole else f"list {row.id}")
    for path in ("/h/takahashi/news/join", *(["/h/takahashi/", "/h/takahashi/join"] if whole else [])):
        page = public.get(path)
        assert page.status == 404 and "このページは表示できません" in page.text and "髙橋商店" in page.html, path
    assert public.post("/h/takahashi/news/join", {"address": "new@readers.example.com"}).status == 404
    if not whole:
        assert "お得情報" not in public.get("/h/takahashi/").soup.find("main").get_text()
    address = read_address("new@readers.example.com")
    assert subscribing.request(row, address, way=Way.form, fields={}) is Asked.closed
    # Nothing of the other customer is touched.
    assert public.get("/h/yamada/news/join").status == 200
    from wem import tokens
    from wem.tokens import Purpose

    token = tokens.sign(Purpose.unsubscribe, world.ours.readers[0].id, 0)
    assert public.post(f"/u/{token}").status == 200
    course = browser.get(f"/staff/cases/{case.id}").soup.find_all("table")[-1].get_text()
    assert "公開を停止" in course and "権利侵害のおそれ" in course
    assert notices()[-1].kind is NoticeKind.takedown and "権利侵害のおそれ" in notices()[-1].text
    take = db.session.scalars(sa.select(Takedown)).one()
    # Twice at a time is once.
    take_down(browser, case, "pages 0" if whole else f"list {row.id}")
    assert denied("takedown")
    browser.submit(f"/staff/cases/{case.id}", {"note": "確認した"}, action=f"/takedowns/{take.id}")
    assert public.get("/h/takahashi/news/join").status == 200
    assert notices()[-1].kind is NoticeKind.takedown_lifted
    browser.post(f"/staff/cases/takedowns/{take.id}/lifting", {"note": "もう一度"})
    assert denied("lifting")


def test_a_mailing_taken_down_is_held_and_does_not_start(world, browser_for):
    case, browser = open_case(world.ours, world.admin), browser_for(world.admin)
    mailing = make_mailing(world.ours.mailing_list, state=MailingState.scheduled, scheduled_at=clock.now())
    db.session.commit()
    take_down(browser, case, f"mailing {mailing.id}")
    mailing = db.session.get(Mailing, mailing.id, populate_existing=True)
    assert (mailing.state, mailing.held_reason) == (MailingState.held, HeldReason.staff.value)
    with pytest.raises(CannotStart) as error:
        starting.start(mailing, by=None)
    assert error.value.problems == [Problem.taken_down]
    owner = browser_for(world.ours.owner)
    assert "弊社がこのメールを停止しました" in owner.get(f"/mailings/{mailing.id}/check").text
    owner.post(f"/mailings/{mailing.id}/resume")
    assert db.session.get(Mailing, mailing.id, populate_existing=True).state is MailingState.held
    take = db.session.scalars(sa.select(Takedown)).one()
    browser.submit(f"/staff/cases/{case.id}", {"note": "確認した"}, action=f"/takedowns/{take.id}")
    assert Problem.taken_down not in starting.problems(mailing)


def test_anothers_mailing_cannot_be_taken_down_by_a_made_up_request(world, browser_for):
    case, browser = open_case(world.ours, world.admin), browser_for(world.admin)
    path = f"/staff/cases/{case.id}/takedown"
    for target in (f"mailing {world.theirs.mailing.id}", f"list {world.theirs.mailing_list.id}", "mailing", "x 1"):
        assert browser.post(path, {"target": target, "reason": "x"}).status == 422, target
    assert db.session.scalar(sa.select(Takedown.id)) is None
