"""A customer's home page for readers and its sign-up forms; no session, no cookie, signed moments instead of CSRF."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import abort, make_response, redirect, render_template, request, url_for
from flask_babel import force_locale
from werkzeug.wrappers import Response

from wem import clock, tokens
from wem.accounts import page_names
from wem.accounts.models import Customer, ReturnedPage
from wem.db import db
from wem.lists import form_inputs, subscribing
from wem.lists.models import MailingList
from wem.lists.notice import notice_for
from wem.lists.public_forms import JoinForm
from wem.lists.senders import Sender, sender_of
from wem.lists.states import Way
from wem.mailings import back_numbers
from wem.mailings.page_looks import look_of
from wem.tokens import Purpose
from wem.web.blueprints import OpenBlueprint
from wem.web.languages import CODES
from wem.web.limits import limiter
from wem.web.origins import Origin, public_url

blueprint = OpenBlueprint("hosted", __name__, origin=Origin.public)

# Faster is no person; slower may be a page kept by somebody else.
FORM_FROM, FORM_UNTIL = timedelta(seconds=2), timedelta(hours=1)
# Many phones of one carrier, or a shop's guests, share an address of the net.
PER_IP = "30 per 10 minutes;300 per day"
PER_LIST = "2000 per hour"
# Back numbers on the home page; the others are one click away.
LATEST = 5


@blueprint.get("/h/<slug>/")
def home(slug: str) -> Any:
    """Who sends, the lists that are open for sign-up, and the latest back numbers."""
    sender = sender_or_404(slug)
    if sender.unavailable:
        return unavailable(sender)
    latest = back_numbers.in_sight(sender.customer_id, sender.lists_down).limit(LATEST) if sender.archive else None
    return render(
        "lists/public/home.html",
        sender,
        lists=open_lists(sender),
        latest=db.session.scalars(latest).all() if latest is not None else [],
    )


@blueprint.get("/h/<slug>/join")
@blueprint.get("/h/<slug>/<list_slug>/join")
def join(slug: str, list_slug: str = "") -> Any:
    """The sign-up form of one list, or of all that are open."""
    sender = sender_or_404(slug)
    if is_unavailable(sender, list_slug):
        return unavailable(sender)
    lists = open_lists(sender, list_slug)
    if not lists:
        return render("lists/public/closed.html", sender)
    return _form_page(sender, lists, JoinForm(lists), Way.form)


@blueprint.post("/h/<slug>/join")
@blueprint.post("/h/<slug>/<list_slug>/join")
@limiter.limit(PER_IP, key_func=lambda: f"ip:{request.remote_addr}")
@limiter.limit(PER_LIST, key_func=lambda: f"list:{request.path}")
def ask(slug: str, list_slug: str = "") -> Any:
    """Take the wish; the answer says nothing about whether the address is known."""
    sender = sender_or_404(slug)
    if is_unavailable(sender, list_slug):
        return unavailable(sender)
    lists = open_lists(sender, list_slug)
    if not lists:
        return render("lists/public/closed.html", sender), 403
    with force_locale(page_language()):
        form = JoinForm(lists, request.form)
    shown = request.form.get(form_inputs.SHOWN)
    if shown is None:
        # Posted from the customer's own site: the notice comes first, then our own button (17-2).
        return _form_page(sender, lists, form, Way.embedded)
    if request.form.get(form_inputs.TRAP):
        return _sent(slug)
    way = _way_of(shown, sender)
    if way is None:
        return _form_page(sender, lists, form, _way_said(shown), again=True)
    with force_locale(page_language()):
        good = form.validate()
    if not good or form.address is None:
        return _form_page(sender, lists, form, way), 422
    subscribing.request_several(
        form.chosen,
        form.address,
        way=way,
        fields=form.values,
        labels=form.labels(),
        ip=request.remote_addr,
        user_agent=request.user_agent.string,
        language=page_language(),
    )
    db.session.commit()
    return _sent(slug)


@blueprint.get("/h/<slug>/join/sent")
def sent(slug: str) -> str:
    """The same for every address: look into your mailbox."""
    return render("lists/public/sent.html", sender_or_404(slug))


def _sent(slug: str) -> Response:
    return redirect(url_for("hosted.sent", slug=slug, lang=language_argument()), 303)  # type: ignore[return-value]


def _form_page(sender: Sender, lists: Sequence[MailingList], form: JoinForm, way: Way, *, again: bool = False) -> str:
    return render(
        "lists/public/join.html",
        sender,
        lists=lists,
        form=form,
        notice=notice_for(sender.name, page_language()),
        embedded=way is Way.embedded,
        again=again,
        shown=tokens.sign(Purpose.form, _milliseconds(clock.now()), sender.customer_id, way.value),
        inputs=form_inputs,
    )


def _way_of(shown: str, sender: Sender) -> Way | None:
    """Return by which form the wish came; None when the form's time is not right, or another customer's."""
    subject = tokens.read(Purpose.form, shown)
    if subject is None or len(subject) != 3 or subject[1] != sender.customer_id:
        return None
    age = timedelta(milliseconds=_milliseconds(clock.now()) - int(subject[0]))
    return Way(str(subject[2])) if FORM_FROM <= age <= FORM_UNTIL else None


def _way_said(shown: str) -> Way:
    subject = tokens.read(Purpose.form, shown)
    return Way(str(subject[2])) if subject else Way.form


def sender_or_404(slug: str) -> Sender:
    customer = db.session.scalar(sa.select(Customer).where(Customer.slug == slug))
    if customer is None:
        before = page_names.returned(slug)
        if before is None:
            abort(404)
        abort(_old_page(before))
    return sender_of(customer)


def _old_page(before: ReturnedPage) -> Response:
    """Answer for an address that was given back (8-3): where the page is now, or that there is none."""
    url = ""
    if before.leads_on:
        slug = db.session.get_one(Customer, before.customer_id).slug
        rest = request.path.removeprefix(f"/h/{before.slug}")
        url = public_url(f"/h/{slug}{rest}" if request.method == "GET" else f"/h/{slug}/")
    return make_response(render("lists/public/old_page.html", None, url=url), 410)


def open_lists(sender: Sender, list_slug: str = "") -> Sequence[MailingList]:
    """Return the lists that take sign-ups today: all, or the one of this slug; 404 when there is no such list."""
    mine = sa.select(MailingList).where(
        MailingList.customer_id == sender.customer_id, MailingList.archived_at.is_(None)
    )
    if list_slug:
        mine = mine.where(MailingList.slug == list_slug)
    found = db.session.scalars(mine.order_by(MailingList.id)).all()
    if list_slug and not found:
        abort(404)
    return [row for row in found if row.sign_up_open and sender.takes(row.id)]


def is_unavailable(sender: Sender, list_slug: str) -> bool:
    """Return whether our staff have taken down the pages, or that of this list."""
    if sender.unavailable or not list_slug:
        return sender.unavailable
    mine = sa.select(MailingList.id).where(MailingList.customer_id == sender.customer_id, MailingList.slug == list_slug)
    return db.session.scalar(mine) in sender.lists_down


def unavailable(sender: Sender) -> tuple[str, int]:
    """Answer for what is taken down; search engines forget it by the 404."""
    return render("lists/public/unavailable.html", sender), 404


def page_language(otherwise: str = "ja") -> str:
    """Return the language that the page was asked for; without a wish the reader's own."""
    asked = request.args.get("lang")
    return asked if asked in CODES else otherwise


def language_argument() -> str | None:
    """Return what to hand on in addresses: the language when one was asked for."""
    return page_language("") or None


def render(template: str, sender: Sender | None, language: str = "ja", **values: Any) -> str:
    """Render a reader's page in the language asked for, else in the reader's."""
    with force_locale(page_language(language)):
        return render_template(
            template,
            sender=sender,
            sender_name=sender.name if sender else "",
            look=look_of(sender.customer_id) if sender else None,
            home_url=url_for("hosted.home", slug=sender.slug, lang=language_argument()) if sender else "/",
            lang=language_argument(),
            **values,
        )


def page_moment() -> str:
    """Return the signed moment of a page with a button."""
    return tokens.sign(Purpose.page, _milliseconds(clock.now()))


def pressed_by_person(moment: str | None, after: timedelta) -> bool:
    """Return whether a button was pressed on a page of ours that had been there a while: scanners are quicker."""
    subject = tokens.read(Purpose.page, moment or "")
    return subject is not None and timedelta(milliseconds=_milliseconds(clock.now()) - int(subject[0])) >= after


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
