"""The plan of erasure as SQL: which rows of a table are a customer's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from wem.db import Base
from wem.documents import Document
from wem.erasure import plan_rules
from wem.erasure.plan_rules import PLAN, Rows, Way
from wem.erasure.rules import Phase
from wem.inquiries.models import Inquiry, InquiryEntry, InquiryFile, Writer
from wem.lists.upload_models import Upload
from wem.outbox import OutboxMail

_BY_READER = sa.select(Inquiry.id).where(Inquiry.writer == Writer.reader)
# (table, name in the plan): of a customer's rows these alone.
CONDITIONS: dict[tuple[str, str], sa.ColumnElement[bool]] = {
    ("outbox_mail", "to_readers"): sa.or_(OutboxMail.kind.startswith("reader_"), OutboxMail.kind == "test_copy"),
    ("inquiry", "by_reader"): Inquiry.writer == Writer.reader,
    ("inquiry_entry", "by_reader"): InquiryEntry.inquiry_id.in_(_BY_READER),
    ("inquiry_file", "by_reader"): InquiryFile.entry_id.in_(
        sa.select(InquiryEntry.id).where(InquiryEntry.inquiry_id.in_(_BY_READER))
    ),
    ("document", "no_book"): sa.not_(
        sa.or_(Document.about.startswith("invoice "), Document.about.startswith("payment "))
    ),
}
# A column that holds the key of a file within other words.
WITHIN: dict[tuple[str, str], Callable[[], sa.ColumnElement[Any]]] = {
    ("upload", "evidence"): lambda: Upload.statement["evidence"].as_string()
}


def table_of(name: str) -> sa.Table:
    return Base.metadata.tables[name]


def whose(name: str, rows: Rows, customer_id: int) -> sa.ColumnElement[bool]:
    """Return the condition on a table's rows that are a customer's, and of which this line of the plan speaks."""
    owned = _owned(name, rows.ways, customer_id)
    return sa.and_(owned, CONDITIONS[name, rows.only]) if rows.only else owned


def _owned(name: str, ways: tuple[Way, ...], customer_id: int) -> sa.ColumnElement[bool]:
    return sa.or_(*(_by(table_of(name).c[way.column], way, customer_id) for way in ways))


def _by(column: sa.Column[Any], way: Way, customer_id: int) -> sa.ColumnElement[bool]:
    if not way.table:
        return column == customer_id
    parent = table_of(way.table)
    return column.in_(sa.select(parent.c[way.key]).where(_owned(way.table, PLAN[way.table][0].ways, customer_id)))


def file_columns(name: str, rows: Rows) -> list[sa.ColumnElement[Any]]:
    """Return the columns of a table that hold keys of files."""
    return [WITHIN[name, column]() if (name, column) in WITHIN else table_of(name).c[column] for column in rows.files]


def gone_in(phase: Phase) -> list[tuple[str, Rows]]:
    """Return what is deleted in a phase, whoever names another's rows before it."""
    lines = {name: [rows for rows in planned if rows.gone is phase] for name, planned in PLAN.items()}
    tables = [name for name, rows in lines.items() if rows]
    return [(name, rows) for name in plan_rules.order(tables, _named_by()) for rows in lines[name]]


def blanked_in(phase: Phase) -> list[tuple[str, Rows]]:
    """Return what loses its words in a phase."""
    return [(name, rows) for name, planned in PLAN.items() for rows in planned if rows.blanked is phase]


def _named_by() -> list[tuple[str, str]]:
    keys = [(table.name, key.column.table.name) for table in Base.metadata.sorted_tables for key in table.foreign_keys]
    ways = [(name, way.table) for name, planned in PLAN.items() for rows in planned for way in rows.ways if way.table]
    return keys + ways
