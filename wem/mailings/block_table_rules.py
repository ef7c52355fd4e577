"""MJML's HTML made fit for our cleaning: the tables that it hides in comments for Outlook become tables for everybody.

Comments do not survive cleaning, and without these tables Outlook's Word engine would show columns under one another,
as wide as the window. In the tables everybody sees a width in pixels bends: `width:100%;max-width:600px`.
"""

from __future__ import annotations

import re

_CONDITIONAL = re.compile(r"<!--\[if mso \| IE\]>(.*?)<!\[endif\]-->", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FRAME = re.compile(r"<table[^>]*\bwidth=\"\d+\"[^>]*>")
_CELL = re.compile(r'<td style="vertical-align:top;width:([\d.]+)px;">')
_COLUMN = re.compile(r'<div class="mj-outlook-group-fix mj-column-per-[\d-]+" style="[^"]*">')
_COLUMN_RULES = re.compile(
    r'<style type="text/css">@media only screen and \(min-width:480px\).*?</style>'
    r'<style media="screen and \(min-width:480px\)">.*?</style>',
    re.DOTALL,
)
# Written into each table and cell they would double the mail, of which Gmail shows 102 KB.
_RESET = re.compile(r"^[ \t]*(?:table, td|img|p) \{[^}]*\}", re.MULTILINE)
_PAGE = re.compile(r'(<div [^>]*class="wm-page"[^>]*>)(.*)(</div></body>)', re.DOTALL)
# Words in an image's place are read where images are off: in the colour of the row's words.
_ALT = re.compile(r' class="(wm-at-b\d+)? ?wm-alt-([0-9a-f]{6})"(.*?<img [^>]*style=")', re.DOTALL)
# Lines of a mail's part are to be short (RFC 5322, 2.1.1); between these elements white space shows nowhere.
_BETWEEN = re.compile(r"(</?(?:table|tbody|tr|td|div|p|ul|ol|li|h[1-3])\b[^<>]*>)(?=<)")
_TABLE = '<table role="presentation" border="0" cellpadding="0" cellspacing="0"'
_SCHEME = '<meta name="color-scheme" content="light dark">'


def real_tables(html: str, width: int) -> str:
    """Return MJML's HTML without comments, its columns in table cells that stand under one another on phones."""
    html = _RESET.sub("", _COLUMN_RULES.sub("", html))
    html = _CONDITIONAL.sub(lambda found: _shown(found[1], width), html)
    html = _COLUMN.sub('<div style="font-size:0;text-align:left;width:100%">', _COMMENT.sub("", html))
    html = _ALT.sub(lambda found: f"{_class(found[1])}{found[3]}color:#{found[2]};", html)
    html = _PAGE.sub(lambda found: found[1] + _framed(found[2], width) + found[3], html, count=1)
    return _BETWEEN.sub(r"\1\n", html.replace("</head>", f"{_SCHEME}</head>", 1))


def _class(name: str | None) -> str:
    return f' class="{name}"' if name else ""


def _framed(rows: str, width: int) -> str:
    """Return the rows in one table that is as wide as the mail, and narrower on phones."""
    look = f"width:100%;max-width:{width}px;margin:0 auto"
    return f'{_TABLE} align="center" width="{width}" style="{look}"><tr><td>{rows}</td></tr></table>'


def _shown(hidden: str, width: int) -> str:
    if "&nbsp;" in hidden:
        return ""  # a line drawn twice
    if _FRAME.match(hidden) or hidden == "</td></tr></table>":
        return ""  # one for each row: one around all of them is enough
    if hidden.startswith("<table"):
        return f'{_TABLE} width="100%"><tr>'
    if cell := _CELL.match(hidden):
        share = f"{100 * float(cell[1]) / width:.4g}%"
        return f'<td class="wm-column" valign="top" width="{share}" style="vertical-align:top;width:{share}">'
    return hidden
