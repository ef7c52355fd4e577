"""Applications: what is typed, which state follows which, what the first fee is, when it is reminded of."""

import itertools
from datetime import date

import pytest

from wem.contracts import application_rules as rules
from wem.contracts import name_rules, places
from wem.contracts.application_rules import APPLICATION, ApplicationAction, ApplicationState, Check, FirstFee
from wem.contracts.state_rules import Illegal, after

S = ApplicationState


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("7010705000725", True),  # the published example
        ("7010705000724", False),
        ("8010705000725", False),
        ("701070500072", False),
        ("70107050007255", False),
        ("７０１０７０５０００７２５", False),  # the form normalises first
        ("", False),
    ],
)
def test_corporate_number(number, good):
    assert rules.is_corporate_number(number) is good


def test_every_other_first_digit_is_wrong():
    assert [d for d in range(10) if rules.is_corporate_number(f"{d}010705000725")] == [7]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("０４２－１２３－４５６７", "042-123-4567"),
        ("042(123)4567", "042-123-4567"),
        ("090 1234 5678", "090-1234-5678"),
        ("0421234567", "0421234567"),
        ("042ー123ー4567", "042-123-4567"),
        ("123-4567", None),
        ("+81 42 123 4567", None),
        ("電話なし", None),
    ],
)
def test_phone(typed, expected):
    assert rules.phone(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("７６５４３", "0076543"), ("1234567", "1234567"), ("12345678", None), ("12a", None), ("123-4567", "1234567")],
)
def test_account_number(typed, expected):
    assert rules.digits(typed, 7) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ｶ)ﾔﾏﾀﾞｼｮｳﾃﾝ", "カ)ヤマダシヨウテン"),
        ("やまだ　たろう", "ヤマダ タロウ"),
        ("カ）タカハシ", "カ)タカハシ"),
        ("ABCショップ", "ABCシヨツプ"),
        ("データ", "デ-タ"),
        ("山田太郎", None),
        ("ア" * 31, None),
        ("", None),
    ],
)
def test_account_holder(typed, expected):
    assert rules.holder(typed) == expected


def test_only_these_lines_are_walked():
    for state, action in itertools.product(ApplicationState, ApplicationAction):
        if (state, action) in APPLICATION:
            assert after(APPLICATION, state, action) is APPLICATION[state, action]
        else:
            with pytest.raises(Illegal):
                after(APPLICATION, state, action)
    assert not {state for state, _ in APPLICATION} & {S.refused, S.withdrawn}
    # A contract is made; until its service begins the application can be refused after all.
    assert {action for state, action in APPLICATION if state is S.accepted} == {ApplicationAction.void}
    assert {state for (state, action) in APPLICATION if action is ApplicationAction.accept} == {S.checking}


DAY = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("arrived", "paid", "possible", "missing"),
    [
        (DAY, DAY, DAY, []),
        (None, DAY, DAY, [Check.form]),
        (DAY, None, DAY, [Check.money]),
        (DAY, DAY, None, [Check.service]),
        (None, None, None, list(Check)),
    ],
)
def test_what_must_be_there(arrived, paid, possible, missing):
    assert rules.missing_checks(arrived, paid, possible) == missing


@pytest.mark.parametrize(
    ("fee", "tax", "total"),
    [
        (FirstFee(10_000, 3_000), 1_300, 14_300),  # japan-rules 8
        (FirstFee(10_000, 3_005), 1_300, 14_305),  # once over the sum, cut off
        (FirstFee(335, 335, 335), 100, 1_105),
    ],
)
def test_first_fee(fee, tax, total):
    assert (fee.tax, fee.total) == (tax, total)


@pytest.mark.parametrize(("on", "number"), [(0, 0), (6, 0), (7, 1), (13, 1), (14, 2), (100, 2)])
def test_reminders(on, number):
    assert rules.reminders_due(DAY, date.fromordinal(DAY.toordinal() + on)) == number


@pytest.mark.parametrize(
    ("code", "expected"),
    [("190-0012", "東京都立川市曙町"), ("0600000", "北海道札幌市中央区"), ("000-0000", None)],
)
def test_address_of_a_postal_code(code, expected):
    assert places.address_of(code) == expected


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("みずほ", "0001"),
        ("みずほ銀行", "0001"),
        ("0001", "0001"),
        ("ゆうちょ銀行", "9900"),
        ("三菱UFJ", "0005"),
        ("城南信用金庫", "1344"),
    ],
)
def test_bank(typed, code):
    assert [bank.code for bank in places.matching(places.banks(), typed)] == [code]


def test_a_part_of_a_name_offers_some():
    found = places.matching(places.branches("0001"), "大")
    assert 1 < len(found) <= places.MOST
    assert all("大" in branch.name for branch in found)
    assert places.matching(places.banks(), "そんな銀行はない") == []
    assert places.matching(places.banks(), "") == []
    assert places.branches("0000") == ()


@pytest.mark.parametrize(
    ("name", "code", "full"),
    [
        ("みずほ", "0001", "みずほ銀行"),
        ("三菱UFJ信託", "0288", "三菱UFJ信託銀行"),
        ("北洋", "0501", "北洋銀行"),
        ("ゆうちょ", "9900", "ゆうちょ銀行"),
        ("シティバンク、エヌ・エイ", "0401", "シティバンク、エヌ・エイ"),
        ("信金中央金庫", "1000", "信金中央金庫"),
        ("多摩信金", "1360", "多摩信用金庫"),
        ("全東栄信組", "2202", "全東栄信用組合"),
        ("商工中金", "2004", "商工組合中央金庫"),
        ("中央労金", "2963", "中央労働金庫"),
        ("かとり農協", "5000", "かとり農業協同組合"),
        ("北海道信漁連", "9450", "北海道信用漁業協同組合連合会"),
        ("東京都信連", "3013", "東京都信用農業協同組合連合会"),
    ],
)
def test_banks_are_addressed_by_their_whole_names(name, code, full):
    assert name_rules.bank_in_full(name, code) == full


@pytest.mark.parametrize(
    ("name", "bank", "full"),
    [
        ("丸の内中央", "0001", "丸の内中央支店"),
        ("東京営業部", "0001", "東京営業部"),
        ("本店", "0501", "本店"),
        ("本店営業第一部", "0009", "本店営業第一部"),
        ("春日部", "0017", "春日部支店"),
        ("白金出張所", "0009", "白金出張所"),
        ("多摩センター", "1360", "多摩センター支店"),
        ("札幌", "2951", "札幌支店"),
        ("ニューヨーク", "0401", "ニューヨーク"),
        ("下総", "5000", "下総"),
        ("〇一八", "9900", "〇一八店"),
        ("", "0001", ""),
    ],
)
def test_branches_are_called_as_letters_call_them(name, bank, full):
    assert name_rules.branch_in_full(name, bank) == full


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("0421234567", True),
        ("０４２（１２３）４５６７", True),
        ("042-123-4568", False),
        ("", False),
        ("42-123-4567", False),
    ],
)
def test_a_telephone_number_is_the_same_with_whatever_hyphens(typed, same):
    assert rules.same_phone(typed, "042-123-4567") is same
