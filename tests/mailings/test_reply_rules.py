"""Which words of a reply are the person's own, what reads like a wish to stop."""

from __future__ import annotations

import time

import pytest

from wem.mailings.reply_rules import (
    answer_subject,
    asks_to_stop,
    automatic_subject,
    good_message_id,
    own_words,
    storable,
)


@pytest.mark.parametrize(
    "quoted",
    [
        "> 登録解除はこちら",
        "2026年5月1日(金) 12:00 株式会社髙橋商店 <r****@mail.wem.example>:\n> 解除はこちら",
        "On Fri, May 1, 2026 at 12:00 PM Shop <shop@example.jp> wrote:\n解除",
        "-----Original Message-----\n解除",
        "----- 元のメッセージ -----\n解除",
        "From: shop\n解除",
        "差出人: shop\n解除",
        "________________________________\n解除",
    ],
)
def test_own_words(quoted: str) -> None:
    assert own_words(f"在庫はありますか。\n\n{quoted}") == "在庫はありますか。"
    assert not asks_to_stop("Re: 秋の新商品", f"在庫はありますか。\n\n{quoted}")


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("> 解除はこちら\n\n在庫はありますか。", "在庫はありますか。"),  # written below
        ("On Fri, May 1, 2026 at 12:00 PM Shop <s@x.jp> wrote:\n> a\n> b\n\n在庫は。", "在庫は。"),
        (
            "はい。\nOn Fri, May 1, 2026 at 12:00 PM 株式会社髙橋商店\n<s@x.jp> wrote:\n\n> a\nです。",
            "はい。\n\nです。",
        ),
        ("> 在庫は?\nあります。\n> 値段は?\n100円です。", "あります。\n100円です。"),  # line by line
        ("はい。\n2026年5月1日(金) 12:00 髙橋商店:\n引用の印のない文", "はい。"),
        ("On time, as always. Thank you.", "On time, as always. Thank you."),
        ("", ""),
    ],
)
def test_own_words_below_and_between_the_lines(text: str, own: str) -> None:
    assert own_words(text) == own


@pytest.mark.parametrize(
    ("subject", "text", "asks"),
    [
        ("Re: 秋の新商品", "配信停止をお願いします。", True),
        ("Re: 秋の新商品", "解除", True),
        ("Re: 秋の新商品", "退会します", True),
        ("Re: 秋の新商品", "もう送らないでください", True),
        ("Re: 秋の新商品", "unsubscribe", True),
        ("配信停止希望", "", True),
        ("Re: 配信停止のお知らせ", "ありがとう", False),  # the mailing's own subject
        ("Re: 秋の新商品", "工事で停止していた店を教えてください", False),
        ("Re: 秋の新商品", "ロックの解除方法は?", False),
        ("Re: 秋の新商品", "長い手紙です。" * 100 + "配信停止", False),
    ],
)
def test_wishes_to_stop(subject: str, text: str, asks: bool) -> None:
    assert asks_to_stop(subject, text) is asks


@pytest.mark.parametrize(
    ("subject", "machine"),
    [
        ("自動応答: Re: 秋の新商品", True),
        ("【自動返信】お問い合わせ", True),
        ("不在のお知らせ", True),
        ("Out of Office: hello", True),
        ("Automatic reply: hello", True),
        ("Re: 秋の新商品", False),
        ("不在者投票について", False),
        ("休暇村の件", False),
    ],
)
def test_subjects_of_machines(subject: str, machine: bool) -> None:
    assert automatic_subject(subject) is machine


def test_what_databases_take() -> None:
    assert storable("a\0b\udce3\r\nc\rd") == "ab?\nc\nd"


def test_subjects_of_answers() -> None:
    assert answer_subject("Re: RE: 返信： 秋") == "Re: 秋"
    assert answer_subject("") == "Re: "


def test_message_ids_of_others() -> None:
    assert good_message_id("<a.b@example.jp>")
    for bad in ("", "a@b", "<a b@c>", "<a>\r\nBcc: x", "<" + "a" * 300 + ">"):
        assert not good_message_id(bad)


@pytest.mark.parametrize(
    "text",
    [
        "-" * 20_000,
        "-" * 6_000 + "original" * 800 + "-x" * 3_000,
        " " * 20_000,
        "--" + " -" * 10_000,
        "_" * 20_000,
        "on " + "x" * 19_000,
        ("On " + "a" * 300 + "\n") * 60,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    """Anybody may write what is quoted here; one such line kept a worker for hours."""
    began = time.process_time()
    own_words(text)
    asks_to_stop("Re: x", text)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "mark", ["-----Original Message-----", "---------- Forwarded message ---------", "----- 元のメッセージ -----"]
)
def test_what_is_quoted_below_a_line_is_not_the_persons(mark: str) -> None:
    assert own_words(f"ありがとうございます。\n{mark}\n配信停止") == "ありがとうございます。"
