"""The colour of a customer's pages, made so that it can be read on light and dark grounds (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Of text to its ground.
ENOUGH = 4.5
# The grounds of our pages on which the colour stands as text (static/css/theme.css: the less favourable of two).
LIGHT_GROUND, DARK_GROUND = "#f7f8fa", "#262626"
BLACK, WHITE = "#000000", "#ffffff"
STEPS = 50
_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class Shades:
    """What is made of one colour: for light and dark pages, each with a stronger one and a quiet ground."""

    light: str
    light_strong: str
    light_quiet: str
    dark: str
    dark_strong: str
    dark_quiet: str


def colour(typed: str) -> str | None:
    """Return a colour as `#rrggbb`, also from `RRGGBB` and `#rgb`; None when it is none."""
    text = typed.strip().lower().removeprefix("#")
    if len(text) == 3:
        text = "".join(each * 2 for each in text)
    return f"#{text}" if _COLOUR.fullmatch(f"#{text}") else None


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (`#rrggbb`), from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def shades(chosen: str) -> Shades:
    """Return the shades of a colour (`#rrggbb`): itself where it can be read, else the nearest that can."""
    light = _readable(chosen, LIGHT_GROUND, BLACK)
    dark = _readable(chosen, DARK_GROUND, WHITE)
    return Shades(
        light,
        mixed(light, BLACK, 0.35),
        mixed(light, WHITE, 0.9),
        dark,
        mixed(dark, WHITE, 0.35),
        mixed(dark, DARK_GROUND, 0.8),
    )


def mixed(one: str, other: str, share: float) -> str:
    """Return a colour with a share (0 to 1) of another in it."""
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def style_sheet(made: Shades, scope: str = ":root") -> str:
    """Return the style sheet that gives pages these shades; `light-dark()` follows the reader's choice."""
    return (
        f"{scope} {{\n"
        f"  --accent: light-dark({made.light}, {made.dark});\n"
        f"  --accent-strong: light-dark({made.light_strong}, {made.dark_strong});\n"
        f"  --accent-quiet: light-dark({made.light_quiet}, {made.dark_quiet});\n"
        f"  --link: light-dark({made.light}, {made.dark});\n"
        "}\n"
    )


def _readable(chosen: str, ground: str, towards: str) -> str:
    tried = (mixed(chosen, towards, step / STEPS) for step in range(STEPS + 1))
    return next(each for each in tried if contrast(each, ground) >= ENOUGH)


def _parts(one: str) -> tuple[int, int, int]:
    return int(one[1:3], 16), int(one[3:5], 16), int(one[5:7], 16)


def _luminance(one: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (each / 255 for each in _parts(one))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
