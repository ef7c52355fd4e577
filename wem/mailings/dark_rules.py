"""Turns a mail's colours as programs with a dark background do: light grounds dark, dark text light, the rest stays."""

from __future__ import annotations

import colorsys
import math
import re

# Before the mail's own styles, so that those win where they say something of their own.
_GROUND = (
    "<style>:root{color-scheme:dark}html{background-color:#1f1f1f;color:#e8eaed}:where(a[href]){color:#8ab4f8}</style>"
)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_ASKED = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_STYLE = re.compile(r"(<style\b[^>]*>)(.*?)(</style>)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[A-Za-z](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
_ATTRIBUTE = re.compile(r"(\s(style|bgcolor|color|text)\s*=\s*)(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_DECLARED = re.compile(r"((?<![\w-])(background(?:-color)?|color)\s*:)([^;{}]*)", re.IGNORECASE)
_NAMED = {
    "white": "ffffff", "snow": "fffafa", "ivory": "fffff0", "whitesmoke": "f5f5f5", "lightgray": "d3d3d3",
    "lightgrey": "d3d3d3", "silver": "c0c0c0", "darkgray": "a9a9a9", "darkgrey": "a9a9a9", "gray": "808080",
    "grey": "808080", "dimgray": "696969", "dimgrey": "696969", "black": "000000", "navy": "000080", "blue": "0000ff",
    "maroon": "800000", "red": "ff0000", "green": "008000", "purple": "800080", "yellow": "ffff00", "beige": "f5f5dc",
    "lightyellow": "ffffe0", "aliceblue": "f0f8ff", "azure": "f0ffff", "lavender": "e6e6fa", "pink": "ffc0cb",
}  # fmt: skip
_COLOUR = re.compile(
    r"url\([^)]*\)|#(?P<hex>[0-9a-f]{6}|[0-9a-f]{3})(?![0-9a-f])"
    r"|rgba?\(\s*(?P<red>\d{1,3})\s*[, ]\s*(?P<green>\d{1,3})\s*[, ]\s*(?P<blue>\d{1,3})\s*(?P<rest>[^)]*)\)"
    rf"|(?<![\w-])(?P<name>{'|'.join(_NAMED)})(?![\w-])",
    re.IGNORECASE,
)
_MIDDLE = 0.5
_DARKEST, _LIGHTEST = 0.12, 0.92
_READABLE = 0.28  # the luminance of text that can be read on the ground


def darkened(html: str) -> str:
    """Return a whole document as it looks on a dark background; one with dark colours of its own keeps them."""
    if any(_ASKED.search(found[2]) for found in _STYLE.finditer(html)):
        html = _STYLE.sub(lambda found: found[1] + _ASKED.sub(_answered, found[2]) + found[3], html)
    else:
        pieces, at = [], 0
        for found in _STYLE.finditer(html):
            pieces += [_turned_tags(html[at : found.start()]), found[1], _turned_css(found[2]), found[3]]
            at = found.end()
        html = "".join([*pieces, _turned_tags(html[at:])])
    return _HEAD.sub(lambda found: found[0] + _GROUND, html, count=1)


def _answered(asked: re.Match[str]) -> str:
    """Return a condition that is always or never true, whatever the device of the person who looks."""
    return "(min-width:0)" if asked[1].lower() == "dark" else "(max-width:0)"


def _turned_tags(html: str) -> str:
    return _TAG.sub(lambda tag: _ATTRIBUTE.sub(_turned_attribute, tag[0]), html)


def _turned_attribute(found: re.Match[str]) -> str:
    begin, name, value = found.groups()
    if name.lower() == "style":
        return begin + _turned_css(value)
    return begin + _turned(value, ground=name.lower() == "bgcolor")


def _turned_css(css: str) -> str:
    return _DECLARED.sub(lambda found: found[1] + _turned(found[3], ground=found[2].lower() != "color"), css)


def _turned(value: str, *, ground: bool) -> str:
    return _COLOUR.sub(lambda found: _other(found, ground), value)


def _other(found: re.Match[str], ground: bool) -> str:
    """Return a colour with its lightness turned round when it is a light ground or a dark text."""
    if found["hex"] or found["name"]:
        digits = found["hex"] or _NAMED[found["name"].lower()]
        digits = digits if len(digits) == 6 else "".join(digit * 2 for digit in digits)
        parts = [int(digits[at : at + 2], 16) for at in (0, 2, 4)]
    elif found["red"]:
        parts = [min(int(found[name]), 255) for name in ("red", "green", "blue")]
    else:
        return found[0]
    hue, light, rich = colorsys.rgb_to_hls(*(part / 255 for part in parts))
    if light <= _MIDDLE if ground else light >= _MIDDLE:
        return found[0]
    light = _DARKEST + (1 - light) * (_LIGHTEST - _DARKEST)
    other = colorsys.hls_to_rgb(hue, light, rich)
    while not ground and _luminance(other) < _READABLE:
        light += 0.02
        other = colorsys.hls_to_rgb(hue, light, rich)
    turned = [round(part * 255) for part in other]
    if found["rest"]:
        return f"rgba({turned[0]},{turned[1]},{turned[2]}{_opacity(found['rest'])})"
    return "#" + "".join(f"{part:02x}" for part in turned)


def _luminance(parts: tuple[float, float, float]) -> float:
    return sum(share * math.pow(part, 2.2) for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def _opacity(rest: str) -> str:
    amount = re.search(r"[\d.]+%?", rest)
    return f",{amount[0]}" if amount else ""
