"""Readers' replies to mailings: read with every address masked, answered through WeM."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from wem import audit
from wem.accounts.models import Account
from wem.accounts.rules import WRITERS
from wem.contracts.rules import Use
from wem.db import db
from wem.lists import leaving
from wem.lists.subscription_models import Subscriber
from wem.mailings import answering, reply_choosing
from wem.mailings.answering import NotAsked, TooMany
from wem.mailings.models import Mailing
from wem.mailings.reply_choosing import NotProven
from wem.mailings.reply_forms import OWN, WEM, AnswerForm, ReplySettingForm
from wem.mailings.reply_models import KEEP_DAYS, Conversation, ConversationState, ReplySetting
from wem.mailings.titles import Titles
from wem.mailings.ways_out import count_left, lists_to_stop
from wem.notices import masking_rules
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404
from wem.web.paging import page_of
from wem.web.session import current_customer, current_membership, me, ours

blueprint = CustomerBlueprint("replies", __name__, use=Use.compose)
Page = str | tuple[str, int] | Response

AUTOMATIC = "automatic"
STATES = {
    ConversationState.open: (_l("Awaiting reply"), "warning"),
    ConversationState.answered: (_l("Replied"), "success"),
    ConversationState.closed: (_l("Resolved"), "neutral"),
}
MACHINE = (_l("Auto-reply"), "neutral")


@blueprint.get("/replies")
def index() -> Page:
    return _list(None)


@blueprint.get("/mailings/<int:id>/replies")
def of_mailing(id: int) -> Page:
    return _list(owned_or_404(Mailing, id))


def _list(mailing: Mailing | None) -> Page:
    customer = current_customer()
    assert customer is not None
    chosen = request.args.get("state", ConversationState.open.value)
    if chosen not in {*ConversationState, AUTOMATIC, "all"}:
        chosen = ConversationState.open.value
    mine = sa.select(Conversation).where(Conversation.customer_id == customer.id)
    if mailing is not None:
        mine = mine.where(Conversation.mailing_id == mailing.id)
    found = mine.options(joinedload(Conversation.mailing))
    if chosen != "all":
        found = found.where(Conversation.automatic.is_(chosen == AUTOMATIC))
    if chosen in set(ConversationState):
        found = found.where(Conversation.state == ConversationState(chosen))
    return render_template(
        "mailings/replies.html",
        page=page_of(found, Conversation.newest),
        mailing=mailing,
        chosen=chosen,
        counts=_counts(customer.id, mailing),
        titles=Titles(customer.id),
        state_words=STATES,
        machine=MACHINE,
        short=masking_rules.without_phones,
        where=lambda **asked: _where(mailing, **asked),
        own_address=reply_choosing.reply_address_for(customer.id),
    )


def _where(mailing: Mailing | None, **asked: Any) -> str:
    if mailing is not None:
        return url_for("replies.of_mailing", id=mailing.id, **asked)
    return url_for("replies.index", **asked)


def _counts(customer_id: int, mailing: Mailing | None) -> dict[str, int]:
    """Return how many conversations stand behind each tab."""
    which = [Conversation.customer_id == customer_id]
    if mailing is not None:
        which.append(Conversation.mailing_id == mailing.id)
    rows = db.session.execute(
        sa.select(Conversation.state, Conversation.automatic, sa.func.count())
        .where(*which)
        .group_by(Conversation.state, Conversation.automatic)
    )
    found = {**dict.fromkeys([state.value for state in ConversationState], 0), AUTOMATIC: 0}
    for state, automatic, number in rows:
        found[AUTOMATIC if automatic else state.value] += number
    return found


@blueprint.get("/replies/<int:id>")
def show(id: int) -> Page:
    return _page(owned_or_404(Conversation, id), AnswerForm(formdata=None))


def _page(conversation: Conversation, answer: AnswerForm) -> str:
    membership = current_membership()
    # The person gave the address to those who answer, not to everybody who may look.
    shown = conversation.revealed_at is not None and membership is not None and membership.role in WRITERS
    writers = {mail.account_id for mail in conversation.mails if mail.account_id} | {conversation.revealed_by}
    names = db.session.execute(sa.select(Account.id, Account.name).where(Account.id.in_(writers - {None})))
    return render_template(
        "mailings/reply.html",
        conversation=conversation,
        reader=_reader(conversation),
        address=conversation.address if shown else conversation.masked,
        revealed=shown,
        texts={
            mail.id: answering.whole_text(conversation, mail) if shown else mail.text for mail in conversation.mails
        },
        names=dict(iter(names)),  # type: ignore[arg-type]
        state=STATES[conversation.state] if not conversation.automatic else MACHINE,
        titles=Titles(conversation.customer_id),
        answer=answer,
        asked=answering.asked_in(conversation),
    )


@blueprint.post("/replies/<int:id>/answer")
@limiter.limit("60/hour;300/day")
def answer(id: int) -> Page:
    """Mail an answer to the person."""
    conversation, account = _held(id)
    form = AnswerForm()
    if conversation.automatic:
        abort(404)
    if not form.validate_on_submit():
        return _page(conversation, form), 422
    try:
        answering.answer(conversation, form.text.data or "", by=account.id)
    except TooMany:
        form.text.errors = [gettext("You have replied three times in a row. Please wait for the person to write back.")]
        return _page(conversation, form), 422
    db.session.commit()
    flash(gettext("Your reply is on its way. The person's reply will appear in this conversation."), "success")
    return see_other(url_for("replies.show", id=id))


@blueprint.post("/replies/<int:id>/read")
def read(id: int) -> Page:
    """Note that it is read; the page does so by itself where JavaScript runs."""
    conversation, _ = _held(id)
    conversation.unread = False
    db.session.commit()
    if request.headers.get("HX-Request"):
        return ""
    return see_other(url_for("replies.show", id=id))


@blueprint.post("/replies/<int:id>/close")
def close(id: int) -> Page:
    conversation, account = _held(id)
    answering.close(conversation, by=account.id)
    db.session.commit()
    return see_other(url_for("replies.index"))


@blueprint.post("/replies/<int:id>/reopen")
def reopen(id: int) -> Page:
    conversation, account = _held(id)
    answering.reopen(conversation, by=account.id)
    db.session.commit()
    return see_other(url_for("replies.show", id=id))


@blueprint.post("/replies/<int:id>/reveal")
@limiter.limit("30/day")
def reveal(id: int) -> Page:
    """Show the address, for the person asks for it in the reply; on record for staff."""
    conversation, account = _held(id)
    try:
        answering.reveal(conversation, by=account.id)
    except NotAsked:
        flash(gettext("The person does not ask for it in this reply. Your replies go through WeM."), "warning")
        return see_other(url_for("replies.show", id=id))
    db.session.commit()
    flash(
        gettext("The address is shown below. Use it only for this matter (Art. 17-3, Art. 12 prohibition 23)."),
        "warning",
    )
    return see_other(url_for("replies.show", id=id))


@blueprint.post("/replies/<int:id>/stop")
def stop(id: int) -> Page:
    """End the reader's registrations on the lists of this mailing, for the person asked for it."""
    conversation, account = _held(id)
    reader = _reader(conversation)
    if reader is None:
        abort(404)
    mailing_id, customer_id, number = conversation.mailing_id, conversation.customer_id, reader.id
    lists = [row.id for row in lists_to_stop(reader, mailing_id)]
    audit.record("reply.stop", by=account.id, customer_id=customer_id, subject=conversation)
    if leaving.leave(reader, lists, mailing_id=mailing_id, by=account.id):
        count_left(mailing_id, customer_id, number)
    db.session.commit()
    flash(gettext("The reader is unsubscribed from these lists, and no import will add the address again."), "success")
    return see_other(url_for("replies.index"))


