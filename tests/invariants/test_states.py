"""The state diagrams of the documentation are those of the code."""

from __future__ import annotations

import pytest

from tests.invariants.states_page import COMMAND, PAGE, diagrams, page
from wem.diagram_rules import Diagram


def test_the_page_is_up_to_date() -> None:
    written = PAGE.read_text("utf-8") if PAGE.exists() else ""
    assert written == page(), f"type: {COMMAND}"


@pytest.mark.parametrize("diagram", [diagram for _, diagram in diagrams()], ids=lambda diagram: diagram.title)
def test_every_state_can_be_reached(diagram: Diagram) -> None:
    reached, more = set(diagram.first), True
    while more:
        new = {to for state, _, to in diagram.lines if state in reached} - reached
        reached, more = reached | new, bool(new)
    assert {state for line in diagram.lines for state in (line[0], line[2])} == reached
