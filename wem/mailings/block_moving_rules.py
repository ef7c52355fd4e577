"""What can be done to a mail made of blocks: each act returns a new document, ids of what stays stay."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import replace

from wem.mailings.block_rules import (
    FIELDS,
    LAYOUTS,
    LOOK,
    PREHEADER,
    Block,
    BlockKind,
    Document,
    Field,
    Form,
    NotValid,
    Row,
    Wrong,
    check,
    checked,
    fresh,
)

Columns = tuple[tuple[Block, ...], ...]


class Gone(LookupError):
    """The row or block is not there any more: somebody else deleted it."""


class Way(enum.StrEnum):
    up = "up"
    down = "down"
    left = "left"
    right = "right"


def block_of(document: Document, id: str) -> Block:
    """Return the block with this id; raises Gone."""
    for block in document.blocks:
        if block.id == id:
            return block
    raise Gone(id)


def row_of(document: Document, id: str) -> Row:
    """Return the row with this id; raises Gone."""
    return document.rows[row_at(document, id)]


def row_at(document: Document, id: str) -> int:
    """Return the place of a row, from 0; raises Gone."""
    for at, row in enumerate(document.rows):
        if row.id == id:
            return at
    raise Gone(id)


def place_of(document: Document, id: str) -> tuple[str, int, int]:
    """Return the id of a block's row, the number of its column, and its place in it, from 0; raises Gone."""
    for row in document.rows:
        for number, column in enumerate(row.columns):
            for at, block in enumerate(column):
                if block.id == id:
                    return row.id, number, at
    raise Gone(id)


def add_row(document: Document, layout: str = "1", place: int | None = None) -> tuple[Document, str]:
    """Return the document with an empty row at a place (None: last), and the row's id."""
    if layout not in LAYOUTS:
        raise NotValid("layout", Wrong.choice)
    row = Row(f"r{document.next}", layout, "", ((),) * len(LAYOUTS[layout]))
    rows = list(document.rows)
    rows.insert(len(rows) if place is None else max(place, 0), row)
    return _checked(replace(document, rows=tuple(rows), next=document.next + 1)), row.id


def add_block(
    document: Document, kind: BlockKind, row: str = "", column: int = 0, place: int | None = None
) -> tuple[Document, str]:
    """Return the document with an empty block, and the block's id; without a row it gets one of its own, at the end."""
    if not row:
        document, row = add_row(document)
    block = fresh(kind, f"b{document.next}")
    document = _with_block(replace(document, next=document.next + 1), block, row, column, place)
    return _checked(document), block.id


def change_block(document: Document, id: str, values: Mapping[str, str]) -> Document:
    """Return the document with these fields of a block; raises NotValid with the name of the field, Gone."""
    block = block_of(document, id)
    changed = replace(block, values=dict(block.values) | _taken(values, FIELDS[block.kind]))
    return _checked(_each_block(document, lambda each: changed if each.id == id else each))


def change_row(document: Document, id: str, layout: str, background: str) -> Document:
    """Return the document with a row laid out anew: what stood in columns that go joins the last one that stays."""
    row = row_of(document, id)
    if layout not in LAYOUTS:
        raise NotValid("layout", Wrong.choice)
    background = checked(background, Field(Form.colour, 7), "background")
    count = len(LAYOUTS[layout])
    columns = list(row.columns[:count]) + [()] * (count - len(row.columns))
    columns[-1] = (*columns[-1], *(block for column in row.columns[count:] for block in column))
    return _with_row(document, replace(row, layout=layout, background=background, columns=tuple(columns)))


def change_look(document: Document, values: Mapping[str, str]) -> Document:
    """Return the document with these values of its look; raises NotValid with the name of the field."""
    look = dict(document.look) | _taken(values, LOOK)
    for name, value in look.items():
        if not value:
            raise NotValid(name, Wrong.colour)
    return replace(document, look=look)


def change_preheader(document: Document, text: str) -> Document:
    """Return the document with the line that mail programs show beside the subject; raises NotValid."""
    return _checked(replace(document, preheader=checked(text, PREHEADER, "preheader")))


def move_block(document: Document, id: str, row: str, column: int, place: int) -> Document:
    """Return the document with a block at a place of a column, counted without it; raises Gone.

    The row that it leaves goes too when it had one column and nothing else.
    """
    block, left = block_of(document, id), place_of(document, id)[0]
    row_of(document, row)
    document = _with_block(_without_block(document, id), block, row, column, place)
    return delete_row(document, left) if row_of(document, left).columns == ((),) else document


