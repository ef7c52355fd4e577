"""Looks over the links and images of a mailing's HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from flask_babel import gettext

from wem.mailings.checks import Check, Severity, judged
from wem.mailings.image_using import missing_of_ours, origin

# Named in a message, the rest is counted.
SHOWN = 5
# Images of backgrounds: `url(…)`, quoted or not.
_STYLED = re.compile(r"""url\(\s*["']?\s*([^"')\s]+)""", re.IGNORECASE)


def links_and_images(html: str, customer_id: int) -> Iterator[Check]:
    """Yield what is to be said of the links and images in a customer's cleaned HTML."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    insecure = [link for link in reader.links if link.lower().startswith("http://")]
    broken = [link for link in reader.links if not _leads_somewhere(link)]
    # The preview loads no others, and the address of a part of a page leads nowhere in a mail.
    fine = ("https://", "{{", "{%", f"{origin()}/i/")
    odd = [image for image in reader.images if not image.lower().startswith(fine)]
    missing = missing_of_ours(reader.images, customer_id)
    for wrong, title, what, todo in (
        (
            insecure,
            gettext("Links are encrypted (https)"),
            gettext("Links with http://: %(links)s", links=some(insecure)),
            gettext("Use https:// where the site offers it; some programs warn of http://."),
        ),
        (
            broken,
            gettext("Links lead somewhere"),
            gettext("Links that lead nowhere: %(links)s", links=some(broken)),
            gettext("Write whole addresses that begin with https://."),
        ),
        (
            odd,
            gettext("Addresses of images (https)"),
            gettext("Images that do not begin with https://: %(images)s", images=some(odd)),
            gettext(
                "Write whole addresses that begin with https://. The preview and some mail programs show no others."
            ),
        ),
        (
            missing,
            gettext("Images from your library are there"),
            gettext("Not in your library: %(images)s", images=some(missing)),
            gettext("They were deleted, or belong to somebody else. Please choose another image, or upload it again."),
        ),
        (
            reader.without_alt,
            gettext("Images have a text in their place (alt)"),
            gettext("Images without alt: %(images)s", images=some(reader.without_alt)),
            gettext("Say in alt what the image shows; many programs show images only when asked."),
        ),
    ):
        yield judged(not wrong, title, what, todo, "edit", Severity.warning)


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
        self.images: list[str] = []
        self.without_alt: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("a", "area") and "href" in given:
            self.links.append((given["href"] or "").strip())
        if tag == "img":
            source = (given.get("src") or "").strip()
            self.images.append(source)
            if given.get("alt") is None:
                self.without_alt.append(source)
        if given.get("background"):
            self.images.append((given["background"] or "").strip())
        self.images += _STYLED.findall(given.get("style") or "")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "style":
            self.images += _STYLED.findall(data)
