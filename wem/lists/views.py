"""Lists of a customer: all of them, one of them, making and changing."""

from __future__ import annotations

import io
from typing import Any

import segno
import sqlalchemy as sa
from flask import Response as FlaskResponse
from flask import flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.contracts import describing
from wem.contracts.models import contract_in_force
from wem.contracts.rules import Use
from wem.db import db
from wem.domains.choosing import sender_address
from wem.lists import closing, counting, links
from wem.lists.closing import UploadUnderWay
from wem.lists.count_models import MonthPeak
from wem.lists.forms import EditListForm, ListForm
from wem.lists.models import MailingList
from wem.lists.upload_models import Upload
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.origins import public_url
from wem.web.ownership import owned_or_404
from wem.web.session import ours

blueprint = CustomerBlueprint("lists", __name__, use=Use.manage)
Answer = str | tuple[str, int] | Response


def list_or_404(id: int) -> MailingList:
    """Return the customer's own list that is not put away."""
    return owned_or_404(MailingList, id, MailingList.archived_at.is_(None))


def join_url(mailing_list: MailingList) -> str:
    """Return the public address of the list's sign-up page."""
    customer, _ = ours()
    return links.join_url(customer.slug, mailing_list.slug)


@blueprint.get("/lists")
def index() -> Answer:
    customer, _ = ours()
    rows = db.session.scalars(
        sa.select(MailingList)
        .where(MailingList.customer_id == customer.id, MailingList.archived_at.is_(None))
        .order_by(MailingList.id)
    ).all()
    return render_template(
        "lists/lists.html",
        lists=rows,
        registered=counting.registered(customer.id),
        peak=counting.month_peak(customer.id),
        home_url=public_url(f"/h/{customer.slug}/"),
        **describing.restricted(contract_in_force(customer.id)),
    )


@blueprint.route("/lists/new", methods=["GET", "POST"])
def new() -> Answer:
    customer, account = ours()
    form = ListForm()
    if not form.validate_on_submit():
        return render_template("lists/new.html", form=form), 422 if form.is_submitted() else 200
    taken = db.session.scalar(
        sa.select(MailingList.id).where(MailingList.customer_id == customer.id, MailingList.slug == form.slug.data)
    )
    if taken is not None:
        form.slug.errors = [gettext("Another list has this name already. Please choose another one.")]
        return render_template("lists/new.html", form=form), 422
    row = MailingList(
        customer_id=customer.id,
        name=form.name.data or "",
        slug=form.slug.data or "",
        description=(form.description.data or "").strip(),
    )
    db.session.add(row)
    db.session.flush()
    audit.record("list.create", by=account.id, customer_id=customer.id, subject=row)
    db.session.commit()
    flash(gettext("The list is made. Now bring in readers, or show people the sign-up page."), "success")
    return see_other(url_for("lists.show", id=row.id))


@blueprint.get("/lists/<int:id>")
def show(id: int) -> Answer:
    row = list_or_404(id)
    uploads = db.session.scalars(
        sa.select(Upload).where(Upload.list_id == row.id).order_by(Upload.id.desc()).limit(5)
    ).all()
    month = clock.today().replace(day=1)
    peak = db.session.get(MonthPeak, (row.customer_id, month))
    return render_template(
        "lists/list.html",
        list=row,
        uploads=uploads,
        registered=counting.registered(row.customer_id),
        peak=counting.month_peak(row.customer_id),
        peak_reached=peak.reached_at if peak else None,
        join_url=join_url(row),
        tier=_tier(row.customer_id),
        **describing.restricted(contract_in_force(row.customer_id)),
    )


def _tier(customer_id: int) -> dict[str, Any] | None:
    """Return the tier that the month's peak falls into, for the customer to see how far it is to the next."""
    contract = contract_in_force(customer_id)
    if contract is None:
        return None
    peak = counting.month_peak(customer_id)
    up_to = next((up_to for up_to, _fee in contract.tiers if peak <= up_to), None)
    return {"up_to": up_to, "course": contract.course.name}


@blueprint.route("/lists/<int:id>/edit", methods=["GET", "POST"])
def edit(id: int) -> Answer:
    row = list_or_404(id)
    form = EditListForm(obj=row)
    if not form.validate_on_submit():
        sender = sender_address(ours()[0], [row])
        page = render_template("lists/edit.html", form=form, list=row, sender=sender)
        return page, 422 if form.is_submitted() else 200
    _, account = ours()
    row.name = form.name.data or ""
    row.description = (form.description.data or "").strip()
    row.sign_up_open = bool(form.sign_up_open.data)
    row.form_version += 1
    audit.record("list.change", by=account.id, customer_id=row.customer_id, subject=row)
    db.session.commit()
    flash(gettext("Saved."), "success")
    return see_other(url_for("lists.show", id=row.id))


@blueprint.post("/lists/<int:id>/delete")
def delete(id: int) -> Answer:
    row = list_or_404(id)
    _, account = ours()
    try:
        closing.delete_list(row)
    except UploadUnderWay:
        flash(gettext("An upload of this list is under way. Please finish or discard it first."), "error")
        return see_other(url_for("lists.edit", id=row.id))
    audit.record(
        "list.delete",
        by=account.id,
        customer_id=row.customer_id,
        subject=row,
        readers=row.active_count + row.pending_count,
    )
    db.session.commit()
    flash(gettext("The list is deleted."), "success")
    return see_other(url_for("lists.index"))


@blueprint.get("/lists/<int:id>/qr.svg")
def qr(id: int) -> Answer:
    """The sign-up page's address as a QR code, for posters and receipts."""
    out = io.BytesIO()
    segno.make(join_url(list_or_404(id)), error="m").save(out, kind="svg", scale=6, border=4, xmldecl=True)
    return FlaskResponse(out.getvalue(), mimetype="image/svg+xml")


@blueprint.get("/lists/<int:id>/qr.png")
def qr_png(id: int) -> Answer:
    """The same for printing programs that read no SVG."""
    out = io.BytesIO()
    segno.make(join_url(list_or_404(id)), error="m").save(out, kind="png", scale=12, border=4)
    return FlaskResponse(
        out.getvalue(), mimetype="image/png", headers={"Content-Disposition": "attachment; filename=sign-up-qr.png"}
    )
