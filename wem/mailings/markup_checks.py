"""Looks over the links and images of a mailing's HTML."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

from flask_babel import gettext

from wem.mailings.checks import Check, Severity, judged

# Named in a message, the rest is counted.
SHOWN = 5


def links_and_images(html: str) -> Iterator[Check]:
    """Yield what is to be said of the links and images in cleaned HTML."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    insecure = [link for link in reader.links if link.lower().startswith("http://")]
    broken = [link for link in reader.links if not _leads_somewhere(link)]
    yield judged(
        not insecure,
        gettext("Links are encrypted (https)"),
        gettext("Links with http://: %(links)s", links=some(insecure)),
        gettext("Use https:// where the site offers it; some programs warn of http://."),
        "edit",
        Severity.warning,
    )
    yield judged(
        not broken,
        gettext("Links lead somewhere"),
        gettext("Links that lead nowhere: %(links)s", links=some(broken)),
        gettext("Write whole addresses that begin with https://."),
        "edit",
        Severity.warning,
    )
    yield judged(
        not reader.without_alt,
        gettext("Images have a text in their place (alt)"),
        gettext("Images without alt: %(images)s", images=some(reader.without_alt)),
        gettext("Say in alt what the image shows; many programs show images only when asked."),
        "edit",
        Severity.warning,
    )


def _leads_somewhere(link: str) -> bool:
    # A link that is filled in per reader is seen when it is filled in.
    return link.startswith("{{") or link.lower().startswith(("https://", "http://", "mailto:", "tel:"))


def some(values: list[str]) -> str:
    """Return the first of these pieces of a mail, each once, for a message."""
    shown = ", ".join(dict.fromkeys(value[:80] or "（）" for value in values[:SHOWN]))
    return shown + (" …" if len(values) > SHOWN else "")


class _Reader(HTMLParser):
    """Gathers links and images of cleaned HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.without_alt: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("a", "area") and "href" in given:
            self.links.append((given["href"] or "").strip())
        if tag == "img" and given.get("alt") is None:
            self.without_alt.append((given.get("src") or "").strip())
