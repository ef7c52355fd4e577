"""Which names become sender domains, when they are proven or broken, when keys change."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from wem.clock import JAPAN
from wem.domains.rules import (
    DomainState,
    Outcome,
    domain_name,
    is_at_or_under,
    local_part,
    next_check,
    next_state,
    rotation_due,
)

NOW = datetime(2026, 4, 1, 12, 0, tzinfo=JAPAN)
CHECKING, PROVEN, BROKEN = DomainState.checking, DomainState.proven, DomainState.broken
FOUND, NOT_FOUND, NO_ANSWER = Outcome.found, Outcome.not_found, Outcome.no_answer


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("shop.example.jp", "shop.example.jp"),
        (" Shop.Example.JP. ", "shop.example.jp"),
        ("https://shop.example.jp/about", "shop.example.jp"),
        ("https://www.example.jp/", "example.jp"),
        ("www.example.jp", "www.example.jp"),
        ("info@shop.example.jp", "shop.example.jp"),
        ("髙橋商店.example.jp", "xn--swq00nxza837z.example.jp"),
        ("shop。example。jp", "shop.example.jp"),
        ("localhost", ""),
        ("192.0.2.1", ""),
        ("a b.example.jp", ""),
        ("_dmarc.example.jp", ""),
        ("", ""),
    ],
)
def test_names(typed: str, name: str) -> None:
    if name.startswith("xn--"):
        assert domain_name(typed).encode("ascii").decode("idna") == "髙橋商店.example.jp"
    else:
        assert domain_name(typed) == name


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("news", "news"),
        (" News ", "News"),
        ("mail-news_2.a+b", "mail-news_2.a+b"),
        ("", None),
        ("a..b", None),
        (".a", None),
        ("-a", None),
        ("a@b", None),
        ("お知らせ", None),
        ("a b", None),
        ("a\r\nBcc: x", None),
        ("a" * 65, None),
    ],
)
def test_local_parts(typed: str, found: str | None) -> None:
    assert local_part(typed) == found


@pytest.mark.parametrize(
    ("name", "above", "yes"),
    [
        ("example.jp", "example.jp", True),
        ("shop.example.jp", "example.jp", True),
        ("myexample.jp", "example.jp", False),
        ("example.jp", "shop.example.jp", False),
    ],
)
def test_being_under(name: str, above: str, yes: bool) -> None:
    assert is_at_or_under(name, above) is yes


@pytest.mark.parametrize(
    ("state", "outcome", "failing_for", "then"),
    [
        (CHECKING, FOUND, None, PROVEN),
        (CHECKING, NOT_FOUND, timedelta(days=90), CHECKING),
        (CHECKING, NO_ANSWER, None, CHECKING),
        (PROVEN, FOUND, None, PROVEN),
        (PROVEN, NOT_FOUND, timedelta(), PROVEN),  # one wrong answer stops nobody's mail
        (PROVEN, NOT_FOUND, timedelta(minutes=14), PROVEN),
        (PROVEN, NOT_FOUND, timedelta(minutes=15), BROKEN),
        (PROVEN, NO_ANSWER, timedelta(hours=23), PROVEN),
        (PROVEN, NO_ANSWER, timedelta(hours=24), BROKEN),
        (BROKEN, FOUND, None, PROVEN),
        (BROKEN, NOT_FOUND, timedelta(days=29), BROKEN),
        (BROKEN, NO_ANSWER, timedelta(days=29), BROKEN),
        (BROKEN, NOT_FOUND, timedelta(days=30), CHECKING),  # whoever has the domain now may prove it
    ],
)
def test_states(state: DomainState, outcome: Outcome, failing_for: timedelta | None, then: DomainState) -> None:
    assert next_state(state, outcome, NOW - failing_for if failing_for is not None else None, NOW) is then


def test_who_waits_is_looked_at_often() -> None:
    assert next_check(CHECKING, True, timedelta(minutes=1)) == timedelta(minutes=5)
    assert next_check(CHECKING, True, timedelta(days=3)) == timedelta(hours=6)
    assert next_check(PROVEN, False, timedelta(days=3)) == timedelta(hours=1)
    assert next_check(PROVEN, True, timedelta(days=3)) < timedelta(minutes=15), "it breaks on the second look at most"
    assert next_check(BROKEN, True, timedelta(days=3)) == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("age", "used_found", "next_found", "due"),
    [
        (timedelta(days=180), True, True, True),
        (timedelta(days=179), True, True, False),
        (timedelta(days=500), True, False, False),  # never to a key that nobody can look up
        (timedelta(days=1), False, True, True),  # only the second record was entered
        (timedelta(days=1), False, False, False),
    ],
)
def test_changing_keys(age: timedelta, used_found: bool, next_found: bool, due: bool) -> None:
    assert rotation_due(NOW - age, used_found, next_found, NOW) is due
