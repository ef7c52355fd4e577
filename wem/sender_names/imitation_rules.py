"""Words of names that fraudulent mail likes to bear; staff are told of them, and nothing is refused for their sake."""

from __future__ import annotations

import re
import unicodedata

from wem.sender_names.rules import folded

# As they stand anywhere in a name: 「三菱UFJ銀行」.
_WORDS = (
    "銀行", "バンク", "信用金庫", "信金", "信用組合", "労働金庫", "ゆうちょ", "農協", "証券", "保険", "カード",
    "クレジット", "消費者金融", "税務署", "国税", "都税", "年金機構", "マイナポータル", "マイナポイント", "警察",
    "裁判所", "検察", "法務局", "市役所", "区役所", "県庁", "都庁", "総務省", "財務省", "金融庁", "厚生労働省",
    "消費者庁", "東京電力", "関西電力", "アマゾン", "楽天", "メルカリ", "ペイペイ", "えきねっと", "ドコモ",
    "日本郵便", "郵便局", "ヤマト運輸", "クロネコ", "佐川急便",
)  # fmt: skip
# As words by themselves: 「LINE」 and not 「ONLINE」.
_LATIN = (
    "Amazon", "Apple", "Google", "Microsoft", "PayPay", "PayPal", "Rakuten", "Mercari", "Yahoo", "LINE", "Netflix",
    "docomo", "au", "KDDI", "NTT", "SoftBank", "Bank", "VISA", "Mastercard", "JCB", "AMEX", "e-Tax", "ETC", "UFJ",
    "SMBC", "NHK",
)  # fmt: skip


def imitated(name: str) -> list[str]:
    """Return the words of a name by which readers could take its mail for an institution's or a known company's."""
    mark, plain = folded(name), unicodedata.normalize("NFKC", name).casefold()
    latin = [word for word in _LATIN if re.search(rf"(?<![a-z]){re.escape(word.casefold())}(?![a-z])", plain)]
    return [word for word in _WORDS if folded(word) in mark] + latin
