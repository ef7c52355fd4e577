"""A customer's inquiries: ask, read the answers, write further, say that it is settled. Open while suspended too."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response

from wem import clock, storage
from wem.accounts.models import Account
from wem.accounts.rules import WRITERS, Role
from wem.contracts.rules import Use
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.inquiries import answering, asking, hours
from wem.inquiries.asking import Said
from wem.inquiries.forms import AddForm, AskForm
from wem.inquiries.models import EntryKind, Inquiry, InquiryEntry, InquiryFile
from wem.inquiries.wording import STATES
from wem.settings import settings
from wem.web.blueprints import CustomerBlueprint
from wem.web.files import stored_file_answer
from wem.web.htmx import see_other
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404
from wem.web.paging import page_of
from wem.web.session import current_customer, current_membership, me, ours

blueprint = CustomerBlueprint("inquiries", __name__, use=Use.contract)
Answer = str | tuple[str, int] | Response
SHOWN = (EntryKind.asked, EntryKind.answer)


def _visible() -> sa.ColumnElement[bool]:
    """What is confidential is the owners' and who asked it (2-1)."""
    membership = current_membership()
    if membership is None:
        abort(404)
    if membership.role is Role.owner:
        return sa.true()
    return sa.or_(Inquiry.confidential.is_(False), Inquiry.account_id == me().id)


def _owned(id: int) -> Inquiry:
    return owned_or_404(Inquiry, id, _visible())


@blueprint.get("/inquiries")
def index() -> Answer:
    customer = current_customer()
    if customer is None:
        abort(404)
    mine = sa.select(Inquiry).where(Inquiry.customer_id == customer.id, _visible())
    return render_template(
        "inquiries/inquiries.html",
        page=page_of(mine, Inquiry.newest),
        states=STATES,
        may_ask=_may_ask(),
        **_desk(),
    )


def _desk() -> dict[str, object]:
    return {"hours": str(hours.hours()), "open_now": hours.is_open(), "days": int(settings().HELP_DESK_DAYS)}


def _may_ask() -> bool:
    membership = current_membership()
    return membership is not None and membership.role in WRITERS


@blueprint.route("/inquiries/new", methods=["GET", "POST"])
@limiter.limit("30/hour", methods=["POST"])
def new() -> Answer:
    customer, account = ours()
    if not _may_ask():
        abort(403)
    form = AskForm(subject=request.args.get("subject", "")[:150])
    if not form.validate_on_submit():
        page = render_template("inquiries/new.html", form=form, expected=hours.answer_by(clock.now()), **_desk())
        return page, 422 if form.is_submitted() else 200
    inquiry = asking.ask(
        customer,
        account,
        form.subject.data or "",
        form.text.data or "",
        form.attached,
        confidential=form.confidential.data,
    )
    # The receipt of Art. 23-1 goes by mail as well: who asks has something in hand.
    asking.send_receipt(inquiry, "")
    db.session.commit()
    flash(gettext("We have received your inquiry. Its number is %(number)s.", number=inquiry.number), "success")
    return see_other(url_for("inquiries.show", id=inquiry.id))


@blueprint.get("/inquiries/<int:id>")
def show(id: int) -> Answer:
    return _page(_owned(id), AddForm(formdata=None))


def _page(inquiry: Inquiry, form: AddForm, status: int = 200) -> Answer:
    entries = db.session.scalars(
        sa.select(InquiryEntry)
        .where(InquiryEntry.inquiry_id == inquiry.id, InquiryEntry.kind.in_(SHOWN))
        .order_by(InquiryEntry.id)
        .options(selectinload(InquiryEntry.files))
    ).all()
    page = render_template(
        "inquiries/inquiry.html",
        inquiry=inquiry,
        entries=entries,
        names=_names(entries),
        state=STATES[inquiry.state],
        form=form,
        may_ask=_may_ask(),
        **_desk(),
    )
    return page, status


def _names(entries: Sequence[InquiryEntry]) -> dict[int, str]:
    """Return the names of the customer's own people by their numbers; ours answer as the help desk."""
    ids = {entry.account_id for entry in entries if entry.kind is EntryKind.asked and entry.account_id}
    rows = db.session.execute(sa.select(Account.id, Account.name).where(Account.id.in_(ids)))
    return {row.id: row.name for row in rows}


@blueprint.post("/inquiries/<int:id>/add")
@limiter.limit("60/hour")
def add(id: int) -> Answer:
    inquiry, account, form = _owned(id), me(), AddForm()
    if not form.validate_on_submit():
        return _page(inquiry, form, 422)
    db.session.refresh(inquiry, with_for_update=True)
    said = Said(form.text.data or "", clock.now(), form.attached, account_id=account.id)
    asking.ask_again(inquiry, said)
    db.session.commit()
    flash(gettext("Your message is with the help desk."), "success")
    return see_other(url_for("inquiries.show", id=id))


@blueprint.post("/inquiries/<int:id>/close")
def close(id: int) -> Answer:
    inquiry = _owned(id)
    db.session.refresh(inquiry, with_for_update=True)
    try:
        answering.close(inquiry, by=me().id)
    except Illegal:
        db.session.rollback()
        return see_other(url_for("inquiries.show", id=id))
    inquiry.unread = False
    db.session.commit()
    flash(gettext("The inquiry is closed. Write further, and it opens again."), "success")
    return see_other(url_for("inquiries.index"))


@blueprint.post("/inquiries/<int:id>/read")
def read(id: int) -> Answer:
    """Note that it is read; the page does so by itself where JavaScript runs."""
    inquiry = _owned(id)
    inquiry.unread = False
    db.session.commit()
    if request.headers.get("HX-Request"):
        return ""
    return see_other(url_for("inquiries.show", id=id))


@blueprint.get("/inquiries/<int:id>/files/<int:file_id>")
def file(id: int, file_id: int) -> Answer:
    inquiry = _owned(id)
    row = db.session.scalar(
        sa.select(InquiryFile)
        .join(InquiryEntry, InquiryEntry.id == InquiryFile.entry_id)
        .where(InquiryFile.id == file_id, InquiryEntry.inquiry_id == inquiry.id, InquiryEntry.kind.in_(SHOWN))
    )
    if row is None or not storage.path_of(row.key).exists():
        abort(404)
    return stored_file_answer(storage.path_of(row.key), row.name)
