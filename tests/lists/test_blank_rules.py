"""Which names may be lent, whose mail is answered, what a subject orders, what a customer may add."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from wem.clock import JAPAN
from wem.lists.address_rules import Address, read_address
from wem.lists.blank_rules import (
    CodeProblem,
    Order,
    TextProblem,
    author,
    automatic,
    code_problem,
    from_program,
    of_ours,
    order_of,
    plausible,
    taking,
    text_problem,
)
from wem.mail_reading import raw_headers


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("abc", None),
        ("cafe-otoku", None),
        ("a2c", None),
        ("ab", CodeProblem.form),
        ("a" * 30, None),
        ("a" * 31, CodeProblem.form),
        ("-abc", CodeProblem.form),
        ("abc-", CodeProblem.form),
        ("b.abc", CodeProblem.form),  # return paths and the like are the service's own
        ("u.abc", CodeProblem.form),
        ("Abc", CodeProblem.form),
        ("お得", CodeProblem.form),
        ("abc-stop", CodeProblem.form),  # would be the way out of abc
        ("postmaster", CodeProblem.taken),
        ("no-reply", CodeProblem.taken),
        ("fbl", CodeProblem.taken),
    ],
)
def test_codes(code: str, problem: CodeProblem | None) -> None:
    assert code_problem(code) == problem


@pytest.mark.parametrize(
    ("subject", "order"),
    [
        ("", Order.sign_up),
        ("登録", Order.sign_up),
        ("登録お願いします", Order.sign_up),
        ("解除", Order.stop),
        (" 退会 ", Order.stop),
        ("【解除】", Order.stop),
        ("登録解除", Order.stop),
        ("配信停止を希望します。", Order.stop),
        ("メルマガの解除", Order.stop),
        ("退会します", Order.stop),
        ("Unsubscribe", Order.stop),
        ("ＳＴＯＰ", Order.stop),
        ("解除の方法を教えてください", Order.sign_up),  # asks, orders nothing
        ("退会者の会", Order.sign_up),
        ("Re: 解除", Order.sign_up),
    ],
)
def test_orders(subject: str, order: Order) -> None:
    assert order_of(subject) == order


@pytest.mark.parametrize(
    ("line", "machine"),
    [
        ("X-Mailer: docomo", False),
        ("Auto-Submitted: no", False),
        ("Auto-Submitted: auto-replied", True),
        ("Auto-Submitted: auto-generated; x=1", True),
        ("Precedence: bulk", True),
        ("Precedence: list", True),
        ("Precedence: first-class", False),
        ("List-Id: <a.b>", True),
        ("Mailing-List: a", True),
        ("Return-Path: <>", True),
        ("Return-Path: <a@example.jp>", False),
        ("Content-Type: multipart/report; report-type=delivery-status", True),
        ("Content-Type: multipart/mixed; boundary=report", False),
    ],
)
def test_machines(line: str, machine: bool) -> None:
    assert automatic(raw_headers(f"From: a@example.jp\r\n{line}\r\n\r\n".encode())) is machine


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("From: taro@example.jp", "taro@example.jp"),
        ("From: =?ISO-2022-JP?B?GyRCRURDZhsoQg==?= <Taro@Example.jp>", "Taro@example.jp"),
        ("From: a..b@docomo.ne.jp", "a..b@docomo.ne.jp"),
        ('From: "a..b"@docomo.ne.jp', "a..b@docomo.ne.jp"),
        ("From: <abc.@ezweb.ne.jp>", "abc.@ezweb.ne.jp"),
        ("From: taro@example.jp (田中 \U000fe000)", "taro@example.jp"),
        ("From:\r\n taro@example.jp", "taro@example.jp"),
        ("From: info@shop.example.jp <taro@example.jp>", "taro@example.jp"),  # a name may hold anything
        ("From: a@example.jp, b@example.jp", None),
        ("From: <a@example.jp>, <b@example.jp>", None),
        ("From: a@example.jp\r\nFrom: b@example.jp", None),
        ("From: nobody", None),
        ("From:", None),
        ("Subject: none", None),
    ],
)
def test_authors(line: str, address: str | None) -> None:
    found = author(raw_headers(f"{line}\r\n\r\n".encode()))
    assert (found.address if found else None) == address


@pytest.mark.parametrize(
    ("written", "envelope", "fits"),
    [
        ("taro@example.jp", "taro@example.jp", True),
        ("taro@example.jp", "bounce-1@mail.example.jp", True),
        ("taro@example.jp", "taro@other.example", False),
        ("taro@i.softbank.jp", "taro@softbank.ne.jp", True),  # one carrier
        ("taro@gmail.com", "taro+caf_=x=y.jp@gmail.com", True),
        ("taro@example.jp", "SRS0=abcd=TT=example.jp=taro@forwarder.example", True),
        ("taro@example.jp", "SRS0=abcd=TT=evil.example=taro@forwarder.example", False),
        ("taro@example.jp", "", False),
        ("taro@example.jp", "nonsense", False),
        ("taro@badexample.jp", "taro@example.jp", False),
    ],
)
def test_envelopes(written: str, envelope: str, fits: bool) -> None:
    address = read_address(written)
    assert isinstance(address, Address)
    assert plausible(address, envelope) is fits


def test_programs_and_our_own() -> None:
    for local in ("MAILER-DAEMON", "postmaster", "no-reply", "owner-list", "list-request"):
        assert from_program(local)
    for local in ("taro", "requests", "nora.reply"):
        assert not from_program(local)
    assert of_ours("bounce.mail.wem.example", ["mail.wem.example"])
    assert not of_ours("notmail.wem.example", ["mail.wem.example"])


NOON = datetime(2026, 5, 1, 12, tzinfo=JAPAN)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("on", "opens", "closes", "takes"),
    [
        (True, None, None, True),
        (False, None, None, False),
        (True, NOON, None, True),
        (True, NOON + HOUR, None, False),
        (True, None, NOON, False),
        (True, None, NOON + HOUR, True),
    ],
)
def test_periods(on: bool, opens: datetime | None, closes: datetime | None, takes: bool) -> None:
    assert taking(on, opens, closes, NOON) is takes


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", None),
        ("ご登録ありがとうございます。\n店長の髙橋です。電話 042-000-0000", None),
        ("3.5倍、Ver.2 です", None),
        ("https://shop.example.jp/", TextProblem.link),
        ("ｗｗｗ．shop.jp", TextProblem.link),
        ("shop.example.jp を見てください", TextProblem.link),
        ("info＠shop.jp へ", TextProblem.link),
        ("<b>お得</b>", TextProblem.markup),
        ("{{ email }}", TextProblem.markup),
        ("あ\u202eい", TextProblem.control),
        ("あ" * 401, TextProblem.long),
    ],
)
def test_own_words(text: str, problem: TextProblem | None) -> None:
    assert text_problem(text) == problem
