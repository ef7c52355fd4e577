"""The pages behind mailed links: one button that confirms, one that stops; nothing happens by opening them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import abort, request
from flask_babel import force_locale
from werkzeug.wrappers import Response

from wem import clock, tokens
from wem.db import db
from wem.lists import confirming, leaving, links, preferences
from wem.lists.confirming import Outcome
from wem.lists.models import Field, MailingList
from wem.lists.notice import notice_for
from wem.lists.public_forms import DetailsForm, fields_of
from wem.lists.public_views import page_language, page_moment, pressed_by_person, render
from wem.lists.senders import sender_for
from wem.lists.states import SubscriptionState, Way
from wem.lists.subscription_models import Subscriber, Subscription
from wem.mailings.ways_out import ALIVE, count_left, lists_to_stop
from wem.tokens import Purpose
from wem.web.blueprints import OpenBlueprint
from wem.web.origins import Origin

blueprint = OpenBlueprint("links", __name__, origin=Origin.public)

CONFIRMING = ((Purpose.confirm, links.CONFIRM_LIFETIME), (Purpose.blank_mail, links.BLANK_MAIL_LIFETIME))
SCANNER = timedelta(seconds=1)


@blueprint.get("/c/<token>")
def confirm(token: str) -> Any:
    """What is confirmed, and one button."""
    ids, fresh = _confirm_token(token)
    return _confirm_page(ids, fresh)


@blueprint.post("/c/<token>")
def confirmed(token: str) -> Any:
    """Confirm; twice is as good as once."""
    ids, fresh = _confirm_token(token)
    if not fresh or not pressed_by_person(request.form.get("page"), SCANNER):
        return _confirm_page(ids, fresh, again=fresh)
    asked = _asked_for(ids)
    form = None
    if asked is not None:
        with force_locale(page_language(asked[0].language)):
            form = DetailsForm(asked[1], asked[0].fields, request.form)
            if not form.validate():
                return _confirm_page(ids, fresh, form=form)
    result = confirming.confirm(
        *ids,
        ip=request.remote_addr,
        user_agent=request.user_agent.string,
        fields=form.values if form else None,
        labels=[field.label for field, _ in asked[1]] if asked else (),
    )
    db.session.commit()
    if result.outcome not in (Outcome.confirmed, Outcome.already):
        return _confirm_page(ids, fresh, closed=result.outcome is Outcome.closed)
    reader = db.session.get(Subscriber, result.subscriber_id)
    if reader is None:
        return _confirm_page(ids, fresh)
    preferences = links.preferences_url(reader.id, reader.language)
    return render(
        "lists/public/confirmed.html",
        sender_for(reader.customer_id),
        reader.language,
        lists=result.lists,
        already=result.outcome is Outcome.already,
        preferences=preferences,
    )


def _confirm_token(token: str) -> tuple[list[int], bool]:
    """Return the subscriptions that a link names, and whether it is still good; 404 when it is not ours."""
    for purpose, lifetime in CONFIRMING:
        if subject := tokens.read(purpose, token):
            return [int(number) for number in subject], tokens.read(purpose, token, lifetime) is not None
    abort(404)


def _asked_for(ids: Sequence[int]) -> tuple[Subscriber, list[tuple[Field, bool]]] | None:
    """Return the reader and the fields to be filled in on the page; None when a form asked for them before."""
    rows = db.session.scalars(sa.select(Subscription).where(Subscription.id.in_(ids))).all()
    by_mail = [row for row in rows if row.way is Way.blank_mail and row.state is SubscriptionState.pending]
    fields = fields_of([row.mailing_list for row in by_mail])
    return (by_mail[0].subscriber, fields) if fields else None


def _confirm_page(
    ids: Sequence[int], fresh: bool, *, again: bool = False, closed: bool = False, form: DetailsForm | None = None
) -> Any:
    rows = db.session.scalars(
        sa.select(Subscription).where(Subscription.id.in_(ids)).order_by(Subscription.list_id)
    ).all()
    alive = [row for row in rows if row.state in ALIVE and row.mailing_list.archived_at is None]
    waiting = [row for row in alive if row.state is SubscriptionState.pending and not _over(row)]
    if not alive:
        return render("lists/public/confirm_gone.html", None), 200
    reader = alive[0].subscriber
    sender = sender_for(reader.customer_id)
    if not waiting and all(row.state is SubscriptionState.active for row in alive):
        return render(
            "lists/public/confirmed.html",
            sender,
            reader.language,
            lists=[row.mailing_list for row in alive],
            already=True,
            preferences="",
        )
    if not fresh or not waiting:
        return render("lists/public/confirm_gone.html", sender, reader.language), 200
    if closed or not any(sender.takes(row.list_id) for row in waiting):
        return render("lists/public/confirm_closed.html", sender, reader.language), 403
    by_mail = any(row.way is Way.blank_mail for row in waiting)
    status = 422 if form is not None else 200
    with force_locale(page_language(reader.language)):
        if form is None and (asked := _asked_for(ids)) is not None:
            form = DetailsForm(asked[1], reader.fields)
    page = render(
        "lists/public/confirm.html",
        sender,
        reader.language,
        lists=[row.mailing_list for row in waiting],
        reader=reader,
        again=again,
        page=page_moment(),
        form=form,
        # Who signs up by form has read it there.
        notice=notice_for(sender.name, page_language(reader.language)) if by_mail else None,
    )
    return page, status


def _over(row: Subscription) -> bool:
    return row.expires_at is not None and row.expires_at <= clock.now()


@blueprint.get("/u/<token>")
def leave(token: str) -> Any:
    """Which mails stop, and the button; also while the contract is suspended."""
    subscriber_id, mailing_id = _leave_token(token)
    reader = preferences.reader_of(subscriber_id)
    if reader is None:
        return render("lists/public/left.html", None, gone=True)
    return _leave_page(reader, mailing_id)


@blueprint.post("/u/<token>")
def left(token: str) -> Any:
    """Stop at once: by a mail program's one click (RFC 8058), or by a button of the page."""
    subscriber_id, mailing_id = _leave_token(token)
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    everything = request.form.get("what") == "everything" and not one_click
    reader = preferences.reader_of(subscriber_id)
    if reader is None:
        return _plain() if one_click else render("lists/public/left.html", None, gone=True)
    number, sender, language = reader.id, sender_for(reader.customer_id), reader.language
    lists = lists_to_stop(reader, mailing_id)
    trace: dict[str, Any] = {
        "ip": request.remote_addr,
        "user_agent": request.user_agent.string,
        "mailing_id": mailing_id or None,
    }
    if everything:
        ended = leaving.leave_everything(reader, **trace)
    else:
        ended = leaving.leave(reader, [row.id for row in lists], tell=not one_click, **trace)
    if ended:
        count_left(mailing_id, sender.customer_id, number)
    db.session.commit()
    if one_click:
        return _plain()
    rest = db.session.get(Subscriber, number)
    return render(
        "lists/public/left.html",
        sender,
        language,
        gone=not ended and not everything,
        everything=everything,
        names_ended=_names(ended),
        preferences=links.preferences_url(number, language) if rest else "",
    )


def _leave_token(token: str) -> tuple[int, int]:
    subject = tokens.read(Purpose.unsubscribe, token)
    if subject is None or len(subject) != 2:
        abort(404)
    return int(subject[0]), int(subject[1])


def _leave_page(reader: Subscriber, mailing_id: int) -> str:
    sender = sender_for(reader.customer_id)
    lists = lists_to_stop(reader, mailing_id)
    alive = sum(row.state in ALIVE for row in reader.subscriptions)
    return render(
        "lists/public/leave.html",
        sender,
        reader.language,
        lists=lists,
        others=alive > len(lists),
        reader=reader,
        preferences=links.preferences_url(reader.id, reader.language),
    )


def _names(list_ids: Sequence[int]) -> Sequence[str]:
    return db.session.scalars(
        sa.select(MailingList.name).where(MailingList.id.in_(list_ids)).order_by(MailingList.id)
    ).all()


def _plain() -> Response:
    return Response("Unsubscribed.\n", 200, mimetype="text/plain")
