"""The reader's own page: lists, details, address, what is stored, delete me."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, request, url_for
from flask_babel import force_locale, lazy_gettext

from wem import clock, tokens
from wem.db import db
from wem.lists import consent, form_inputs, leaving, links, preferences
from wem.lists.models import MailingList
from wem.lists.notice import notice_for
from wem.lists.public_forms import AddressForm, DetailsForm, fields_of
from wem.lists.public_link_views import SCANNER
from wem.lists.public_views import language_argument, page_language, page_moment, pressed_by_person, render
from wem.lists.registering import LIVE
from wem.lists.rules import mask_address
from wem.lists.senders import sender_for
from wem.lists.states import ConsentKind, SubscriptionState
from wem.lists.subscription_models import AddressChange, Subscriber
from wem.sequences import merging
from wem.tokens import Purpose
from wem.web.blueprints import OpenBlueprint
from wem.web.limits import limiter
from wem.web.origins import Origin

blueprint = OpenBlueprint("preferences", __name__, origin=Origin.public)
PER_IP = "60 per 10 minutes"
DONE = ("lists", "details", "address")
# The same words as on the customer's page of a reader.
KINDS = {
    ConsentKind.requested: lazy_gettext("Asked to be registered"),
    ConsentKind.invited: lazy_gettext("Was invited"),
    ConsentKind.attested: lazy_gettext("Consent attested by upload"),
    ConsentKind.confirmed: lazy_gettext("Confirmed"),
    ConsentKind.changed: lazy_gettext("Changed"),
    ConsentKind.withdrawn: lazy_gettext("Stopped receiving"),
    ConsentKind.removed: lazy_gettext("Was removed"),
    ConsentKind.expired: lazy_gettext("Did not confirm in time"),
}


@blueprint.get("/p/<token>")
def show(token: str) -> Any:
    """Everything on one page; each part has its own button."""
    reader = _reader(token)
    if reader is None:
        return _gone()
    done = request.args.get("done", "")
    return _page(token, reader, done=done if done in DONE else "")


@blueprint.post("/p/<token>/lists")
@limiter.limit(PER_IP, key_func=lambda: f"ip:{request.remote_addr}")
def change_lists(token: str) -> Any:
    """Join and leave lists."""
    reader = _reader(token)
    if reader is None:
        return _gone()
    shown = [row.id for row in _shown_lists(reader)]
    ticked = set(request.form.getlist(form_inputs.LISTS))
    wanted = [number for number in shown if str(number) in ticked]
    rest = [row for row in reader.subscriptions if row.state in LIVE and row.list_id not in shown]
    if not rest and not wanted and not request.form.get("sure"):
        sender = sender_for(reader.customer_id)
        return render("lists/public/choose_none.html", sender, reader.language, token=token)
    preferences.change_lists(reader, shown, wanted, **_trace(), language=page_language(reader.language))
    db.session.commit()
    return _back(token, "lists")


@blueprint.post("/p/<token>/details")
@limiter.limit(PER_IP, key_func=lambda: f"ip:{request.remote_addr}")
def change_details(token: str) -> Any:
    """Change own fields."""
    reader = _reader(token)
    if reader is None:
        return _gone()
    with force_locale(page_language(reader.language)):
        form = _details_form(reader, request.form)
        good = form.validate()
    if not good:
        return _page(token, reader, details=form), 422
    preferences.change_fields(reader, form.values, **_trace())
    db.session.commit()
    return _back(token, "details")


@blueprint.post("/p/<token>/address")
@limiter.limit(PER_IP, key_func=lambda: f"ip:{request.remote_addr}")
def change_address(token: str) -> Any:
    """Ask the new address; the answer is the same, whoever has it."""
    reader = _reader(token)
    if reader is None:
        return _gone()
    with force_locale(page_language(reader.language)):
        form = AddressForm(request.form)
        good = form.validate()
    if not good or form.address is None:
        return _page(token, reader, address=form), 422
    preferences.ask_address_change(reader, form.address, language=page_language(reader.language))
    db.session.commit()
    return _back(token, "address")


@blueprint.get("/p/<token>/delete")
def delete(token: str) -> Any:
    """What deleting does, and one button."""
    reader = _reader(token)
    if reader is None:
        return _gone()
    return render(
        "lists/public/delete.html", sender_for(reader.customer_id), reader.language, token=token, reader=reader
    )


@blueprint.post("/p/<token>/delete")
def deleted(token: str) -> Any:
    """Erase the reader at once, and say no to everything from this customer."""
    reader = _reader(token)
    if reader is None:
        return _gone()
    sender, language = sender_for(reader.customer_id), reader.language
    leaving.erase(reader, ip=request.remote_addr, user_agent=request.user_agent.string)
    db.session.commit()
    return render("lists/public/deleted.html", sender, language)


@blueprint.get("/p/new/<token>")
def new_address(token: str) -> Any:
    """The change that waits, and one button."""
    change = _change(token)
    if change is None:
        return _gone(change=True)
    return _new_address_page(change)


@blueprint.post("/p/new/<token>")
def new_address_confirmed(token: str) -> Any:
    """Move to the address that the link was sent to."""
    change = _change(token)
    if change is None:
        return _gone(change=True)
    if not pressed_by_person(request.form.get("page"), SCANNER):
        return _new_address_page(change, again=True)
    moved, subscriber_id = preferences.move_address(change, **_trace(), carry=merging.carry)
    db.session.commit()
    reader = db.session.get(Subscriber, subscriber_id)
    if moved is preferences.Moved.gone or reader is None:
        return _gone(change=True)
    return render(
        "lists/public/moved.html",
        sender_for(reader.customer_id),
        reader.language,
        reader=reader,
        preferences=links.preferences_url(reader.id, reader.language),
    )


def _reader(token: str) -> Subscriber | None:
    """Return the reader that a link names, None when it is gone; 404 when the link is not ours."""
    subject = tokens.read(Purpose.preferences, token)
    if not subject:
        abort(404)
    return preferences.reader_of(int(subject[0]))


def _change(token: str) -> AddressChange | None:
    subject = tokens.read(Purpose.address_change, token)
    if not subject:
        abort(404)
    change = db.session.get(AddressChange, int(subject[0]))
    return change if change is not None and change.expires_at > clock.now() else None


def _new_address_page(change: AddressChange, *, again: bool = False) -> str:
    reader = db.session.get(Subscriber, change.subscriber_id)
    assert reader is not None
    return render(
        "lists/public/new_address.html",
        sender_for(change.customer_id),
        reader.language,
        address=mask_address(change.address),
        again=again,
        page=page_moment(),
    )


def _shown_lists(reader: Subscriber) -> list[MailingList]:
    """Return the reader's lists and those that may be joined, once each."""
    found = {row.id: row for row in (*preferences.lists_of(reader), *preferences.offered_lists(reader.customer_id))}
    return [found[number] for number in sorted(found)]


