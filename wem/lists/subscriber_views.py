"""Readers of a list: masked, found by whole address, edited one at a time, invited, stopped, deleted."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from wem import audit
from wem.bounces import removing
from wem.contracts.rules import Use
from wem.db import db
from wem.lists import consent, editing, leaving, registering, subscribing
from wem.lists.editing import ChangedMeanwhile
from wem.lists.field_views import fields_of
from wem.lists.form_inputs import input_name
from wem.lists.forms import FindForm, InviteForm
from wem.lists.models import Field, MailingList
from wem.lists.public_forms import DetailsForm
from wem.lists.rules import ADDRESS_PROBLEM_TEXTS, Address, mask_address, read_address
from wem.lists.states import SubscriptionState, SuppressionReason
from wem.lists.subscribing import Asked
from wem.lists.subscription_models import Subscriber, Subscription
from wem.lists.views import list_or_404
from wem.lists.wording import EVENTS, STATE_KINDS, STATES, WAYS
from wem.web.blueprints import CustomerBlueprint
from wem.web.filters import number
from wem.web.htmx import see_other
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404
from wem.web.paging import page_of
from wem.web.session import ours

blueprint = CustomerBlueprint("subscribers", __name__, use=Use.manage)
Answer = str | tuple[str, int] | Response

MOST = 1000


@blueprint.get("/lists/<int:id>/subscribers")
def index(id: int) -> Answer:
    mailing_list = list_or_404(id)
    asked = request.args.get("state", "active")
    state = SubscriptionState(asked) if asked in set(SubscriptionState) else SubscriptionState.active
    page = page_of(
        sa.select(Subscription)
        .options(joinedload(Subscription.subscriber))
        .where(Subscription.list_id == mailing_list.id, Subscription.state == state),
        Subscription.id,
    )
    return render_template(
        "lists/subscribers.html",
        list=mailing_list,
        page=page,
        state=state,
        stopped=_up_to_most(mailing_list.id, SubscriptionState.unsubscribed),
        states=STATES,
        state_kinds=STATE_KINDS,
        ways=WAYS,
        find=FindForm(),
    )


def _up_to_most(list_id: int, state: SubscriptionState) -> str:
    """Count no further than a person would look: no counter is kept for this state."""
    rows = sa.select(Subscription.id).where(Subscription.list_id == list_id, Subscription.state == state)
    found = db.session.scalar(sa.select(sa.func.count()).select_from(rows.limit(MOST + 1).subquery())) or 0
    return number(min(found, MOST)) + ("+" if found > MOST else "")


@blueprint.post("/lists/<int:id>/subscribers/find")
@limiter.limit("30/minute;300/day")
def find(id: int) -> Answer:
    """Look up one reader by the whole address; limited and on record, so that nobody tries a list of addresses."""
    mailing_list = list_or_404(id)
    customer, account = ours()
    form = FindForm()
    if not form.validate_on_submit():
        flash(gettext("Please enter the whole e-mail address."), "error")
        return see_other(url_for("subscribers.index", id=mailing_list.id))
    address = read_address(form.address.data or "")
    found = None
    if isinstance(address, Address):
        found = db.session.scalar(
            sa.select(Subscriber.id).where(Subscriber.customer_id == customer.id, Subscriber.address_key == address.key)
        )
    audit.record("subscriber.find", by=account.id, customer_id=customer.id, subject=mailing_list, found=bool(found))
    db.session.commit()
    if found is None:
        flash(gettext("There is no reader with this address. Please check the spelling."), "warning")
        return see_other(url_for("subscribers.index", id=mailing_list.id))
    return see_other(url_for("subscribers.show", id=mailing_list.id, subscriber_id=found))


def _reader(id: int, subscriber_id: int) -> tuple[MailingList, Subscriber]:
    return list_or_404(id), owned_or_404(Subscriber, subscriber_id)


def _optional_fields(customer_id: int) -> list[tuple[Field, bool]]:
    return [(field, False) for field in fields_of(customer_id)]


@blueprint.route("/lists/<int:id>/subscribers/<int:subscriber_id>", methods=["GET", "POST"])
def show(id: int, subscriber_id: int) -> Answer:
    mailing_list, reader = _reader(id, subscriber_id)
    customer, account = ours()
    posted = request.form if request.method == "POST" else None
    # Held: the reader may change or leave at the same moment.
    if posted is not None and registering.hold(reader.id) is None:
        abort(404)
    details = DetailsForm(_optional_fields(customer.id), reader.fields, posted)
    status, conflict, seen = 200, {}, editing.seen(reader)
    if posted is not None:
        status, before = 422, posted.get("seen", "")
        if details.validate():
            try:
                editing.change_fields(reader, details.values, before)
            except ChangedMeanwhile as changed:
                # Saving again from this page is the person's own decision.
                status, conflict = 409, _stored_now(details, reader, changed.keys)
            else:
                audit.record("subscriber.change", by=account.id, customer_id=customer.id, subject=reader)
                db.session.commit()
                flash(gettext("Saved."), "success")
                return see_other(url_for("subscribers.show", id=mailing_list.id, subscriber_id=reader.id))
        else:
            seen = before
    names = dict(
        db.session.execute(
            sa.select(MailingList.id, MailingList.name).where(MailingList.customer_id == customer.id)
        ).all()
    )
    return (
        render_template(
            "lists/subscriber.html",
            list=mailing_list,
            reader=reader,
            details=details,
            seen=seen,
            conflict=conflict,
            names=names,
            here=next((s for s in reader.subscriptions if s.list_id == mailing_list.id), None),
            failed_in_row=removing.standing(reader).in_row,
            events=consent.events_about(customer.id, reader.address_hash),
            states=STATES,
            state_kinds=STATE_KINDS,
            ways=WAYS,
            event_words=EVENTS,
        ),
        status,
    )


def _stored_now(details: DetailsForm, reader: Subscriber, keys: list[str]) -> dict[str, str]:
    """Return what is stored, by the names of the inputs in which something else was typed."""
    return {
        input_name(field.id): _in_words(reader.fields.get(field.key)) for field, _ in details.asked if field.key in keys
    }


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return str(gettext("Yes") if value else gettext("No"))
    if isinstance(value, list):
        return str(gettext(", ")).join(map(str, value))
    return str(gettext("(empty)") if value is None else value)


@blueprint.post("/lists/<int:id>/subscribers/<int:subscriber_id>/stop")
def stop(id: int, subscriber_id: int) -> Answer:
    """End this reader's subscription to this list, for a person who asked by phone or in a shop."""
    mailing_list, reader = _reader(id, subscriber_id)
    _, account = ours()
    leaving.leave(reader, [mailing_list.id], ip=request.remote_addr, by=account.id)
    audit.record("subscriber.stop", by=account.id, customer_id=mailing_list.customer_id, subject=mailing_list)
    db.session.commit()
    flash(gettext("The reader gets nothing more from this list, and no upload brings the address back."), "success")
    return see_other(url_for("subscribers.index", id=mailing_list.id))


