"""Finds what a design left for whoever writes to fill in: 「○月○日」, links to a site that is nobody's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flask_babel import gettext

from wem.mailings.checks import Check, Severity
from wem.mailings.design_rules import BLANK, SAMPLE_SITE
from wem.mailings.markup_checks import some
from wem.mailings.models import Mailing

_ELEMENT = re.compile(r"<style\b.*?</style>|<[^>]*>", re.DOTALL)
# With what stands in brackets behind it: 「○,○○○円（税込）」.
_BLANK = re.compile(
    rf"[^\s{BLANK}、。，．,（）()「」]{{0,6}}{BLANK}[^\s、。，．（）()「」]{{0,10}}(?:[（(][^\s（）()]{{0,10}}[）)])?"
)


def left_to_fill_in(mailing: Mailing) -> Iterator[Check]:
    """Yield a warning where words or links of a sample stand in a mailing still."""
    html = mailing.html if mailing.body_kind.has_html else ""
    words = f"{mailing.subject}\n{_ELEMENT.sub(' ', html) if html else mailing.text}"
    found = [SAMPLE_SITE] if SAMPLE_SITE in (html or mailing.text) else []
    found += [gettext("“%(words)s”", words=place[0]) for place in _BLANK.finditer(words)]
    if found:
        yield Check(
            Severity.warning,
            gettext("Template placeholders"),
            gettext("Still unchanged from the template: %(places)s", places=some(found)),
            gettext("Replace them with your own text and links, or delete them."),
            "edit",
        )
