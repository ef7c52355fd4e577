"""The timeline of a contract: everything once, in one order, page by page, with links."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.contracts.applications import make_application
from tests.factories import make_account
from wem import audit, clock, documents
from wem.accounts.rules import StaffRole
from wem.cases import handling
from wem.clock import JAPAN
from wem.contracts import emergency, ending, refusing
from wem.contracts.emergency_models import StopVia
from wem.contracts.part_models import ContractTerm, Standstill
from wem.contracts.request_models import ContractRequest, RequestKind, TerminationGround, TerminationScope
from wem.contracts.rules import SuspensionGround
from wem.db import Base, db
from wem.inquiries import asking
from wem.lists.states import UploadKind, UploadState
from wem.lists.upload_models import Upload
from wem.notices.models import Notice
from wem.staff import timeline
from wem.staff.timeline_rules import Place, comes_before
from wem.staff.timeline_sources import PAGES
from wem.staff.trail_wording import SUBJECTS

AT = datetime(2026, 3, 10, 12, tzinfo=JAPAN)


@pytest.mark.parametrize(
    "text", ["", "x", "2026-03-10~1~2", "2026-03-10T12:00:00~1~2", "2026-03-10T12:00:00+09:00~1", "~~", "a~1~2", "~1~²"]
)
def test_a_place_that_cannot_be_read_is_none(text):
    assert Place.read(text) is None


def test_places_have_an_order_and_are_written_and_read():
    first, second, third = Place(AT, 1, 9), Place(AT, 2, 1), Place(AT + timedelta(seconds=1), 0, 1)
    assert sorted([third, second, first]) == [first, second, third]
    assert Place.read(second.written) == second
    assert comes_before(first, second) and not comes_before(second, second)


@pytest.fixture
def life(world):
    """Something of every kind in our contract's life, and as much in theirs that must not show."""
    ours, me = world.ours.contract, world.admin.id
    for side in (world.ours, world.theirs):
        contract, who = side.contract, side.customer.id
        with time_machine.travel(AT, tick=False):
            refusing.refuse_renewal(contract, f"拒絶の理由{who}", by=me)
            correction = ending.issue_correction(contract, f"違反{who}", "是正", date(2026, 4, 1), by=me)
            ending.propose_termination(
                contract,
                TerminationGround.unfit,
                TerminationScope.whole,
                "事実",
                by=me,
                file=("evidence/x", "記録.txt"),
            )
            audit.record("contract.details", by=me, customer_id=who, subject=contract, contact=["", f"連絡先{who}"])
            db.session.add_all(
                [
                    ContractRequest(
                        contract=contract, customer_id=who, kind=RequestKind.course, received_at=clock.now(),
                        effective_on=date(2026, 5, 1), wish={"course": "business", "from": "standard"},
                    ),
                    ContractTerm(
                        contract_id=contract.id, number=7, begins=date(2026, 2, 1), literal_end=date(2026, 2, 14),
                        aligned_end=date(2026, 2, 28),
                    ),
                    Standstill(
                        contract_id=contract.id, ground=SuspensionGround.nonpayment, since=date(2026, 1, 20),
                        until=date(2026, 1, 25),
                    ),
                    Upload(
                        customer_id=who, list_id=side.mailing_list.id, kind=UploadKind.attested,
                        state=UploadState.waiting, filename=f"名簿{who}.csv", created_at=clock.now(),
                        statement={"evidence": "evidence/y", "evidence_name": "同意.pdf"},
                    ),
                ]
            )  # fmt: skip
            documents.keep(b"%PDF-1.7", f"控え{who}.pdf", about=f"contract {contract.id}", customer_id=who)
            documents.keep(b"%PDF-1.7", f"invoice-2026-00000{who}.pdf", about="invoice 9", customer_id=who)
            assert correction.id
    application = make_application()
    application.contract, application.filled_at = ours, AT - timedelta(days=60)
    db.session.commit()
    return world


EVERYTHING = (
    "更新を拒絶した", "是正を勧告した", "解除の申請", "申請・届出：コースの変更", "更新（第7期）", "利用停止の終了",
    "同意済みの読者のアップロード：名簿", "書類：控え", "請求書 2026-00000",
    "通知：契約の更新を拒絶する通知", "申込みの入力", "連絡先",
)  # fmt: skip


