"""Debit files from the plan to the bank's answer: what is in them, made once, answered once, what follows (6-1)."""

import io
from datetime import date

import pytest
import sqlalchemy as sa

from tests.billing import bank
from tests.billing.test_arrears import at
from tests.factories import make_account, make_contract, make_customer, make_mandate, make_receivable
from wem import clock, queue
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.billing import arrears, debit_answering, debit_deciding, debit_planning, debiting, jobs, lifting
from wem.billing.debit_models import DebitEntry, DebitRun
from wem.billing.debit_rules import Decision, EntryState, Left, Method, RunState
from wem.billing.models import Receivable
from wem.billing.payment_models import Payment
from wem.billing.rules import ReceivableKind
from wem.billing.zengin_reading_rules import BadFile, Fault
from wem.contracts.mandate_models import Mandate
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import Illegal, MandateState
from wem.db import db
from wem.notices.models import Notice

MAKING, READING = "2026-03-10T12:00", "2026-04-02T12:00"
DUE = date(2026, 3, 27)


def owing(name, amount=3300, state=MandateState.registered, **values):
    """A contract of its own that owes one sum, with a mandate."""
    contract = make_contract(make_customer(name))
    if state is not None:
        make_mandate(contract, state, **values)
    make_receivable(contract, DUE, amount)
    return contract


def plan():
    return debit_planning.plan(debit_planning.upcoming(clock.today()), True)


def made(by):
    with at(MAKING):
        run = debiting.make(debit_planning.upcoming(clock.today()), by=by.id)
        db.session.commit()
    return run


def answered(run, codes, by, when=READING):
    with at(when):
        debit_answering.check(run, bank.answer(run.file, codes), by=by.id)
        db.session.commit()
        jobs.carry_out_answer(run.id)


def entries(run):
    return db.session.scalars(sa.select(DebitEntry).where(DebitEntry.run_id == run.id).order_by(DebitEntry.place)).all()


def told(contract):
    return db.session.scalars(sa.select(Notice.text).where(Notice.customer_id == contract.customer_id)).all()


@pytest.mark.both_databases
def test_who_is_in_the_next_file_and_who_is_not(world):
    good = owing("払う店")
    make_receivable(good, date(2026, 2, 27), 1100)
    make_receivable(good, date(2026, 4, 27), 9999)
    first = make_receivable(good, DUE, 14300)
    first.kind = ReceivableKind.initial
    settled = make_receivable(good, DUE, 500)
    settled.pay(500, DUE, by=None)
    owing("未登録の店", state=MandateState.sent)
    owing("名前の店", account_holder="山田")
    other = owing("振込の店")
    debit_deciding.choose(other, None, Method.transfer, "口座の準備が整わないため", by=world.admin.id)
    part = owing("一部の店")
    by_transfer = make_receivable(part, DUE, 700)
    debit_deciding.choose(part, by_transfer, Method.desk, "窓口で", by=world.admin.id)
    db.session.commit()
    with at(MAKING):
        found = plan()
    assert [[each.candidate.open for each in record] for record in found.records] == [[1100, 3300], [3300]]
    assert (found.count, found.amount) == (2, 7700)
    left = {(each.who.name, each.candidate.open): why for each, why in found.left}
    assert left == {
        ("払う店", 14300): Left.initial,
        ("払う店", 9999): Left.not_due,
        ("未登録の店", 3300): Left.no_mandate,
        ("名前の店", 3300): Left.name,
        ("振込の店", 3300): Left.method,
        ("一部の店", 700): Left.method,
    }


