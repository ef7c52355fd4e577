"""Back numbers on a customer's home page, and their feed: for everybody, with nobody's data."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response as FlaskResponse
from flask import abort, request
from flask_babel import force_locale, gettext
from sqlalchemy.orm import undefer

from wem.db import db
from wem.lists.models import MailingList
from wem.lists.public_views import open_lists, page_language, render, sender_or_404, unavailable
from wem.lists.senders import Sender
from wem.mailings import back_numbers, feeding
from wem.mailings.back_number_models import BackNumber
from wem.mailings.back_number_rules import by_month
from wem.mailings.image_using import origin
from wem.web.blueprints import OpenBlueprint
from wem.web.numbers import row_number
from wem.web.origins import Origin, public_url

blueprint = OpenBlueprint("archive", __name__, origin=Origin.public)

# A customer's HTML runs nothing and loads images alone; its links open windows of their own. Our own images are named:
# without TLS, on somebody's own machine, they are no https.
SANDBOX = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src https: data: {images}; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@blueprint.get("/h/<slug>/archive")
@blueprint.get("/h/<slug>/<list_slug>/archive")
def index(slug: str, list_slug: str = "") -> Any:
    """The back numbers of a year by month: all, or those of one list."""
    sender = sender_or_404(slug)
    chosen = _list(sender, list_slug) if list_slug else None
    if sender.unavailable or (chosen is not None and chosen.id in sender.lists_down):
        return unavailable(sender)
    if not sender.archive:
        return closed(sender)
    statement = back_numbers.in_sight(sender.customer_id, sender.lists_down)
    if chosen is not None:
        statement = statement.where(back_numbers.of_list(chosen.id))
    years = back_numbers.years(statement)
    asked = row_number(request.args.get("year"))
    year = asked if asked in years else next(iter(years), None)
    return render(
        "lists/public/archive.html",
        sender,
        chosen=chosen,
        lists=open_lists(sender),
        years=years,
        year=year,
        months=by_month(back_numbers.of_year(statement, year)) if year else [],
    )


@blueprint.get("/h/<slug>/archive/<int:number>")
def show(slug: str, number: int) -> Any:
    """One back number on its page, the mail in a frame of its own."""
    sender = sender_or_404(slug)
    if sender.unavailable:
        return unavailable(sender)
    if not sender.archive:
        return closed(sender)
    row = _row(sender, number)
    newer, older = _beside(sender, row)
    return render("lists/public/back_number.html", sender, row=row, newer=newer, older=older, lists=open_lists(sender))


@blueprint.get("/h/<slug>/archive/<int:number>/mail")
def mail(slug: str, number: int) -> Any:
    """The mail alone, for the frame."""
    sender = sender_or_404(slug)
    if sender.unavailable:
        return unavailable(sender)
    if not sender.archive:
        return closed(sender)
    html = _row(sender, number).html
    return sandboxed(html) if html is not None else abort(404)


@blueprint.get("/h/<slug>/feed")
def feed(slug: str) -> Any:
    """The newest back numbers as RSS; told that nothing has changed, programs load nothing."""
    sender = sender_or_404(slug)
    if sender.unavailable:
        return unavailable(sender)
    if not sender.archive:
        return closed(sender)
    newest = back_numbers.in_sight(sender.customer_id, sender.lists_down).order_by(None)
    rows = db.session.scalars(
        newest.order_by(BackNumber.published_at.desc(), BackNumber.number.desc())
        .options(undefer(BackNumber.text))
        .limit(feeding.ITEMS)
    ).all()
    with force_locale(page_language()):
        title = gettext("Mails of %(sender)s", sender=sender.name)
        about = gettext("Back issues by %(sender)s", sender=sender.name)
    home = public_url(f"/h/{sender.slug}/")
    made = feeding.feed(rows, title=title, about=about, home=home, language=page_language())
    answer = FlaskResponse(made, mimetype="application/rss+xml", headers={"Cache-Control": "no-cache"})
    answer.add_etag()
    answer.last_modified = back_numbers.last_change(sender.customer_id)
    return answer.make_conditional(request)


def sandboxed(html: str) -> FlaskResponse:
    """Return a customer's HTML so that it can do nothing to whoever reads it."""
    headers = {"Content-Security-Policy": SANDBOX.format(images=origin()), "X-Robots-Tag": "noindex"}
    return FlaskResponse(html, mimetype="text/html", headers=headers)


def closed(sender: Sender) -> tuple[str, int]:
    """Answer while the contract stands still (product.md 8): kindly, with the legal block."""
    return render("lists/public/archive_closed.html", sender), 403


def _list(sender: Sender, list_slug: str) -> MailingList:
    found = db.session.scalar(
        sa.select(MailingList).where(
            MailingList.customer_id == sender.customer_id,
            MailingList.slug == list_slug,
            MailingList.archived_at.is_(None),
        )
    )
    return found if found is not None else abort(404)


def _row(sender: Sender, number: int) -> BackNumber:
    found = back_numbers.in_sight(sender.customer_id, sender.lists_down).where(BackNumber.number == number)
    row: BackNumber | None = db.session.scalar(found)
    return row if row is not None else abort(404)


def _beside(sender: Sender, row: BackNumber) -> tuple[BackNumber | None, BackNumber | None]:
    """Return the back numbers that were sent next and before, None at the ends."""
    statement = back_numbers.in_sight(sender.customer_id, sender.lists_down).limit(1)
    place, here = sa.tuple_(BackNumber.sent_on, BackNumber.number), sa.tuple_(row.sent_on, row.number)
    later = statement.order_by(None).where(place > here).order_by(BackNumber.sent_on, BackNumber.number)
    return db.session.scalar(later), db.session.scalar(statement.where(place < here))
