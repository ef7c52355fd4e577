"""Which feedback reports are complaints, and when there are too many."""

from __future__ import annotations

import pytest

from wem.bounces.complaint_rules import Judgement, Share, Standing, Wish, judged, rate, wish


@pytest.mark.parametrize(
    ("feedback_type", "meant"),
    [
        ("abuse", Wish.complaint),
        ("Abuse", Wish.complaint),
        ("fraud", Wish.complaint),
        (None, Wish.complaint),  # JMRP says nothing but that the person pressed the button
        ("opt-out", Wish.opt_out),
        ("not-spam", Wish.nothing),  # the reader took the mail out of the spam folder
        ("auth-failure", Wish.nothing),  # RFC 6591: about signatures, not about wishes
    ],
)
def test_what_a_report_means(feedback_type: str | None, meant: Wish) -> None:
    assert wish(feedback_type) is meant


@pytest.mark.parametrize(
    ("complaints", "accepted", "judgement"),
    [
        (0, 100_000, Judgement.good),
        (100, 100_000, Judgement.good),  # 0.1 % exactly is not above it
        (101, 100_000, Judgement.warn),
        (300, 100_000, Judgement.warn),
        (301, 100_000, Judgement.hold),
        (1, 200, Judgement.good),  # one person of 200: no rate at all
        (2, 200, Judgement.warn),
        (4, 200, Judgement.hold),
        (1, 0, Judgement.good),
    ],
)
def test_when_there_are_too_many(complaints: int, accepted: int, judgement: Judgement) -> None:
    assert judged(complaints, accepted) is judgement


def test_a_mailing_and_a_customer_are_judged_by_the_same_rule() -> None:
    few, many = Share(2, 200), Standing(2, 2_000, 7)
    assert (few.rate, few.judgement, few.of_few) == (0.002, Judgement.warn, True)
    assert (many.rate, many.judgement, many.of_few) == (0.001, Judgement.good, False)


def test_the_rate_is_taken_over_enough_mails() -> None:
    assert rate(1, 10) == 0.001
    assert rate(1, 10_000) == 0.0001
