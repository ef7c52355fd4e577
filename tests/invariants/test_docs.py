"""The pages for developers name what exists."""

from __future__ import annotations

import re

from tests.invariants.sources import modules
from wem.settings import ROOT

PAGES = ("docs/architecture.md", "docs/glossary.md", "docs/proofs.md")
SHORT = ("accounts", "contracts", "lists", "delivery", "mailings", "staff", "public", "web", "running")


def test_files_that_are_named_exist() -> None:
    wrong = []
    for page in PAGES:
        for name in re.findall(
            r"`((?:wem|tests|templates|docs|bench|static)/[\w./-]*|\w+/\w+\.py)`", (ROOT / page).read_text("utf-8")
        ):
            if not any((ROOT / place / name).exists() for place in ("", "wem")):
                wrong.append(f"{page}: {name}")
    assert not wrong, wrong


def test_names_that_are_named_exist() -> None:
    """`lists.models.MailingList`: the module is there, and in it the name."""
    code = {module.name: module.path.read_text("utf-8") for module in modules()}
    wrong = []
    for page in PAGES:
        for dotted in re.findall(rf"`((?:{'|'.join(SHORT)})\.\w+(?:\.\w+)*)`", (ROOT / page).read_text("utf-8")):
            if dotted.endswith(".po"):
                continue
            parts = ["wem", *dotted.split(".")]
            depth = next((n for n in range(len(parts), 1, -1) if ".".join(parts[:n]) in code), 0)
            text = code.get(".".join(parts[:depth]), "")
            if not depth or any(not re.search(rf"\b{name}\b", text) for name in parts[depth:]):
                wrong.append(f"{page}: {dotted}")
    assert not wrong, wrong


def test_tests_that_are_named_exist() -> None:
    """A proof that is named stands in the file that is named before it."""
    wrong, file = [], ""
    for name in re.findall(r"`(tests/[\w/]+\.py|test_\w+)`", (ROOT / "docs/proofs.md").read_text("utf-8")):
        if name.endswith(".py"):
            file = (ROOT / name).read_text("utf-8")
        elif f"def {name}(" not in file:
            wrong.append(name)
    assert not wrong, wrong


def test_decisions_are_numbered() -> None:
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
