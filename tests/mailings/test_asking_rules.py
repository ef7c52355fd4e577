"""By which words of a reply a person asks to be written to directly; in doubt nothing is shown."""

from __future__ import annotations

import time

import pytest

from wem.mailings.asking_rules import asking_words


@pytest.mark.parametrize(
    "text",
    [
        "このアドレスに直接お返事ください。",
        "このアドレス t****@readers.example.com に\n直接お返事ください。",
        "下記アドレスまでご連絡をお願いいたします。",
        "直接メールをください",
        "お手数ですが、t****@readers.example.com 宛にご返信いただけますか。",
        "すみませんが、私のメールアドレスへ直接ご連絡いただけると幸いです。",
        "カタログをこのアドレスにメールで送ってください。",
        "このアドレスを使っていただいて構いません。",
        "連絡先は t****@readers.example.com です。よろしくお願いします。",
        "個別にご返信をいただきたいです。",
        "直接お電話かメールでご連絡ください。",
        "Please write to me directly.",
        "Could you tell me more? Please reply to t****@readers.example.com.",
        "Please e-mail me at my private address.",
        "You may use my address for this.",
        "Send the offer to my e-mail address, please.",
    ],
)
def test_who_asks_for_it(text: str) -> None:
    assert asking_words(f"いつもありがとうございます。\n\n{text}\n\n> 秋の新商品")


@pytest.mark.parametrize(
    "text",
    [
        "在庫はありますか。",
        "ご連絡ください。",
        "在庫があるかご連絡ください\n田中 t****@readers.example.com",
        "よろしくお願いします。\n-- \n田中　直接ご連絡ください",
        "はい。\n\n> このアドレスに直接お返事ください。",
        "はい。\n-----Original Message-----\nこのアドレスに直接お返事ください。",
        "アドレスを教えてください。",
        "連絡先を教えてください。",
        "御社に直接メールしてもよいですか。",
        "どこに直接メールしたらよいか教えてください。",
        "ホームページのアドレスを見てください。",
        "このアドレスには送らないでください。",
        "直接の連絡は控えてください。",
        "直接のご連絡は不要です。",
        "このアドレスへの配信を停止してください。",
        "登録アドレスを t****@readers.example.com に変更してください。",
        "直接お電話でご連絡ください。",
        "商品を直接自宅に送ってください。",
        "How can I contact you directly?",
        "Please send the catalogue to my address.",
        "Please remove my address from your list.",
        "Please do not write to me directly.",
        "Please don't use my address.",
        "On Fri, May 1, 2026 Shop <s****@example.jp> wrote:\n> Please write to me directly.",
    ],
)
def test_who_does_not(text: str) -> None:
    assert asking_words(text) == ""


def test_the_words_are_one_sentence_of_the_persons() -> None:
    text = "こんにちは。このアドレス t****@x.example に\n直接お返事ください。田中"
    assert asking_words(text) == "このアドレス t****@x.example に 直接お返事ください。"
    assert len(asking_words("あ" * 900 + "直接ご連絡ください。")) == 200


@pytest.mark.parametrize(
    "text", ["*" * 20_000, "直接" * 10_000, "アドレスに" * 4_000, "my address " * 1_800, "a" * 20_000]
)
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    asking_words(text)
    assert time.process_time() - began < 60
