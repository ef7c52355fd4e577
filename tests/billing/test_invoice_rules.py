"""Lines and sums of invoices: the worked examples of the specification, and what must hold for every mix."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wem.billing import invoice_rules as rules
from wem.billing.invoice_rules import Basis, Fees, ItemKind, Line, NoPrice, TaxSum
from wem.contracts import date_rules
from wem.contracts.rules import tier

TIERS = ((1_000, 3_000), (3_000, 5_000))
JANUARY, FEBRUARY, MARCH, APRIL = (date(2026, month, 1) for month in (1, 2, 3, 4))


def basis(month=FEBRUARY, **values):
    return Basis(month, "スタンダード", TIERS, **values)


def of(*amounts, rate=10):
    return [Line(ItemKind.other, amount, rate=rate) for amount in amounts]


def paid(lines):
    return rules.total(rules.taxes(lines))


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ((True, False, True, True), "debit_on_due"),
        ((True, False, True, False), "debit_next"),
        ((True, False, False, True), "either"),
        ((False, False, True, True), "transfer"),
        ((False, True, True, True), "desk"),
    ],
)
def test_how_a_document_says_that_it_is_paid(values, wanted):
    names = ("debited", "desk", "registered", "on_due")
    assert rules.way_to_pay(**dict(zip(names, values, strict=True))) == wanted


@pytest.mark.parametrize(
    ("number", "address", "production", "good"),
    [
        ("T0000000000000", "東京都立川市曙町1-1-1（見本）", False, True),
        ("T0000000000000", "東京都立川市曙町2-1-1", True, False),
        ("T7010705000725", "東京都立川市曙町1-1-1（見本）", True, False),
        ("", "東京都立川市曙町2-1-1", True, False),
        ("T7010705000725", "東京都立川市曙町2-1-1", True, True),
    ],
)
def test_production_issues_nothing_with_samples(number, address, production, good):
    assert rules.may_be_issued(number, address, production) is good


@pytest.mark.parametrize(
    ("net", "tax", "whole"),
    [((3_000, 500), 350, 3_850), ((335, 335, 335), 100, 1_105), ((10_000, 3_000), 1_300, 14_300)],
)
def test_tax_is_rounded_once_an_invoice(net, tax, whole):
    lines = of(*net)
    assert rules.taxes(lines) == [TaxSum(10, sum(net), tax)]
    assert paid(lines) == whole


def test_tax_within_a_sum_with_tax():
    assert rules.tax_within(3_685, 10) == 335


def test_each_rate_is_rounded_by_itself_and_out_of_scope_bears_none():
    lines = of(335, 335) + of(333, rate=8) + of(1_001, rate=0)
    assert rules.taxes(lines) == [TaxSum(10, 670, 67), TaxSum(8, 333, 26), TaxSum(0, 1_001, 0)]


def test_what_is_given_back_is_rounded_as_what_was_paid():
    assert rules.taxes(of(-2_105)) == [TaxSum(10, -2_105, -210)]


def test_the_first_invoice():
    lines = rules.initial(basis(JANUARY, first=True), 10_000, Fees(3_000))
    assert [(line.kind, line.amount) for line in lines] == [(ItemKind.initial, 10_000), (ItemKind.base, 3_000)]
    assert paid(lines) == 14_300


@pytest.mark.parametrize("peak", [800, 1_500, 99_999])
def test_the_first_month_has_no_difference(peak):
    assert rules.settlement(basis(JANUARY, first=True), Fees(3_000), peak, 31) == []


def test_chapter_8_february_and_march():
    charged = rules.fees(basis(), 950, 28)
    assert paid(rules.opening(basis(), charged, 950, 28)) == 3_300
    difference = rules.settlement(basis(), charged, 1_020, 28)
    assert [(line.kind, line.amount, line.count) for line in difference] == [(ItemKind.difference, 2_000, 1_020)]
    march = rules.opening(basis(MARCH), rules.fees(basis(MARCH), 980, 31), 980, 31) + difference
    assert rules.taxes(march) == [TaxSum(10, 5_000, 500)]


def test_a_peak_in_the_same_tier_costs_nothing_more():
    assert rules.settlement(basis(), Fees(3_000), 1_000, 28) == []


@pytest.mark.parametrize(
    ("charged", "usable", "amount"),
    [
        (3_000, 9, -2_100),  # April suspended on the 10th: 900 are owed
        (0, 12, 1_200),  # suspended on the 1st, lifted on the 19th
        (0, 0, None),
        (3_000, 30, None),
    ],
)
def test_suspension_is_settled_by_days(charged, usable, amount):
    lines = rules.settlement(basis(APRIL), Fees(charged), 500, usable)
    # Nothing charged and the whole month used: the month itself, which is the case of fees in arrears.
    assert [line.amount for line in lines] == ([] if amount is None else [amount])
    assert rules.given_back(lines) is (amount is not None and amount < 0)


def test_suspension_by_whole_months_costs_the_month():
    assert rules.settlement(basis(APRIL), Fees(3_000), 500, 1, whole_month=True) == []
    assert [line.amount for line in rules.settlement(basis(APRIL), Fees(3_000), 500, 0, whole_month=True)] == [-3_000]


def test_options_follow_the_days_too():
    with_paper = basis(APRIL, options=(("請求書の郵送", 500),))
    charged = rules.fees(with_paper, 10, 30)
    assert charged == Fees(3_000, (500,))
    assert [line.amount for line in rules.settlement(with_paper, charged, 10, 9)] == [-2_100, -350]


def test_fees_in_arrears_are_the_months_own_lines():
    lines = rules.settlement(basis(options=(("請求書の郵送", 500),)), Fees(0), 1_020, 28)
    assert [(line.kind, line.amount) for line in lines] == [(ItemKind.base, 5_000), (ItemKind.option, 500)]


def test_a_free_month_costs_its_options_only():
    free = basis(free=True, options=(("請求書の郵送", 500),))
    charged = rules.fees(free, 2_500, 28)
    assert paid(rules.opening(free, charged, 2_500, 28)) == 550
    assert rules.settlement(free, charged, 99_999, 28) == []
    assert [date_rules.free_month(2, date(2026, 1, 15), month) for month in (JANUARY, FEBRUARY, MARCH)] == [
        True,
        True,
        False,
    ]


def test_above_the_highest_tier_there_is_no_price():
    with pytest.raises(NoPrice):
        rules.fees(basis(), 3_001, 28)


def test_rest_of_the_minimum_term():
    lines = rules.rest_of_term(date(2026, 5, 1), date(2026, 8, 1), basis(APRIL), 500)
    assert [(line.quantity, line.unit, line.amount) for line in lines] == [(3, 3_000, 9_000)]
    assert rules.rest_of_term(date(2026, 8, 1), date(2026, 8, 1), basis(), 500) == []


@pytest.mark.parametrize(
    ("credit", "debts", "left", "rest"),
    [(2_310, [3_300, 3_300], [990, 3_300], 0), (5_000, [3_300, 1_100], [0, 0], 600), (100, [], [], 100)],
)
def test_a_credit_is_set_off(credit, debts, left, rest):
    assert rules.set_off(credit, debts) == (left, rest)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("T7010705000725", True),
        (" t7010705000725 ", True),
        ("7010705000725", False),
        ("T701070500072", False),
        ("", False),
    ],
)
def test_registration_numbers(text, good):
    assert (rules.registration_number(text) == "T7010705000725") is good


@pytest.mark.parametrize(
    ("issued", "last_month", "until"),
    [
        (date(2026, 3, 31), 3, date(2033, 6, 1)),
        (date(2026, 4, 1), 3, date(2034, 6, 1)),
        (date(2026, 12, 31), 12, date(2034, 3, 1)),
    ],
)
def test_kept_for_seven_years_from_two_months_after_the_tax_period(issued, last_month, until):
    assert rules.locked_until(issued, last_month) == until


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)), st.integers(1, 12), st.integers(-40, 40))
def test_what_is_older_than_the_first_day_kept_is_locked_no_more(today, last_month, days):
    since = rules.kept_since(today, last_month)
    day = since + timedelta(days=days)
    assert (rules.locked_until(day, last_month) <= today) is (days < 0)


amounts = st.integers(-1_000_000, 1_000_000)
lines_ = st.lists(
    st.builds(Line, st.sampled_from(ItemKind), amounts, rate=st.sampled_from((10, 8, 0))), min_size=1, max_size=30
)


@given(lines_)
def test_lines_and_tax_make_the_total_for_every_mix(lines):
    sums = rules.taxes(lines)
    assert sum(line.amount for line in lines) + sum(each.tax for each in sums) == rules.total(sums)
    assert len({each.rate for each in sums}) == len(sums)
    for each in sums:
        # One rounding: less than a yen is lost on each rate, however many lines there are.
        assert 0 <= abs(each.net) * each.rate - abs(each.tax) * 100 < 100


tiers_ = st.lists(
    st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)), min_size=1, max_size=8, unique_by=lambda t: t[0]
)


@given(tiers_, st.integers(0, 2 * 10**6))
def test_the_tier_is_never_below_the_count(tiers, count):
    tiers = sorted(tiers)
    found = tier(tiers, count)
    if found is None:
        assert count > tiers[-1][0]
        with pytest.raises(NoPrice):
            Basis(FEBRUARY, "", tuple(tiers)).fee(count)
    else:
        assert found[0] >= count
        assert Basis(FEBRUARY, "", tuple(tiers)).fee(count) == found[1]
        assert all(up_to < count for up_to, _ in tiers if up_to < found[0])


@given(st.integers(0, 3_000), st.integers(0, 3_000), st.integers(0, 28), st.booleans())
def test_a_month_costs_what_its_peak_and_days_say_however_it_was_charged(opened, peak, usable, in_advance):
    month = basis(options=(("請求書の郵送", 500),))
    charged = rules.fees(month, opened, 28) if in_advance else Fees(0)
    lines = rules.settlement(month, charged, peak, usable)
    assert charged.net + sum(line.amount for line in lines) == rules.fees(month, peak, usable).net
