"""A mail made of blocks, as data: rows of one to three columns that hold blocks, and what may stand in each field."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_ROWS, MOST_BLOCKS, MOST_CHARACTERS = 60, 200, 300_000


class BlockKind(enum.StrEnum):
    heading = "heading"
    text = "text"
    image = "image"
    button = "button"
    list = "list"
    product = "product"
    divider = "divider"
    spacer = "spacer"
    social = "social"


class Form(enum.StrEnum):
    """What a value is: each is written down as a text."""

    line = "line"
    lines = "lines"
    address = "address"
    choice = "choice"
    colour = "colour"
    picture = "picture"  # the number of an image of the library


@dataclass(frozen=True)
class Field:
    """What may stand in a field; `most` counts characters."""

    form: Form
    most: int = 0
    choices: tuple[str, ...] = ()
    default: str = ""


def _choice(*choices: str, default: str = "") -> Field:
    return Field(Form.choice, choices=choices, default=default or choices[0])


_ADDRESS = Field(Form.address, 2000)
_ALIGN = _choice("left", "center", "right")
_CENTRED = _choice("left", "center", "right", default="center")
_PICTURE = Field(Form.picture, 12)

FIELDS: dict[BlockKind, dict[str, Field]] = {
    BlockKind.heading: {
        "text": Field(Form.line, 300),
        "level": _choice("1", "2", "3", default="2"),
        "align": _ALIGN,
    },
    BlockKind.text: {
        "text": Field(Form.lines, 20_000),
        "size": _choice("small", "normal", "large", default="normal"),
        "align": _ALIGN,
    },
    BlockKind.image: {
        "picture": _PICTURE,
        "alt": Field(Form.line, 300),
        "link": _ADDRESS,
        "width": _choice("100", "75", "50", "25"),
        "align": _CENTRED,
    },
    BlockKind.button: {
        "text": Field(Form.line, 100),
        "link": _ADDRESS,
        "width": _choice("auto", "full"),
        "align": _CENTRED,
    },
    BlockKind.list: {"items": Field(Form.lines, 10_000), "marks": _choice("dots", "numbers")},
    BlockKind.product: {
        "picture": _PICTURE,
        "name": Field(Form.line, 200),
        "price": Field(Form.line, 100),
        "text": Field(Form.lines, 4000),
        "button": Field(Form.line, 100),
        "link": _ADDRESS,
        "align": _ALIGN,
    },
    BlockKind.divider: {"line": _choice("solid", "dashed", "dotted")},
    BlockKind.spacer: {"height": _choice("8", "16", "24", "32", "48", "64", default="24")},
    BlockKind.social: {
        **dict.fromkeys(("website", "x", "instagram", "facebook", "youtube", "line", "tiktok"), _ADDRESS),
        "align": _CENTRED,
    },
}
# How the mail looks as a whole: taken from the brand settings when it is made, then its own.
LOOK: dict[str, Field] = {
    "background": Field(Form.colour, 7, default="#f2f2f2"),
    "surface": Field(Form.colour, 7, default="#ffffff"),
    "text": Field(Form.colour, 7, default="#1a1a1a"),
    "accent": Field(Form.colour, 7, default="#0017c1"),
    "font_size": _choice("14", "16", "18", default="16"),
    "corners": _choice("square", "round", "pill", default="round"),
}
# The shares of a row's width that its columns have.
LAYOUTS: dict[str, tuple[int, ...]] = {"1": (1,), "1-1": (1, 1), "1-2": (1, 2), "2-1": (2, 1), "1-1-1": (1, 1, 1)}
PREHEADER = Field(Form.line, 200)
BACKGROUND = Field(Form.colour, 7)


class Wrong(enum.StrEnum):
    """Why something is no document, or cannot stand in one."""

    json = "json"
    version = "version"
    shape = "shape"  # another type, or a field missing or unknown
    too_many = "too_many"
    too_long = "too_long"
    characters = "characters"
    address = "address"
    choice = "choice"
    colour = "colour"
    picture = "picture"
    id = "id"


class NotValid(ValueError):
    """What is wrong, and the place of it: `rows.0.columns.1.2.link`, or the name of a field."""

    def __init__(self, place: str, wrong: Wrong) -> None:
        super().__init__(f"{place}: {wrong}")
        self.place = place
        self.wrong = wrong


@dataclass(frozen=True)
class Block:
    """One block; `values` has every field of its kind."""

    id: str
    kind: BlockKind
    values: Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """Columns side by side, as many as its layout says; `background` is empty for that of the mail."""

    id: str
    layout: str = "1"
    background: str = ""
    columns: tuple[tuple[Block, ...], ...] = ((),)


@dataclass(frozen=True)
class Document:
    """A whole mail. `next` is the number of the next id: none is given out twice."""

    rows: tuple[Row, ...] = ()
    look: Mapping[str, str] = field(default_factory=lambda: {name: each.default for name, each in LOOK.items()})
    preheader: str = ""
    next: int = 1

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Every block, in the order of reading."""
        return tuple(block for row in self.rows for column in row.columns for block in column)


@dataclass(frozen=True)
class Picture:
    """An image as a mail shows it; sizes in pixels of the file."""

    address: str
    width: int
    height: int
    alt: str


def fresh(kind: BlockKind, id: str) -> Block:
    """Return an empty block."""
    return Block(id, kind, {name: each.default for name, each in FIELDS[kind].items()})


_SCHEME = re.compile(r"(?:https?://[^\s/]|mailto:[^\s]|tel:[+\d]|\{[{%])", re.IGNORECASE)
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_NUMBER = re.compile(r"[1-9][0-9]{0,11}")
ID = re.compile(r"([br])([1-9][0-9]{0,6})")
# XML and mail take none of these; line feeds may stand where lines may.
_BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Spaces within {{ … }} are Liquid's.
_SPACE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|(\s)", re.DOTALL)


def checked(value: Any, each: Field, place: str) -> str:
    """Return a value that may stand in a field; raises NotValid with its place."""
    if not isinstance(value, str):
        raise NotValid(place, Wrong.shape)
    if each.form is Form.choice:
        if value not in each.choices:
            raise NotValid(place, Wrong.choice)
        return value
    if len(value) > each.most:
        raise NotValid(place, Wrong.too_long)
    if _BAD.search(value) or (each.form is not Form.lines and re.search(r"[\t\n]", value)):
        raise NotValid(place, Wrong.characters)
    if value and (wrong := _ill_formed(value, each.form)):
        raise NotValid(place, wrong)
    return value


def _ill_formed(value: str, form: Form) -> Wrong | None:
    if form is Form.address and (not _SCHEME.match(value) or any(found[1] for found in _SPACE.finditer(value))):
        return Wrong.address
    if form is Form.colour and not _COLOUR.fullmatch(value):
        return Wrong.colour
    if form is Form.picture and not _NUMBER.fullmatch(value):
        return Wrong.picture
    return None


def check(document: Document) -> None:
    """Raise NotValid where a document is too large or its ids are not its own."""
    if len(document.rows) > MOST_ROWS or len(document.blocks) > MOST_BLOCKS:
        raise NotValid("rows", Wrong.too_many)
    ids = [*(row.id for row in document.rows), *(block.id for block in document.blocks)]
    numbers = [int(ID.fullmatch(id)[2]) for id in ids]  # type: ignore[index]
    if len(set(numbers)) < len(numbers) or max(numbers, default=0) >= document.next or document.next > 9_999_999:
        raise NotValid("rows", Wrong.id)
    if sum(len(value) for block in document.blocks for value in block.values.values()) > MOST_CHARACTERS:
        raise NotValid("rows", Wrong.too_long)
