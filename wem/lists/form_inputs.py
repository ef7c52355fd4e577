"""The names that a sign-up form's inputs have: the hosted form and the one that customers embed post the same."""

from __future__ import annotations

ADDRESS = "address"
LISTS = "list"  # slugs, on the form of all lists
SHOWN = "shown"  # signed moment at which our own form was shown; an embedded form has none
TRAP = "comment"  # nobody sees it; what fills it in is a machine


def input_name(field_id: int) -> str:
    """Return the name of a custom field's input."""
    return f"field_{field_id}"
