"""The feed of a customer's back numbers (RSS 2.0, rssboard.org/rss-specification)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime
from html import escape
from xml.etree import ElementTree as Xml

from wem import clock
from wem.mailings.back_number_models import BackNumber
from wem.mailings.back_number_rules import in_xml, summary

ITEMS = 20
ATOM = "http://www.w3.org/2005/Atom"
Xml.register_namespace("atom", ATOM)


def feed(rows: Iterable[BackNumber], *, title: str, about: str, home: str, language: str) -> bytes:
    """Return the feed of these back numbers as UTF-8; `home` is the address of the customer's page, with its slash.

    An item has the beginning of the mail's text, never its HTML. Readers of feeds know an item by its guid, which is no
    address: the page may get another name (8-3).
    """
    root = Xml.Element("rss", {"version": "2.0"})
    channel = Xml.SubElement(root, "channel")
    # What a customer may hand in is cleaned at each place: one wrong character would make the whole file unreadable.
    for name, value in (("title", title), ("link", home), ("description", about), ("language", language)):
        Xml.SubElement(channel, name).text = in_xml(value)
    Xml.SubElement(channel, f"{{{ATOM}}}link", {"href": f"{home}feed", "rel": "self", "type": "application/rss+xml"})
    for row in rows:
        item = Xml.SubElement(channel, "item")
        Xml.SubElement(item, "title").text = in_xml(row.subject)
        Xml.SubElement(item, "link").text = f"{home}archive/{row.number}"
        Xml.SubElement(item, "guid", {"isPermaLink": "false"}).text = f"urn:uuid:{row.guid}"
        if row.published_at is not None:
            Xml.SubElement(item, "pubDate").text = rfc822(row.published_at)
        # Readers of feeds take it for HTML: what looks like a tag in the text is to be read, not obeyed.
        Xml.SubElement(item, "description").text = in_xml(escape(summary(row.text), quote=False))
    written: bytes = Xml.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + written + b"\n"


def rfc822(at: datetime) -> str:
    """Return a moment as feeds write it (RFC 822 with a year of four digits), in Japan's time."""
    return format_datetime(at.astimezone(clock.JAPAN))
