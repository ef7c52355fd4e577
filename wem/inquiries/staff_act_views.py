"""What staff do with a thread: answer, note, assign, close, tie, pass on, ask whether an order is the customer's."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from flask import flash, request, url_for
from flask_babel import gettext

from wem.contracts.models import Contract, contract_in_force
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.inquiries import answering, confirming, passing_on
from wem.inquiries.answering import TooLarge
from wem.inquiries.confirming import CannotAsk
from wem.inquiries.desk_rules import MOST_MAILED
from wem.inquiries.forms import MB, AnswerForm, Line, NoteForm, PassOnForm, TieForm
from wem.inquiries.models import Inquiry, Writer
from wem.inquiries.staff_views import ROLES, Answer, assign_form, is_open, page, seen_or_404
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.session import me

blueprint = StaffBlueprint("staff_inquiry_acts", __name__, roles=ROLES, url_prefix="/staff/inquiries")


def _shown(id: int, said: str, kind: str = "success") -> Answer:
    flash(said, kind)
    return see_other(url_for("staff_inquiries.show", id=id))


def _not_possible(id: int) -> Answer:
    db.session.rollback()
    return _shown(id, gettext("This is not possible in the inquiry's present state."), "warning")


def _unread(inquiry: Inquiry) -> bool:
    """Nobody acts on an end user's words without having read them with a reason."""
    return not is_open(inquiry)


@blueprint.post("/<int:id>/answer")
def answer(id: int) -> Answer:
    inquiry, form = seen_or_404(id, hold=True), AnswerForm()
    if _unread(inquiry):
        return _not_possible(id)
    if not form.validate_on_submit():
        return page(inquiry, 422, answer=form)
    try:
        answering.answer(inquiry, form.text.data or "", form.attached, by=me().id)
    except TooLarge:
        form.files.errors = [gettext("These go by mail alone: at most %(most)s MB together.", most=MOST_MAILED // MB)]
        return page(inquiry, 422, answer=form)
    except Illegal:
        return _not_possible(id)
    db.session.commit()
    return _shown(id, gettext("Your answer is on its way."))


@blueprint.post("/<int:id>/note")
def note(id: int) -> Answer:
    inquiry, form = seen_or_404(id, hold=True), NoteForm()
    if not form.validate_on_submit():
        return page(inquiry, 422, note=form)
    answering.note(inquiry, form.note.data or "", by=me().id)
    db.session.commit()
    return _shown(id, gettext("The note is kept."))


@blueprint.post("/<int:id>/assign")
def assign(id: int) -> Answer:
    inquiry = seen_or_404(id, hold=True)
    form = assign_form(inquiry)
    if not form.validate_on_submit():
        return page(inquiry, 422, assign=form)
    answering.assign(inquiry, int(form.to.data) if form.to.data else None, by=me().id)
    db.session.commit()
    return _shown(id, gettext("Saved."))


@blueprint.post("/<int:id>/close")
def close(id: int) -> Answer:
    return _moved(id, answering.close, gettext("The inquiry is closed."))


@blueprint.post("/<int:id>/reopen")
def reopen(id: int) -> Answer:
    return _moved(id, answering.reopen, gettext("The inquiry is open again."))


@blueprint.post("/<int:id>/reader")
def reader(id: int) -> Answer:
    said = gettext("It counts as an end user's from now on.")
    return _moved(id, answering.mark_reader, said)


def _moved(id: int, act: Callable[..., None], said: str) -> Answer:
    try:
        act(seen_or_404(id, hold=True), by=me().id)
    except Illegal:
        return _not_possible(id)
    db.session.commit()
    return _shown(id, said)


@blueprint.post("/<int:id>/confidential")
def confidential(id: int) -> Answer:
    inquiry, on = seen_or_404(id, hold=True), request.form.get("on") == "1"
    answering.mark_confidential(inquiry, on, by=me().id)
    db.session.commit()
    flash(gettext("It is confidential now.") if on else gettext("It is confidential no longer."), "success")
    # Who is not trusted with it does not see it any more.
    return see_other(url_for("staff_inquiries.index"))


def _contract(field: Line) -> Contract | None:
    number = (field.data or "").upper()
    found = db.session.scalar(
        sa.select(Contract).where(Contract.number == number, Contract.state != ContractState.ended)
    )
    if found is None:
        field.errors = [gettext("There is no contract in force with this number.")]
    return found


@blueprint.post("/<int:id>/tie")
def tie(id: int) -> Answer:
    inquiry, form = seen_or_404(id, hold=True), TieForm()
    contract = _contract(form.number) if form.validate_on_submit() else None
    if contract is None:
        return page(inquiry, 422, tie=form)
    try:
        answering.tie(inquiry, contract.customer_id, by=me().id)
    except Illegal:
        return _not_possible(id)
    db.session.commit()
    return _shown(id, gettext("It is tied to %(name)s, who can read it now.", name=contract.customer.name))


@blueprint.post("/<int:id>/pass-on")
def pass_on(id: int) -> Answer:
    inquiry, form = seen_or_404(id, hold=True), PassOnForm()
    if _unread(inquiry) or inquiry.writer is Writer.customer:
        return _not_possible(id)
    contract = _contract(form.contract) if form.validate_on_submit() else None
    if contract is None:
        return page(inquiry, 422, pass_on=form)
    thread = passing_on.pass_on(inquiry, contract, form.complaint.data or "", by=me().id)
    db.session.commit()
    said = gettext("It is passed on to %(name)s under %(number)s.", name=contract.customer.name, number=thread.number)
    return _shown(id, said)


@blueprint.post("/<int:id>/ask-confirmation")
def ask_confirmation(id: int) -> Answer:
    inquiry = seen_or_404(id, hold=True)
    contract = contract_in_force(inquiry.customer_id) if inquiry.customer_id else None
    try:
        if contract is None:
            raise CannotAsk
        confirming.ask(inquiry, contract, by=me().id)
    except CannotAsk:
        return _not_possible(id)
    db.session.commit()
    return _shown(id, gettext("The registered address is asked. The receipt of the mail stays the date of the order."))
