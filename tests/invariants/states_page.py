"""Writes docs/states.md from the transition tables: python -m tests.invariants.states_page > docs/states.md"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from tests.invariants.sources import module_files
from wem.diagram_rules import Diagram
from wem.settings import ROOT

PAGE = ROOT / "docs" / "states.md"
COMMAND = ".venv/bin/python -m tests.invariants.states_page > docs/states.md"
HEAD = """# States

What can become of a contract and of what hangs on it. The tables stand in the code, nothing moves but along their lines
(`wem.contracts.state_rules.after`), and the screens offer what the tables allow.
"""
FOOT = f"""
This page is made from every `DIAGRAMS` of a `…_rules.py` by `{COMMAND}`; a test compares them.
"""


def diagrams() -> Iterator[tuple[str, Diagram]]:
    """Yield (dotted module, diagram) of every rules file that has some."""
    for name, _ in module_files():
        if name.endswith(("rules", "states")):
            for diagram in getattr(importlib.import_module(name), "DIAGRAMS", ()):
                yield name, diagram


def drawn(diagram: Diagram) -> str:
    """Return one diagram in Mermaid; every state with its own words, whatever signs they hold."""
    states = list(dict.fromkeys(state for line in diagram.lines for state in (line[0], line[2])))
    names = {state: f"s{number}" for number, state in enumerate(states)}
    lines = ["stateDiagram-v2", *(f'    state "{state}" as {names[state]}' for state in states)]
    lines += [f"    [*] --> {names[state]}" for state in diagram.first]
    lines += [f"    {names[a]} --> {names[b]}: {action}" for a, action, b in diagram.lines]
    going_on = {line[0] for line in diagram.lines}
    lines += [f"    {names[state]} --> [*]" for state in states if state not in going_on]
    return "\n".join(lines)


def page() -> str:
    """Return what docs/states.md must say."""
    parts = [
        f"\n## {diagram.title}\n\n`{module}`\n\n```mermaid\n{drawn(diagram)}\n```\n" for module, diagram in diagrams()
    ]
    return HEAD + "".join(parts) + FOOT


if __name__ == "__main__":
    print(page(), end="")
