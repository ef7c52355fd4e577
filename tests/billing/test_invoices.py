"""Invoices as documents: complete, kept, corrected by further ones; what customers and staff see of them."""

import threading
from datetime import date
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from tests.billing import bank
from tests.billing.closing_world import at, closed, contract_with, drafted, invoices, owed
from tests.factories import make_account, make_receivable
from wem.accounts.rules import StaffRole
from wem.billing import (
    arrears,
    books,
    correcting,
    debit_answering,
    debit_planning,
    debiting,
    first_invoices,
    issuing,
    jobs,
    papers,
    telling,
)
from wem.billing.books import Wanted
from wem.billing.invoice_models import Invoice, InvoiceTax, next_number
from wem.billing.invoice_rules import ItemKind, Line
from wem.billing.models import Receivable
from wem.billing.month_models import MonthClose
from wem.billing.rules import CloseState, InvoiceKind
from wem.contracts.models import Contract
from wem.db import db
from wem.notices.models import Notice

MARCH = date(2026, 3, 1)


def line(amount, name="運用支援", rate=10):
    return Line(ItemKind.other, amount, name=name, rate=rate)


def charged(contract, *lines, token="a", due=date(2026, 4, 30)):
    with at("2026-04-02T12:00"):
        row = correcting.by_hand(contract, lines or [line(10_000)], due, "追加のご依頼", by=1, token=token)
        db.session.commit()
    return row


@pytest.mark.both_databases
def test_what_was_issued_does_not_change(app):
    row = charged(contract_with(0))
    for change in ({"total": 1}, {"recipient_name": "別の人"}, {"lines": []}, {"number": "2026-999999"}):
        with pytest.raises(sa.exc.DBAPIError, match="kept as it is"):
            db.session.execute(sa.update(Invoice).values(**change))
        db.session.rollback()
    for table in (Invoice.__table__, InvoiceTax.__table__):
        change = sa.delete(table) if table is Invoice.__table__ else sa.update(table).values(tax=0)
        with pytest.raises(sa.exc.DBAPIError):
            db.session.execute(change)
        db.session.rollback()
    assert db.session.scalar(sa.select(Invoice.total)) == 11_000
    assert row.locked_until == date(2034, 6, 1)


@pytest.mark.both_databases
def test_numbers_have_no_gap_also_with_two_at_once(app):
    contract = contract_with(0)
    db.session.commit()
    id, errors, start = contract.id, [], threading.Barrier(4)
    db.session.rollback()  # reading took the turn to write

    def work(place):
        try:
            with app.app_context():
                start.wait()
                for turn in range(5):
                    if turn == 2:
                        next_number(2026)
                        db.session.rollback()  # a number that was taken goes back with its transaction
                    row = db.session.get_one(Contract, id)
                    correcting.by_hand(row, [line(100)], date(2026, 4, 30), "", by=1, token=f"{place} {turn}")
                    db.session.commit()
                db.session.remove()
        except Exception as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert not errors
    numbers = sorted(int(row.number[5:]) for row in invoices())
    assert numbers == list(range(1, 21))


def test_the_same_form_twice_is_one_invoice(app):
    contract = contract_with(0)
    assert charged(contract).id == charged(contract).id
    assert owed(contract) == [(11_000, date(2026, 4, 30), None)]


def test_all_that_must_stand_on_it(app):
    row = charged(contract_with(0, "有限会社山田"), line(335), line(335), line(335), line(1_000, "実費", 0))
    data = papers.data(row)
    assert data["to"]["name"] == "有限会社山田" and data["to"]["honorific"] == "御中"
    assert data["issuer"]["number"] == "T0000000000000" and data["issuer"]["name"] == "日本IP通信株式会社"
    assert data["taxes"] == [
        {"rate": "10%", "net": "1,005", "tax": "100"},
        {"rate": "不課税", "net": "1,000", "tax": "－"},
    ]
    assert (data["total"], data["number"], data["issued"]) == ("2,105", row.number, "2026年4月2日（木）")
    content = papers.pdf(row)
    assert content.startswith(b"%PDF")
    papers.keep(row.id)
    db.session.commit()
    assert papers.content(row) == row.document.content()


