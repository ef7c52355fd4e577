"""What a contract permits, tiers, prices and what is typed about it."""

from datetime import date

import pytest

from wem.contracts import rules
from wem.contracts.rules import ALWAYS, Conditions, ContractState, LegalItem, Restriction, ServicePart, Standing, Use

START = date(2026, 1, 15)
ACTIVE, ACCEPTED, ENDED = ContractState.active, ContractState.accepted, ContractState.ended


@pytest.mark.parametrize(
    ("state", "start", "suspended", "on", "standing"),
    [
        (ACTIVE, START, False, START, Standing.in_use),
        (ACTIVE, START, False, date(2026, 1, 14), Standing.not_begun),
        (ACTIVE, None, False, START, Standing.not_begun),
        # The day counts, not the job that writes it down.
        (ACCEPTED, START, False, START, Standing.in_use),
        (ACCEPTED, START, False, date(2026, 1, 14), Standing.not_begun),
        (ACCEPTED, None, False, START, Standing.not_begun),
        (ContractState.leaving, START, False, START, Standing.in_use),
        (ContractState.expiring, START, False, START, Standing.in_use),
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


def test_the_last_day_is_the_one_before_the_end():
    over = date(2026, 8, 1)
    for on, permitted in ((date(2026, 7, 31), True), (over, False), (date(2026, 9, 1), False)):
        assert rules.permits(ContractState.leaving, START, False, Use.send, on, over) is permitted
        assert rules.permits(ContractState.leaving, START, False, Use.unsubscribe, on, over)
    assert rules.standing(ContractState.active, START, False, over, over) is Standing.ended


@pytest.mark.parametrize(
    ("restriction", "closed"),
    [
        (None, set()),
        (Restriction.sending, {Use.send, Use.schedule}),
        (Restriction.intake, {Use.upload, Use.sign_up}),
        (Restriction.both, {Use.send, Use.schedule, Use.upload, Use.sign_up}),
    ],
)
def test_a_restriction_closes_what_it_names(restriction, closed):
    on = date(2026, 5, 1)
    assert {use for use in Use if not rules.permits(ACTIVE, START, False, use, on, None, restriction)} == closed


@pytest.mark.parametrize(
    ("terminated", "closed"),
    [
        ([], set()),
        (["sending"], {Use.send, Use.schedule}),
        (["intake"], {Use.upload, Use.sign_up}),
        (["back_numbers"], {Use.archive}),
        (["sending", "back_numbers"], {Use.send, Use.schedule, Use.archive}),
    ],
)
def test_a_terminated_part_closes_what_it_names(terminated, closed):
    on, parts = date(2026, 5, 1), [ServicePart(part) for part in terminated]
    assert {use for use in Use if not rules.permits(ACTIVE, START, False, use, on, terminated=parts)} == closed


def test_campaign_before_course_before_terms():
    course = Conditions(min_term=12, refund=False, notice=2)
    campaign = Conditions(min_term=3, refund=True)
    assert rules.prevailing(campaign, course) == Conditions(3, 1, 2, True, False)
    assert rules.prevailing(None, course) == Conditions(12, 1, 2, False, False)
    assert rules.prevailing(None, None) == rules.TERMS
    # Nothing and no are answers of their own.
    assert rules.prevailing(Conditions(min_term=0, refund=False), Conditions(refund=True)).min_term == 0


@pytest.mark.parametrize(("count", "fee"), [(980, 3000), (1000, 3000), (1020, 5000), (3001, None)])
def test_fee(count, fee):
    assert rules.fee([(1000, 3000), (3000, 5000)], count) == fee


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
