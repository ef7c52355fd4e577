"""What a contract permits, tiers, prices and what is typed about it."""

from datetime import date

import pytest

from wem.contracts import rules
from wem.contracts.rules import ALWAYS, ContractState, LegalItem, Standing, Use

START = date(2026, 1, 15)
ACTIVE, ACCEPTED, ENDED = ContractState.active, ContractState.accepted, ContractState.ended


@pytest.mark.parametrize(
    ("state", "start", "suspended", "on", "standing"),
    [
        (ACTIVE, START, False, START, Standing.in_use),
        (ACTIVE, START, False, date(2026, 1, 14), Standing.not_begun),
        (ACTIVE, None, False, START, Standing.not_begun),
        (ACCEPTED, START, False, START, Standing.not_begun),
        (ACTIVE, START, True, START, Standing.suspended),
        (ACTIVE, START, True, date(2026, 1, 14), Standing.suspended),
        (ENDED, START, False, START, Standing.ended),
        (ENDED, START, True, START, Standing.ended),
    ],
)
def test_standing_and_what_it_permits(state, start, suspended, on, standing):
    assert rules.standing(state, start, suspended, on) is standing
    for use in Use:
        permitted = rules.permits(state, start, suspended, use, on)
        assert permitted is (use in ALWAYS or standing is Standing.in_use), use


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, (1000, 3000)), (1000, (1000, 3000)), (1001, (3000, 5000)), (3000, (3000, 5000)), (3001, None)],
)
def test_tier(count, expected):
    assert rules.tier([(1000, 3000), (3000, 5000)], count) == expected


@pytest.mark.parametrize(("net", "shown"), [(3000, 3300), (3350, 3685), (335, 368), (0, 0)])
def test_price_with_tax_cuts_the_fraction_off(net, shown):
    assert rules.with_tax(net) == shown


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("190-0012", "190-0012"),
        ("1900012", "190-0012"),
        ("１９０－００１２", "190-0012"),
        ("〒190ー0012", "190-0012"),
        (" 190 0012 ", "190-0012"),
        ("190‐0012", "190-0012"),
        ("190-001", None),
        ("19000123", None),
        ("東京都", None),
        ("", None),
    ],
)
def test_postal_code(typed, expected):
    assert rules.postal_code(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("タカハシショウテン", "タカハシショウテン"),
        ("たかはし　しょうてん", "タカハシ ショウテン"),
        ("ﾀｶﾊｼｼｮｳﾃﾝ", "タカハシショウテン"),
        ("ＡＢＣストア", "ABCストア"),
        ("髙橋商店", None),
        ("", None),
    ],
)
def test_kana(typed, expected):
    assert rules.kana(typed) == expected


@pytest.mark.parametrize(
    ("contact", "good"),
    [
        ("042-123-4567", True),
        ("０４２ー１２３ー４５６７", True),
        ("電話 090 1234 5678", True),
        ("info@shop.example.jp", True),
        ("https://shop.example.jp/contact", True),
        ("店頭でお尋ねください", False),
        ("12-34", False),
        ("info@", False),
        ("", False),
    ],
)
def test_reachable(contact, good):
    assert rules.reachable(contact) is good


@pytest.mark.parametrize(
    ("slug", "problem"),
    [
        ("takahashi", None),
        ("a-1", None),
        ("ab", "form"),
        ("-abc", "form"),
        ("abc-", "form"),
        ("Takahashi", "form"),
        ("a" * 40, None),
        ("a" * 41, "form"),
        ("postmaster", "taken"),
        ("abuse", "taken"),
    ],
)
def test_slug(slug, problem):
    assert rules.slug_problem(slug) == problem


@pytest.mark.parametrize(
    ("name", "code", "address", "contact", "missing"),
    [
        ("髙橋商店", "190-0012", "東京都立川市", "042-123-4567", []),
        (" ", "190-0012", "東京都立川市", "042-123-4567", [LegalItem.sender_name]),
        ("髙橋商店", "", "東京都立川市", "042-123-4567", [LegalItem.postal_address]),
        ("髙橋商店", "190-0012", "", "", [LegalItem.postal_address, LegalItem.contact]),
    ],
)
def test_missing_legal_items(name, code, address, contact, missing):
    assert rules.missing_legal_items(name, code, address, contact) == missing
