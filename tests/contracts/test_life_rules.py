"""The life of a contract: what each act makes of it, and that no sequence of acts breaks the promises of the terms."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wem.clock import JAPAN
from wem.contracts import life_rules
from wem.contracts.life_rules import Life
from wem.contracts.rules import ContractState, EndReason
from wem.contracts.state_rules import (
    CONTRACT,
    REQUEST,
    ContractAction,
    Illegal,
    RequestAction,
    RequestState,
    after,
)

C = ContractState


def d(text):
    return date.fromisoformat(text)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=JAPAN)


def life(state=C.active, **values):
    return Life(state, d("2026-01-15"), **values)


def test_start_has_its_day():
    with pytest.raises(Illegal):
        life_rules.begin(life(C.accepted), d("2026-01-14"))
    assert life_rules.begin(life(C.accepted), d("2026-01-15")).state is C.active
    assert life_rules.begin(life(C.accepted), d("2026-02-03")).state is C.active  # the job was late


def test_notice_and_its_withdrawal():
    left = life_rules.give_notice(life(), at("2026-07-20T12:00"))
    assert (left.state, left.over_on) == (C.leaving, d("2026-08-01"))
    with pytest.raises(Illegal):
        life_rules.give_notice(left, at("2026-07-21T12:00"))
    back = life_rules.withdraw_notice(left, d("2026-07-31"))
    assert back == life()
    with pytest.raises(Illegal):
        life_rules.withdraw_notice(left, d("2026-08-01"))
    with pytest.raises(Illegal):
        life_rules.end_by_date(left, d("2026-07-31"))
    ended = life_rules.end_by_date(left, d("2026-08-03"))
    assert (ended.state, ended.ended_on, ended.reason) == (C.ended, d("2026-08-01"), EndReason.cancelled)


@pytest.mark.parametrize(
    ("on", "effective", "granted"),
    [
        ("2026-03-10", "2026-05-01", True),
        ("2026-04-30", "2026-05-01", True),
        ("2026-05-01", "2026-05-01", False),  # it has come
        ("2026-03-10", "2026-05-02", False),  # fees are by whole months
        ("2026-03-10", "2026-08-01", False),  # not earlier
        ("2026-08-01", "2026-05-01", False),  # over
    ],
)
def test_an_early_exit_is_granted_to_who_has_cancelled(on, effective, granted):
    left = life_rules.give_notice(life(), at("2026-03-05T12:00"))
    if granted:
        early = life_rules.leave_early(left, d(on), d(effective))
        assert (early.state, early.over_on) == (C.leaving, d(effective))
        assert life_rules.withdraw_notice(early, d(on)) == life()
    else:
        with pytest.raises(Illegal):
            life_rules.leave_early(left, d(on), d(effective))
    with pytest.raises(Illegal):
        life_rules.leave_early(life(), d("2026-03-10"), d("2026-05-01"))


def test_both_sides_give_notice_and_the_earlier_holds():
    refused = life_rules.refuse_renewal(life(), d("2026-07-20"))
    assert (refused.state, refused.over_on) == (C.expiring, d("2026-09-01"))
    both = life_rules.give_notice(refused, at("2026-07-25T12:00"))
    assert (both.state, both.over_on) == (C.leaving, d("2026-08-01"))
    assert life_rules.withdraw_notice(both, d("2026-07-26")) == refused
    late = life_rules.give_notice(refused, at("2026-07-25T12:00"), d("2026-12-01"))
    assert late.over_on == d("2026-09-01")
    assert life_rules.end_by_date(late, d("2026-09-01")).reason is EndReason.expired
    assert life_rules.keep(late, d("2026-08-01")).over_on == d("2026-12-01")
    assert life_rules.keep(refused, d("2026-08-01")) == life()
    for nothing in (life(), life(C.leaving, leaves_on=d("2026-12-01"))):
        with pytest.raises(Illegal):
            life_rules.keep(nothing, d("2026-08-01"))


def test_termination_holds_at_once_even_in_the_minimum_term():
    ended = life_rules.terminate(life(), d("2026-02-01"))
    assert (ended.ended_on, ended.reason) == (d("2026-02-01"), EndReason.terminated)
    with pytest.raises(Illegal):
        life_rules.terminate(ended, d("2026-02-02"))


def test_refused_after_all_before_the_start():
    ended = life_rules.void(life(C.accepted), d("2026-01-10"))
    assert (ended.state, ended.reason) == (C.ended, EndReason.void)
    for begun, day in ((life(), "2026-01-20"), (life(C.accepted), "2026-01-15"), (life(C.ended), "2026-01-10")):
        with pytest.raises(Illegal):
            life_rules.void(begun, d(day))


ACTS = st.one_of(
    st.tuples(st.just("day"), st.integers(1, 120)),
    st.tuples(st.just("notice"), st.none() | st.integers(0, 400)),
    st.tuples(st.just("withdraw"), st.none()),
    st.tuples(st.just("refuse"), st.none()),
    st.tuples(st.just("keep"), st.none()),
    st.tuples(st.just("terminate"), st.none()),
)


@settings(max_examples=400)
@given(
    st.dates(date(2024, 1, 1), date(2029, 12, 31)),
    st.integers(1, 14),
    st.integers(1, 4),
    st.integers(1, 2),
    st.booleans(),
    st.lists(ACTS, max_size=14),
)
def test_no_sequence_of_acts_leaves_the_diagram_or_ends_too_early(start, minimum, unit, notice, literal, acts):
    now = Life(C.accepted, start, minimum, unit, notice, literal)
    on = start - timedelta(days=5)
    lines = {(before, to) for (before, _), to in CONTRACT.items()}
    terminated = False
    for act, number in acts:
        before = now
        received = datetime.combine(on, datetime.min.time(), JAPAN)
        try:
            match act:
                case "day":
                    on += timedelta(days=number)
                    if now.state is C.accepted:
                        now = life_rules.begin(now, on)
                    elif now.over_on:
                        now = life_rules.end_by_date(now, on)
                case "notice":
                    now = life_rules.give_notice(now, received, on + timedelta(days=number) if number else None)
                case "withdraw":
                    now = life_rules.withdraw_notice(now, on)
                case "refuse":
                    now = life_rules.refuse_renewal(now, on)
                case "keep":
                    now = life_rules.keep(now, on)
                case "terminate":
                    now = life_rules.terminate(now, on)
                    terminated = True
        except Illegal:
            assert now == before
            continue
        assert now.state is before.state or (before.state, now.state) in lines
        if now.over_on and not terminated:
            assert now.over_on >= now.first_exit
        # A day that has come is never moved by a later act.
        if before.over_on and before.over_on <= on and before.state is C.ended:
            assert now == before


@given(st.lists(st.sampled_from(RequestAction), max_size=12))
def test_no_request_is_applied_twice(actions):
    state, applied = RequestState.received, 0
    for action in actions:
        try:
            state = after(REQUEST, state, action)
        except Illegal:
            continue
        applied += action is RequestAction.apply
    assert applied <= 1
    assert (state is RequestState.applied) == bool(applied)


def test_the_tables_say_what_they_say():
    assert after(CONTRACT, C.active, ContractAction.give_notice) is C.leaving
    assert not any(state is C.ended for state, _ in CONTRACT)


LEAVING = life(C.leaving, leaves_on=d("2026-08-01"))
ENDED = life(C.ended, ended_on=d("2026-08-01"), reason=EndReason.cancelled)
TERMINATED = life(C.ended, ended_on=d("2026-09-10"), reason=EndReason.terminated)
AT_ONCE = life(C.ended, ended_on=d("2026-01-15"), reason=EndReason.terminated)
NEVER = life(C.ended, ended_on=d("2026-01-10"), reason=EndReason.terminated)


@pytest.mark.parametrize(
    ("of", "today", "last_day", "first_exit", "term_ends", "renews", "refusal_by"),
    [
        (life(), "2026-03-01", None, "2026-08-01", "2026-07-31", "2026-08-01", "2026-06-30"),
        (life(), "2026-09-15", None, "2026-08-01", "2026-09-30", "2026-10-01", "2026-08-31"),
        (LEAVING, "2026-07-20", "2026-07-31", "2026-08-01", "2026-07-31", None, "2026-06-30"),
        # Once it is over there is no present term, also before the daily job has ended it.
        (LEAVING, "2026-08-01", "2026-07-31", "2026-08-01", None, None, None),
        (ENDED, "2027-01-10", "2026-07-31", "2026-08-01", None, None, None),
        # A termination holds from its moment: that day is the last one.
        (TERMINATED, "2026-09-12", "2026-09-10", "2026-08-01", None, None, None),
        # Terminated before its start, or on its day: no whole day of it was.
        (AT_ONCE, "2026-02-01", None, None, None, None, None),
        (NEVER, "2026-02-01", None, None, None, None, None),
        (replace(NEVER, reason=EndReason.void), "2026-02-01", None, None, None, None, None),
    ],
)
def test_the_dates_that_the_pages_show(of, today, last_day, first_exit, term_ends, renews, refusal_by):
    shown = life_rules.dates(of, d(today))
    found = (shown.last_day, shown.first_exit, shown.term_ends, shown.renews, shown.refusal_deadline)
    assert found == tuple(day and d(day) for day in (last_day, first_exit, term_ends, renews, refusal_by))
    assert shown.void_since == (of.ended_on if of.reason is EndReason.void else None)
    assert shown.cut_off == (of.ended_on if of in (NEVER, AT_ONCE) else None)
