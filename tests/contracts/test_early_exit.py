"""Leaving within the minimum term (A-04): the cancellation waits for its end, an earlier exit is ours to grant."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa
import time_machine

from tests.contracts.stepping import confirm, send
from tests.factories import make_course
from wem.audit import AuditEvent
from wem.clock import JAPAN
from wem.contracts import jobs
from wem.contracts.models import Contract
from wem.contracts.request_models import ContractRequest, RequestKind
from wem.contracts.rules import ContractState, EndReason
from wem.contracts.state_rules import RequestState
from wem.db import db
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


def contract_of(side):
    return db.session.get(Contract, side.contract.id, populate_existing=True)


def request(kind):
    found = sa.select(ContractRequest).where(ContractRequest.kind == kind).execution_options(populate_existing=True)
    return db.session.scalars(found).one()


def asked(world, browser, month="2026-05-01", note="閉店のため"):
    send(browser, "/contract/cancel", {})
    return send(browser, "/contract/early-exit", {"wanted": month, "note": note})


@pytest.mark.both_databases
def test_asked_for_granted_and_over_on_its_day(world, browser_for):
    other = make_course("プレミアム", [[1000, 8000]])
    db.session.commit()
    with at("2026-03-10T12:00"):
        browser = browser_for(world.ours.owner)
        page = browser.get("/contract")
        assert "弊社の承諾が必要です" in page.text and "残りの利用料はかかりません" in page.text
        assert "お手続きいただけません" in browser.get("/contract/early-exit").text  # not before the cancellation
        send(browser, "/contract/course", {"course": other.code, "wanted": "2026-06-01"})
        assert "プレミアム" in browser.get("/contract/course").soup.select_one("main").get_text()
        send(browser, "/contract/cancel", {})
        assert contract_of(world.ours).leaves_on == date(2026, 8, 1)
        assert "2026-08-01" not in browser.get("/contract/course").html, "it is over by then"
        page = confirm(browser, "/contract/early-exit", {"wanted": "2026-05-01", "note": "閉店のため"})
        # April at 3,300 yen.
        assert "1か月分" in page.text and "3,300円" in page.text and "最低利用期間の残りの利用料" in page.text
        send(browser, "/contract/early-exit", {"wanted": "2026-05-01", "note": "閉店のため"})
        assert contract_of(world.ours).leaves_on == date(2026, 8, 1), "ours to decide"
        row = request(RequestKind.early_exit)
        assert (row.state, row.effective_on) == (RequestState.received, date(2026, 5, 1)) and "3,300円" in row.agreed
    with at("2026-03-20T12:00"):
        staff = browser_for(world.admin)
        assert "最低利用期間内の解約のお申し出" in staff.get("/staff/").text
        staff.submit(f"/staff/requests/{row.id}", action="/accept")
    assert contract_of(world.ours).leaves_on == date(2026, 5, 1)
    assert request(RequestKind.cancel).effective_on == date(2026, 5, 1)
    # The change of June can no longer come.
    assert request(RequestKind.course).state is RequestState.lapsed
    assert "失効しました" in db.session.scalars(sa.select(Notice).order_by(Notice.id.desc())).first().text
    kinds = db.session.scalars(sa.select(Notice.kind).order_by(Notice.id)).all()
    assert kinds[-3:] == [NoticeKind.cancellation_received, NoticeKind.request_received, NoticeKind.request_accepted]
    with at("2026-05-01T00:05"):
        jobs.apply_due()
        jobs.apply_due()
    contract = contract_of(world.ours)
    assert (contract.state, contract.ended_on, contract.end_reason) == (
        ContractState.ended,
        date(2026, 5, 1),
        EndReason.cancelled,
    )
    assert request(RequestKind.early_exit).state is RequestState.applied


def test_refused_the_cancellation_holds_as_it_was(world, browser_for):
    with at("2026-03-10T12:00"):
        asked(world, browser_for(world.ours.owner))
        row = request(RequestKind.early_exit)
        browser_for(world.admin).submit(f"/staff/requests/{row.id}", {"reason": "期間の定めのため"}, action="/refuse")
    assert request(RequestKind.early_exit).state is RequestState.refused
    assert contract_of(world.ours).leaves_on == date(2026, 8, 1)


def test_the_rest_is_owed_where_the_contract_says_so(world, browser_for):
    world.ours.contract.rest_owed = True
    db.session.commit()
    with at("2026-03-10T12:00"):
        browser = browser_for(world.ours.owner)
        assert "最低利用期間の残りの利用料をお支払いいただきます" in browser.get("/contract").text
        asked(world, browser)
    # May to July at 3,300 yen.
    assert "3か月分" in request(RequestKind.early_exit).agreed and "9,900円" in request(RequestKind.early_exit).agreed


def test_it_falls_with_the_cancellation_and_is_withdrawn_only_before_it_is_granted(world, browser_for):
    with at("2026-03-10T12:00"):
        browser = browser_for(world.ours.owner)
        send(browser, "/contract/course", {"course": make_course("プレミアム").code, "wanted": "2026-06-01"})
        asked(world, browser)
        row = request(RequestKind.early_exit)
        browser_for(world.admin).submit(f"/staff/requests/{row.id}", action="/accept")
        browser.post(f"/contract/requests/{row.id}/withdraw")
        assert contract_of(world.ours).leaves_on == date(2026, 5, 1)
        cancellation = f"/contract/requests/{request(RequestKind.cancel).id}"
        page = browser.get(cancellation).text
        assert "元には戻りません" in page and "プレミアム（2026年6月1日（月）から）" in page
        browser.post(f"{cancellation}/withdraw")
        told = db.session.scalars(sa.select(Notice).order_by(Notice.id.desc())).first().text
        assert "2026年6月1日（月）からの「コースの変更」は、失効したままです" in told
        assert request(RequestKind.course).state is RequestState.lapsed
    contract = contract_of(world.ours)
    assert (contract.state, contract.leaves_on) == (ContractState.active, None)
    assert request(RequestKind.early_exit).state is RequestState.withdrawn


@pytest.mark.parametrize("month", ["2026-03-01", "2026-08-01", "2026-09-01"])
def test_other_months_made_by_hand_are_refused(world, browser_for, month):
    with at("2026-03-10T12:00"):
        browser = browser_for(world.ours.owner)
        send(browser, "/contract/cancel", {})
        given = {**browser.get("/contract/early-exit").form(""), "wanted": month, "note": "x", "step": "done"}
        assert browser.post("/contract/early-exit", given).status == 422
    found = sa.select(ContractRequest.id).where(ContractRequest.kind == RequestKind.early_exit)
    assert db.session.scalar(found) is None


def test_staff_enter_one_that_came_by_letter(world, browser_for):
    with at("2026-03-10T12:00"):
        send(browser_for(world.ours.owner), "/contract/cancel", {})
        staff = browser_for(world.admin)
        path = f"/staff/contracts/{world.ours.contract.id}/entry"
        given = {"kind": "early_exit", "channel": "letter", "received": "2026-03-09T10:00", "wanted": "2026-05-01"}
        assert staff.submit(path, given).status == 422, "what shows that it was asked for?"
        assert staff.submit(path, {**given, "note": "閉店します"}).status == 303
        row = request(RequestKind.early_exit)
        assert (row.effective_on, row.agreed, row.wish["note"]) == (date(2026, 5, 1), "", "閉店します")
        assert staff.submit(path, {**given, "note": "x", "wanted": "2026-08-01"}).status == 422
    assert db.session.scalar(sa.select(AuditEvent.id).where(AuditEvent.action == "request.open")) is not None
