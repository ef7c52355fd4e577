"""What an answer means, and when a mail is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wem.delivery import rules
from wem.delivery.rules import Reason, Verdict

AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
MIDDLE = 0.5  # a draw without jitter


@pytest.mark.parametrize(
    ("attempt", "minutes"),
    [(1, 5), (2, 15), (3, 30), (4, 60), (5, 120), (6, 240), (7, 360), (8, 480), (9, 480), (30, 480)],
)
def test_bulk_waits_longer_each_time(attempt: int, minutes: int) -> None:
    end = AT + timedelta(days=5)
    assert rules.next_try(attempt, AT, end, MIDDLE) == AT + timedelta(minutes=minutes)


@pytest.mark.parametrize(("attempt", "minutes"), [(1, 1), (2, 3), (3, 5), (4, 10), (5, 20), (6, 30), (7, 60), (20, 60)])
def test_confirmations_are_in_a_hurry(attempt: int, minutes: int) -> None:
    due = rules.next_try(attempt, AT, AT + timedelta(days=1), MIDDLE, rules.CONFIRM_MINUTES)
    assert due == AT + timedelta(minutes=minutes)


@pytest.mark.parametrize(("draw", "seconds"), [(0.0, 240), (0.5, 300), (1.0, 360)])
def test_tries_are_spread_by_a_fifth(draw: float, seconds: int) -> None:
    assert rules.next_try(1, AT, AT + timedelta(days=1), draw) == AT + timedelta(seconds=seconds)


def test_no_try_after_the_end() -> None:
    assert rules.next_try(1, AT, AT + timedelta(minutes=5), MIDDLE) is None
    assert rules.next_try(1, AT, AT + timedelta(minutes=5, seconds=1), MIDDLE) is not None
    assert rules.after_uncertain(AT, AT + timedelta(minutes=10), MIDDLE) is None


def test_within_48_hours_a_mail_is_tried_about_ten_times() -> None:
    at, tries = AT, 1
    while due := rules.next_try(tries, at, AT + rules.LIFETIME, MIDDLE):
        at, tries = due, tries + 1
    assert tries == 12


@pytest.mark.parametrize(("failures", "seconds"), [(1, 1), (2, 5), (3, 30), (4, 120), (50, 120)])
def test_a_silent_server_is_left_alone_longer_each_time(failures: int, seconds: int) -> None:
    assert rules.hand_over_wait(failures) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (250, Verdict.accepted),
        (251, Verdict.accepted),
        (354, Verdict.deferred),  # no last word
        (421, Verdict.deferred),
        (451, Verdict.deferred),
        (550, Verdict.bounced),
        (554, Verdict.bounced),
        (0, Verdict.deferred),
    ],
)
def test_codes(code: int, expected: Verdict) -> None:
    assert rules.verdict(code) is expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("5.1.1 no such user", "5.1.1"),
        ("4.7.32 later", "4.7.32"),
        ("5.7.515 denied", "5.7.515"),
        ("5.1.1", "5.1.1"),
        ("no such user 5.1.1", None),
        ("5.1.1.1 odd", None),
        ("", None),
    ],
)
def test_enhanced_codes(reply: str, expected: str | None) -> None:
    assert rules.enhanced_code(reply) == expected


@pytest.mark.parametrize(
    "reply",
    [
        "5.1.1 <tanaka@readers.example.com>: unknown",
        "user tanaka@readers.example.com does not exist",
        'a..b@x.jp, "tanaka d"@x.jp',
    ],
)
def test_replies_are_kept_without_addresses(reply: str) -> None:
    kept = rules.without_addresses(reply)
    assert "tanaka" not in kept
    assert "@" not in kept


@pytest.mark.parametrize(
    ("code", "enhanced", "expected"),
    [
        (550, "5.1.1", Reason.unknown_address),
        (550, None, Reason.unknown_address),
        (550, "5.7.26", Reason.refused),
        (552, "5.2.2", Reason.mailbox_full),
        (452, "4.2.2", Reason.mailbox_full),
        (452, None, Reason.mailbox_full),
        (552, "5.3.4", Reason.too_large),
        (550, "5.1.2", Reason.unknown_domain),
        (451, "4.7.1", Reason.refused),
        (451, None, Reason.busy),
        (554, None, Reason.refused),
        (500, None, Reason.other),
        (None, None, Reason.connection),
    ],
)
def test_reasons(code: int | None, enhanced: str | None, expected: Reason) -> None:
    assert rules.reason(code, enhanced) is expected


def test_a_mail_that_could_not_be_made_is_our_own_fault() -> None:
    assert rules.reason(None, None, local=True) is Reason.own
