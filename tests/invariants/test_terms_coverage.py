"""Every clause of the terms has its row in docs/terms-coverage.md, and what the row names is there and is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from tests.invariants.terms_table import LATER, PAGE, Row, clauses, rows
from wem.settings import ROOT

TABLE = rows(PAGE.read_text("utf-8"))


def test_the_clauses_are_those_of_the_terms(app) -> None:
    found = clauses()
    assert len(found) == len(set(found))
    prohibited = [clause for clause in found if clause.startswith("12禁")]
    assert prohibited == [f"12禁{number}" for number in range(1, 25) if number != 20]
    assert [clause for clause in found if clause.startswith("同意")] == [f"同意{number}" for number in range(1, 8)]
    for clause in ("1-1", "4-7", "12特約", "12登-3", "16", "18", "20", "24", "25-2"):
        assert clause in found
    assert not any(clause.startswith("10") for clause in found), "Article 10 is missing in the terms as issued"


def test_every_clause_has_one_row_in_the_order_of_the_terms(app) -> None:
    expected, written = clauses(), [row.clause for row in TABLE]
    assert [clause for clause in expected if clause not in written] == []
    assert [clause for clause in written if clause not in expected] == []
    assert written == expected, "one row for each clause, in the order of the terms"


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.clause)
def test_what_a_row_names_is_there(row: Row) -> None:
    assert row.what, "say what WeM does"
    for file in row.files:
        assert (ROOT / file).exists(), file
    if LATER.fullmatch(row.test):
        return
    assert row.tests, f"name a test, or one of: – (billing), – (later: …); not {row.test!r}"
    for name in row.tests:
        file, _, function = name.partition("::")
        assert (ROOT / file).is_file() and file.startswith("tests/"), file
        run = dict(run_in(file))
        assert run, f"{file} has no test that is run"
        if function:
            assert function in run, f"{function} is not a test of {file} that is run"


@cache
def run_in(file: str) -> tuple[tuple[str, int], ...]:
    """Return (name, line) of the tests of a file that pytest collects and nothing skips."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    if any(_skips(statement) for statement in tree.body if isinstance(statement, ast.Assign)):
        return ()
    return tuple(_run(tree.body))


def _run(body: list[ast.stmt]) -> Iterator[tuple[str, int]]:
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            if not any(_skips(decorator) for decorator in node.decorator_list):
                yield node.name, node.lineno
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _run(node.body)


def _skips(node: ast.AST) -> bool:
    """Return whether this keeps tests from being run: skip, or xfail without running."""
    return any(isinstance(each, ast.Attribute) and each.attr in ("skip", "xfail") for each in ast.walk(node))


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def test_a(): pass\ndef helper(): pass", ["test_a"]),
        ("@pytest.mark.skip\ndef test_a(): pass\ndef test_b(): pass", ["test_b"]),
        ('@pytest.mark.skip(reason="x")\ndef test_a(): pass', []),
        ("@pytest.mark.xfail\ndef test_a(): pass", []),
        ("@pytest.mark.both_databases\ndef test_a(): pass", ["test_a"]),
    ],
)
def test_what_counts_as_run(source: str, names: list[str]) -> None:
    assert [name for name, _ in _run(ast.parse(source).body)] == names


@pytest.mark.parametrize(
    ("cell", "good"),
    [
        ("– (billing)", True),
        ("– (later: erasure)", True),
        ("– (later: cases)", True),
        ("–", False),
        ("", False),
        ("– (later)", False),
        ("see elsewhere", False),
    ],
)
def test_what_may_stand_instead_of_a_test(cell: str, good: bool) -> None:
    assert bool(LATER.fullmatch(cell)) is good
