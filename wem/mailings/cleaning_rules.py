"""What cleaning took out of a customer's HTML, in words for the person who wrote it."""

from __future__ import annotations

import re

_ELEMENT = re.compile(r"<([A-Za-z][A-Za-z0-9]*)")
_HANDLER = re.compile(r"\son[a-z]+\s*=", re.IGNORECASE)
_LOOSE = re.compile(r"(?:javascript|vbscript)\s*:", re.IGNORECASE)
# They come and go with the frame of the document and mean nothing to the person.
_FRAME = frozenset("html head body meta title tbody link base".split())


def removed(source: str, cleaned: str) -> tuple[str, ...]:
    """Return what cleaning took out, as it was written: `<script>`, `on…=`, `javascript:`."""
    before = dict.fromkeys(name.lower() for name in _ELEMENT.findall(source))
    after = {name.lower() for name in _ELEMENT.findall(cleaned)}
    gone = [f"<{name}>" for name in before if name not in after and name not in _FRAME]
    if _HANDLER.search(source) and not _HANDLER.search(cleaned):
        gone.append("on…=")
    if _LOOSE.search(source) and not _LOOSE.search(cleaned):
        gone.append("javascript:")
    return tuple(gone)
