"""Which column of an uploaded file is what: guessed, chosen by a person, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from wem.lists.reading import FileShape, Row, rows
from wem.lists.rules import choices_in, field_key, guess_columns, guess_kind, mask_cells
from wem.lists.states import FieldKind
from wem.lists.upload_rows import column_names

IGNORE, ADDRESS, FIELD, NEW = "", "address", "field:", "new:"
SHOWN = 5
# Enough rows to see every choice that a column holds.
LOOKED_AT = 20_000


@dataclass
class ColumnChoice:
    """What a person chose for one column: `use` is empty, address, field:<key> or new:<kind>."""

    column: int
    name: str
    samples: list[str]
    use: str = IGNORE
    label: str = ""
    error: str = ""

    @property
    def key(self) -> str | None:
        """Return the key of the field that is there already."""
        return self.use.removeprefix(FIELD) if self.use.startswith(FIELD) else None

    @property
    def new_kind(self) -> str | None:
        """Return the kind of the field that is to be made."""
        return self.use.removeprefix(NEW) if self.use.startswith(NEW) else None


@dataclass
class ColumnChoices:
    """All columns of a file, and what is wrong with the choices as a whole (msgids)."""

    columns: list[ColumnChoice]
    errors: list[str] = field(default_factory=list)

    @property
    def address(self) -> int | None:
        return next((column.column for column in self.columns if column.use == ADDRESS), None)


def sample_rows(path: Path, shape: FileShape, number: int) -> list[Row]:
    """Return the first records that can be read; readable addresses, never to be shown as they are."""
    return list(islice((row for row in rows(path, shape) if row.problem is None), number))


def guessed(path: Path, shape: FileShape, labels: Mapping[str, str], *, address_only: bool) -> ColumnChoices:
    """Return the columns with the uses that suggest themselves; `labels` are the customer's fields by key."""
    sample = [row.cells for row in sample_rows(path, shape, 100)]
    header = shape.header or [""] * shape.columns
    guess = guess_columns(header, sample, labels, has_header=bool(shape.header))
    columns = _columns(shape, sample, guess.address)
    for choice in columns:
        values = [cells[choice.column] for cells in sample if choice.column < len(cells)]
        if choice.column == guess.address:
            choice.use = ADDRESS
        elif address_only:
            continue
        elif choice.column in guess.fields:
            choice.use = FIELD + guess.fields[choice.column]
        elif choice.label and not any("@" in value for value in values):
            choice.use = NEW + guess_kind(values)
    return ColumnChoices(columns)


def _columns(shape: FileShape, sample: Sequence[Sequence[str]], address: int | None) -> list[ColumnChoice]:
    names = column_names(shape.header, shape.columns)
    shown = [mask_cells(cells, address) for cells in sample[:SHOWN]]
    return [
        ColumnChoice(
            column,
            name,
            [cells[column][:60] for cells in shown if column < len(cells)],
            label="" if name.startswith("#") or "@" in name else name,
        )
        for column, name in enumerate(names)
    ]


def chosen(
    path: Path, shape: FileShape, labels: Mapping[str, str], answers: Mapping[str, str], *, address_only: bool
) -> ColumnChoices:
    """Return the columns as a person answered (`use-0`, `label-0` …), with what is wrong beside each."""
    sample = [row.cells for row in sample_rows(path, shape, SHOWN)]
    choices = ColumnChoices(_columns(shape, sample, None))
    seen: set[str] = set()
    for choice in choices.columns:
        choice.use = answers.get(f"use-{choice.column}", IGNORE)
        # The heading is the name unless a person gives another one.
        choice.label = " ".join(answers.get(f"label-{choice.column}", "").split())[:100] or choice.label
        choice.error = _wrong(choice, labels, seen, address_only)
        seen.add(choice.use)
    if choices.address is None:
        choices.errors.append("Choose the column that holds the e-mail addresses.")
    choices.errors += dict.fromkeys(choice.error for choice in choices.columns if choice.error)
    if choices.address is not None:
        choices.columns = _masked_anew(choices, sample)
    return choices


def _masked_anew(choices: ColumnChoices, sample: Sequence[Sequence[str]]) -> list[ColumnChoice]:
    shown = [mask_cells(cells, choices.address) for cells in sample]
    for choice in choices.columns:
        choice.samples = [cells[choice.column][:60] for cells in shown if choice.column < len(cells)]
    return choices.columns


def _wrong(choice: ColumnChoice, labels: Mapping[str, str], seen: set[str], address_only: bool) -> str:
    if choice.use in (IGNORE, ADDRESS):
        return "Only one column can hold the e-mail addresses." if choice.use == ADDRESS and ADDRESS in seen else ""
    if address_only:
        return "Only the e-mail addresses are needed from this file."
    if choice.key is not None:
        if choice.key not in labels:
            return "This field is no longer there. Please choose another one."
        return "Two columns cannot go into the same field." if choice.use in seen else ""
    if choice.new_kind not in set(FieldKind):
        return "Please choose what to do with this column."
    if not choice.label:
        return "A new field needs a name."
    return "The name of a field cannot hold a mail address." if "@" in choice.label or "＠" in choice.label else ""


def mapping_of(choices: ColumnChoices, path: Path, shape: FileShape, taken: Collection[str]) -> dict[str, Any]:
    """Return the mapping to store; new fields get a key that is free, and the choices that the file holds."""
    assert choices.address is not None
    used = set(taken)
    news = [choice for choice in choices.columns if choice.new_kind]
    with_options = [c for c in news if c.new_kind in (FieldKind.choice, FieldKind.choices)]
    sample = [row.cells for row in sample_rows(path, shape, LOOKED_AT)] if with_options else []
    made = []
    for choice in news:
        key = field_key(choice.label, used)
        used.add(key)
        values = [cells[choice.column] for cells in sample]
        options = choices_in(values, choice.new_kind or "")[:200] if choice in with_options else []
        made.append(
            {"column": choice.column, "key": key, "label": choice.label, "kind": choice.new_kind, "options": options}
        )
    fields = {str(choice.column): choice.key for choice in choices.columns if choice.key is not None}
    return {"address": choices.address, "fields": fields, "new": made}


def stored(mapping: Mapping[str, Any]) -> dict[str, str]:
    """Return a stored mapping as the answers that made it."""
    answers = {f"use-{mapping['address']}": ADDRESS}
    answers |= {f"use-{column}": FIELD + key for column, key in mapping.get("fields", {}).items()}
    for new in mapping.get("new", []):
        answers |= {f"use-{new['column']}": NEW + new["kind"], f"label-{new['column']}": new["label"]}
    return answers
