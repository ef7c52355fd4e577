"""What of a reply a customer may see, which words are the person's own, what reads like a wish to stop."""

from __future__ import annotations

import time

import pytest

from wem.mailings.reply_rules import (
    answer_subject,
    asks_to_stop,
    automatic_subject,
    good_message_id,
    masked,
    own_words,
    storable,
    without_phones,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("在庫はありますか。", "在庫はありますか。"),
        ("tanaka@readers.example.com です", "t****@readers.example.com です"),
        ("宛先はtanaka@readers.example.comです", "宛先はt****@readers.example.comです"),
        ("<tanaka@readers.example.com>", "<t****@readers.example.com>"),
        ("mailto:tanaka@readers.example.com?x", "mailto:t****@readers.example.com?x"),
        ("ｔａｎａｋａ＠ｅｘａｍｐｌｅ．ｊｐ まで", "t****@example.jp まで"),
        ("tanaka (at) example.jp", "t****@example.jp"),
        ("tanaka[アット]example.jp", "t****@example.jp"),
        ("a=tanaka%40example.jp&", "a****@example.jp&"),
        ("tanaka @ example.jp", "t****@example.jp"),
        ("tanaka@\nexample.jp", "t****@example.jp"),
        ('"a..b"@docomo.ne.jp', "a****@docomo.ne.jp"),
        ("taro@日本語.jp へ", "t****@日本語.jp へ"),
        ("1個 @100円", "1個 @100円"),
        ("署名 tanaka.ichiro / Tanaka.Ichiro", "署名 t****"),
        ("お電話は 042-000-0000 へ", "お電話は 042-000-0000 へ"),
    ],
)
def test_masks(text: str, shown: str) -> None:
    found = masked(text, ["tanaka.ichiro@readers.example.com"])
    assert found.startswith(shown) if "署名" in text else found == shown
    assert "tanaka" not in found.lower() and "ｔａｎａｋａ" not in found


def test_quoted_links_of_the_reader_are_cut() -> None:
    """Whoever has such a link acts as the reader."""
    for kind in ("u", "p", "p/new", "c", "l", "v"):
        found = masked(f"> http://localhost:8001/{kind}/WzEsMl0.aabbcc.ddeeff-_0123 です")
        assert "WzEs" not in found and f"/{kind}/…" in found


def test_the_part_before_the_at_is_masked_where_it_stands_alone() -> None:
    """Beside the masked address a signature would give the whole of it."""
    assert masked("田中 tanaka, Tanaka、tanakas", ["tanaka@example.jp"]) == "田中 t****, t****、tanakas"
    assert masked("ab は短い", ["ab@example.jp"]) == "ab は短い"


def test_telephones_in_lists_of_people() -> None:
    assert without_phones("Re: 090-1234-5678 まで") == "Re: **** まで"
    assert without_phones("2026年5月1日") == "2026年5月1日"


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
    masked(text, {"hanako@shop.example"})
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "mark", ["-----Original Message-----", "---------- Forwarded message ---------", "----- 元のメッセージ -----"]
)
def test_what_is_quoted_below_a_line_is_not_the_persons(mark: str) -> None:
    assert own_words(f"ありがとうございます。\n{mark}\n配信停止") == "ありがとうございます。"


def test_the_persons_own_address_alone_is_shown() -> None:
    text = "hanako@shop.example へ。同僚は taro@shop.example、停止は https://wem.example/u/abcdefghijkl です。"
    shown = masked(text, but="Hanako@shop.example")
    assert "hanako@shop.example" in shown and "taro@" not in shown and "abcdefghijkl" not in shown
