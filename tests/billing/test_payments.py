"""Payments: what they settle, whose they are, what goes back and by whom (7-1b, 4-7, A-17)."""

import io
from datetime import date

import pytest
import sqlalchemy as sa
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.applications import make_application
from tests.factories import make_account, make_contract, make_customer, make_mandate, make_receivable
from wem import clock
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.billing import arrears, correcting, kana_rules, matching, paying, payment_rules, refunding, statement_rules
from wem.billing.invoice_rules import ItemKind, Line
from wem.billing.models import Receivable
from wem.billing.payment_models import BankStatement, Payment, PaymentShare, Refund
from wem.billing.payment_rules import Open, Owing, PaymentState, PaymentWay, RefundGround, RefundState
from wem.billing.statement_rules import BadStatement, StatementFault
from wem.contracts import applying
from wem.contracts.application_rules import RefusalReason
from wem.contracts.rules import EndReason
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.erasure import applicants

TODAY = date(2026, 4, 3)

# -- rules


SUMS = st.lists(st.tuples(st.integers(1, 10_000), st.dates(date(2026, 1, 1), date(2026, 12, 31))), max_size=8)


@given(st.integers(0, 50_000), SUMS)
def test_the_oldest_is_settled_first_and_no_yen_is_lost(rest, rows):
    sums = [Open(id, 1, missing, due) for id, (missing, due) in enumerate(rows)]
    found = payment_rules.shares(rest, sums)
    assert sum(amount for _, amount in found) == min(rest, sum(each.missing for each in sums))
    missing = {each.receivable_id: each.missing for each in sums}
    assert all(0 < amount <= missing[id] for id, amount in found)
    short = [id for id, amount in found if amount < missing[id]]
    assert len(short) <= 1 and (not short or found[-1][0] == short[0])
    due = {each.receivable_id: each.due_on for each in sums}
    assert [due[id] for id, _ in found] == sorted(due[id] for id, _ in found)


def owes(contract_id, *missing, names=(), number="W0001234"):
    keys = frozenset(kana_rules.key(name) for name in names)
    sums = tuple(Open(10 * contract_id + at, contract_id, yen, date(2026, 3, 1 + at)) for at, yen in enumerate(missing))
    return Owing(contract_id, number, keys, sums)


KNOWN = [
    owes(1, 3300, 5500, names=["カ)タカハシシヨウテン"]),
    owes(2, 3300, names=["ヤマダ タロウ"], number="W0005678"),
    owes(3, 8800, names=["サトウ"], number="W0009999"),
]


@pytest.mark.parametrize(
    ("amount", "payer", "first", "sure"),
    [
        (8800, "ｶ)ﾀｶﾊｼｼﾖｳﾃﾝ", 1, True),
        (5500, "ﾀｶﾊｼｼﾖｳﾃﾝ(ｶ", 1, True),
        (2860, "ｶ)ﾀｶﾊｼｼﾖｳﾃﾝ", 1, False),  # the charge was taken off: it stays open, and people look
        (3300, "ﾔﾏﾀﾞﾀﾛｳ", 2, True),
        (3300, "ﾔﾏﾀﾞﾀﾛ", 2, True),  # cut off
        (8800, "W0009999 ｶ)ﾍﾞﾂﾉﾅﾏｴ", 3, True),
        (8800, "ｼﾗﾅｲﾋﾄ", 1, False),
        (1, "ｼﾗﾅｲﾋﾄ", None, False),
        (1, "ﾔﾏ", None, False),
    ],
)
def test_whose_a_payment_may_be(amount, payer, first, sure):
    found = payment_rules.suggestions(amount, payer, KNOWN)
    assert (found[0].contract_id if found else None) == first
    assert (found[0].sure if found else False) is sure


NAMES = st.sampled_from(["タカハシショウテン", "タカハシ", "ヤマダタロウ", "ヤマ", "サトウ", ""])
MANY = st.lists(st.tuples(NAMES, st.integers(1, 4), st.sampled_from(["W0001234", "W1", "w-0005678"])), max_size=6)


