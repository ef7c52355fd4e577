"""The labelled mails of tests/data/mails, and how many of them the reader gets right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wem.bounces.reading import read
from wem.bounces.states import Kind

MAILS = Path(__file__).parent.parent / "data" / "mails"


@dataclass(frozen=True)
class Labelled:
    """One mail and what is known of it."""

    name: str
    raw: bytes
    label: dict[str, Any]


def labelled(folder: str) -> Iterator[Labelled]:
    """Yield the mails of a folder whose labels are beyond doubt."""
    for line in (MAILS / folder / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        if not label.get("ambiguous"):
            yield Labelled(label["file"], (MAILS / folder / label["file"]).read_bytes(), label)


def all_mails() -> list[bytes]:
    """Return every mail, whatever is known of it."""
    return [path.read_bytes() for path in sorted(MAILS.glob("*/mail/*"))]


@dataclass
class Score:
    """How right the reader is, as inbound.md 3 counts it."""

    mails: int = 0
    exact: int = 0
    classes: int = 0
    classes_right: int = 0
    hard: int = 0
    hard_found: int = 0
    hard_said: int = 0
    hard_right: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, mail: Labelled) -> None:
        said = {each.address.lower(): each.severity.value for each in read(mail.raw).recipients}
        known = {address.lower() for address in mail.label.get("optional", [])}
        exact = True
        for expected in mail.label["recipients"]:
            names = {expected["address"].lower(), *(each.lower() for each in expected["aliases"])}
            known |= names
            found = next((said[name] for name in said if name in names), None)
            exact &= found is not None
            self._class(expected.get("class"), found, mail.name)
        exact &= set(said) <= known
        self.mails += 1
        self.exact += exact
        if not exact:
            self.wrong.append(f"{mail.name}: {said}")

    def _class(self, expected: str | None, found: str | None, name: str) -> None:
        if not expected:
            return
        self.classes += 1
        self.classes_right += expected == found
        self.hard += expected == "hard"
        self.hard_found += expected == "hard" == found
        self.hard_said += found == "hard"
        self.hard_right += expected == "hard" == found
        if expected != found:
            self.wrong.append(f"{name}: {found} instead of {expected}")


def is_taken_for_bounce(raw: bytes) -> bool:
    return read(raw).kind is Kind.bounce