def test_papers_say_how_they_are_paid_and_returns_stand_without_a_minus(app):
    contract = contract_with(0)
    row = charged(contract)
    assert (papers.data(row)["pay"], papers.data(row)["account"]) == ("debit_next", "")
    with at("2026-04-05T12:00"):
        fee = first_invoices.by_table(contract)
        first = first_invoices.issue(contract, fee, date(2026, 5, 7), paid_on=None, by=1)
        assert papers.data(first)["pay"] == "transfer" and papers.data(first)["account"]
        back = correcting.give_back(row, [line(2_100, "値引き")], "障害", by=1, token="1")
        data, said = papers.data(back), telling.words(back)
    assert (data["total"], data["lines"][0]["amount"], data["pay"]) == ("2,310", "2,100", "")
    assert ("返還金額（税込）", "2,310円") in said.facts and "返還請求書は次のページに" in said.after[0]
    with at("2026-04-06T12:00"):
        to = {**row.recipient, "name": "株式会社新川口"}
        _, new = correcting.replace_by(first, correcting.lines_of(first), "宛名の誤り", by=1, recipient=to)
        assert telling.addressee(new).name == "株式会社新川口" and papers.data(new)["pay"] == "transfer"
        paid = db.session.scalars(sa.select(Receivable).where(Receivable.invoice_id == new.id)).one()
        paid.pay(paid.missing, date(2026, 4, 6), by=1)
        assert papers.data(new)["pay"] == ""
    assert papers.pdf(back).startswith(b"%PDF") and papers.pdf(new).startswith(b"%PDF")


def test_nothing_is_issued_while_we_are_a_sample(world, browser_for, monkeypatch):
    person = make_account("請求 担当", staff_role=StaffRole.billing)
    db.session.commit()
    monkeypatch.setattr(issuing, "ready", lambda: False)
    with at("2026-03-01T09:00"):
        drafted(MARCH)
        browser, path = browser_for(person), f"/staff/contracts/{world.ours.contract.id}/invoices"
        browser.post("/staff/month/close")
        assert "登録番号（INVOICE_REGISTRATION_NUMBER）" in browser.get("/staff/month").text
        assert db.session.get(MonthClose, MARCH, populate_existing=True).state is CloseState.drafted
        assert browser.submit(f"{path}/first", {}).location == "/staff/invoices"
    assert invoices() == []


def test_another_one_takes_its_place(app):
    contract = contract_with(0)
    row = charged(contract, line(10_000), line(2_000))
    with at("2026-04-05T12:00"):
        to = {**row.recipient, "name": "株式会社新川口"}
        back, new = correcting.replace_by(row, [line(10_000)], "宛名の誤り", by=1, recipient=to)
        db.session.commit()
    assert (back.kind, back.total, back.corrects_id) == (InvoiceKind.give_back, -13_200, row.id)
    assert (new.total, new.corrects_id, new.recipient_name) == (11_000, row.id, "株式会社新川口")
    assert [(amount, bool(settled)) for amount, _, settled in owed(contract)] == [(0, True), (11_000, False)]
    assert not correcting.may_correct(row) and correcting.may_correct(new)
    with pytest.raises(correcting.NotCorrectable):
        correcting.replace_by(row, [line(1)], "", by=1)


def test_what_was_paid_counts_for_the_one_in_its_place(app):
    contract = contract_with(0)
    row = charged(contract)
    db.session.scalars(sa.select(Receivable)).one().pay(11_000, date(2026, 4, 3), by=1)
    with at("2026-04-05T12:00"):
        correcting.replace_by(row, [line(12_000)], "誤り", by=1)
        db.session.commit()
    assert [amount for amount, _, settled in owed(contract) if settled is None] == [2_200]