@pytest.mark.both_databases
def test_a_file_is_made_once_and_holds_what_the_plan_said(world):
    contract = owing("払う店", 5500)
    db.session.commit()
    run = made(world.admin)
    file = run.file
    head, rows, tail = bank.read_request(file)
    assert (head["day"], rows[0]["account"], rows[0]["new"]) == (b"0327", b"0076543", b"1")
    assert (int(rows[0]["number"]), int(tail["total"])) == (contract.id, 5500)
    with at(MAKING):
        again = debiting.make(debit_planning.of_month(date(2026, 3, 1)), by=world.admin.id)
    assert again.id == run.id and again.file == file
    stored = db.session.execute(sa.text("SELECT file_sealed FROM debit_run")).scalar_one()
    assert b"0076543" not in bytes(stored)
    with at(MAKING):
        assert debit_planning.upcoming(clock.today()).month == date(2026, 4, 1)
        assert [why for _, why in debit_planning.plan(debit_planning.upcoming(clock.today()), True).left] == [
            Left.waiting
        ]
        with pytest.raises(Illegal):
            debiting.make(debit_planning.upcoming(clock.today()), by=world.admin.id)
    # Nobody knows yet whether it is paid: it is not overdue before the bank has answered.
    assert arrears.debtors(date(2026, 3, 30)) == []
    with at("2026-03-30T12:00"), pytest.raises(Illegal):
        lifting.suspend(contract, "未払い", by=world.admin.id)


def test_a_withdrawn_file_frees_its_sums(world):
    owing("払う店")
    db.session.commit()
    run = made(world.admin)
    with at(MAKING):
        debiting.withdraw(run, "金額の誤り", by=world.admin.id)
        db.session.commit()
        assert plan().count == 1
        other = debiting.make(debit_planning.upcoming(clock.today()), by=world.admin.id)
    assert other.id != run.id and other.debit_on == run.debit_on
    assert [entry.state for entry in entries(run)] == [EntryState.withdrawn]
    with pytest.raises(Illegal):
        debit_answering.check(run, b"", by=world.admin.id)


CODES = "012348 9N".replace(" ", "")


@pytest.mark.both_databases
def test_every_code_and_what_follows(world):
    contracts = [owing(f"店{code}", 1000 + place) for place, code in enumerate(CODES)]
    db.session.commit()
    run = made(world.admin)
    answered(run, CODES, world.admin)
    states = [(row.code, row.state) for row in entries(run)]
    clear, open_ = EntryState.failed, EntryState.with_staff
    assert states == [("0", EntryState.paid), *[(c, clear) for c in "123"], *[(c, open_) for c in "489N"]]
    assert (run.state, run.paid_amount, run.failed_count) == (RunState.answered, 1000, 7)
    assert run.paid_amount + run.failed_amount == run.amount
    mandates = [db.session.scalar(sa.select(Mandate).where(Mandate.contract_id == each.id)) for each in contracts]
    registered, stopped, sent = MandateState.registered, MandateState.stopped, MandateState.sent
    assert [row.state for row in mandates] == [
        registered, registered, stopped, stopped, sent, registered, registered, registered
    ]  # fmt: skip
    assert "振替結果コード 2" in mandates[2].note
    rows = [db.session.scalar(sa.select(Receivable).where(Receivable.contract_id == each.id)) for each in contracts]
    assert [row.settled_on for row in rows] == [DUE, *[None] * 7]
    notices = [told(each) for each in contracts]
    assert [len(each) for each in notices] == [0, 1, 1, 1, 0, 0, 0, 0]
    assert "残高が不足" in notices[1][0] and "2026年4月27日（月）" in notices[1][0] and "1,001円" in notices[1][0]
    assert "取引がありません" in notices[2][0] and "お振り込み" in notices[2][0] and "口座振替依頼書" in notices[2][0]
    payment = db.session.scalars(sa.select(Payment)).one()
    assert (payment.amount, payment.settled, payment.paid_on, payment.rest) == (1000, 1000, DUE, 0)
    with at("2026-04-10T12:00"):
        found = plan()
        assert [record[0].who.name for record in found.records] == ["店1"], "only what may be asked for again"
        left = {each.who.name: why for each, why in found.left}
    assert left == {
        "店2": Left.no_mandate, "店3": Left.no_mandate, "店4": Left.with_staff, "店8": Left.with_staff,
        "店9": Left.with_staff, "店N": Left.with_staff,
    }  # fmt: skip
    # What staff still decide on is nobody's arrears: the bank has not said that it was not debited.
    assert {each.contract.customer.name for each in arrears.debtors(date(2026, 4, 10))} == {"店1", "店2", "店3"}


