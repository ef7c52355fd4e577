"""How the legal footer looks: said in each of its elements, so that no style of the customer's changes it.

The rule says nothing of sizes, but too small or too pale counts as not displayed: 13 px, near-black on white.
"""

from __future__ import annotations


def _twice(plain: str, more: str = "") -> str:
    """Return a style that wins over every style sheet, after `all`, which undoes what nobody thought of.

    Outlook for Windows leaves out what is !important in an element: what counts there stands before without it.
    """
    declared = [each for each in f"all:initial;{plain};{more}".split(";") if each]
    return f"{plain};" + "".join(f"{each} !important;" for each in declared)


_TEXT = "font-family:sans-serif;font-size:13px;line-height:1.6;font-weight:normal"
# For programs that know no `all`.
_UNDONE = (
    "direction:ltr;unicode-bidi:normal;visibility:visible;opacity:1;letter-spacing:normal;text-indent:0;"
    "text-transform:none;max-height:none;overflow:visible;float:none"
)
PARAGRAPH = _twice(
    f"margin:0;padding:0 0 8px 0;{_TEXT};text-align:left;color:#1a1a1a;background-color:#ffffff",
    f"display:block;{_UNDONE}",
)
LINK = _twice(
    f"{_TEXT};color:#0017c1;background-color:#ffffff;text-decoration:underline", "direction:ltr;unicode-bidi:normal"
)
CELL = _twice(
    "padding:16px;border-top:1px solid #595959;background-color:#ffffff;text-align:left",
    "display:table-cell;visibility:visible",
)
ROW = _twice("display:table-row")
ROWS = _twice("display:table-row-group")
_TABLE = "width:100%;background-color:#ffffff"
# Cleaning leaves no z-index, so it lies over what is moved or turned (`transform`).
_TABLE_ALWAYS = (
    "display:table;visibility:visible;opacity:1;position:relative;z-index:1;clear:both;height:auto;"
    "border-collapse:collapse"
)
# What holds the footer must neither hide it nor cut it off.
AROUND = "".join(
    f"{each} !important;"
    for each in (
        "display:block;visibility:visible;opacity:1;height:auto;max-height:none;overflow:visible;transform:none;"
        "filter:none;clip-path:none;mask:none;-webkit-mask:none;position:static"
    ).split(";")
)


def table(width: int | None) -> str:
    """Return the style of the table: in the mail's own column where that has a width (pixels), else as wide as all."""
    room = "max-width:100%;margin:24px 0 0 0" if width is None else f"max-width:{width}px;margin:24px auto 0 auto"
    return _twice(_TABLE, f"{_TABLE_ALWAYS};{room}")