@pytest.mark.both_databases
def test_a_return_takes_only_what_is_missing_of_a_sum_paid_in_part(app):
    contract = contract_with(0)
    row = charged(contract)
    sum_owed = db.session.scalars(sa.select(Receivable)).one()
    sum_owed.pay(5_000, date(2026, 4, 3), by=1)
    with at("2026-04-05T12:00"):
        first = correcting.give_back(row, [line(4_000, "値引き")], "障害", by=1, token="1")
        assert (sum_owed.amount, sum_owed.missing, sum_owed.settled_on) == (6_600, 1_600, None)
        assert [each.amount for each in books.ageing(date(2026, 5, 1)) if each.count] == [1_600]
        second = correcting.give_back(row, [line(5_000, "値引き")], "障害", by=1, token="2")
        assert (sum_owed.amount, sum_owed.missing, sum_owed.settled_on) == (5_000, 0, date(2026, 4, 3))
        assert (first.credit, second.credit) == (0, 3_900)
        issuing.set_off(second)  # nothing is owed: it waits
        assert second.credit == 3_900
        charged(contract, line(10_000), token="b")
        db.session.commit()
    assert owed(contract)[1:] == [(7_100, date(2026, 4, 30), None)] and second.credit == 0


def test_the_same_return_sent_twice_is_one(app):
    row = charged(contract_with(0))
    with at("2026-04-05T12:00"):
        twice = [correcting.give_back(row, [line(6_000, "値引き")], "障害", by=1, token="same").id for _ in range(2)]
        db.session.commit()
    assert twice[0] == twice[1] and correcting.left(row) == 4_000


@pytest.mark.both_databases
def test_a_sum_in_a_debit_file_stays_as_the_bank_was_told(app):
    contract = contract_with(0)
    row = charged(contract, due=date(2026, 4, 27))
    with at("2026-04-10T12:00"):
        run = debiting.make(debit_planning.upcoming(date(2026, 4, 10)), by=1)
        back = correcting.give_back(row, [line(4_000, "値引き")], "障害", by=1, token="1")
        db.session.commit()
        jobs.follow_contracts()
        assert owed(contract) == [(11_000, date(2026, 4, 27), None)] and back.credit == 4_400
    with at("2026-05-07T12:00"):
        debit_answering.check(run, bank.answer(run.file, "1"), by=1)
        debit_answering.carry_out(run)
        db.session.commit()
        jobs.follow_contracts()  # not paid: now it can be taken off
    assert owed(contract) == [(6_600, date(2026, 4, 27), None)] and back.credit == 0


def test_all_that_is_open_can_be_asked_for_before_a_change(app, monkeypatch):
    contract = contract_with(0)
    charged(contract)
    with at("2026-04-10T12:00"):
        assert arrears.before_change(contract.id, date(2026, 4, 10)) == 0
        monkeypatch.setattr(arrears, "settings", lambda: SimpleNamespace(CHANGE_NEEDS="all"))
        assert arrears.before_change(contract.id, date(2026, 4, 10)) == 11_000


def test_a_part_is_given_back_and_never_more_than_was_charged(app):
    contract = contract_with(0)
    row = charged(contract)
    with at("2026-04-05T12:00"):
        correcting.give_back(row, [line(4_000, "値引き")], "障害", by=1, token="3")
        with pytest.raises(correcting.NotCorrectable):
            correcting.give_back(row, [line(6_001)], "", by=1, token="4")
        correcting.give_back(row, [line(6_000, "値引き")], "障害", by=1, token="5")
        db.session.commit()
    assert owed(contract)[0][0] == 0 and correcting.left(row) == 0


def test_of_each_rate_no_more_is_given_back_than_was_charged(app):
    row = charged(contract_with(0), line(13_000), line(500, "実費", 0))
    with at("2026-04-05T12:00"):
        for lines in ([line(13_000, rate=0)], [line(13_001)], [line(501, rate=0)], [line(2_000), line(-500, rate=0)]):
            with pytest.raises(correcting.NotCorrectable):
                correcting.give_back(row, lines, "", by=1, token="6")
        correcting.give_back(row, [line(13_000), line(500, rate=0)], "", by=1, token="7")
        db.session.commit()
    assert owed(row.contract)[0][0] == 0