def test_asked_for_again_with_what_came_since(world):
    contract = owing("払う店")
    db.session.commit()
    run = made(world.admin)
    answered(run, "1", world.admin)
    make_receivable(contract, date(2026, 4, 27), 5500)
    db.session.commit()
    with at("2026-04-10T12:00"):
        run = debiting.make(debit_planning.upcoming(clock.today()), by=world.admin.id)
        db.session.commit()
    row = entries(run)[0]
    assert (row.amount, row.new_code, [item.first for item in row.items]) == (8800, 0, [False, True])
    # What was tried before is overdue while it is tried again.
    assert arrears.outstanding(contract.id, date(2026, 4, 28)) == 3300
    answered(run, "0", world.admin, "2026-05-07T12:00")
    assert arrears.outstanding(contract.id, date(2026, 6, 1)) == 0


def test_a_new_account_is_said_to_the_bank(world):
    contract = owing("払う店")
    db.session.commit()
    answered(made(world.admin), "0", world.admin)
    old = db.session.scalar(sa.select(Mandate))
    old.state = MandateState.stopped
    make_mandate(contract, MandateState.registered)
    make_receivable(contract, date(2026, 4, 27))
    db.session.commit()
    with at("2026-04-10T12:00"):
        run = debiting.make(debit_planning.upcoming(clock.today()), by=world.admin.id)
    assert entries(run)[0].new_code == 2


def test_what_was_transferred_meanwhile_is_over(world):
    contract = owing("払う店")
    db.session.commit()
    run = made(world.admin)
    row = db.session.scalar(sa.select(Receivable))
    row.pay(3000, date(2026, 3, 20), by=None)
    db.session.commit()
    answered(run, "0", world.admin)
    payment = db.session.scalars(sa.select(Payment)).one()
    assert (payment.settled, payment.rest, payment.contract_id) == (300, 3000, contract.id)
    assert row.settled_on == DUE


@pytest.mark.parametrize(
    ("decision", "settled", "again"),
    [(Decision.again, False, 1), (Decision.transfer, False, 0), (Decision.paid, True, 0)],
)
def test_what_staff_decide(world, decision, settled, again):
    owing("払う店")
    db.session.commit()
    run = made(world.admin)
    answered(run, "9", world.admin)
    row = entries(run)[0]
    with at("2026-04-10T12:00"):
        debit_deciding.decide(row, decision, "銀行に確認", by=world.admin.id)
        db.session.commit()
        assert plan().count == again
        with pytest.raises(Illegal):
            debit_deciding.decide(row, decision, "もう一度", by=world.admin.id)
    assert (db.session.scalar(sa.select(Receivable.settled_on)) is not None) is settled


@pytest.mark.parametrize(("ended", "stops"), [(date(2026, 3, 1), True), (date(2026, 4, 1), False)])
def test_the_mandate_ends_after_the_last_debit(world, ended, stops):
    contract = owing("払う店")
    db.session.commit()
    run = made(world.admin)
    contract.state, contract.ended_on = ContractState.ended, ended
    db.session.commit()
    answered(run, "0", world.admin)
    assert (db.session.scalar(sa.select(Mandate.state)) is MandateState.stopped) is stops


@pytest.mark.both_databases
def test_mandates_without_a_last_debit_end_by_themselves(world):
    contract = make_contract(make_customer("去った店"))
    make_mandate(contract, MandateState.registered)
    contract.state, contract.ended_on = ContractState.ended, date(2026, 8, 1)
    db.session.commit()
    for day, state in (("2026-09-30T12:00", MandateState.registered), ("2026-10-01T00:10", MandateState.stopped)):
        with at(day):
            jobs.end_mandates()
        assert db.session.scalar(sa.select(Mandate.state)) is state


def spoiled(file, codes, at_byte, value, line=1):
    def change(lines):
        lines[line] = lines[line][: at_byte - 1] + value + lines[line][at_byte - 1 + len(value) :]
        return lines

    return bank.answer(file, codes, change=change)