@blueprint.route("/replies/settings", methods=["GET", "POST"])
def settings() -> Page:
    customer, account = ours()
    stored = db.session.get(ReplySetting, customer.id)
    form = ReplySettingForm(
        where=OWN if stored and stored.address else WEM,
        address=stored.address if stored else "",
        keep_days=stored.keep_days if stored else KEEP_DAYS,
    )
    if not form.validate_on_submit():
        return render_template("mailings/reply_settings.html", form=form), 422 if form.is_submitted() else 200
    address = (form.address.data or "") if form.where.data == OWN else ""
    try:
        reply_choosing.set_replies(customer.id, address, form.keep_days.data, by=account.id)
    except NotProven:
        form.address.errors = [
            gettext(
                "This address is not on one of your verified domains. Verify the domain under “Sender domains” first."
            )
        ]
        return render_template("mailings/reply_settings.html", form=form), 422
    db.session.commit()
    flash(gettext("Saved. It counts for mailings that start from now on."), "success")
    return see_other(url_for("replies.index"))


def _held(id: int) -> tuple[Conversation, Account]:
    return owned_or_404(Conversation, id), me()


def _reader(conversation: Conversation) -> Subscriber | None:
    """Return the reader, if the person is on a list still."""
    return db.session.get(Subscriber, conversation.subscriber_id) if conversation.subscriber_id else None
