"""Signed links: good for one purpose, as long as they should, and for nobody who changes a letter."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from wem import clock, tokens
from wem.tokens import Purpose


@pytest.mark.parametrize("purpose", Purpose)
def test_what_is_signed_is_read(app: Flask, purpose: Purpose) -> None:
    assert tokens.read(purpose, tokens.sign(purpose, 12, "new@example.jp")) == [12, "new@example.jp"]


@pytest.mark.parametrize("purpose", Purpose)
def test_a_link_for_one_purpose_is_none_for_another(app: Flask, purpose: Purpose) -> None:
    token = tokens.sign(purpose, 12)
    assert [other for other in Purpose if tokens.read(other, token) is not None] == [purpose]


def test_every_letter_counts(app: Flask) -> None:
    token = tokens.sign(Purpose.unsubscribe, 12, 7)
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        changed = token[:place] + other + token[place + 1 :]
        found = tokens.read(Purpose.unsubscribe, changed)
        # The last letter of a base64 text has bits that mean nothing.
        assert found is None or (place == len(token) - 1 and found == [12, 7])


@pytest.mark.parametrize("junk", ["", ".", "..", "x", "a.b.c", "日本語", "WzEyXQ", "\0", "9" * 5000])
def test_junk_is_no_link(app: Flask, junk: str) -> None:
    assert tokens.read(Purpose.confirm, junk) is None


def test_an_answer_that_is_no_subject_is_none(app: Flask) -> None:
    assert tokens.read(Purpose.confirm, str(tokens._signer(Purpose.confirm).dumps("12"))) is None


@pytest.mark.parametrize(
    ("age", "good"),
    [
        (timedelta(0), True),
        (timedelta(days=7), True),
        (timedelta(days=7, seconds=2), False),
        (timedelta(days=400), False),
    ],
)
def test_it_expires_where_it_should(app: Flask, age: timedelta, good: bool) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        token = tokens.sign(Purpose.confirm, 12)
        traveller.shift(age)
        assert (tokens.read(Purpose.confirm, token, timedelta(days=7)) is not None) is good
        # Where no lifetime is asked for, none ends it: an unsubscribe link works as long as the subscription.
        assert tokens.read(Purpose.confirm, token) == [12]


def test_it_fits_an_address(app: Flask) -> None:
    token = tokens.sign(Purpose.unsubscribe, 9_999_999_999, 9_999_999)
    assert len(token) < 100
    assert all(letter.isalnum() or letter in "-_." for letter in token)


def test_links_of_the_key_before_still_work(app: Flask) -> None:
    """A reader's link from last year must stop the mails, although the key has changed since."""
    kept = app.config["WEM"]
    old = tokens.sign(Purpose.unsubscribe, 12, 7)
    try:
        app.config["WEM"] = replace(kept, SECRET_KEY="the next key", SECRET_KEY_PREVIOUS=kept.SECRET_KEY)
        assert tokens.read(Purpose.unsubscribe, old) == [12, 7]
        new = tokens.sign(Purpose.unsubscribe, 12, 7)
        app.config["WEM"] = replace(kept, SECRET_KEY="the next key")
        assert tokens.read(Purpose.unsubscribe, old) is None
        assert tokens.read(Purpose.unsubscribe, new) == [12, 7]
    finally:
        app.config["WEM"] = kept
