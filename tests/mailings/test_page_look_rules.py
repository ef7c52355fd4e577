"""The colour of a customer's pages is read on light and dark grounds, whatever was chosen."""

from __future__ import annotations

import pytest

from wem.mailings.page_look_rules import DARK_GROUND, ENOUGH, LIGHT_GROUND, colour, contrast, shades, style_sheet


@pytest.mark.parametrize(
    ("typed", "read"),
    [("#0A5C36", "#0a5c36"), ("0a5c36", "#0a5c36"), (" #abc ", "#aabbcc"), ("", None), ("red", None), ("#12345", None)],
)
def test_colours_are_read(typed: str, read: str | None) -> None:
    assert colour(typed) == read


@pytest.mark.parametrize(
    "chosen", ["#000000", "#ffffff", "#ffff00", "#0a5c36", "#7f7f7f", "#ff69b4", "#00ffff", "#0017c1"]
)
def test_every_colour_can_be_read_on_both_grounds(chosen: str) -> None:
    made = shades(chosen)
    assert contrast(made.light, LIGHT_GROUND) >= ENOUGH
    assert contrast(made.light, "#ffffff") >= ENOUGH, "white words on a button"
    assert contrast(made.light_strong, "#ffffff") >= ENOUGH
    assert contrast(made.dark, DARK_GROUND) >= ENOUGH
    assert contrast(made.dark, "#1a1a1a") >= ENOUGH, "dark words on a button"
    assert contrast(made.dark_strong, "#1a1a1a") >= ENOUGH


def test_a_colour_that_can_be_read_stays() -> None:
    assert shades("#0a5c36").light == "#0a5c36"
    assert "--accent: light-dark(#0a5c36," in style_sheet(shades("#0a5c36"))