def test_a_third_party_owes_nothing_by_the_contract(app):
    contract = contract_with(0)
    to = {"name": "第三 太郎", "honorific": "様", "postal_code": "100-0001", "address": "東京都千代田区1"}
    with at("2026-04-02T12:00"):
        row = correcting.by_hand(
            contract, [line(1_000, rate=0)], date(2026, 4, 30), "架空登録", by=1, token="t",
            occasion=correcting.Occasion.third_party, period=(MARCH, date(2026, 3, 31)), recipient=to,
        )  # fmt: skip
        telling.tell_of(row.id)
        db.session.commit()
    assert owed(contract) == [] and row.evidence["failures"] == 0
    notice = db.session.scalars(sa.select(Notice)).one()
    assert (notice.customer_id, notice.to_name, notice.channel.value) == (None, "第三 太郎", "letter")


def test_the_books_find_by_date_amount_and_counterparty(app):
    ours, theirs = contract_with(0, "株式会社髙橋商店"), contract_with(0, "山田 花子")
    first, second = charged(ours, token="1"), charged(theirs, line(20_000), line(500, rate=0), token="2")
    with at("2026-05-02T12:00"):
        third = correcting.by_hand(ours, [line(20_000)], date(2026, 5, 30), "", by=1, token="3")
        db.session.commit()

    def found(**wanted):
        return [row.id for row in db.session.scalars(books.matching(Wanted(**wanted)).order_by(Invoice.id))]

    assert found(since=date(2026, 4, 2), until=date(2026, 4, 2)) == [first.id, second.id]
    assert found(least=11_001) == [second.id, third.id]
    assert found(least=11_000, most=22_000, counterparty="高橋商店") == [first.id, third.id]
    assert found(counterparty=theirs.number) == [second.id]
    assert found(counterparty=third.number, since=date(2026, 5, 3)) == []
    ours.customer.kana, theirs.customer.kana = "タカハシショウテン", "ヤマダハナコ"
    for typed in ("ヤマダ", "やまだ", "ﾔﾏﾀﾞ"):
        assert found(counterparty=typed) == [second.id], typed
    assert books.sums(Wanted(counterparty="髙橋")) == (2, 33_000)
    rates = [(row.month.month, row.rate, row.documents, row.net, row.tax) for row in books.month_sums()]
    assert rates == [(5, 10, 1, 20_000, 2_000), (4, 10, 2, 30_000, 3_000), (4, 0, 1, 500, 0)]
    ages = [(each.since, each.count, each.amount) for each in books.ageing(date(2026, 5, 20))]
    assert ages == [(-1, 1, 22_000), (0, 2, 33_500), (30, 0, 0), (60, 0, 0), (90, 0, 0), (180, 0, 0)]
    rows = list(books.rows_of(Wanted()))
    assert len(rows) == 5 and rows[1][:2] == ["2026-04-02", first.number]
    assert sum(int(row[12]) for row in rows[1:]) == 11_000 + 22_500 + 22_000
    assert b"".join(books.written(iter(rows))).decode("utf-8-sig").count("\r\n") == 5
    assert books.harmless("=1+1") == "'=1+1"


def test_the_customer_sees_its_own_invoices_and_the_count(world, browser_for):
    with at("2026-02-20T12:00"):
        browser = browser_for(world.ours.viewer)
        assert "請求書はまだありません" in browser.get("/invoices").text
    with at("2026-03-01T09:00"):
        closed(MARCH)
        browser = browser_for(world.ours.viewer)
        (row,) = invoices(world.ours.contract)
        (other,) = invoices(world.theirs.contract)
        page = browser.get("/invoices")
        assert row.number in page.text and other.number not in page.text and "3,300円" in page.text
        page = browser.get(f"/invoices/{row.number}")
        assert "T0000000000000" in page.text and "2026年3月分 月額料金" in page.text and "10%" in page.text
        assert browser.get(f"/invoices/{row.number}.pdf").response.mimetype == "application/pdf"
        assert browser.get(f"/invoices/{other.number}").status == 404
        assert browser.get(f"/invoices/{other.number}.pdf").status == 404
        assert "1日0時の件数" in browser.get("/contract/count").text
        make_receivable(world.ours.contract, date(2026, 2, 10), 5_000).label = "機器の弁償"
        db.session.commit()
        for path in ("/contract", "/invoices"):
            page = browser.get(path)
            assert "機器の弁償" in page.text and "請求書はありません" in page.text and "5,000円" in page.text, path
        page = browser.get("/dashboard")
        assert "3,300円" in page.text and "1,001件からコース料金5,500円" in page.text


