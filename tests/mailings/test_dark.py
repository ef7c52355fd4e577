"""A mail on a dark background: light grounds turn dark, dark text light; what the mail itself says of dark counts."""

from __future__ import annotations

import pytest

from wem.mailings.dark_rules import darkened

TURNED = [
    ('<td bgcolor="#ffffff">x</td>', '<td bgcolor="#1f1f1f">x</td>'),
    ("<p style=\"color:#000;background:white url('https://x.example/white.png')\">x</p>", None),
    ('<p style="color:#1a1a1a !important">x</p>', '<p style="color:#d6d6d6 !important">x</p>'),
    ('<a style="color:#0017c1">x</a>', '<a style="color:#7989ff">x</a>'),
    ('<font color="black">x</font>', '<font color="#ebebeb">x</font>'),
    ('<p style="color:rgb(0, 0, 0)">x</p>', '<p style="color:#ebebeb">x</p>'),
    ('<p style="background-color:rgba(255,255,255,.5)">x</p>', '<p style="background-color:rgba(31,31,31,.5)">x</p>'),
]
KEPT = [
    '<td bgcolor="#0017c1" style="color:#ffffff">x</td>',
    '<p style="border-color:#000">x</p>',
    "<p>color:#000000; background:#ffffff</p>",
    '<p title="style: color:#000">x</p>',
    '<img src="https://x.example/white.png" alt="color:#000">',
]


def document(part: str, style: str = "") -> str:
    return f"<!DOCTYPE html><html><head>{style}</head><body>{part}</body></html>"


def body(html: str) -> str:
    return html.partition("<body>")[2].removesuffix("</body></html>")


@pytest.mark.parametrize(("before", "after"), TURNED)
def test_light_grounds_and_dark_text_are_turned(before: str, after: str | None) -> None:
    turned = body(darkened(document(before)))
    if after is None:
        assert "#ebebeb" in turned and "#1f1f1f" in turned
        assert "https://x.example/white.png" in turned, "an address is no colour"
    else:
        assert turned == after


@pytest.mark.parametrize("part", KEPT)
def test_what_is_no_such_colour_stays(part: str) -> None:
    assert body(darkened(document(part))) == part


def test_style_blocks_are_turned_too() -> None:
    dark = darkened(document("<p>x</p>", "<style>@media (max-width:400px){p{color:#000000}}</style>"))
    assert "@media (max-width:400px){p{color:#ebebeb}}" in dark


def test_a_mail_with_dark_colours_of_its_own_is_shown_in_those() -> None:
    style = (
        "<style>@media (prefers-color-scheme: dark){p{color:#eee}}@media (prefers-color-scheme:light){p{top:0}}</style>"
    )
    dark = darkened(document('<p style="color:#000">x</p>', style))
    assert "@media (min-width:0){p{color:#eee}}@media (max-width:0){p{top:0}}" in dark
    assert body(dark) == '<p style="color:#000">x</p>'