def step_block(document: Document, id: str, way: Way) -> Document:
    """Return the document with a block one place further, over the ends of rows too; at the edge nothing changes."""
    row_id, column, at = place_of(document, id)
    number = row_at(document, row_id)
    columns = document.rows[number].columns
    if way in (Way.left, Way.right):
        to = column + (1 if way is Way.right else -1)
        return move_block(document, id, row_id, to, at) if 0 <= to < len(columns) else document
    if way is Way.up and at > 0:
        return move_block(document, id, row_id, column, at - 1)
    if way is Way.down and at < len(columns[column]) - 1:
        return move_block(document, id, row_id, column, at + 1)
    other = number + (1 if way is Way.down else -1)
    if not 0 <= other < len(document.rows):
        return document
    beside = document.rows[other]
    if len(columns) == len(beside.columns) == 1 and len(columns[0]) == 1:
        return step_row(document, row_id, way)
    to = min(column, len(beside.columns) - 1)
    return move_block(document, id, beside.id, to, 0 if way is Way.down else len(beside.columns[to]))


def move_row(document: Document, id: str, place: int) -> Document:
    """Return the document with a row at a place, counted without it; raises Gone."""
    row = row_of(document, id)
    rows = [each for each in document.rows if each.id != id]
    rows.insert(max(place, 0), row)
    return replace(document, rows=tuple(rows))


def step_row(document: Document, id: str, way: Way) -> Document:
    """Return the document with a row one place up or down; at the edge nothing changes."""
    return move_row(document, id, row_at(document, id) + (1 if way is Way.down else -1))


def duplicate_block(document: Document, id: str) -> tuple[Document, str]:
    """Return the document with a copy of a block behind it, and the copy's id."""
    row, column, at = place_of(document, id)
    copy = replace(block_of(document, id), id=f"b{document.next}")
    return _checked(_with_block(replace(document, next=document.next + 1), copy, row, column, at + 1)), copy.id


def duplicate_row(document: Document, id: str) -> tuple[Document, str]:
    """Return the document with a copy of a row and of all that it holds behind it, and the copy's id."""
    row, number = row_of(document, id), document.next
    columns: list[tuple[Block, ...]] = []
    for column in row.columns:
        copies = []
        for block in column:
            number += 1
            copies.append(replace(block, id=f"b{number}"))
        columns.append(tuple(copies))
    copy = replace(row, id=f"r{document.next}", columns=tuple(columns))
    rows = list(document.rows)
    rows.insert(row_at(document, id) + 1, copy)
    return _checked(replace(document, rows=tuple(rows), next=number + 1)), copy.id


def delete_block(document: Document, id: str) -> Document:
    """Return the document without a block; the row stays while it has more than one column; raises Gone."""
    row_id, _, _ = place_of(document, id)
    document = _without_block(document, id)
    return delete_row(document, row_id) if row_of(document, row_id).columns == ((),) else document


def delete_row(document: Document, id: str) -> Document:
    """Return the document without a row and all that it holds; raises Gone."""
    row_of(document, id)
    return replace(document, rows=tuple(row for row in document.rows if row.id != id))


def _taken(values: Mapping[str, str], fields: Mapping[str, Field]) -> dict[str, str]:
    for name in values:
        if name not in fields:
            raise NotValid(name, Wrong.shape)
    return {name: checked(value, fields[name], name) for name, value in values.items()}


def _checked(document: Document) -> Document:
    check(document)
    return document


def _with_row(document: Document, row: Row) -> Document:
    return replace(document, rows=tuple(row if each.id == row.id else each for each in document.rows))


def _with_block(document: Document, block: Block, row_id: str, column: int, place: int | None) -> Document:
    row = row_of(document, row_id)
    columns = [list(each) for each in row.columns]
    at = columns[min(max(column, 0), len(columns) - 1)]
    at.insert(len(at) if place is None else max(place, 0), block)
    return _with_row(document, replace(row, columns=tuple(map(tuple, columns))))


def _without_block(document: Document, id: str) -> Document:
    rows = [
        replace(row, columns=tuple(tuple(block for block in column if block.id != id) for column in row.columns))
        for row in document.rows
    ]
    return replace(document, rows=tuple(rows))


def _each_block(document: Document, change: Callable[[Block], Block]) -> Document:
    rows = [
        replace(row, columns=tuple(tuple(change(block) for block in column) for column in row.columns))
        for row in document.rows
    ]
    return replace(document, rows=tuple(rows))
