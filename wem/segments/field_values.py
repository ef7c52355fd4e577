"""What stands in a reader's field, in SQL: the same on both databases, and never an error for a strange value."""

from __future__ import annotations

import string
from typing import Any

import sqlalchemy as sa

from wem.db import db
from wem.lists.subscription_models import Subscriber

Sql = sa.ColumnElement[Any]


def text_of(key: str) -> Sql:
    """Return the text of a field; null where there is none, also where it is of another kind."""
    if _postgresql():
        return sa.case((_type(key) == "string", sa.func.jsonb_extract_path_text(Subscriber.fields, key)))
    return sa.case((_type(key) == "text", sa.func.json_extract(Subscriber.fields, _path(key))))


def number_of(key: str) -> Sql:
    """Return the number of a field as a double; null as above."""
    if _postgresql():
        # The case comes first: a cast of anything else would end the whole query.
        written = sa.func.jsonb_extract_path_text(Subscriber.fields, key)
        return sa.case((_type(key) == "number", sa.cast(written, sa.Double)))
    return sa.case((_type(key).in_(["integer", "real"]), sa.func.json_extract(Subscriber.fields, _path(key))))


def is_true(key: str) -> Sql:
    """Return whether yes stands in a field; null where there is nothing."""
    return _is_boolean(key, "true")


def is_false(key: str) -> Sql:
    """Return whether no stands in a field; null where there is nothing."""
    return _is_boolean(key, "false")


def _is_boolean(key: str, value: str) -> Sql:
    if _postgresql():
        written = sa.func.jsonb_extract_path_text(Subscriber.fields, key)
        return sa.and_(_type(key) == "boolean", written == value)
    return _type(key) == value


def chosen(key: str, options: tuple[str, ...]) -> list[Sql]:
    """Return for each option whether it is among the choices in a field."""
    if _postgresql():
        inside = sa.func.jsonb_extract_path(Subscriber.fields, key)
        return [sa.func.jsonb_exists(inside, option) for option in options]
    found: list[Sql] = []
    for option in options:
        each = sa.func.json_each(Subscriber.fields, _path(key)).table_valued("value", name=f"each_{len(found)}")
        found.append(sa.exists(sa.select(sa.literal(1)).select_from(each).where(each.c.value == option)))
    return found


def how_many_chosen(key: str) -> Sql:
    """Return how many choices stand in a field; null where there is none."""
    if _postgresql():
        inside = sa.func.jsonb_extract_path(Subscriber.fields, key)
        return sa.case((_type(key) == "array", sa.func.jsonb_array_length(inside)))
    return sa.case((_type(key) == "array", sa.func.json_array_length(Subscriber.fields, _path(key))))


def plain(text: Sql) -> Sql:
    """Return a text with A–Z as a–z: nothing else, for the databases differ in everything else."""
    if _postgresql():
        return sa.func.translate(text, string.ascii_uppercase, string.ascii_lowercase)
    return sa.func.lower(text)


def plain_value(text: str) -> str:
    """Return the same of a value that is compared with it."""
    return text.translate(str.maketrans(string.ascii_uppercase, string.ascii_lowercase))


def holds(text: Sql, part: str) -> Sql:
    """Return whether a text holds another, character by character."""
    return (sa.func.strpos if _postgresql() else sa.func.instr)(text, part) > 0


def by_code(text: Sql) -> Sql:
    """Return a text that is ordered by its codes, whatever the language of the database."""
    return sa.collate(text, "C") if _postgresql() else text


def _type(key: str) -> Sql:
    if _postgresql():
        return sa.func.jsonb_typeof(sa.func.jsonb_extract_path(Subscriber.fields, key))
    return sa.func.json_type(Subscriber.fields, _path(key))


def _path(key: str) -> str:
    # A key is letters of any script, digits and _.
    return f'$."{key}"'


def _postgresql() -> bool:
    return bool(db.engine.dialect.name == "postgresql")
