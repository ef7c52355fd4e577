"""The acts of the block editor, as its forms ask for them: `act` names one, with the way behind it (`step up`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import abort

from wem.mailings import block_editing, branding
from wem.mailings import block_moving_rules as moving
from wem.mailings.block_forms import tidied
from wem.mailings.block_moving_rules import Way
from wem.mailings.block_rules import LAYOUTS, LOOK, PREHEADER, BlockKind, Document, Field, Form
from wem.mailings.models import Mailing


def change_asked(form: Mapping[str, str], mailing: Mailing, focus: list[str]) -> Callable[[Document], Document]:
    """Return the change that a form of the editor asks for; what is to be looked at next is put into `focus`.

    400 for what no form of ours asks. It raises Gone, NotValid, Refused.
    """
    name, _, to = form.get("act", "").partition(" ")
    block, row = form.get("block", ""), form.get("row", "")

    def change(document: Document) -> Document:
        match name:
            case "add":
                document, id = _added(document, form)
                focus.append(id)
                return document
            case "step":
                focus.append(block)
                return moving.step_block(document, block, _one_of(Way, to))
            case "step-row":
                return moving.step_row(document, row, _one_of(Way, to))
            case "move":
                return moving.move_block(document, block, row, _number(form, "column"), _number(form, "place"))
            case "move-row":
                return moving.move_row(document, row, _number(form, "place"))
            case "duplicate":
                document, id = moving.duplicate_block(document, block)
                focus.append(id)
                return document
            case "duplicate-row":
                return moving.duplicate_row(document, row)[0]
            case "delete":
                return moving.delete_block(document, block)
            case "delete-row":
                return moving.delete_row(document, row)
            case "row":
                ground = tidied(form.get("background", ""), Field(Form.colour)) if form.get("own") else ""
                return moving.change_row(document, row, form.get("layout", ""), ground)
            case "look":
                return moving.change_look(document, {each: form.get(each, "") for each in LOOK})
            case "brand":
                return moving.change_look(document, branding.brand_of(mailing.customer_id).look)
            case "preheader":
                line = tidied(form.get("preheader", ""), PREHEADER)
                block_editing.look_over_line(line, mailing)
                return moving.change_preheader(document, line)
        abort(400)

    return change


def _added(document: Document, form: Mapping[str, str]) -> tuple[Document, str]:
    """Return the document with a block or, by the name of a layout, columns; and the id of what is new."""
    kind, row, before = form.get("kind", ""), form.get("row", ""), form.get("before", "")
    if row:
        return moving.add_block(document, _one_of(BlockKind, kind), row, _number(form, "column"))
    place = moving.row_at(document, before) if before else None
    if kind in LAYOUTS:
        return moving.add_row(document, kind, place)
    document, row = moving.add_row(document, place=place)
    return moving.add_block(document, _one_of(BlockKind, kind), row)


def _one_of(kind: Any, given: str | None) -> Any:
    if given not in list(kind):
        abort(400)
    return kind(given)


def _number(form: Mapping[str, str], name: str) -> int:
    given = form.get(name, "0")
    if not (given.isascii() and given.isdigit() and len(given) < 5):
        abort(400)
    return int(given)
