"""What a reader is told before registering: fixed, versioned, the same on every way in (Art. 17-2, reading A-12)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from wem.settings import settings

# A changed text is a new version: new files, a new number. What was shown stays readable.
VERSION = 1
LANGUAGES = ("ja", "en")


@dataclass(frozen=True)
class Notice:
    """The notice of one version in one language, for one sender."""

    version: int
    language: str
    lines: tuple[str, ...]


def notice_for(sender_name: str, language: str, version: int = VERSION) -> Notice:
    """Return the notice with the formal names of sender and provider filled in; no customer can change its text."""
    language = language if language in LANGUAGES else LANGUAGES[0]
    template = current_app.jinja_env.get_template(f"lists/notices/{version}.{language}.txt")
    text = template.render(sender=sender_name, provider=settings().PROVIDER_NAME)
    return Notice(version, language, tuple(line for line in text.splitlines() if line.strip()))
