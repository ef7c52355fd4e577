"""Invented readers: Japanese names, prefectures and dates on reserved domains, the same in every demo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_FAMILIES = (
    "佐藤 sato,鈴木 suzuki,髙橋 takahashi,田中 tanaka,伊藤 ito,渡邊 watanabe,山本 yamamoto,中村 nakamura,"
    "小林 kobayashi,加藤 kato,吉田 yoshida,山田 yamada,佐々木 sasaki,山口 yamaguchi,松本 matsumoto,井上 inoue,"
    "木村 kimura,林 hayashi,斎藤 saito,清水 shimizu,山﨑 yamazaki,森 mori,池田 ikeda,橋本 hashimoto,"
    "阿部 abe,石川 ishikawa,前田 maeda,藤田 fujita,小川 ogawa,岡田 okada,後藤 goto,長谷川 hasegawa,"
    "村上 murakami,近藤 kondo,石井 ishii,齊藤 saitou,坂本 sakamoto,遠藤 endo,青木 aoki,藤井 fujii,"
    "西村 nishimura,福田 fukuda,太田 ota,三浦 miura,藤原 fujiwara,岡本 okamoto,松田 matsuda,中川 nakagawa,"
    "中野 nakano,原田 harada"
)
_GIVEN = (
    "太郎 taro,花子 hanako,健一 kenichi,由美子 yumiko,大輔 daisuke,さくら sakura,翔太 shota,美咲 misaki,和夫 kazuo,"
    "恵子 keiko,直樹 naoki,真由美 mayumi,拓也 takuya,陽子 yoko,誠 makoto,久美子 kumiko,亮 ryo,愛 ai,浩二 koji,"
    "明美 akemi,蓮 ren,結衣 yui,修 osamu,千尋 chihiro,一郎 ichiro,幸子 sachiko,優斗 yuto,葵 aoi,茂 shigeru,奈々 nana"
)
# More of those who live near the shops.
_WHERE_READERS_LIVE = (
    "東京都 東京都 東京都 神奈川県 神奈川県 埼玉県 埼玉県 千葉県 千葉県 群馬県 群馬県 栃木県 茨城県 "
    "山梨県 長野県 静岡県 愛知県 大阪府 京都府 兵庫県 北海道 宮城県 福岡県 広島県 新潟県 沖縄県"
).split()
# Reserved for examples (RFC 2606, JPRS): no mail can reach anybody.
_DOMAINS = (
    "mail.example.jp keitai.example.ne.jp mail.example.jp example.com office.example.co.jp mail.example.net "
    "example.org gakko.example.ac.jp"
).split()
PREFECTURES = tuple(
    (
        "北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 東京都 神奈川県 "
        "新潟県 富山県 石川県 福井県 山梨県 長野県 岐阜県 静岡県 愛知県 三重県 滋賀県 京都府 大阪府 兵庫県 "
        "奈良県 和歌山県 鳥取県 島根県 岡山県 広島県 山口県 徳島県 香川県 愛媛県 高知県 福岡県 佐賀県 長崎県 "
        "熊本県 大分県 宮崎県 鹿児島県 沖縄県"
    ).split()
)


@dataclass(frozen=True)
class Reader:
    """One invented person."""

    name: str
    address: str
    prefecture: str
    birthday: date
    number: int


def readers(count: int, start: int = 0) -> Iterator[Reader]:
    """Yield `count` invented people; another `start` gives others. No two share an address."""
    families = [pair.split() for pair in _FAMILIES.split(",")]
    given = [pair.split() for pair in _GIVEN.split(",")]
    for number in range(start, start + count):
        # Steps without a common factor with the lengths: names mix instead of repeating in a row.
        family, first = (
            families[number * 7 % len(families)],
            given[(number * 11 + number // len(families)) % len(given)],
        )
        yield Reader(
            name=f"{family[0]} {first[0]}",
            address=f"{family[1]}.{first[1]}{number + 11}@{_DOMAINS[number * 5 % len(_DOMAINS)]}",
            prefecture=_WHERE_READERS_LIVE[number * 11 % len(_WHERE_READERS_LIVE)],
            birthday=date(1948, 4, 1) + timedelta(days=number * 7919 % 21_000),
            number=number,
        )
