"""Finds greetings with two titles in a mailing: `{{ 氏名 | default: "お客様" }}様`, and what comes of blocks."""

from __future__ import annotations

import re

from liquid.builtin.expressions import StringLiteral

from wem.delivery.template_nodes import Mark
from wem.delivery.template_reading import parse_output, pieces
from wem.mailings.greeting_rules import doubled, doubled_titles

# Elements that stand between a name and its title without parting them.
_INLINE = re.compile(r"</?(?:a|b|big|em|font|i|small|span|strong|u)\b[^>]*>", re.IGNORECASE)


def doubled_defaults(source: str) -> list[str]:
    """Return how such places of a text read for somebody without a value; raises TemplateProblem."""
    found, default = [], ""
    for part in pieces(source):
        if isinstance(part, Mark):
            if not part.tag:
                default = _default(source, part)
            elif not part.tag.startswith("end"):
                default = ""
            continue
        after = _INLINE.sub("", part)
        if both := doubled(default, after):
            found.append(both)
        if after.strip():
            default = ""
    return found


def doubled_when_filled(subject: str, text: str, html: str | None) -> list[str]:
    """Return the places of a mail as one reader gets it at which two titles follow one another."""
    return [*doubled_titles(subject), *doubled_titles(text), *doubled_titles(_INLINE.sub("", html or ""))]


def _default(source: str, mark: Mark) -> str:
    filters = parse_output(source, mark).filters or []
    if not filters or filters[-1].name != "default" or not filters[-1].args:
        return ""
    value = filters[-1].args[0].value
    return str(value.value) if isinstance(value, StringLiteral) else ""
