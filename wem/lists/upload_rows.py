"""One record of an uploaded file checked: what becomes of it, and why it is refused if so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from json.encoder import encode_basestring  # type: ignore[attr-defined]
from typing import Any

from wem.lists.reading import Row
from wem.lists.rules import Address, ValueProblem, domain_group, mask_cells, read_address, read_value, shown_value
from wem.lists.rules import mask_text as mask_text
from wem.lists.states import RowState

# The columns of upload_row, in the order of a checked row.
COLUMNS = (
    "upload_id", "record", "state", "address", "address_key", "address_hash", "domain_group", "fields", "problem",
    "place",
)  # fmt: skip
Checked = tuple[int, int, int, str | None, str | None, bytes | None, str | None, str | None, str | None, str | None]
# Under this key the fields of a refused row hold what stood in the cell, masked where it could be an address.
SAID = "said"
GOOD, BAD = int(RowState.good), int(RowState.bad)


@dataclass(frozen=True)
class ValueColumn:
    """A column of the file that goes into a field."""

    column: int
    key: str
    kind: str
    options: list[str] = field(default_factory=list)
    required: bool = False


def column_names(header: Sequence[str], columns: int) -> list[str]:
    """Return how the report names each column: its heading, never a readable address; `#3` without one."""
    masked = [" ".join(name.split())[:100] for name in mask_cells(header, None)]
    return [masked[n] if n < len(masked) and masked[n] else f"#{n + 1}" for n in range(columns)]


class RowChecker:
    """Checks records for one upload; made once, called a million times."""

    def __init__(
        self,
        upload_id: int,
        address: int,
        values: Sequence[ValueColumn],
        names: Sequence[str],
        hashed: Callable[[str], bytes],
        *,
        keep_address: bool = True,
    ) -> None:
        self._upload_id, self._address, self._hashed, self._keep = upload_id, address, hashed, keep_address
        self._names = names
        self._values = [(value.column, _fragment_reader(value)) for value in values]
        self._group = lru_cache(maxsize=4096)(lambda domain: domain_group(domain).value)

    def __call__(self, row: Row) -> Checked:
        """Return the row of upload_row for a record.

        A refused one keeps a masked address, names the column and shows what stood there.
        """
        number, cells, problem = row
        if problem is not None:
            return self._refused(number, cells, problem.value)
        found = read_address(cells[self._address])
        if not isinstance(found, Address):
            return self._refused(number, cells, found.value, self._address)
        parts = []
        for column, read in self._values:
            fragment = read(cells[column])
            if fragment is None:
                continue
            if isinstance(fragment, ValueProblem):
                return self._refused(number, cells, fragment.value, column)
            parts.append(fragment)
        address, key, domain = found
        if not self._keep:
            # Stop lists and endings need to find the reader, nothing else.
            return (self._upload_id, number, GOOD, None, key, self._hashed(key), None, None, None, None)
        fields = "{" + ",".join(parts) + "}"
        hashed = self._hashed(key)
        return (self._upload_id, number, GOOD, address, key, hashed, self._group(domain), fields, None, None)

    def _refused(self, number: int, cells: Sequence[str], problem: str, column: int | None = None) -> Checked:
        cell = cells[self._address] if self._address < len(cells) else ""
        masked = mask_text(cell).replace("\0", "")[:320]
        place, said = "", None
        if column is not None:
            place, value = self._names[column], shown_value(cells[column], of_address=column == self._address)
            said = f"{{{encode_basestring(SAID)}:{encode_basestring(value)}}}"
        return (self._upload_id, number, BAD, masked, None, None, None, said, problem, place)


def _fragment_reader(value: ValueColumn) -> Callable[[str], str | None]:
    """Return a function from a cell to its part of the JSON of the fields; None for an empty one, or a ValueProblem."""
    prefix = encode_basestring(value.key) + ":"
    kind, options, required = value.kind, tuple(value.options), value.required

    def fragment(cell: str) -> str | None:
        found: Any = read_value(kind, cell, options, required=required)
        if found is None or isinstance(found, ValueProblem):
            return found
        return prefix + _json(found)

    # Texts are nearly all different; dates, choices and numbers come again and again.
    return fragment if kind == "text" else lru_cache(maxsize=8192)(fragment)


def _json(value: str | bool | int | float | list[str]) -> str:
    match value:
        case str():
            return str(encode_basestring(value))
        case bool():
            return "true" if value else "false"
        case list():
            return "[" + ",".join(map(encode_basestring, value)) + "]"
    return repr(value)