@given(MANY, NAMES, st.integers(1, 4), st.sampled_from(["", "W0001234 ", "W0005678", "W1"]))
def test_what_is_looked_up_is_what_looking_at_each_finds(rows, name, amount, number):
    known = [owes(id, yen, names=[each], number=said) for id, (each, yen, said) in enumerate(rows, 1)]
    # Beside another payment, as on a page of them.
    sought = payment_rules.Sought([(99, "ﾍﾞﾂﾉﾋﾄ"), (amount, number + name)])
    near = [each for each in known if each.total in sought.amounts or sought.may_be(each.number, each.names)]
    found = payment_rules.suggestions(amount, number + name, near)
    assert found == payment_rules.suggestions(amount, number + name, known)


@pytest.mark.both_databases
def test_a_sum_that_many_owe_speaks_for_none_of_them(world, monkeypatch):
    monkeypatch.setattr(payment_rules, "FEW", 2)
    owing_ = {name: make_contract(make_customer(name)) for name in ("アオキ", "イトウ", "ウエダショウテン")}
    for contract in owing_.values():
        make_receivable(contract, TODAY, 3300)
    make_receivable(owing_["アオキ"], TODAY, 1100)
    rows = [
        Payment(way=PaymentWay.transfer, paid_on=TODAY, amount=yen, settled=0, refunded=0, payer_kana=payer)
        for yen, payer in ((3300, "ﾀﾞﾚｶ"), (3300, "ｳｴﾀﾞｼﾖｳﾃﾝ"), (4400, "ﾀﾞﾚｶ"), (1100, "ﾀﾞﾚｶ"), (500, "ﾀﾞﾚｶ"))
    ]
    db.session.add_all(rows)
    db.session.flush()
    found = matching.suggestions(rows)
    first, third = owing_["アオキ"].id, owing_["ウエダショウテン"].id
    assert [[each.contract_id for each in found[row.id]] for row in rows] == [[], [third], [first], [first], []]
    assert found[rows[1].id][0].sure and {each.missing for each in found[rows[2].id][0].open} == {3300, 1100}


@pytest.mark.parametrize(
    ("ground", "amount", "refused", "conditions", "allowed"),
    [
        (RefundGround.overpaid, 500, False, False, True),
        (RefundGround.overpaid, 501, False, False, False),
        (RefundGround.overpaid, 0, False, False, False),
        (RefundGround.twice, 500, False, False, True),
        (RefundGround.refused, 500, True, False, True),
        (RefundGround.refused, 501, True, False, False),
        (RefundGround.refused, 500, False, False, False),
        (RefundGround.conditions, 500, False, True, True),
        (RefundGround.conditions, 500, False, False, False),
    ],
)
def test_when_money_goes_back(ground, amount, refused, conditions, allowed):
    if allowed:
        payment_rules.may_refund(ground, amount, 500, refused=refused, conditions=conditions)
    else:
        with pytest.raises(Illegal):
            payment_rules.may_refund(ground, amount, 500, refused=refused, conditions=conditions)


# -- statements


def entries_file(*rows, newline=b"\r\n", count=None):
    """入出金取引明細 with these (day, in or out, kind, amount, payer)."""
    head = "1030" + "080401" * 3 + "0001" + "ﾐｽﾞﾎ".ljust(15) + "001" + "ﾄｳｷﾖｳ".ljust(15) + "000" + "1" + "0001234567"
    lines = [(head + "ﾆﾎﾝｱｲﾋﾟ-ﾂｳｼﾝ(ｶ".ljust(40) + "11" + "0" * 14).ljust(200)]
    for number, (day, way, kind, amount, payer) in enumerate(rows, 1):
        text = f"2{number:08}{day}{day}{way}{kind}{amount:012}" + "0" * 12 + " " * 12 + "0" + " " * 10 + "0" * 10
        lines.append((text + payer.ljust(48)).ljust(200))
    paid = [amount for _, way, _, amount, _ in rows if way == "1"]
    lines.append(f"8{len(paid) if count is None else count:06}{sum(paid):013}".ljust(200))
    lines.append("9".ljust(200))
    return b"".join(line.encode("cp932") + newline for line in lines)


def transfers_file(*rows):
    """振込入金通知 with these (day, amount, payer, taken back)."""
    lines = [("1010" + "260401" * 3 + "0001" + "ﾐｽﾞﾎ".ljust(15) + "001").ljust(200)]
    for number, (day, amount, payer, back) in enumerate(rows, 1):
        text = f"2{number:06}{day}{day}{amount:010}" + "0" * 20 + payer.ljust(48) + " " * 30
        lines.append((text + ("1" if back else " ")).ljust(200))
    paid = [amount for _, amount, _, back in rows if not back]
    lines += [f"8{len(paid):06}{sum(paid):012}".ljust(200), "9".ljust(200)]
    return b"".join(line.encode("cp932") for line in lines)


