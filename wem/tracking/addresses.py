"""The address behind a counted link: with the fields that it holds filled in, and as a browser is sent there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from werkzeug.urls import iri_to_uri

from wem.delivery.personalising import Template, compile_template, names_of_tag
from wem.delivery.template_reading import pieces

# The host stands in clear, so that wherever a field leads, it leads to that host.
_HOST = re.compile(r"""https?://([^/?#\\{\s"'<>]+)(?=[/?#]|\Z)""", re.IGNORECASE)
# Browsers leave these out of addresses (WHATWG URL, basic parser): the first anywhere, the others at the ends.
_UNSEEN = re.compile(r"[\t\r\n]")
_AROUND = "".join(map(chr, range(0x21)))


def host_of(address: str) -> str | None:
    """Return the host (with its port) of a web address, in lower case; None when it is none, or a field's value."""
    found = _HOST.match(address)
    return found[1].lower() if found else None


def trimmed(address: str) -> str:
    """Return an address without what browsers leave out at its ends."""
    return address.strip(_AROUND)


def names_in(address: str) -> frozenset[str]:
    """Return the fields that an address holds; raises TemplateProblem when its tags cannot be read."""
    return frozenset(
        name for part in pieces(address) if not isinstance(part, str) for name in names_of_tag(address, part)
    )


def tags_in(address: str) -> list[str]:
    """Return the Liquid tags of an address as they stand there; raises TemplateProblem where one is not closed."""
    return [address[part.start : part.end] for part in pieces(address) if not isinstance(part, str)]


def filled(address: str, values: Mapping[str, str | None], language: str) -> str:
    """Return the address for these values, a missing one being empty; raises TemplateProblem."""
    return _template(address, language).render(values)


def location(address: str) -> str | None:
    """Return an address as it stands in a Location header; None when it is none that a browser could open."""
    plain = trimmed(_UNSEEN.sub("", address))
    try:
        made = iri_to_uri(plain)
        parts = urlsplit(made)
        usable = bool(parts.hostname) and parts.port != 0  # asking for the port raises where it is no number
    except ValueError:
        return None
    return made if usable and made.isascii() and made.isprintable() and host_of(made) else None


@lru_cache(maxsize=256)
def _template(address: str, language: str) -> Template:
    return compile_template(address, escape="text", known=names_in(address), language=language)
