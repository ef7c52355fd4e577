"""Designs (雛形): mails made of blocks to begin with, put into a customer's colours, with its logo and its greeting."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import replace

from wem.mailings.block_rules import MOST_ROWS, Block, BlockKind, Document, Row, fresh


class Ours(enum.StrEnum):
    """The designs that come with WeM, in the order in which they are offered."""

    newsletter = "newsletter"
    sale = "sale"
    event = "event"
    notice = "notice"
    survey = "survey"
    welcome = "welcome"
    birthday = "birthday"
    seasonal = "seasonal"
    comeback = "comeback"
    letter = "letter"


# What designs say to whom they are addressed: a customer's own field stands in its place, or the words without a name.
SALUTATION = "{% if 氏名 %}{{ 氏名 }}様{% else %}お客様{% endif %}"
NAMELESS = "お客様"
# Stands for the logo, first in a design.
LETTERHEAD = "**{{ sender_name }}**"
# What is to be filled in by whoever writes: 「○月○日」, and links to a site that is nobody's (RFC 2606, JPRS).
BLANK, SAMPLE_SITE = "○", "https://www.example.jp/"
_TINT = 0.08


def tinted(colour: str) -> str:
    """Return a ground on which everything is read, with a little of a colour (`#rrggbb`)."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - part) * _TINT):02x}" for part in parts)


def in_colours(document: Document, look: Mapping[str, str]) -> Document:
    """Return a design in another look: rows on its accent, or on a tint of it, stand on those of the new one."""
    before, after = document.look["accent"], look["accent"]
    grounds = {before: after, tinted(before): tinted(after)}
    rows = tuple(replace(row, background=grounds.get(row.background, row.background)) for row in document.rows)
    return replace(document, look=dict(look), rows=rows)


def addressed(document: Document, greeting: str) -> Document:
    """Return a design that greets readers as the customer does: `greeting` is Liquid, or empty without a name."""
    return _in_texts(document, lambda text: text.replace(SALUTATION, greeting or NAMELESS))


def with_logo(document: Document, logo: str) -> Document:
    """Return a design with an image (its number) in place of the name at its head; as it is where it has no head."""

    def change(block: Block) -> Block:
        if block.values.get("text") != LETTERHEAD:
            return block
        image = fresh(BlockKind.image, block.id)
        return replace(image, values={**image.values, "picture": logo, "width": "50", "align": block.values["align"]})

    return _each_block(document, change)


def with_last_words(document: Document, words: str) -> Document:
    """Return a mail with a text under everything; as it is where the words are empty or it has no room."""
    if not words.strip() or len(document.rows) >= MOST_ROWS:
        return document
    row, block = f"r{document.next}", fresh(BlockKind.text, f"b{document.next + 1}")
    block = replace(block, values={**block.values, "text": words, "size": "small", "align": "center"})
    return replace(document, rows=(*document.rows, Row(row, columns=((block,),))), next=document.next + 2)


def without_pictures(document: Document, there: Mapping[str, object]) -> Document:
    """Return a mail without the images that are not there (any more): an empty block stands in their place."""

    def change(block: Block) -> Block:
        number = block.values.get("picture")
        return replace(block, values={**block.values, "picture": ""}) if number and number not in there else block

    return _each_block(document, change)


def _in_texts(document: Document, change: Callable[[str], str]) -> Document:
    return _each_block(
        document, lambda block: replace(block, values={name: change(text) for name, text in block.values.items()})
    )


def _each_block(document: Document, change: Callable[[Block], Block]) -> Document:
    rows = tuple(
        replace(row, columns=tuple(tuple(change(block) for block in column) for column in row.columns))
        for row in document.rows
    )
    return replace(document, rows=rows)