def test_statements_of_all_three_forms():
    entries = entries_file(("080402", "1", "11", 3300, "ﾀｶﾊｼ"), ("080402", "2", "14", 500, "ﾃﾞﾝﾜ"))
    found = statement_rules.read_statement(entries, TODAY)
    assert [(each.paid_on, each.amount, each.payer) for each in found.deposits] == [(date(2026, 4, 2), 3300, "ﾀｶﾊｼ")]
    assert found.skipped == 1
    assert statement_rules.read_statement(entries.replace(b"\r\n", b"") + b"\x1a", TODAY).deposits == found.deposits
    transfers = transfers_file(("260402", 3300, "ﾀｶﾊｼ", False), ("260402", 400, "ｻﾄｳ", True))
    found = statement_rules.read_statement(transfers, TODAY)
    assert [(each.paid_on, each.amount) for each in found.deposits] == [(date(2026, 4, 2), 3300)]
    text = '口座,123\r\n"取引日","お取引内容","出金額(円)","入金額(円)","残高"\r\n2026/4/2,振込 ﾀｶﾊｼ,,"3,300",1\r\n'
    text += "2026年4月3日,デンワ,500,,1\r\n令和8年4月3日,ｻﾄｳ,,￥400,1\r\n"
    for encoding in ("cp932", "utf-8-sig"):
        found = statement_rules.read_statement(text.encode(encoding), TODAY)
        assert [(each.line, each.paid_on, each.amount, each.payer) for each in found.deposits] == [
            (3, date(2026, 4, 2), 3300, "振込 タカハシ"),
            (5, date(2026, 4, 3), 400, "サトウ"),
        ]


GOOD = entries_file(("080402", "1", "11", 3300, "ﾀｶﾊｼ"))


@pytest.mark.parametrize(
    ("content", "fault", "line"),
    [
        (b" ", StatementFault.empty, 1),
        (GOOD[:400] + GOOD[401:], StatementFault.length, 2),
        (GOOD.replace(b"103", b"121", 1), StatementFault.kind, 1),
        (GOOD.replace(b"080402", b"081402"), StatementFault.date, 2),
        (GOOD.replace(b"000003300", b"00000330X", 1), StatementFault.amount, 2),
        (entries_file(("080402", "1", "11", 3300, "ﾀｶﾊｼ"), count=2), StatementFault.total, 3),
        (GOOD[:404], StatementFault.order, 2),
        ("日付,金額\r\n2026/4/2,3\r\n".encode(), StatementFault.columns, 1),
        ("日付,入金,摘要\r\n昨日,3,A\r\n".encode(), StatementFault.date, 2),
        ("日付,入金,摘要\r\n2026/4/2,三円,A\r\n".encode(), StatementFault.amount, 2),
        (b"\x81\xff\xfe", StatementFault.encoding, 1),
    ],
)
def test_a_bad_statement_is_refused_with_line_and_reason(content, fault, line):
    with pytest.raises(BadStatement) as refused:
        statement_rules.read_statement(content, TODAY)
    assert (refused.value.fault, refused.value.line) == (fault, line)


# -- with rows


def owing(world, *amounts):
    contract = make_contract(make_customer("株式会社支払い"))
    rows = [make_receivable(contract, date(2026, 3, 1 + place), amount) for place, amount in enumerate(amounts)]
    db.session.commit()
    return contract, rows


def take(contract, amount, by, day=date(2026, 4, 1)):
    payment = paying.take(PaymentWay.transfer, day, amount, contract, by=by.id)
    paying.settle(payment, contract, by=by.id)
    db.session.commit()
    return payment


@pytest.mark.both_databases
def test_short_stays_open_and_over_stays_with_the_payment(world):
    contract, (first, second) = owing(world, 3300, 5500)
    payment = take(contract, 3300 + 5500 - 440, world.admin)
    assert (first.settled_on, second.settled_on, second.missing) == (date(2026, 4, 1), None, 440)
    assert payment.state is PaymentState.settled
    assert arrears.outstanding(contract.id, date(2026, 5, 1)) == 440
    over = take(contract, 1000, world.admin, date(2026, 4, 20))
    assert (second.settled_on, over.rest, over.state) == (date(2026, 4, 20), 560, PaymentState.over)
    assert arrears.outstanding(contract.id, date(2026, 5, 1)) == 0


