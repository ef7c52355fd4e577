"""Files for direct debit, byte for byte (全銀 種別 91): what is written, what is read, what is refused."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.billing import bank
from wem.billing import kana_rules
from wem.billing.kana_rules import Unwritable
from wem.billing.zengin_reading_rules import BadFile, Fault, Warned, read_result
from wem.billing.zengin_rules import Collector, Debit, NotWritable, request_file

OURS = Collector("1234567890", "ニホンアイピーツウシン(カ", "0001", "ミズホ", "001", "トウキヨウ", "1", "1234567")
ONE = Debit("100001", "0001", "ミズホ", "001", "トウキヨウ", "1", "7654321", "株式会社ヤマダショウテン", 5500, 1)
DAY = date(2026, 3, 27)


# -- characters


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("キュウヨイチロウ", "ｷﾕｳﾖｲﾁﾛｳ"),
        ("ジンジショウゴ", "ｼﾞﾝｼﾞｼﾖｳｺﾞ"),
        ("がっこう", "ｶﾞﾂｺｳ"),
        ("ｶﾞﾂｺｳ", "ｶﾞﾂｺｳ"),
        ("カ゛ツコウ", "ｶﾞﾂｺｳ"),
        ("パーク－Ｂ", "ﾊﾟ-ｸ-B"),
        ("ヲカダ・タロー", "ｵｶﾀﾞ.ﾀﾛ-"),
        ("ヴァンロゼ", "ｳﾞｱﾝﾛｾﾞ"),
        ("カ）タカハシ　シヨウテン", "ｶ)ﾀｶﾊｼ ｼﾖｳﾃﾝ"),
        ("abc－１２", "ABC-12"),
    ],
)
def test_what_people_type_becomes_what_banks_read(typed, written):
    assert kana_rules.written(typed) == written


@pytest.mark.parametrize(
    ("typed", "shortened"),
    [
        ("株式会社ヤマダ", "ｶ)ﾔﾏﾀﾞ"),
        ("ヤマダ株式会社", "ﾔﾏﾀﾞ(ｶ"),
        ("ヤマダ株式会社トウキョウ支店", "ﾔﾏﾀﾞ(ｶ)ﾄｳｷﾖｳ支店"),
        ("㈱ヤマダ", "ｶ)ﾔﾏﾀﾞ"),
        ("カブシキガイシャ ヤマダ", "ｶ)ﾔﾏﾀﾞ"),
        ("トクテイヒエイリカツドウホウジン ミドリ", "ﾄｸﾋ)ﾐﾄﾞﾘ"),
        ("医療法人社団サクラカイ", "ｲ)ｻｸﾗｶｲ"),
    ],
)
def test_what_a_body_is_becomes_short(typed, shortened):
    assert kana_rules.half_width(kana_rules.shortened(typed)) == shortened


@pytest.mark.parametrize(
    ("text", "wrong"), [("山田", "山田"), ("ヤマダ,イチロウ", ","), ("ヤマダ&コ", "&"), ("É", "\u0301"), ("ﾔﾏﾀﾞ｡", "")]
)
def test_what_cannot_be_written_is_named(text, wrong):
    if not wrong:
        assert kana_rules.written(text) == "ﾔﾏﾀﾞ."
        return
    with pytest.raises(Unwritable) as refused:
        kana_rules.written(text)
    assert refused.value.characters == wrong


def test_names_of_payers_are_compared_without_what_differs():
    spellings = {"株式会社タカハシ", "カ)タカハシ", "ﾀｶﾊｼ(ｶ", "ﾀｶ ﾊｼ", "たかはし"}
    assert {kana_rules.key(each) for each in spellings} == {"ﾀｶﾊｼ"}
    assert kana_rules.key("高橋") == ""


@given(st.text(max_size=60))
def test_nothing_is_written_that_is_not_in_the_list(text):
    try:
        found = kana_rules.written(text)
    except Unwritable:
        return
    assert set(found) <= kana_rules.NAME and len(found.encode("cp932")) == len(found)
    assert kana_rules.written(found) == found


# -- writing


def test_the_sample_of_the_table_byte_for_byte():
    file = request_file(OURS, DAY, [ONE]).split(b"\r\n")
    assert [line.decode("cp932").rstrip() for line in file] == [
        "19101234567890ﾆﾎﾝｱｲﾋﾟ-ﾂｳｼﾝ(ｶ                          03270001ﾐｽﾞﾎ           001ﾄｳｷﾖｳ          11234567",
        "20001ﾐｽﾞﾎ           001ﾄｳｷﾖｳ              17654321"
        "ｶ)ﾔﾏﾀﾞｼﾖｳﾃﾝ                   00000055001000000000000001000010",
        "8000001000000005500000000000000000000000000000000000000",
        "9",
        "",
    ]


@pytest.mark.parametrize("crlf", [True, False])
@pytest.mark.parametrize("eof", [True, False])
def test_line_ends_and_the_end_are_the_collectors(crlf, eof):
    ours = replace(OURS, crlf=crlf, eof=eof)
    file = request_file(ours, DAY, [ONE, replace(ONE, number="2")])
    assert len(file) == 5 * (122 if crlf else 120) + eof and file.endswith(b"\x1a") is eof
    head, rows, tail = bank.read_request(file.removesuffix(b"\x1a"), b"\r\n" if crlf else b"")
    assert (head["day"], len(rows), int(tail["total"])) == (b"0327", 2, 11000)


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"amount": -1},
        {"amount": 10**10},
        {"account": "12345678"},
        {"account": "12a"},
        {"number": "1" * 21},
        {"bank_code": "１２３４"},
        {"holder": "山田"},
        {"holder": " "},
    ],
)
def test_what_does_not_fit_is_not_written(wrong):
    with pytest.raises((NotWritable, Unwritable)):
        request_file(OURS, DAY, [replace(ONE, **wrong)])


def test_a_file_of_nothing_is_not_written():
    with pytest.raises(NotWritable):
        request_file(OURS, DAY, [])


def test_a_long_name_is_cut_and_a_bank_without_a_writable_name_left_blank():
    file = request_file(OURS, DAY, [replace(ONE, holder="ガ" * 20, bank="東京 銀行")])
    _, rows, _ = bank.read_request(file)
    assert rows[0]["holder"].decode("cp932") == "ｶﾞ" * 15 and not rows[0]["bank_name"].strip()


# -- reading

TWO = [ONE, replace(ONE, number="20", amount=3300), replace(ONE, number="30", amount=7, account="0000001")]
FILE = request_file(OURS, DAY, TWO)


def read(content, asked=TWO, day=DAY, ours=OURS):
    return read_result(content, ours, day, asked)


def test_a_result_is_read_whatever_its_order_and_line_ends():
    content = bank.answer(FILE, "01N")
    found = read(content)
    assert [(each.code, each.amount) for each in found.results] == [("0", 5500), ("1", 3300), ("N", 7)]
    assert (found.paid_count, found.paid_amount, found.failed_count, found.failed_amount) == (1, 5500, 2, 3307)
    turned = bank.answer(FILE, "01N", change=lambda lines: [lines[0], *lines[3:0:-1], *lines[4:]])
    assert read(turned) == found
    assert read(content.replace(b"\r\n", b"")) == found
    assert read(content + b"\x1a") == found


def line(number, at, value):
    """Spoil a line (from 1) at a byte (from 1)."""

    def change(lines):
        text = lines[number - 1]
        lines[number - 1] = text[: at - 1] + value + text[at - 1 + len(value) :]
        return lines

    return change


@pytest.mark.parametrize(
    ("change", "fault", "where"),
    [
        (line(1, 5, b"9999999999"), Fault.collector, 1),
        (line(1, 55, b"0427"), Fault.date, 1),
        (line(1, 2, b"21"), Fault.kind, 1),
        (line(1, 4, b"1"), Fault.code_kind, 1),
        (line(3, 81, b"0000003301"), Fault.amount, 3),
        (line(3, 81, b"000000330A"), Fault.digits, 3),
        (line(3, 92, b"00000000000000000099"), Fault.number, 3),
        (line(3, 44, b"7654322"), Fault.account, 3),
        (line(3, 2, b"0005"), Fault.account, 3),
        (line(3, 21, b"002"), Fault.account, 3),
        (line(3, 43, b"2"), Fault.account, 3),
        (line(3, 51, "ﾔﾏﾀﾞｼｮｳﾃﾝ".encode("cp932")), Fault.small_kana, 3),
        (line(3, 51, b"yamada"), Fault.characters, 3),
        (line(3, 51, b"\x81\x40"), Fault.characters, 3),
        (line(2, 1, b"3"), Fault.order, 2),
        (line(5, 2, b"000004"), Fault.records, 5),
        (line(5, 8, b"000000008808"), Fault.total, 5),
        (line(5, 20, b"000002"), Fault.paid_sum, 5),
        (line(5, 26, b"000000005501"), Fault.paid_sum, 5),
        (line(5, 38, b"000001"), Fault.failed_sum, 5),
        (line(5, 44, b"000000003308"), Fault.failed_sum, 5),
        (line(5, 20, b"0" * 36), Fault.is_request, 5),
        (lambda lines: [*lines[:2], *lines[3:]], Fault.missing, 4),
        (lambda lines: [*lines[:3], *lines[2:]], Fault.number, 4),
        (lambda lines: lines[:-1], Fault.truncated, 5),
        (lambda lines: lines[:3], Fault.truncated, 3),
        (lambda lines: [*lines[:-1], *lines], Fault.order, 6),
        (lambda lines: [lines[0], *lines[-2:]], Fault.order, 2),
        (lambda lines: [lines[0], lines[1][:119], *lines[2:]], Fault.length, 2),
        (lambda lines: [lines[0], lines[1] + b" ", *lines[2:]], Fault.length, 2),
        (lambda lines: [lines[0], lines[1][:60] + b"\n" + lines[1][61:], *lines[2:]], Fault.line_ends, 2),
    ],
)
def test_a_bad_file_is_refused_with_line_and_reason(change, fault, where):
    with pytest.raises(BadFile) as refused:
        read(bank.answer(FILE, "01N", change=change))
    assert (refused.value.fault, refused.value.line) == (fault, where)


@pytest.mark.parametrize(
    ("content", "fault", "where"),
    [
        (b"", Fault.empty, 1),
        (b"\x1a", Fault.empty, 1),
        (FILE, Fault.is_request, 5),
        (bank.answer(FILE, "01N").decode("cp932").encode("utf-8"), Fault.utf8, 1),
        (bank.answer(FILE, "01N").replace(b"\r\n", b"\n"), Fault.line_ends, 2),
        (bank.answer(FILE, "01N")[:-60], Fault.length, 6),
        (bank.answer(FILE, "01N").replace(b"\r\n", b"")[:-1], Fault.length, 6),
        (bank.answer(FILE, "01N")[:300], Fault.length, 3),
    ],
)
def test_another_file_is_refused(content, fault, where):
    with pytest.raises(BadFile) as refused:
        read(content)
    assert (refused.value.fault, refused.value.line) == (fault, where)


def test_what_is_odd_is_taken_with_a_warning():
    found = read(bank.answer(FILE, "000", change=line(3, 51, "ﾔﾏﾀﾞ･ｼﾖｳﾃﾝｦ     ".encode("cp932"))))
    assert set(found.warnings) == {(3, Warned.characters), (3, Warned.holder)}


DEBITS = st.lists(
    st.builds(
        Debit,
        number=st.integers(1, 10**20 - 1).map(str),
        bank_code=st.integers(1, 9999).map("{:04}".format),
        bank=st.just("ミズホ"),
        branch_code=st.integers(1, 999).map("{:03}".format),
        branch=st.just(""),
        account_type=st.sampled_from("129"),
        account=st.integers(0, 9999999).map("{:07}".format),
        holder=st.text("アイガパー()A1", min_size=1, max_size=40),
        amount=st.integers(1, 10**10 - 1),
        new_code=st.integers(0, 2),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda each: each.number,
)


@given(DEBITS, st.data())
def test_whatever_is_asked_is_answered_to_the_yen(debits, data):
    file = request_file(OURS, DAY, debits)
    _, rows, tail = bank.read_request(file)
    assert [int(row["amount"]) for row in rows] == [each.amount for each in debits]
    assert int(tail["total"]) == sum(each.amount for each in debits)
    codes = data.draw(st.lists(st.sampled_from("0123489EN567"), min_size=len(debits), max_size=len(debits)))
    found = read(bank.answer(file, codes), debits)
    assert [each.code for each in found.results] == codes
    assert found.paid_amount + found.failed_amount == sum(each.amount for each in debits)
    assert found.paid_amount == sum(each.amount for each in found.results if each.code == "0")


@given(DEBITS, st.data())
def test_no_byte_of_meaning_can_change_unseen(debits, data):
    """One digit of number, account or amount that differs, and the file is refused."""
    good = bank.answer(request_file(OURS, DAY, debits), "0" * len(debits))
    row = data.draw(st.integers(1, len(debits)))
    at = row * 122 + data.draw(
        st.sampled_from([*range(1, 5), *range(20, 23), 42, *range(43, 50), *range(80, 90), *range(91, 111)])
    )
    digit = bytes([data.draw(st.sampled_from([byte for byte in b"0123456789" if byte != good[at]]))])
    with pytest.raises(BadFile):
        read(good[:at] + digit + good[at + 1 :], debits)
