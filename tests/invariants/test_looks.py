"""Every page of staff's about one row says whose personal data it shows, or why it shows none (同意5)."""

from __future__ import annotations

from flask import Flask

from tests.invariants.routes import routes
from wem.privacy.looking_views import SHOWN

# endpoint: why it shows nobody's personal data, or where else it is on record who opened it.
NOBODYS = {
    "staff_debits.show": "a file for the bank, of all customers; each debit has a page of its own",
    "staff_catalogue.course": "the catalogue",
    "staff_catalogue.prices": "the catalogue",
    "staff_catalogue.course_price": "the catalogue",
    "staff_catalogue.option_price": "the catalogue",
    "staff_offers.option": "the catalogue",
    "staff_offers.campaign": "the catalogue",
    "staff_texts.new": "the terms",
    "staff_purposes.show": "a purpose of ours, and how many agreed",
    "staff_purposes.edit": "the same",
    "staff_news.show": "our own text; of customers who are left out no more than the list of contracts shows",
    "staff_news.edit": "our own text",
    "staff_reviews.show": "a mailing as its readers get it; nobody of them",
    "staff_reviews.html": "the same",
    "staff_incidents.show": "a fault",
    "staff_domains.show": "a domain and its DNS records",
    "staff_inbound.show": "shows subject and route only; its text is opened with a reason, in the audit trail",
}


def test_every_page_about_one_row_is_known(app: Flask) -> None:
    pages = {route.endpoint for route in routes(app) if route.audience == "staff" and route.reads and "<" in route.rule}
    unknown = pages - set(SHOWN) - set(NOBODYS)
    assert not unknown, (
        f"say in SHOWN of wem/privacy/looking_views.py whose data these show, or here why not: {unknown}"
    )
    over = (set(SHOWN) | set(NOBODYS)) - pages
    assert not over, f"no such pages any more: {over}"
    assert not set(SHOWN) & set(NOBODYS)