def test_a_wrong_match_is_taken_back_once(world):
    contract, (row,) = owing(world, 3300)
    early = take(contract, 300, world.admin, date(2026, 3, 20))
    payment = take(contract, 3000, world.admin, date(2026, 4, 1))
    assert row.settled_on == date(2026, 4, 1)
    paying.undo(early.shares[0], by=world.admin.id)
    db.session.commit()
    assert (row.settled_on, row.missing, early.contract_id, early.state) == (None, 300, None, PaymentState.unmatched)
    with pytest.raises(Illegal):
        paying.undo(early.shares[0], by=world.admin.id)
    late = take(contract, 300, world.admin, date(2026, 5, 1))
    assert row.settled_on == date(2026, 5, 1) and late.state is PaymentState.settled
    paying.undo(late.shares[0], by=world.admin.id)
    paying.settle(early, contract, by=world.admin.id)
    assert row.settled_on == date(2026, 4, 1), "the day on which the last yen came in"
    with pytest.raises(Illegal):
        paying.settle(payment, make_contract(make_customer("よその店")), by=world.admin.id)


@pytest.mark.both_databases
def test_a_statement_and_who_it_is_of(world, browser_for):
    contract, _ = owing(world, 3300)
    make_mandate(contract, account_holder="カ)シハライ")
    person = make_account("請求 担当", staff_role=StaffRole.billing)
    db.session.commit()
    browser = browser_for(person)
    rows = [
        ("080402", "1", "11", 3300, "ｶ)ｼﾊﾗｲ"),
        ("080402", "1", "11", 500, "ﾅｿﾞﾉﾋﾄ"),
        ("080402", "1", "11", 500, "ﾅｿﾞﾉﾋﾄ"),
    ]
    send = "/staff/payments/statements"
    assert browser.post(send, {"file": (io.BytesIO(entries_file(*rows)), "a.txt")}).status == 303
    assert browser.post(send, {"file": (io.BytesIO(entries_file(*rows)), "b.txt")}).status == 422, "the same file"
    longer = entries_file(*rows, ("080403", "1", "11", 700, "ﾂｷﾞﾉﾋﾄ"))
    browser.post(send, {"file": (io.BytesIO(longer), "c.txt")})
    assert [(row.new, row.known) for row in db.session.scalars(sa.select(BankStatement))] == [(3, 0), (1, 3)]
    page = browser.post(send, {"file": (io.BytesIO(b"x"), "d.txt")})
    assert page.status == 422 and "1行目" in page.text
    page = browser.get("/staff/payments")
    marked = page.soup.select("input[name=pair][checked]")
    payment = db.session.scalars(sa.select(Payment).where(Payment.amount == 3300)).one()
    assert [box["value"] for box in marked] == [f"{payment.id}:{contract.id}"]
    assert db.session.scalar(sa.select(Receivable.settled_on)) is None, "nothing is settled before people confirm"
    assert browser.post("/staff/payments/confirm", page.form("confirm")).status == 303
    assert db.session.scalar(sa.select(Receivable.settled_on)) == date(2026, 4, 2)
    found = browser.get(
        "/staff/payments", query_string={"state": "all", "least": "600", "most": "800", "from": "2026-04-03"}
    )
    assert "ﾂｷﾞﾉﾋﾄ" in found.text and "ﾅｿﾞﾉﾋﾄ" not in found.text
    answer = browser.get("/staff/payments/csv", query_string={"payer": "支払い"}).response
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert answer.mimetype == "text/csv" and lines[0].startswith("入金日,") and len(lines) == 2
    assert "株式会社支払い" in lines[1]
    assert "株式会社支払い" in browser.get("/staff/payments", query_string={"state": "all", "payer": "支払い"}).text
    stray = db.session.scalars(sa.select(Payment).where(Payment.amount == 700)).one()
    path = f"/staff/payments/{stray.id}"
    assert browser.submit(path, {"contract": "ない"}, action="contract").status == 422
    assert browser.submit(path, {"note": "銀行の利息"}, action="aside").status == 303
    assert "対象外" in browser.get(path).text


