"""The clauses of the terms, from the product's own copy of them, and the rows of docs/terms-coverage.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wem.contracts.text_rules import FIRST
from wem.public import terms_reading
from wem.settings import ROOT

PAGE = ROOT / "docs" / "terms-coverage.md"
# Instead of a test: what waits for a part of WeM that is not there yet.
LATER = re.compile(r"– \((billing|later: [a-z][a-z ,-]+)\)")


@dataclass(frozen=True)
class Row:
    clause: str
    what: str
    code: str
    test: str

    @property
    def tests(self) -> list[str]:
        return re.findall(r"`([^`]+)`", self.test)

    @property
    def files(self) -> list[str]:
        """The files of the code that the row names; beside them stand names of classes and functions."""
        return [name for name in re.findall(r"`([^`]+)`", self.code) if "/" in name]


def clauses() -> list[str]:
    """Return every clause as the table writes it, in the order of the terms: `4-3`, `12禁8`, `12登-3`, `同意5`.

    The number 20 of the prohibited acts and Article 10 are missing in the terms as they were issued.
    """
    return [*_of_articles(), *_of_consent()]


def _of_articles() -> Iterator[str]:
    for article in terms_reading.terms(FIRST, FIRST).articles:
        numbers = [clause.number for clause in article.clauses if clause.number is not None]
        match article.anchor:
            case "a12":
                yield from (f"12禁{number}" for number in numbers)
                assert any("特約" in clause.text for clause in article.clauses)
                yield "12特約"
            case "a12b":
                yield from (f"12登-{number}" for number in numbers)
            case _ if numbers:
                yield from (f"{article.number}-{number}" for number in numbers)
            case _:
                yield str(article.number)


def _of_consent() -> Iterator[str]:
    """The consent clauses have no numbers: those of the specification, without ①–④ that belong to one and その他."""
    lines = terms_reading.terms(FIRST, FIRST).consent
    parts = [line for line in lines if not re.match("[①-⑳]|その他$", line)]
    yield from (f"同意{number}" for number in range(1, len(parts) + 1))


def rows(text: str) -> list[Row]:
    """Return the rows of the table in their order."""
    found = []
    for line in text.splitlines():
        if line.startswith("|") and not re.match(r"\|( clause |-| -)", line):
            cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
            assert len(cells) == 4, line
            found.append(Row(*cells))
    return found
