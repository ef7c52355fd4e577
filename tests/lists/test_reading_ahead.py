"""The reader in a process of its own: same items, same errors, gone when it is not needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import count

import pytest

from wem.lists.problems import FileProblem, UnreadableFile
from wem.lists.reading_ahead import ReaderDied, ahead

ROWS = [(1, 2, 0, "a@x.example", None, b"\0\xff", '{"氏名":"髙橋"}'), (1, 3, 1, None, "k", b"", None)]


def children() -> set[str]:
    pid = os.getpid()
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return set(file.read().split())


def test_the_items_come_as_they_are() -> None:
    assert list(ahead(iter([ROWS, [], ROWS * 5000]))) == [ROWS, [], ROWS * 5000]


def test_who_stops_early_leaves_no_process() -> None:
    before = children()
    with closing(ahead([n] * 1000 for n in count())) as items:
        assert next(items) == [0] * 1000
        assert len(children() - before) == 1
    assert children() == before


def test_an_unreadable_file_is_one_here_too() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise UnreadableFile(FileProblem.BROKEN_WORKBOOK)

    got = ahead(items())
    assert next(got) == 1
    with pytest.raises(UnreadableFile) as caught:
        next(got)
    assert caught.value.problem is FileProblem.BROKEN_WORKBOOK


def test_any_other_error_is_told() -> None:
    with pytest.raises(ReaderDied, match="ZeroDivisionError"):
        list(ahead(1 // n for n in (1, 0)))


def test_a_killed_reader_is_no_end_of_file() -> None:
    def items() -> Iterator[int]:
        yield 1
        os._exit(9)

    with pytest.raises(ReaderDied):
        list(ahead(items()))