def test_typed_in_with_a_contract_it_settles_and_comes_back(world, browser_for):
    contract, (row,) = owing(world, 3300)
    browser = browser_for(world.admin)
    typed = {"contract": contract.number, "amount": "4000", "paid_on": "2026-04-01", "way": "transfer"}
    assert browser.submit("/staff/payments/new", typed | {"contract": "ない"}).status == 422
    path = browser.submit("/staff/payments/new", typed).location
    assert db.session.get(Receivable, row.id, populate_existing=True).settled_on == date(2026, 4, 1)
    share = db.session.scalars(sa.select(PaymentShare)).one()
    page = browser.get(path)
    assert "700円" in page.text and "過入金" in page.text
    assert browser.post(f"/staff/payments/shares/{share.id}/undo").status == 303
    assert db.session.get(Receivable, row.id, populate_existing=True).settled_on is None
    owed = browser.get(f"/staff/contracts/{contract.id}/receivables").text
    assert "期限切れ" in owed or "3,300円" in owed


def test_a_refund_needs_a_ground_and_two_persons(world, browser_for):
    contract, _ = owing(world, 3300)
    payment = take(contract, 4000, world.admin)
    other = make_account("承認 担当", staff_role=StaffRole.billing)
    db.session.commit()
    first, second, path = browser_for(world.admin), browser_for(other), f"/staff/payments/{payment.id}"
    wish = {"ground": "overpaid", "reason": "二重のお振込み"}
    for wrong in ({"amount": "701"}, {"amount": "700", "ground": "conditions"}, {"amount": "700", "ground": "refused"}):
        first.submit(path, wish | wrong, action="refunds")
    assert db.session.scalars(sa.select(Refund)).all() == []
    first.submit(path, wish | {"amount": "700"}, action="refunds")
    row = db.session.scalars(sa.select(Refund)).one()
    act = f"/staff/payments/refunds/{row.id}"
    first.post(f"{act}/approve")
    assert db.session.get(Refund, row.id, populate_existing=True).state is RefundState.proposed, "one person is not two"
    second.post(f"{act}/pay", {"paid_on": "2026-04-02"})
    assert db.session.get(Refund, row.id, populate_existing=True).state is RefundState.proposed
    denied = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action.startswith("refund.denied"))).all()
    assert {(event.action, event.account_id) for event in denied} == {
        ("refund.denied_propose", world.admin.id),
        ("refund.denied_approve", world.admin.id),
        ("refund.denied_pay", other.id),
    }
    with pytest.raises(Illegal):
        refunding.propose(payment, RefundGround.overpaid, 1, "もう一度", by=world.admin.id)
    db.session.rollback()
    assert second.post(f"{act}/approve").status == 303
    assert db.session.get(Payment, payment.id, populate_existing=True).state is PaymentState.settled
    second.post(f"{act}/pay", {"paid_on": "2026-04-02"})
    assert db.session.get(Refund, row.id, populate_existing=True).paid_on == date(2026, 4, 2)


def test_of_a_refused_application_money_goes_back(world):
    contract = make_contract(make_customer("断られた店"))
    contract.end_reason = EndReason.void
    payment = take(contract, 14300, world.admin)
    row = refunding.propose(payment, RefundGround.refused, 14300, "お申込みのお断り", by=world.admin.id)
    refunding.refuse(row, "金額の確認", by=world.theirs.owner.id)
    assert (payment.rest, row.state) == (14300, RefundState.refused)


