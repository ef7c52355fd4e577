"""Which texts can be a sender's name, and which names are the same."""

from __future__ import annotations

import pytest

from wem.sender_names.imitation_rules import imitated
from wem.sender_names.rules import LINES, NameAct, NameFault, NameState, alike, before, folded, name_fault, tidied

NAMES = [
    ("plain", "髙橋商店オンライン", None),
    ("with a point", "St. John's Tea", None),
    ("two scripts in two words", "Café ПРИВЕТ", None),
    ("an address", "support@example.jp", NameFault.address),
    ("an address of full width", "support＠example", NameFault.address),
    ("a site", "www.example", NameFault.address),
    ("a domain", "Example.JP 通販", NameFault.address),
    ("text that turns round", "銀行\u202eABC", NameFault.invisible),
    ("a space that nobody sees", "みず\u200bほ", NameFault.invisible),
    ("a Cyrillic letter in a Latin word", "Аmazon", NameFault.scripts),
    ("a Cyrillic letter among wide Latin ones", "Аｍａｚｏｎ", NameFault.scripts),
    ("letters that each stand for a phrase", "\ufdfa" * 60, NameFault.unfolds),
    ("companies in one letter each", "㍿" * 60, None),
]
SAME = [
    ("width and case", "ＡＢＣ商店", "abc商店", True),
    ("half-width kana", "ｻｸﾗ", "サクラ", True),
    ("spaces", "髙橋 商店", "髙橋　商店", True),
    ("dashes", "コ－ヒ―店", "コーヒー店", True),
    ("one character of a company", "㈱髙橋", "(株)髙橋", True),
    ("other letters", "髙橋商店", "高橋商店", False),
]
ALIKE = [
    ("the same", "山田花店", "山田 花店", True),
    ("holds it", "山田花店サポート", "山田花店", True),
    ("is held by it", "花店", "山田花店", False),
    ("too short to tell", "山田花店", "花", False),
    ("nothing registered", "山田花店", "", False),
]


IMITATED = [
    ("a bank", "三菱UFJ銀行", ["銀行", "UFJ"]),
    ("of full width, with spaces", "ＡＭＡＺＯＮ カ ード", ["カード", "Amazon"]),
    ("an authority", "渋谷税務署", ["税務署"]),
    ("a word that only holds it", "髙橋オンライン ONLINE Beau", []),
    ("a shop", "髙橋商店", []),
]


@pytest.mark.parametrize(("name", "words"), [row[1:] for row in IMITATED], ids=[row[0] for row in IMITATED])
def test_what_a_name_could_be_taken_for(name: str, words: list[str]) -> None:
    assert imitated(name) == words


@pytest.mark.parametrize(("name", "fault"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])
def test_what_can_be_a_name(name: str, fault: NameFault | None) -> None:
    assert name_fault(name) is fault


@pytest.mark.parametrize(("one", "other", "same"), [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_what_looks_the_same_is_the_same(one: str, other: str, same: bool) -> None:
    assert (folded(one) == folded(other)) is same


@pytest.mark.parametrize(("name", "other", "found"), [row[1:] for row in ALIKE], ids=[row[0] for row in ALIKE])
def test_what_staff_are_shown(name: str, other: str, found: bool) -> None:
    assert alike(name, other) is found


def test_a_name_is_kept_in_one_line() -> None:
    assert tidied("  髙橋\r\n 商店 ") == "髙橋 商店"


def test_each_act_begins_somewhere_and_what_was_decided_stays_so() -> None:
    assert [before(act) for act in NameAct] == [NameState.asked] * 3 + [NameState.approved]
    ended = set(NameState) - {state for state, _ in LINES}
    assert ended == {NameState.refused, NameState.taken_back, NameState.withdrawn}
