"""Colours of a brand: how well one is read on another (WCAG 2.2, 1.4.3), and what is written on a ground."""

from __future__ import annotations

from collections.abc import Mapping

# Of text to its ground.
ENOUGH = 4.5
DARK, LIGHT = "#1a1a1a", "#ffffff"


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (`#rrggbb`), from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def written_on(ground: str) -> str:
    """Return what is read best on a ground: near-black or white."""
    return max(DARK, LIGHT, key=lambda each: contrast(each, ground))


def too_pale(look: Mapping[str, str]) -> dict[str, float]:
    """Return the colours of a look that are hard to read on its surface, each with its contrast."""
    found = {name: contrast(look[name], look["surface"]) for name in ("text", "accent")}
    return {name: value for name, value in found.items() if value < ENOUGH}
