"""Which fields hold a person's name, and titles that stand twice after one, as in 「お客様様」."""

from __future__ import annotations

import re

_PERSON = ("氏名", "名前", "姓名", "宛名", "ニックネーム", "full name", "nickname", "your name")
_PERSON_ALONE = ("姓", "苗字", "名字", "name", "last name", "family name", "surname")
# Their names are no person's, and a reading is not how anybody is addressed.
_OTHERS = re.compile(
    "会社|法人|企業|団体|組織|店|部署|学校|商品|品名|ペット|カナ|かな|ふりがな|フリガナ|よみ|読み"
    "|compan|organi[sz]ation|shop|store|product|pet|school|kana|user ?name|file"
)
_SPACE = r"[ \t\u3000\xa0]*"
# 様子, 様々 and the like begin a word of their own.
_TITLE = r"(?:様(?![式子相態々])|さま(?!ざま)|さん|殿|御中)"
_ENDS = re.compile(rf"\S*(?:様|さま|さん|殿|御中){_SPACE}\Z")
_BEGINS = re.compile(_SPACE + _TITLE)
# Only pairs that no other words make: さんさん is how the sun shines, 殿様 a lord.
_TWICE = re.compile(
    rf"[^\s<>、。，．,.!?！？・「」『』（）()【】]{{0,10}}(?:(?:様|さま){_SPACE}{_TITLE}|さん{_SPACE}(?:様(?![式子相態々])|さま(?!ざま)))"
)


def names_a_person(label: str) -> bool:
    """Return whether a field with this label holds the name by which a reader is addressed."""
    label = " ".join(label.casefold().split())
    if _OTHERS.search(label):
        return False
    return label in _PERSON_ALONE or any(word in label for word in _PERSON)


def doubled(default: str, after: str) -> str:
    """Return how a default reads with the text after it when both bring a title; empty when they do not."""
    ending, title = _ENDS.search(default), _BEGINS.match(after)
    return f"{ending[0]}{title[0]}" if ending and title else ""


def doubled_titles(text: str) -> list[str]:
    """Return the places of a finished text at which two titles follow one another."""
    return [found[0] for found in _TWICE.finditer(text)]
