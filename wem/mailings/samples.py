"""Five invented readers for previews: what a mail looks like to somebody with nothing filled in, or with too much."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Sample(enum.StrEnum):
    """Whom a preview shows the mail to; the screen names them."""

    ordinary = "ordinary"
    empty = "empty"  # no field filled in
    longest = "longest"
    old_phone = "old_phone"  # half-width kana, an address with two dots, text only
    foreign = "foreign"  # letters that are not Japanese


class FieldDefinition(Protocol):
    """What a sample needs to know of a field; a `Field` is one."""

    @property
    def key(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def options(self) -> list[Any]: ...


@dataclass(frozen=True)
class SampleReader:
    """An invented reader; `fields` hold values as a subscriber's do."""

    sample: Sample
    address: str
    fields: dict[str, Any]


_ADDRESSES = {
    Sample.ordinary: "hanako@reader.example",
    Sample.empty: "someone@reader.example",
    Sample.longest: f"{'nagai.' * 10}name@{'long-' * 8}name.reader.example",
    Sample.old_phone: "taro..1980@phone.reader.example",
    Sample.foreign: "zoe@reader.example",
}

_ORDER = (Sample.ordinary, Sample.longest, Sample.old_phone, Sample.foreign)
# What a label speaks of, and its values for ordinary, longest, old phone and foreign readers; the first match counts.
_TEXTS: dict[tuple[str, ...], tuple[str, str, str, str]] = {
    ("カナ", "かな", "フリガナ", "kana"): (
        "ヤマダ ハナコ",
        "カワノウエ エモンサブロウノスケ",
        "ﾔﾏﾀﾞ ﾀﾛｳ",
        "ゾエ ミュラー",
    ),
    ("会社", "勤務先", "company"): (
        "株式会社髙橋商店",
        "一般社団法人日本全国地方自治体情報化推進支援機構連絡協議会",
        "(有)ﾔﾏﾀﾞ",
        "Müller & Søhne GmbH",
    ),
    ("郵便番号", "〒", "zip", "postal"): ("100-0001", "999-9999", "1000001", "D-10115"),
    ("住所", "address"): (
        "東京都千代田区千代田1-1",
        "鹿児島県南さつま市坊津町久志平崎１２３４５番地６７ グランドハイツ坊津オーシャンビュー 第二別館 １２０５号室",
        "ﾄｳｷｮｳﾄ ﾁﾖﾀﾞｸ 1-1",
        "Straße des 17. Juni 135, Berlin",
    ),
    ("電話", "携帯", "tel", "phone"): ("03-1234-5678", "０９０－１２３４－５６７８", "09012345678", "+49 30 1234567"),
    ("都道府県", "pref"): ("東京都", "神奈川県", "東京", "Bretagne"),
    ("氏名", "名前", "姓名"): (
        "﨑山 花子",
        "寿限無 寿限無五劫の擦り切れ海砂利水魚の水行末",
        "ﾔﾏﾀﾞ ﾀﾛｳ",
        "Zoë O'Brien-Łukaszewicz & Søn",
    ),
    ("姓", "苗字", "名字", "last"): ("﨑山", "勘解由小路", "ﾔﾏﾀﾞ", "Müller-Łukasz"),
    ("first",): ("花子", "長左衛門之助三郎", "ﾀﾛｳ", "Zoë"),
    ("name",): ("﨑山 花子", "寿限無 寿限無五劫の擦り切れ海砂利水魚の水行末", "ﾔﾏﾀﾞ ﾀﾛｳ", "Zoë O'Brien-Łukaszewicz"),
    ("名",): ("花子", "長左衛門之助三郎", "ﾀﾛｳ", "Zoë"),
}
_ANY_TEXT = ("サンプル", "とても長い値の例です。" * 10, "ｻﾝﾌﾟﾙ", "Ünïcødé <b>&</b> “quotes”")


def sample_readers(fields: Iterable[FieldDefinition]) -> list[SampleReader]:
    """Return the five readers, each with a value for every field but the one who left all empty."""
    definitions = list(fields)
    return [
        SampleReader(
            sample,
            _ADDRESSES[sample],
            {each.key: _value(str(each.kind), each.label, each.options, sample) for each in definitions},
        )
        for sample in Sample
    ]


def _value(kind: str, label: str, options: Sequence[Any], sample: Sample) -> Any:
    if sample is Sample.empty:
        return None
    at = _ORDER.index(sample)
    choices = sorted(map(str, options), key=len) or ["選択肢"]
    match kind:
        case "number":
            return (42, 999_999_999_999_999, 7, 1234.5)[at]
        case "date":
            return ("1985-04-01", "1926-12-25", "1980-01-31", "2000-02-29")[at]
        case "choice":
            return choices[-1] if sample is Sample.longest else choices[0]
        case "choices":
            return choices if sample is Sample.longest else choices[:1]
        case "yes_no":
            return sample is not Sample.old_phone
    label = label.casefold()
    return next((values[at] for words, values in _TEXTS.items() if any(word in label for word in words)), _ANY_TEXT[at])
