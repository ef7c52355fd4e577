"""A customer's custom fields, and which of them stand on a list's sign-up form."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit
from wem.contracts.rules import Use
from wem.db import db
from wem.lists import forgetting
from wem.lists.form_inputs import input_name
from wem.lists.forms import KINDS, WITH_OPTIONS, EditFieldForm, FieldForm, SignUpFormForm, lines
from wem.lists.models import Field, ListField, MailingList
from wem.lists.notice import notice_for
from wem.lists.rules import field_key
from wem.lists.senders import sender_of
from wem.lists.states import FieldKind
from wem.lists.views import join_url, list_or_404
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import owned_or_404
from wem.web.session import ours

blueprint = CustomerBlueprint("fields", __name__, use=Use.manage)
Answer = str | tuple[str, int] | Response


def fields_of(customer_id: int) -> list[Field]:
    """Return the customer's fields in their order."""
    return list(
        db.session.scalars(sa.select(Field).where(Field.customer_id == customer_id).order_by(Field.position, Field.id))
    )


@blueprint.route("/fields", methods=["GET", "POST"])
def index() -> Answer:
    customer, account = ours()
    form = FieldForm()
    found = fields_of(customer.id)
    if form.validate_on_submit():
        kind = FieldKind(form.kind.data)
        row = Field(
            customer_id=customer.id,
            key=field_key(form.label.data or "", forgetting.taken_keys(customer.id)),
            label=form.label.data or "",
            kind=kind,
            options=lines(form.options.data) if kind in WITH_OPTIONS else [],
            position=len(found),
        )
        db.session.add(row)
        db.session.flush()
        audit.record("field.create", by=account.id, customer_id=customer.id, subject=row, key=row.key)
        db.session.commit()
        flash(gettext("The field is made."), "success")
        return see_other(url_for("fields.index"))
    status = 422 if form.is_submitted() else 200
    return render_template("lists/fields.html", form=form, fields=found, kinds=KINDS), status


@blueprint.route("/fields/<int:id>", methods=["GET", "POST"])
def edit(id: int) -> Answer:
    row = owned_or_404(Field, id)
    form = EditFieldForm(row.kind, label=row.label, options="\n".join(row.options))
    if form.validate_on_submit():
        _, account = ours()
        row.label = form.label.data or ""
        if row.kind in WITH_OPTIONS:
            row.options = lines(form.options.data)
        _forms_changed(row)
        audit.record("field.change", by=account.id, customer_id=row.customer_id, subject=row)
        db.session.commit()
        flash(gettext("Saved."), "success")
        return see_other(url_for("fields.index"))
    on_forms = db.session.scalar(sa.select(sa.func.count()).select_from(ListField).where(ListField.field_id == row.id))
    status = 422 if form.is_submitted() else 200
    return render_template("lists/field.html", form=form, field=row, kinds=KINDS, on_forms=on_forms), status


@blueprint.post("/fields/<int:id>/delete")
def delete(id: int) -> Answer:
    """Take the field away; what readers entered in it is erased in the background."""
    row = owned_or_404(Field, id)
    _, account = ours()
    _forms_changed(row)
    audit.record("field.delete", by=account.id, customer_id=row.customer_id, subject=row, key=row.key)
    forgetting.delete_field(row)
    db.session.commit()
    flash(gettext("The field is deleted."), "success")
    return see_other(url_for("fields.index"))


def _forms_changed(field: Field) -> None:
    db.session.execute(
        sa.update(MailingList)
        .where(MailingList.id.in_(sa.select(ListField.list_id).where(ListField.field_id == field.id)))
        .values(form_version=MailingList.form_version + 1)
    )


@blueprint.route("/lists/<int:id>/form", methods=["GET", "POST"])
def sign_up_form(id: int) -> Answer:
    """What the list's sign-up form asks; the notice of 17-2 stands before it and cannot be edited."""
    mailing_list = list_or_404(id)
    customer, account = ours()
    found = fields_of(customer.id)
    form = SignUpFormForm(obj=mailing_list)
    if form.validate_on_submit():
        mailing_list.sign_up_intro = (form.sign_up_intro.data or "").strip()
        _put_fields(mailing_list, found)
        mailing_list.form_version += 1
        audit.record("list.form", by=account.id, customer_id=customer.id, subject=mailing_list)
        db.session.commit()
        flash(gettext("Saved. Readers see the new form from now on."), "success")
        return see_other(url_for("fields.sign_up_form", id=mailing_list.id))
    return (
        render_template(
            "lists/form.html",
            form=form,
            list=mailing_list,
            fields=found,
            chosen={row.field_id: row for row in mailing_list.form_fields},
            kinds=KINDS,
            join_url=join_url(mailing_list),
            embed=render_template(
                "lists/_embed.html", list=mailing_list, action=join_url(mailing_list), input_name=input_name
            ).strip(),
            notice=notice_for(sender_of(customer).name, "ja"),
        ),
        422 if form.is_submitted() else 200,
    )


def _put_fields(mailing_list: MailingList, found: list[Field]) -> None:
    """Set the form's fields from the check boxes `use-<id>` and `required-<id>`, in the fields' order."""
    kept = {row.field_id: row for row in mailing_list.form_fields}
    wanted = [field for field in found if request.form.get(f"use-{field.id}")]
    for field_id, row in kept.items():
        if field_id not in {field.id for field in wanted}:
            mailing_list.form_fields.remove(row)
    for position, field in enumerate(wanted):
        row = kept.get(field.id) or ListField(field=field)
        row.position = position
        row.required = bool(request.form.get(f"required-{field.id}"))
        if field.id not in kept:
            mailing_list.form_fields.append(row)
