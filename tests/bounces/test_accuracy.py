"""The goals of inbound.md 3, on mails that others wrote."""

from __future__ import annotations

import functools

import pytest

from tests.bounces.labelled import Score, is_taken_for_bounce, labelled
from wem.bounces.reading import read
from wem.bounces.states import Kind


@functools.cache
def score() -> Score:
    found = Score()
    for mail in labelled("bounces"):
        found.add(mail)
    assert found.mails > 200 and found.hard > 50, "the mails are missing"
    return found


def test_recipients_are_exactly_right() -> None:
    assert score().exact / score().mails >= 0.98, score().wrong


def test_hard_and_soft_are_told_apart() -> None:
    assert score().classes_right / score().classes >= 0.97, score().wrong


def test_what_is_called_hard_is_hard() -> None:
    assert score().hard_right / score().hard_said >= 0.98, score().wrong


def test_what_is_hard_is_called_so() -> None:
    assert score().hard_found / score().hard >= 0.96, score().wrong


@pytest.mark.parametrize("folder", ["normal", "autoreply"])
def test_no_other_mail_is_taken_for_a_bounce(folder: str) -> None:
    mails = list(labelled(folder))
    assert mails and not [mail.name for mail in mails if is_taken_for_bounce(mail.raw)]


def test_automatic_answers_are_recognised() -> None:
    assert [read(mail.raw).kind for mail in labelled("autoreply")] == [Kind.autoreply] * 2


def test_every_complaint_is_recognised_with_its_type_and_recipients() -> None:
    mails = list(labelled("arf"))
    assert len(mails) >= 10
    for mail in mails:
        found = read(mail.raw)
        addresses = {each.address.lower() for each in found.recipients}
        assert found.kind is Kind.feedback, mail.name
        assert found.feedback_type == mail.label["feedback_type"], mail.name
        assert set(mail.label["recipients"]) <= addresses, mail.name
        assert addresses <= {*mail.label["recipients"], *mail.label["optional"]}, mail.name


def test_lines_may_end_as_they_like() -> None:
    mails = [mail for mail in labelled("malformed") if "expected_recipients" in mail.label]
    assert len(mails) >= 10
    for mail in mails:
        assert [each.address for each in read(mail.raw).recipients] == mail.label["expected_recipients"], mail.name


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r", b"\r\r\n"])
def test_the_same_is_read_whatever_ends_the_lines(ends: bytes) -> None:
    for mail in list(labelled("bounces"))[::4]:
        plain = mail.raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        assert read(plain.replace(b"\n", ends)) == read(plain), mail.name