@pytest.mark.both_databases
def test_a_bad_result_changes_nothing(world):
    for place in range(3):
        owing(f"店{place}", 1000)
    db.session.commit()
    run = made(world.admin)
    good = bank.answer(run.file, "012")
    before = db.session.execute(sa.text("SELECT COUNT(*) FROM audit_event")).scalar_one()
    for content, fault, line in (
        (good[:121] + good[122:], Fault.line_ends, 1),
        (good.replace(b"\r\n", b"", 1), Fault.length, 1),
        (spoiled(run.file, "012", 81, b"0000001001", 2), Fault.amount, 3),
        (spoiled(run.file, "012", 5, b"9", 0), Fault.collector, 1),
        (spoiled(run.file, "012", 55, b"0427", 0), Fault.date, 1),
        (spoiled(run.file, "012", 8, b"000000003001", -2), Fault.total, 5),
        (good.decode("cp932").encode(), Fault.utf8, 1),
        (good[:400], Fault.length, 4),
    ):
        with pytest.raises(BadFile) as refused:
            debit_answering.check(run, content, by=world.admin.id)
        assert (refused.value.fault, refused.value.line) == (fault, line)
        db.session.rollback()
    assert db.session.scalar(sa.select(DebitRun.state)) is RunState.made
    assert db.session.execute(sa.text("SELECT COUNT(*) FROM audit_event")).scalar_one() == before
    answered(run, "012", world.admin)
    with pytest.raises(debit_answering.Twice):
        debit_answering.check(run, good, by=world.admin.id)
    with pytest.raises(Illegal):
        debit_answering.check(run, good + b"\x1a", by=world.admin.id)


