"""Which way a notice goes, when it counts, and along which lines it moves."""

import itertools
from datetime import datetime, timedelta

import pytest

from wem.clock import JAPAN
from wem.contracts.name_rules import honorific
from wem.notices import incident_rules, rules
from wem.notices.rules import Channel, IllegalMove, NoticeAction, NoticeKind, NoticeState

AT = datetime(2026, 6, 20, 9, tzinfo=JAPAN)
MAIL, LETTER = Channel.mail, Channel.letter


@pytest.mark.parametrize(
    ("email", "by_letter", "expected"),
    [("a@b.example", False, MAIL), ("", False, LETTER), ("a@b.example", True, LETTER)],
)
def test_the_way(email, by_letter, expected):
    assert rules.channel(email, by_letter) is expected


@pytest.mark.parametrize(
    ("kind", "deadline", "expected"),
    [
        (NoticeKind.general, None, False),
        (NoticeKind.general, AT + timedelta(days=10), False),
        (NoticeKind.non_renewal, AT + timedelta(days=10), True),
        (NoticeKind.non_renewal, AT, True),
        (NoticeKind.non_renewal, AT - timedelta(seconds=1), False),  # too late for this term: staff decide
        (NoticeKind.correction, AT + timedelta(days=10), True),
        (NoticeKind.termination, None, True),
    ],
)
def test_when_a_letter_follows(kind, deadline, expected):
    assert rules.needs_letter(kind, deadline, AT) is expected


@pytest.mark.parametrize(
    ("case", "mails", "number"),
    [
        ("none", [], 0),
        ("three", [(1, False), (2, False), (3, False)], 3),
        ("there last", [(5, True), (6, False), (7, False), (8, False)], 0),
        ("too fresh to know", [(1, True), (2, False), (3, False), (4, False)], 3),
        ("there between", [(1, False), (9, True), (10, False), (11, False)], 1),
    ],
)
def test_in_a_row(case, mails, number):
    rows = [rules.Sent(AT - timedelta(days=days), accepted) for days, accepted in mails]
    assert rules.failed_in_a_row(rows, AT, timedelta(hours=72)) == number


@pytest.mark.parametrize(
    ("channel", "state", "later", "expected"),
    [
        (MAIL, NoticeState.waiting, timedelta(days=9), None),
        (MAIL, NoticeState.sent, timedelta(hours=71, minutes=59), None),  # it may still come back
        (MAIL, NoticeState.sent, timedelta(hours=72), AT),
        (MAIL, NoticeState.failed, timedelta(days=9), None),
        (LETTER, NoticeState.sent, timedelta(days=9), None),
        (LETTER, NoticeState.reached, timedelta(0), AT + timedelta(days=2)),
    ],
)
def test_since_when_it_is_certain(channel, state, later, expected):
    reached = AT + timedelta(days=2) if state is NoticeState.reached else None
    assert rules.certain_since(channel, state, AT, reached, AT + later, timedelta(hours=72)) == expected


@pytest.mark.parametrize(
    ("channel", "state", "expected"),
    [
        (MAIL, NoticeState.waiting, None),
        (MAIL, NoticeState.sent, AT),
        (MAIL, NoticeState.failed, None),
        (LETTER, NoticeState.sent, None),
        (LETTER, NoticeState.reached, AT + timedelta(days=2)),
        (LETTER, NoticeState.failed, None),
    ],
)
def test_since_when_it_counts(channel, state, expected):
    reached = AT + timedelta(days=2) if state is NoticeState.reached else None
    assert rules.counts_since(channel, state, AT, reached) == expected


def test_only_these_lines_are_walked():
    ends = {NoticeState.reached, NoticeState.failed, NoticeState.withdrawn}
    for way, moves in rules.MOVES.items():
        for state, action in itertools.product(NoticeState, NoticeAction):
            if (state, action) in moves:
                assert rules.moved(way, state, action) is moves[state, action]
            else:
                with pytest.raises(IllegalMove):
                    rules.moved(way, state, action)
        # What came back, was there or was taken back stays so.
        assert not {state for state, _ in moves} & ends


@pytest.mark.parametrize(
    ("name", "expected"),
    [("株式会社髙橋商店", "御中"), ("一般社団法人つばさ", "御中"), ("㈱山田", "御中"), ("山田 太郎", "様")],
)
def test_honorific(name, expected):
    assert honorific(name) == expected


def test_banner_stands_a_week_before_and_until_it_is_closed():
    begins = AT + timedelta(days=7)
    assert incident_rules.in_banner(begins, None, AT)
    assert not incident_rules.in_banner(begins + timedelta(seconds=1), None, AT)
    assert incident_rules.in_banner(AT - timedelta(days=30), None, AT)
    assert not incident_rules.in_banner(AT - timedelta(days=30), AT, AT)
    assert incident_rules.phase(begins, None, AT) is incident_rules.Phase.announced
    assert incident_rules.phase(AT, None, AT) is incident_rules.Phase.running
    assert incident_rules.phase(AT, AT, AT) is incident_rules.Phase.over
