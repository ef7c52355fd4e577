"""docs/data-map.md knows every table that can name or reach a person (同意2, 5)."""

from __future__ import annotations

import re

from wem import models
from wem.db import Base
from wem.settings import ROOT

PAGE = ROOT / "docs" / "data-map.md"
# Parts of column names that can hold something about a person.
PERSONAL = re.compile(
    r"(?:^|_)(?:email|kana|address|phone|person|people|ip|user_agent|recipient|requester|claimant|passage|entries"
    r"|fields|answers|wish|to_name|ordered_by|sealed|account_id|subscriber_id)(?:$|_)"
)
# table: why such a column is about nobody, or which row of the map speaks of it.
NOT_PERSONAL = {
    "address_count": "a number",
    "hit": "a reader's number, which goes with the reader",
    "first_hit": "the same",
    "stop": "the same",
    "removal_review": "the same",
    "operation_work": "who of staff worked on an order: `operation_order`, `audit_event`",
    "blank_mail": "texts of answers, and counters",
    "lent_address": "an address of the service",
    "domain_key": "a sealed DKIM key",
    "deletion": "a record of what we deleted",
}


def rows() -> dict[str, list[str]]:
    """Return the cells of the map by table."""
    found = {}
    for line in PAGE.read_text("utf-8").splitlines():
        if match := re.match(r"\| `(\w+)` \|(.*)\|$", line):
            found[match[1]] = [cell.strip() for cell in match[2].split("|")]
    return found


def test_every_table_with_personal_data_is_in_the_map() -> None:
    assert models
    personal = {
        table.name
        for table in Base.metadata.sorted_tables
        if any(PERSONAL.search(column.name) for column in table.columns)
    }
    unknown = personal - set(rows()) - set(NOT_PERSONAL)
    assert not unknown, f"say in docs/data-map.md whose data these hold, what for and how long: {sorted(unknown)}"
    over = set(NOT_PERSONAL) - {table.name for table in Base.metadata.sorted_tables}
    assert not over, f"no such tables any more: {over}"


def test_the_map_is_filled_in_and_names_what_exists() -> None:
    tables = {table.name for table in Base.metadata.sorted_tables}
    for name, cells in rows().items():
        assert name in tables, f"no such table: {name}"
        assert len(cells) == 6 and all(cells), f"{name}: class, what, purpose, who sees it, how long, erased by"
        assert set(re.split(r",\s*", cells[0])) <= {"C", "P", "R", "T"}, f"{name}: {cells[0]}"


def test_jobs_that_are_named_exist() -> None:
    text = PAGE.read_text("utf-8")
    for domain, file, job in re.findall(r"`wem\.(\w+)\.(\w*jobs)\.(\w+)`", text):
        source = (ROOT / "wem" / domain / f"{file}.py").read_text("utf-8")
        assert f"def {job}(" in source, f"wem.{domain}.{file}.{job}"
