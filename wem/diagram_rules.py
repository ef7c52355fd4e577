"""Transition tables as docs/states.md draws them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

S = TypeVar("S", bound=enum.StrEnum)
A = TypeVar("A", bound=enum.StrEnum)


@dataclass(frozen=True)
class Diagram:
    """A table with its title, the states in which something begins, and its lines."""

    title: str
    first: tuple[str, ...]
    lines: tuple[tuple[str, str, str], ...]  # from, action, to


def diagram(title: str, table: Mapping[tuple[S, A], S], *first: S) -> Diagram:
    """Return the drawing of a table {(state, action): state}."""
    lines = tuple((state.value, action.value, to.value) for (state, action), to in table.items())
    return Diagram(title, tuple(state.value for state in first), lines)