@pytest.mark.both_databases
def test_the_first_fee_of_an_application_refused_before_a_contract_goes_back_by_two(world, browser_for):
    application = make_application()
    applying.note_arrival(application, TODAY, TODAY, by=world.admin.id)
    applying.note_payment(application, TODAY, application.fee_total, by=world.admin.id)
    other, number = make_account("承認 担当", staff_role=StaffRole.billing), application.number
    db.session.commit()
    first, second, entry = browser_for(world.admin), browser_for(other), f"/staff/payments/new?contract={number}"
    typed = {"way": "transfer", "amount": "14300", "paid_on": "2026-04-01", "contract": number}
    assert first.post("/staff/payments/new", typed).status == 422, "it is not refused"
    applying.refuse(application, RefusalReason.entries, "記載の不備", by=world.admin.id)
    db.session.commit()
    row = Payment(way=PaymentWay.transfer, paid_on=TODAY, amount=14300, settled=0, refunded=0)
    with pytest.raises(Illegal):
        refunding.propose(row, RefundGround.refused, 14300, "誰のものか不明", by=world.admin.id)
    db.session.rollback()

    def to_do(browser):
        found = browser.get("/staff/").soup.find_all("a", href=lambda url: url and "/staff/payments/" in url)
        return [link["href"] for link in found]

    assert to_do(second) == [entry] and "しんき商店" in second.get("/staff/").text
    assert "14,300円の入金があります" in first.get(f"/staff/applications/{application.id}").text
    assert second.get(entry).form("")["amount"] == str(application.fee_total)
    second.submit(entry, {})
    payment = db.session.scalars(sa.select(Payment)).one()
    path = f"/staff/payments/{payment.id}"
    assert (payment.application_id, payment.state, to_do(first)) == (application.id, PaymentState.over, [path])
    assert number in first.get(path).text and number not in first.get("/staff/payments").text
    first.submit(path, {"ground": "refused", "amount": "14300", "reason": "お申込みのお断り"}, action="refunds")
    refund = db.session.scalars(sa.select(Refund)).one()
    assert to_do(second) == [path] and "初回料金を返金します" not in second.get("/staff/").text
    first.post(f"/staff/payments/refunds/{refund.id}/approve")
    assert db.session.get(Refund, refund.id, populate_existing=True).state is RefundState.proposed
    contract, _ = owing(world, 3300)
    db.session.commit()
    second.post(f"{path}/contract", {"contract": contract.number})
    assert db.session.get(Payment, payment.id, populate_existing=True).settled == 0, "it goes back, it settles nothing"
    second.post(f"/staff/payments/refunds/{refund.id}/approve")
    assert db.session.get(Payment, payment.id, populate_existing=True).state is PaymentState.settled
    assert to_do(first) == [f"{path}#refund-{refund.id}"], "it is still to be transferred"
    second.post(f"/staff/payments/refunds/{refund.id}/pay", {"paid_on": "2026-04-02"})
    assert to_do(first) == []


@pytest.mark.both_databases
def test_who_was_refused_is_forgotten_once_the_money_is_back(world):
    with time_machine.travel("2020-01-01", tick=False):
        application = make_application()
        applying.note_payment(application, date(2020, 1, 1), application.fee_total, by=world.admin.id)
        applying.refuse(application, RefusalReason.entries, "", by=world.admin.id)
    payment = paying.take(PaymentWay.transfer, TODAY, application.fee_total, None, by=world.admin.id)
    paying.of_refused(payment, application, by=world.admin.id)
    db.session.flush()
    assert applicants.forget_refused() == 0
    row = refunding.propose(payment, RefundGround.refused, payment.amount, "お断り", by=world.admin.id)
    refunding.approve(row, by=world.theirs.owner.id)
    db.session.flush()
    assert applicants.forget_refused() == 0, "it is not paid out yet"
    refunding.pay(row, TODAY, by=world.theirs.owner.id)
    db.session.flush()
    assert applicants.forget_refused() == 1
    db.session.expire_all()
    assert (payment.application_id, payment.state) == (None, PaymentState.settled)


def test_suggestions_know_the_holder_of_the_account(world):
    contract, _ = owing(world, 3300)
    make_mandate(contract, account_holder="シハライ ハナコ")
    payment = paying.take(PaymentWay.transfer, TODAY, 1, None, by=None, payer="ｼﾊﾗｲ ﾊﾅｺ")
    db.session.flush()
    found = matching.suggestions([payment])[payment.id]
    assert [(each.contract_id, each.by_name, each.exact) for each in found] == [(contract.id, True, False)]


@pytest.mark.both_databases
def test_what_was_paid_too_much_settles_the_next_invoice(app):
    contract = make_contract(make_customer("株式会社川口"))
    payments = [
        paying.take(PaymentWay.transfer, date(2026, 4, day), amount, contract, by=1)
        for day, amount in ((1, 4_000), (2, 20_000), (3, 500))
    ]
    payments[2].set_aside_at = clock.now()
    refunding.propose(payments[1], RefundGround.overpaid, 15_000, "二重払い", by=1)
    line = Line(ItemKind.other, 10_000, name="運用支援")
    row = correcting.by_hand(contract, [line], date(2026, 4, 30), "", by=1, token="rest")
    db.session.commit()
    owed = db.session.scalars(sa.select(Receivable).where(Receivable.invoice_id == row.id)).one()
    assert (owed.missing, owed.settled_on) == (2_000, None), "money that was asked back settles nothing"
    assert [each.settled for each in payments] == [4_000, 5_000, 0]
