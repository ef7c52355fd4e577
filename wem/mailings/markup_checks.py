"""Looks over the links and images of a mailing's HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from flask_babel import gettext

from wem.mailings.checks import Check, Severity, judged
from wem.mailings.design_rules import SAMPLE_SITE
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
            gettext("Secure links (https)"),
            gettext("Links with http://: %(links)s", links=some(insecure)),
            gettext("Use https:// if the site supports it; some email apps warn about http:// links."),
        ),
        (
            broken,
            gettext("Link targets"),
            gettext("Broken links: %(links)s", links=some(broken)),
            gettext("Use full URLs starting with https://."),
        ),
        (
            odd,
            gettext("Image URLs (https)"),
            gettext("Images whose URL does not start with https://: %(images)s", images=some(odd)),
            gettext("Use full URLs starting with https://. The preview and some email apps show no others."),
        ),
        (
            missing,
            gettext("Images from your library"),
            gettext("Missing from your library: %(images)s", images=some(missing)),
            gettext("They were deleted or belong to another customer. Choose another image, or upload it again."),
        ),
        (
            reader.without_alt,
            gettext("Alt text for images"),
            gettext("Images without alt text: %(images)s", images=some(reader.without_alt)),
            gettext("Describe the image in the alt text; many email apps do not load images automatically."),
        ),
    ):
        yield judged(not wrong, title, what, todo, "edit", Severity.warning)


def _leads_somewhere(link: str) -> bool:
    # Those of a design's sample lead to a site that is nobody's.
    if link.lower().startswith((SAMPLE_SITE, SAMPLE_SITE.replace("https", "http"))):
        return False
    # A link that is filled in per reader is seen when it is filled in.
    return link.startswith("{{") or link.lower().startswith(("https://", "http://", "mailto:", "tel:"))


def some(values: list[str]) -> str:
    """Return the first of these pieces of a mail, each once, for a message."""
    shown = str(gettext(", ")).join(dict.fromkeys(value[:80] or "（）" for value in values[:SHOWN]))
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
