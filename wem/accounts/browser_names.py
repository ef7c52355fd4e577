"""Names a browser in a word or two, so that people recognise their own among their sign-ins."""

from __future__ import annotations

# The first that is found counts: most browsers say that they are several.
_BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "FxiOS/": "Firefox", "CriOS/": "Chrome",
             "Chrome/": "Chrome", "Safari/": "Safari"}  # fmt: skip
_SYSTEMS = {"iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "CrOS": "ChromeOS",
            "Mac OS X": "macOS", "Linux": "Linux"}  # fmt: skip


def browser_name(user_agent: str) -> str:
    """Return browser and system ("Chrome, Windows"); the beginning of what it calls itself when neither is known."""
    known = [next((name for mark, name in names.items() if mark in user_agent), "") for names in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, known)) or user_agent[:40]
