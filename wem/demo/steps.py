"""The demo's sequence: a welcome to a tea shop's list, in three mails."""

from __future__ import annotations

# The customer whose readers get it, its name, and (days, hour, subject, text) of each step.
CUSTOMER = "takahashi"
NAME = "お茶を始める方への3通"
STEPS = (
    (
        0,
        0,
        "ご登録ありがとうございます",
        """{% if 氏名 %}{{ 氏名 }}様{% else %}お客様{% endif %}

このたびは、髙橋商店のメールにご登録いただき、ありがとうございます。
店主の髙橋です。

これから一週間のうちに、お茶をおいしくいれるこつと、
季節のおすすめをお届けします。どうぞお楽しみに。
""",
    ),
    (
        3,
        10,
        "煎茶をおいしくいれる三つのこつ",
        """{% if 氏名 %}{{ 氏名 }}様{% else %}お客様{% endif %}

煎茶をおいしくいれるこつは三つです。

一、お湯は70度くらいまで冷まします。
二、茶葉はお一人ぶん小さじ2杯（4グラム）です。
三、急須のなかで1分待ち、最後の一滴まで注ぎます。

同じ茶葉でも、味がまるで変わります。ぜひお試しください。
""",
    ),
    (
        7,
        10,
        "はじめての方へ、飲みくらべ3種のご案内",
        """{% if 氏名 %}{{ 氏名 }}様{% else %}お客様{% endif %}

煎茶、深蒸し煎茶、ほうじ茶を少しずつ楽しめる「飲みくらべ3種」を
ご用意しています。お好みの一つが、きっと見つかります。

https://shop.example.jp/kurabe
""",
    ),
)
