"""The line at the head of a mail that leads to its page in the browser, for programs that show no images."""

from __future__ import annotations

import re
from html import escape

_BODY = re.compile(r"<body(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_WORDS = {"ja": "画像が表示されない場合はこちら", "en": "View this mail in your browser"}
_LOOK = "margin:0;padding:8px 16px;font-family:sans-serif;font-size:13px;line-height:1.6;text-align:center;"
_LINE = re.compile(rf'<p style="{re.escape(_LOOK)}"><a href="{{{{ view_url }}}}">[^<]*</a></p>\n?')


def without_view_line(html: str) -> str:
    """Return the document without the line, for the page to which it leads."""
    return _LINE.sub("", html, count=1)


def with_view_line(html: str, language: str) -> str:
    """Return a whole document with the line as the first thing in its body; `view_url` is filled in for each reader."""
    words = escape(_WORDS.get(language, _WORDS["ja"]))
    line = f'\n<p style="{_LOOK}"><a href="{{{{ view_url }}}}">{words}</a></p>\n'
    return _BODY.sub(lambda found: found[0] + line, html, count=1)
