"""Three in a row (A-08), as a table with all the odd cases."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from wem.bounces.counting_rules import COUNTED, Failed, Verdict, counts, judged
from wem.bounces.states import Reason
from wem.clock import JAPAN

DAY = timedelta(days=1)
SETTLING = timedelta(hours=72)
START = datetime(2026, 3, 1, 10, 0, tzinfo=JAPAN)


def day(number: float) -> datetime:
    return START + number * DAY


def failed(*pairs: tuple[int, float]) -> list[Failed]:
    """(mailing, day on which it was sent)"""
    return [Failed(mailing, day(sent)) for mailing, sent in pairs]


CASES: list[tuple[str, list[Failed], list[float], float, Verdict]] = [
    ("nothing failed", [], [0, 7], 30, Verdict(0)),
    ("one", failed((1, 0)), [], 1, Verdict(1)),
    ("two", failed((1, 0), (2, 7)), [], 8, Verdict(2)),
    ("three in a row", failed((1, 0), (2, 7), (3, 14)), [], 15, Verdict(3, True)),
    ("two failures of one mailing count once", failed((1, 0), (1, 1), (2, 7)), [], 8, Verdict(2)),
    ("a success between starts anew", failed((1, 0), (2, 7), (4, 21)), [14], 25, Verdict(1)),
    ("a success before all of them changes nothing", failed((2, 7), (3, 14), (4, 21)), [0], 22, Verdict(3, True)),
    ("a success after all of them ends the row", failed((1, 0), (2, 7), (3, 14)), [21], 30, Verdict(0)),
    ("what is accepted but not settled is no success", failed((1, 0), (2, 7)), [14], 15, Verdict(2)),
    (
        "a late bounce of an older mailing does not follow a newer success",
        failed((1, 0), (2, 7), (3, 14)),
        [20],
        24,
        Verdict(0),
    ),
    (
        "a late bounce fills the gap that looked like a success",
        failed((2, 7), (3, 14), (1, 0)),
        [],
        15,
        Verdict(3, True),
    ),
    (
        "a mail between them that may still come back: wait until it has settled",
        failed((1, 0), (2, 1), (4, 3)),
        [2],
        3.1,
        Verdict(3, False, day(5)),
    ),
    ("and then it was a success", failed((1, 0), (2, 1), (4, 3)), [2], 5, Verdict(1)),
    ("three after the doubtful one are three", failed((1, 0), (3, 2), (4, 3), (5, 4)), [1], 3.9, Verdict(4, True)),
    ("a doubtful mail before the row breaks nothing", failed((1, 1), (2, 2), (3, 2.5)), [0.5], 2.6, Verdict(3, True)),
    ("a doubtful mail after the row changes nothing", failed((1, 0), (2, 1), (3, 2)), [3], 3.1, Verdict(3, True)),
]


@pytest.mark.parametrize(("case", "failures", "accepted", "now", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_in_a_row(case: str, failures: list[Failed], accepted: list[float], now: float, verdict: Verdict) -> None:
    assert judged(failures, [day(sent) for sent in accepted], day(now), SETTLING) == verdict


def test_cumulative_never_starts_anew() -> None:
    failures = failed((1, 0), (2, 7), (4, 21))
    assert judged(failures, [day(14)], day(30), SETTLING, cumulative=True) == Verdict(3, True)
    assert judged(failures[:2], [day(14)], day(30), SETTLING, cumulative=True) == Verdict(2)


@pytest.mark.parametrize("reason", list(Reason))
def test_which_reasons_count(reason: Reason) -> None:
    """The table of A-08, written down a second time from the terms' reading."""
    speaks_against_the_address = {
        "userunknown", "hostunknown", "hasmoved", "notaccept", "filtered", "suspend", "rejected", "expired",
        "mailboxfull",
    }  # fmt: skip
    assert counts(reason) is (reason.value in speaks_against_the_address)


def test_what_a_08_names_as_not_counted() -> None:
    named = (
        "blocked spamdetected policyviolation badreputation authfailure requireptr speeding toomanyconn mesgtoobig "
        "exceedlimit networkerror systemerror mailererror securityerror norelaying onhold undefined vacation"
    )
    assert not {Reason(name) for name in named.split()} & COUNTED
