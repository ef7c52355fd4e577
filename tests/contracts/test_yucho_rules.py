"""記号・番号 of ゆうちょ銀行 as other banks know them, by the bank's published rule."""

import pytest

from wem.contracts import yucho_rules
from wem.contracts.yucho_rules import Account, NotAnAccount


@pytest.mark.parametrize(
    ("symbol", "number", "expected"),
    [
        ("14030", "12345671", Account("408", "1", "1234567")),
        ("10530", "1234561", Account("058", "1", "0123456")),  # fewer digits: zeros in front
        ("17300", "19927651", Account("738", "1", "1992765")),
        ("14030-2", "12345671", Account("408", "1", "1234567")),  # issued anew
        ("140302", "12345671", Account("408", "1", "1234567")),
        ("00120", "12345", Account("019", "2", "0012345")),  # 振替口座: nothing is cut off
        ("00120-1", "12340", Account("019", "2", "0012340")),
    ],
)
def test_what_stands_for_symbol_and_number(symbol, number, expected):
    assert yucho_rules.converted(symbol, number) == expected
    assert yucho_rules.branch(symbol) == expected.branch


@pytest.mark.parametrize(
    ("symbol", "number"),
    [
        ("14030", "1234567"),  # the seven digits of 口座番号 beside a 記号
        ("14030", "1"),
        ("14030", ""),
        ("14030", "123456781"),
        ("14035", "12345671"),
        ("24030", "12345671"),
        ("408", "12345671"),
        ("00120", "12345678"),
    ],
)
def test_what_is_no_account(symbol, number):
    with pytest.raises(NotAnAccount):
        yucho_rules.converted(symbol, number)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("14030-12345671", ("14030", "12345671")),
        ("14030-2-12345671", ("14030-2", "12345671")),
        ("1403012345671", ("14030", "12345671")),
        ("00120-1-12345", ("00120-1", "12345")),
        ("12345671", None),
        ("123-4567", None),
        ("99999-12345671", None),
    ],
)
def test_both_in_one(typed, expected):
    assert yucho_rules.parts(typed) == expected
