"""A mail made of blocks as JSON with a version: read with every part checked, written always alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from wem.mailings.block_rules import (
    BACKGROUND,
    FIELDS,
    ID,
    LAYOUTS,
    LOOK,
    MOST_CHARACTERS,
    PREHEADER,
    Block,
    BlockKind,
    Document,
    Field,
    NotValid,
    Row,
    Wrong,
    check,
    checked,
)

VERSION = 1
# Names and brackets come on top of what is written in a document.
MOST_JSON = 2 * MOST_CHARACTERS


def read(source: str) -> Document:
    """Return the document of a JSON text, older versions brought up to date; raises NotValid with the place."""
    if len(source) > MOST_JSON:
        raise NotValid("", Wrong.too_long)
    try:
        data = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise NotValid("", Wrong.json) from error
    version = data.get("version") if isinstance(data, dict) else None
    while type(version) is int and version in UPGRADES:
        data = UPGRADES[version](data)
        version = data["version"]
    if type(version) is not int or version != VERSION:
        raise NotValid("version", Wrong.version)
    data = _shaped(data, {"version": int, "next": int, "look": dict, "preheader": str, "rows": list}, "")
    look = _values(data["look"], LOOK, "look")
    if any(not look[name] for name in LOOK):
        raise NotValid("look", Wrong.colour)
    rows = tuple(_row(each, f"rows.{at}") for at, each in enumerate(data["rows"]))
    document = Document(rows, look, checked(data["preheader"], PREHEADER, "preheader"), data["next"])
    check(document)
    return document


# From the version of a stored document to the next one: `{1: of_version_2}` once there are two.
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


def write(document: Document) -> str:
    """Return the document as JSON: the same document is always the same text."""
    data = {
        "version": VERSION,
        "next": document.next,
        "preheader": document.preheader,
        "look": dict(document.look),
        "rows": [
            {
                "id": row.id,
                "layout": row.layout,
                "background": row.background,
                "columns": [
                    [{"id": block.id, "kind": block.kind.value, "values": dict(block.values)} for block in column]
                    for column in row.columns
                ],
            }
            for row in document.rows
        ],
    }
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _row(data: Any, place: str) -> Row:
    data = _shaped(data, {"id": str, "layout": str, "background": str, "columns": list}, place)
    if data["layout"] not in LAYOUTS:
        raise NotValid(f"{place}.layout", Wrong.choice)
    if len(data["columns"]) != len(LAYOUTS[data["layout"]]):
        raise NotValid(f"{place}.columns", Wrong.shape)
    columns = []
    for at, column in enumerate(data["columns"]):
        if not isinstance(column, list):
            raise NotValid(f"{place}.columns.{at}", Wrong.shape)
        columns.append(tuple(_block(each, f"{place}.columns.{at}.{number}") for number, each in enumerate(column)))
    background = checked(data["background"], BACKGROUND, f"{place}.background")
    return Row(_id(data["id"], "r", place), data["layout"], background, tuple(columns))


def _block(data: Any, place: str) -> Block:
    data = _shaped(data, {"id": str, "kind": str, "values": dict}, place)
    if data["kind"] not in list(BlockKind):
        raise NotValid(f"{place}.kind", Wrong.choice)
    kind = BlockKind(data["kind"])
    return Block(_id(data["id"], "b", place), kind, _values(data["values"], FIELDS[kind], place))


def _id(id: str, letter: str, place: str) -> str:
    found = ID.fullmatch(id)
    if not found or found[1] != letter:
        raise NotValid(f"{place}.id", Wrong.id)
    return id


def _values(data: Mapping[str, Any], fields: Mapping[str, Field], place: str) -> dict[str, str]:
    _shaped(data, dict.fromkeys(fields, str), place)
    return {name: checked(data[name], each, f"{place}.{name}") for name, each in fields.items()}


def _shaped(data: Any, types: Mapping[str, type], place: str) -> dict[str, Any]:
    """Return an object that has exactly these members, of these types."""
    if not isinstance(data, dict):
        raise NotValid(place, Wrong.shape)
    for name in sorted(data.keys() ^ types.keys()):
        raise NotValid(f"{place}.{name}".lstrip("."), Wrong.shape)
    for name, type_ in types.items():
        if type(data[name]) is not type_:
            raise NotValid(f"{place}.{name}".lstrip("."), Wrong.shape)
    return data