@pytest.mark.both_databases
def test_everything_stands_there_once_in_one_order(life, browser_for):
    contract = life.ours.contract
    page = browser_for(life.admin).get(f"/staff/contracts/{contract.id}/timeline")
    for words in EVERYTHING[:-3]:
        assert page.text.count(words) == 1, words
    assert "申込みの入力" in page.text and f"連絡先{life.ours.customer.id}" in page.text
    for private in (
        f"違反{life.theirs.customer.id}",
        f"名簿{life.theirs.customer.id}",
        f"控え{life.theirs.customer.id}",
    ):
        assert private not in page.text
    rows = {row.select("td, th")[1].get_text(strip=True): row for row in page.soup.select("#timeline tbody tr")}
    renewed, filled = rows["更新（第7期）"].get_text(" ", strip=True), rows["申込みの入力"].get_text(" ", strip=True)
    assert "2026年2月1日（日）" in renewed and "00:00" not in renewed and "システム" in renewed
    assert "お申込者" in filled
    assert f"ご契約 {contract.number}" in page.text, "by the number that stands on papers"
    notice = next(iter(db.session.scalars(sa.select(Notice.id).order_by(Notice.id))))
    for link in (f"/staff/notices/{notice}", "/staff/requests/1", "/staff/terminations/1", "/staff/uploads/1"):
        assert f'href="{link}"' in page.html, link
    moments = [entry.at for entry in timeline.of(contract).entries]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.both_databases
@pytest.mark.parametrize("shown", ["", "documents", "acts"])
def test_pages_hold_all_of_it_and_nothing_twice(life, shown):
    contract, found, before = life.ours.contract, [], ""
    # Many in one moment: the place is told by kind and number then.
    with time_machine.travel(AT, tick=False):
        for number in range(9):
            audit.record(
                "contract.details", by=None, customer_id=contract.customer_id, subject=contract, name=str(number)
            )
    db.session.commit()
    whole = [entry.place for entry in timeline.of(contract, shown, most=500).entries]
    while True:
        part = timeline.of(contract, shown, before, most=4)
        found += [entry.place for entry in part.entries]
        if part.older is None:
            break
        before = part.older
    assert found == whole and len(set(whole)) == len(whole) > 4


def test_a_document_of_another_contract_is_not_there(life, browser_for):
    ours, theirs = life.ours.contract, life.theirs.contract
    found = sa.select(documents.Document.id).where(documents.Document.customer_id == theirs.customer_id)
    number = db.session.scalars(found).first()
    staff = browser_for(life.admin)
    assert staff.get(f"/staff/contracts/{ours.id}/documents/{number}").status == 404
    answer = staff.get(f"/staff/contracts/{theirs.id}/documents/{number}").response
    assert answer.data == b"%PDF-1.7" and "attachment" in answer.headers["Content-Disposition"]


def test_who_may_not_open_a_page_gets_no_link_to_it(life, browser_for):
    person = make_account("運用 一", staff_role=StaffRole.operations)
    db.session.commit()
    page = browser_for(person).get(f"/staff/contracts/{life.ours.contract.id}/timeline")
    assert page.status == 200 and "/staff/notices/" not in page.html and "/staff/terminations/" not in page.html


def test_every_link_of_a_timeline_leads_to_a_page(app):
    models = {mapper.class_.__name__ for mapper in Base.registry.mappers}
    assert set(PAGES) <= models & set(SUBJECTS)
    assert {"Case", "Inquiry", "EmergencyStop"} <= set(PAGES)
    urls = app.url_map.bind("")
    for base, area in PAGES.values():
        endpoint, values = urls.match(f"{base}/7", "GET")
        assert endpoint.startswith("staff_") and list(values.values()) == [7]
        assert urls.match(area, "GET")


def test_cases_inquiries_and_emergency_stops_are_linked(life, browser_for):
    contract, me = life.ours.contract, life.admin.id
    customer = contract.customer
    asked = asking.ask(customer, life.ours.owner, "予約", "進みません。")
    case = handling.open_case(contract, "承諾のない登録", ["P09"], "通報", by=me)
    stop = emergency.report(contract, StopVia.staff, by=me)
    db.session.commit()
    page = browser_for(life.admin).get(f"/staff/contracts/{contract.id}/timeline")
    for link in (f"/staff/inquiries/{asked.id}", f"/staff/cases/{case.id}", f"/staff/emergency-stops/{stop.id}"):
        assert f'href="{link}"' in page.html, link