def _details_form(reader: Subscriber, data: Any = None) -> DetailsForm:
    return DetailsForm(fields_of(preferences.lists_of(reader)), reader.fields, data)


def _page(
    token: str,
    reader: Subscriber,
    *,
    details: DetailsForm | None = None,
    address: AddressForm | None = None,
    done: str = "",
) -> str:
    sender = sender_for(reader.customer_id)
    language = page_language(reader.language)
    events = consent.events_about(reader.customer_id, reader.address_hash)
    return render(
        "lists/public/preferences.html",
        sender,
        reader.language,
        token=token,
        reader=reader,
        lists=_shown_lists(reader),
        states={row.list_id: row.state for row in reader.subscriptions},
        active=SubscriptionState.active,
        pending=SubscriptionState.pending,
        details=details or _details_form(reader),
        address=address or AddressForm(),
        stored=preferences.stored_fields(reader),
        events=events,
        kinds=KINDS,
        names=preferences.list_names(event.list_id for event in events),
        notice=notice_for(sender.name, language),
        inputs=form_inputs,
        done=done,
    )


def _back(token: str, done: str) -> Any:
    return redirect(url_for("preferences.show", token=token, done=done, lang=language_argument()), 303)


def _gone(*, change: bool = False) -> str:
    return render("lists/public/preferences_gone.html", None, change=change)


def _trace() -> dict[str, str | None]:
    return {"ip": request.remote_addr, "user_agent": request.user_agent.string}