@blueprint.post("/lists/<int:id>/subscribers/<int:subscriber_id>/delete")
def delete(id: int, subscriber_id: int) -> Answer:
    """Erase this reader from every list of the customer, and keep the refusal as a hash."""
    mailing_list, reader = _reader(id, subscriber_id)
    _, account = ours()
    leaving.erase(reader, SuppressionReason.everything, ip=request.remote_addr, by=account.id)
    audit.record("subscriber.delete", by=account.id, customer_id=mailing_list.customer_id, subject=mailing_list)
    db.session.commit()
    flash(gettext("The reader is deleted from all lists."), "success")
    return see_other(url_for("subscribers.index", id=mailing_list.id))


@blueprint.route("/lists/<int:id>/subscribers/invite", methods=["GET", "POST"])
@limiter.limit("60/hour", methods=["POST"])
def invite(id: int) -> Answer:
    """Ask one person by mail whether they want the list; nothing but that mail is sent until they say yes."""
    mailing_list = list_or_404(id)
    customer, account = ours()
    form = InviteForm()
    posted = request.form if request.method == "POST" else None
    details = DetailsForm(_optional_fields(customer.id), {}, posted)
    if posted is not None:
        good = details.validate() & form.validate_on_submit()
        address = read_address(form.address.data or "")
        if form.address.data and not isinstance(address, Address):
            form.address.errors = [gettext(ADDRESS_PROBLEM_TEXTS[address])]
        elif good and isinstance(address, Address):
            outcome = subscribing.invite(mailing_list, address, details.values, by=account.id)
            audit.record("subscriber.invite", by=account.id, customer_id=customer.id, subject=mailing_list)
            db.session.commit()
            _tell(outcome, address)
            return see_other(url_for("subscribers.invite", id=mailing_list.id))
    status = 200 if posted is None else 422
    return render_template("lists/invite.html", list=mailing_list, form=form, details=details), status


def _tell(outcome: Asked, address: Address) -> None:
    masked = mask_address(address.address)
    words = {
        Asked.confirmation: (gettext("The invitation is on its way to %(address)s.", address=masked), "success"),
        Asked.already: (gettext("%(address)s is on this list or invited already.", address=masked), "info"),
        Asked.limited: (
            gettext("%(address)s got its mails for today. Please try again tomorrow.", address=masked),
            "warning",
        ),
        Asked.closed: (gettext("Your contract does not permit invitations at present."), "error"),
        Asked.opted_out: (
            gettext("%(address)s asked not to be written to. Only the person can come back.", address=masked),
            "warning",
        ),
    }
    flash(*words[outcome])