@pytest.mark.both_databases
def test_what_follows_from_a_long_answer_is_work_for_later_all_of_it_or_nothing(world, browser_for, monkeypatch):
    contracts = [owing(f"店{code}", 1000) for code in "012"]
    person = make_account("請求 担当", staff_role=StaffRole.billing)
    db.session.commit()
    run = made(world.admin)
    path, content, rung = f"/staff/debits/{run.id}", bank.answer(run.file, "012"), []
    monkeypatch.setattr(debit_answering, "AT_ONCE", 2)
    monkeypatch.setattr(queue, "ring", lambda *work: rung.append(work[1:]))
    work = ("wem.billing.jobs.carry_out_answer", run.id)
    with at(READING):
        browser = browser_for(person)
        browser.post(f"{path}/result", {"file": (io.BytesIO(content), "result.txt")})
        run = db.session.get(DebitRun, run.id, populate_existing=True)
        assert (run.state, run.paid_amount, rung) == (RunState.reading, 1000, [work])
        page = browser.get(path)
        assert "結果を反映しています" in page.text and "every 3s" in page.html and "withdrawal" not in page.html
        assert browser.post(f"{path}/result", {"file": (io.BytesIO(content), "r.txt")}).status == 422
        with pytest.raises(Illegal):
            debiting.withdraw(run, "", by=person.id)
        # Lost by the queue: the sweep finds it. Killed in the midst of it: nothing of it is there.
        rung.clear()
        jobs.sweep()
        assert rung == [work]
        carried = debit_answering._mandate
        monkeypatch.setattr(debit_answering, "_mandate", lambda entry, *_: 1 // (1 - entry.place))
        with pytest.raises(ZeroDivisionError):
            jobs.carry_out_answer(run.id)
        db.session.rollback()
        assert db.session.scalars(sa.select(Payment)).all() == [] and debit_answering.waiting() == [run.id]
        monkeypatch.setattr(debit_answering, "_mandate", carried)
        for _ in range(2):
            jobs.carry_out_answer(run.id)
    assert [row.state for row in entries(run)] == [EntryState.paid, EntryState.failed, EntryState.failed]
    assert db.session.scalar(sa.select(sa.func.sum(Payment.amount))) == 1000 and debit_answering.waiting() == []
    assert [len(told(each)) for each in contracts] == [0, 1, 1] and run.answered_by == person.id
    with at("2026-04-02T12:11"):
        assert "every 3s" not in browser.get(path).html


# -- the screens


def test_from_the_next_file_to_its_answer_on_the_pages(world, browser_for):
    owing("払う店")
    owing("足りない店", 4400)
    owing("不明の店", 5500)
    owing("未登録の店", 6600, None)
    person = make_account("請求 担当", staff_role=StaffRole.billing)
    db.session.commit()
    browser = browser_for(person)
    with at(MAKING):
        browser.sign_in(person)
        page = browser.get("/staff/debits")
        assert "2026年3月27日（金）" in page.text and "13,200円" in page.text and "未登録の店" in page.text
        values = page.form("/staff/debits")
        shown = browser.post("/staff/debits", values)
        run = db.session.scalars(sa.select(DebitRun)).one()
        assert shown.location == f"/staff/debits/{run.id}"
        assert browser.post("/staff/debits", values).location == f"/staff/debits/{run.id}", "an old page"
        file = browser.post(f"/staff/debits/{run.id}/file").response
        assert file.get_data() == run.file and "no-store" in file.headers["Cache-Control"]
        assert "2026年3月27日（金）" in browser.get(f"/staff/debits/{run.id}").text
    path = f"/staff/debits/{run.id}/result"
    with at(READING):
        browser.sign_in(person)
        bad = spoiled(run.file, "019", 81, b"0000003301", 1)
        page = browser.post(path, {"file": (io.BytesIO(bad), "kekka.txt")})
        assert page.status == 422 and "2行目" in page.text and "3301" in page.text and "3300" in page.text
        assert browser.post(path, {}).status == 422
        good = bank.answer(run.file, "019")
        assert browser.post(path, {"file": (io.BytesIO(good), "kekka.txt")}).status == 303
        page = browser.post(path, {"file": (io.BytesIO(good), "kekka.txt")})
        assert page.status == 422 and "すでに取り込んでいます" in page.text
        page = browser.get(f"/staff/debits/{run.id}")
        assert "資金不足" in page.text and "3,300円" in page.text
        row = db.session.scalars(sa.select(DebitEntry).where(DebitEntry.code == "9")).one()
        entry = f"/staff/debits/entries/{row.id}"
        assert entry in browser.get("/staff/debits").html and "不明の店" in browser.get("/staff/").text
        assert "****543" in browser.get(entry).text and "0076543" not in browser.get(entry).html
        assert browser.post(entry, {"decision": "again"}).status == 422
        assert browser.post(entry, {"decision": "again", "note": "銀行の都合"}).status == 303
        assert "銀行の都合" in browser.get(entry).text
    actions = set(db.session.scalars(sa.select(AuditEvent.action)))
    assert {"debit.make", "debit.fetch", "debit.refuse_result", "debit.answer", "debit.decide"} <= actions


@pytest.mark.parametrize("role", [StaffRole.support, StaffRole.operations, StaffRole.contracts])
def test_debits_and_payments_are_for_billing(world, browser_for, role):
    person = make_account("別の担当", staff_role=role)
    db.session.commit()
    for path in ("/staff/debits", "/staff/payments", "/staff/payments/new"):
        assert browser_for(person).get(path).status == 403


def test_another_way_of_payment_has_a_reason_and_a_person(world, browser_for):
    contract = owing("払う店")
    person = make_account("契約 担当", staff_role=StaffRole.contracts)
    db.session.commit()
    browser, path = browser_for(person), f"/staff/contracts/{contract.id}/payment-method"
    assert browser.submit(path, {"method": "transfer", "reason": " "}).status == 422
    assert browser.submit(path, {"method": "transfer", "reason": "口座振替の準備中"}).status == 303
    assert "口座振替の準備中" in browser.get(path).text and "契約 担当" in browser.get(path).text
    with at(MAKING):
        assert plan().count == 0
    browser.submit(path, {"method": "debit", "reason": "登録が済んだため"})
    with at(MAKING):
        assert plan().count == 1
