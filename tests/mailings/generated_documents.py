"""Mails made of blocks by chance, always the same ones: each kind of block, each layout, texts of any length."""

from __future__ import annotations

import random

from wem.mailings import block_moving_rules as moving
from wem.mailings.block_rules import FIELDS, LAYOUTS, LOOK, BlockKind, Document, Field, Form, Picture

PICTURES = {
    str(number): Picture(f"https://public.example/i/{number:032x}.{kind}", width, 400, "湯のみと急須")
    for number, (kind, width) in enumerate((("png", 1200), ("jpg", 300), ("gif", 64)), start=1)
}
WORDS = (
    "新茶",
    "**太字**",
    "__強調__",
    "[店へ](https://shop.example.jp/?a=1&b=2)",
    "[赤](#b3261e)",
    '{{ sender_name | default: "店" }}',
    "Soft linen, washed twice.",
    "<b>&amp;",
    "とても長い言葉がつづいて行の終わりまで切れ目なくならぶ見出しの例",
)
ADDRESSES = ("https://shop.example.jp/items/1?from=mail", "mailto:info@shop.example.jp", "tel:0312345678", "")


def generated(number: int) -> Document:
    """Return the document of this number."""
    chance = random.Random(number)
    document = Document()
    for _ in range(chance.randint(2, 5)):
        document, row = moving.add_row(document, chance.choice(sorted(LAYOUTS)))
        layout = moving.row_of(document, row).layout
        document = moving.change_row(document, row, layout, chance.choice(("", "", "#103010", "#f9eeed")))
        for column in range(len(LAYOUTS[layout])):
            for _ in range(chance.randint(1, 2)):
                kind = chance.choice(list(BlockKind))
                document, id = moving.add_block(document, kind, row, column)
                values = {name: value_of(field, chance) for name, field in FIELDS[kind].items()}
                document = moving.change_block(document, id, values)
    document = moving.change_look(document, {name: look_of(field, chance) for name, field in LOOK.items()})
    return moving.change_preheader(document, text_of(chance))


def value_of(field: Field, chance: random.Random) -> str:
    match field.form:
        case Form.choice:
            return chance.choice(field.choices)
        case Form.address:
            return chance.choice(ADDRESSES)
        case Form.picture:
            return chance.choice(sorted(PICTURES))
        case Form.lines:
            lines = [chance.choice(("", "- ", "1. ")) + text_of(chance) for _ in range(chance.randint(1, 6))]
            return "\n".join(lines)
    return text_of(chance, field.most)


def look_of(field: Field, chance: random.Random) -> str:
    return chance.choice(field.choices) if field.choices else field.default


def text_of(chance: random.Random, most: int = 200) -> str:
    words = [chance.choice(WORDS) for _ in range(chance.randint(1, 6))]
    while len(" ".join(words)) > most:
        words.pop()  # never within a tag
    return " ".join(words)