def test_staff_close_a_month_after_its_dry_run(world, browser_for):
    person = make_account("請求 担当", staff_role=StaffRole.billing)
    db.session.commit()
    with at("2026-03-01T09:00"):
        browser = browser_for(person)
        assert "試算はまだありません" in browser.get("/staff/month").text
        assert browser.post("/staff/month/close").location == "/staff/month"
        assert invoices() == []
        browser.post("/staff/month/draft")
        closed_by_job("draft_month")
        page = browser.get("/staff/month")
        assert world.ours.customer.name in page.text and "6,600円" in page.text
        browser.post("/staff/month/close")
        browser.post("/staff/month/close")
        assert "締め処理中" in browser.get("/staff/month/progress?month=2026-03").text
        closed_by_job("close_month")
        closed_by_job("close_month")
        assert len(invoices()) == 2
        assert "締め完了" in browser.get("/staff/month").text
        row = invoices()[0]
        assert row.number in browser.get("/staff/invoices?counterparty=高橋商店").text
        page = browser.submit(f"/staff/invoices/{row.id}/correction", {"note": "宛名", "name": "株式会社新高橋"})
        assert "発行する内容" in page.text and "返還請求書" in page.text and len(invoices()) == 2, "nothing yet"
        page = browser.post(f"/staff/invoices/{row.id}/correction", {**page.form(""), "step": "issue"})
        new = invoices()[-1]
        assert page.location == f"/staff/invoices/{new.id}" and new.recipient_name == "株式会社新高橋"
        assert new.number in browser.get(f"/staff/invoices/{row.id}").text
        answer = browser.get("/staff/invoices/csv?counterparty=山田").response
        assert answer.mimetype == "text/csv"
        assert "2026年3月" in browser.get("/staff/books").text
        path = f"/staff/contracts/{world.ours.contract.id}"
        page = browser.submit(
            f"{path}/invoices/new", {"lines-0-label": "講習", "lines-0-amount": "8000", "note": "依頼"}
        )
        assert invoices()[-1].total == 8_800 and page.status == 303
        assert browser.submit(f"{path}/invoices/first", {}).status == 303
        assert invoices()[-1].total == 14_300 and "発行済み" in browser.get(f"{path}/invoices/first").text
        too_much = {
            f"lines-{n}-{name}": text for n in range(6) for name, text in (("label", "x"), ("amount", "99999999"))
        }
        more = {
            f"lines-{n}-{name}": text for n in range(6, 30) for name, text in (("label", "x"), ("amount", "99999999"))
        }
        token = browser.get(f"{path}/invoices/new").form("")
        assert browser.post(f"{path}/invoices/new", {**token, **too_much, **more, "note": "x"}).status == 422
        for since, until in (("0001-01-01", "2026-02-01"), ("2026-01-01", "9999-12-31")):
            assert browser.submit(f"{path}/costs", {"since": since, "until": until, "step": "count"}).status == 200
        assert browser.get("/staff/month?month=0001-01").status == 200
        costs = {"quantity": "100", "unit": "5", "note": "架空登録", "step": "issue"}
        assert browser.submit(f"{path}/costs", {**costs, "to": "third"}).status == 422
        assert browser.submit(f"{path}/costs", costs).status == 303
        assert invoices()[-1].total == 500 and invoices()[-1].evidence["reasons"] == {}
    owner = browser_for(world.ours.owner)
    assert owner.get("/staff/month").status == 404
    support = make_account("相談 担当", staff_role=StaffRole.support)
    db.session.commit()
    for path in ("/staff/month", "/staff/invoices", "/staff/books", f"/staff/invoices/{row.id}"):
        assert browser_for(support).get(path).status == 403


def closed_by_job(name):
    from wem.billing import jobs

    getattr(jobs, name)()
    db.session.rollback()
