"""Staff and partners: making, limiting and ending their accounts."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from wem import audit
from wem.accounts import inviting
from wem.accounts.forms import PartnerForm, PartnerPersonForm, StaffForm, StaffRoleForm
from wem.accounts.inviting import AlreadyThere
from wem.accounts.models import Account, Invitation, Partner
from wem.accounts.rules import StaffRole
from wem.accounts.wording import STAFF_ROLES
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint("staff_people", __name__, roles=frozenset(), url_prefix="/staff/people")
Answer = str | tuple[str, int] | Response


def _page(
    staff_form: StaffForm | None = None,
    partner_form: PartnerForm | None = None,
    person_form: PartnerPersonForm | None = None,
) -> str:
    people = db.session.scalars(
        sa.select(Account)
        .where(sa.or_(Account.staff_role.is_not(None), Account.partner_id.is_not(None)))
        .order_by(Account.ended_at.is_not(None), Account.id)
    ).all()
    partners = db.session.scalars(sa.select(Partner).order_by(Partner.code)).all()
    waiting = db.session.scalars(
        sa.select(Invitation)
        .where(Invitation.customer_id.is_(None), Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None))
        .order_by(Invitation.id.desc())
    ).all()
    person_form = person_form or _person_form()
    return render_template(
        "accounts/staff/people.html",
        people=people,
        partners=partners,
        invitations=[row for row in waiting if inviting.usable(row)],
        staff_form=staff_form or StaffForm(prefix="staff"),
        partner_form=partner_form or PartnerForm(prefix="partner"),
        person_form=person_form,
        role_forms={
            p.id: StaffRoleForm(role=p.staff_role.value, prefix=f"person{p.id}") for p in people if p.staff_role
        },
        roles=STAFF_ROLES,
        me=me(),
    )


def _person_form() -> PartnerPersonForm:
    form = PartnerPersonForm(prefix="person")
    found = db.session.scalars(sa.select(Partner).order_by(Partner.code)).all()
    form.partner_id.choices = [SelectChoice(p.id, f"{p.code} {p.name}") for p in found]
    return form


@blueprint.get("")
def show() -> Answer:
    return _page()


@blueprint.post("/staff")
def invite_staff() -> Answer:
    form = StaffForm(prefix="staff")
    if not form.validate_on_submit():
        return _page(staff_form=form), 422
    try:
        inviting.invite_staff(form.email.data or "", form.name.data or "", StaffRole(form.role.data), by=me())
    except AlreadyThere:
        form.email.errors = [gettext("This person signs in already. Staff need an account of their own.")]
        return _page(staff_form=form), 422
    return _invited(form.email.data)


@blueprint.post("/partners")
def add_partner() -> Answer:
    form = PartnerForm(prefix="partner")
    good = form.validate_on_submit()
    if good and db.session.scalar(sa.select(Partner.id).where(Partner.code == form.code.data)):
        form.code.errors = [gettext("This partner code is taken.")]
        good = False
    if not good:
        return _page(partner_form=form), 422
    partner = Partner(code=form.code.data or "", name=form.partner_name.data or "")
    db.session.add(partner)
    db.session.flush()
    audit.record("partner.create", by=me().id, subject=partner)
    db.session.commit()
    flash(gettext("Saved."), "success")
    return see_other(url_for("staff_people.show"))


@blueprint.post("/partner-people")
def invite_partner() -> Answer:
    form = _person_form()
    if not form.validate_on_submit():
        return _page(person_form=form), 422
    partner = found_or_404(Partner, form.partner_id.data)
    try:
        inviting.invite_partner(partner, form.email.data or "", form.name.data or "", by=me())
    except AlreadyThere:
        form.email.errors = [gettext("This person signs in already. Partners need an account of their own.")]
        return _page(person_form=form), 422
    return _invited(form.email.data)


def _invited(email: str | None) -> Response:
    db.session.commit()
    flash(gettext("The invitation is on its way to %(email)s.", email=email), "success")
    return see_other(url_for("staff_people.show"))


@blueprint.post("/<int:id>/role")
def change_role(id: int) -> Answer:
    person = _person(id)
    form = StaffRoleForm(prefix=f"person{person.id}")
    if person.staff_role is None or not form.validate_on_submit():
        return _page(), 422
    role = StaffRole(form.role.data)
    if person.staff_role is StaffRole.admin and role is not StaffRole.admin and _last_admin(person):
        flash(gettext("At least one administrator must stay."), "error")
        return see_other(url_for("staff_people.show"))
    person.staff_role = role
    # Rights that were taken away must not live on in an open browser.
    person.end_sign_ins()
    audit.record("staff.role", by=me().id, subject=person, role=role.value)
    db.session.commit()
    flash(gettext("Saved."), "success")
    return see_other(url_for("staff_people.show"))


@blueprint.post("/<int:id>/end")
def end(id: int) -> Answer:
    person = _person(id)
    if person.staff_role is StaffRole.admin and _last_admin(person):
        flash(gettext("At least one administrator must stay."), "error")
        return see_other(url_for("staff_people.show"))
    person.end()
    audit.record("account.end", by=me().id, subject=person)
    db.session.commit()
    flash(gettext("The account has ended. All its sign-ins are over."), "success")
    return see_other(url_for("staff_people.show"))


@blueprint.post("/invitations/<int:id>/withdraw")
def withdraw(id: int) -> Answer:
    row = found_or_404(Invitation, id)
    if row.customer_id is not None:
        abort(404)
    inviting.withdraw(row, by=me().id)
    db.session.commit()
    flash(gettext("The invitation is withdrawn."), "success")
    return see_other(url_for("staff_people.show"))


def _person(id: int) -> Account:
    person = found_or_404(Account, id)
    if (person.staff_role is None and person.partner_id is None) or person.ended_at is not None:
        abort(404)
    return person


def _last_admin(person: Account) -> bool:
    others = sa.select(Account.id).where(
        Account.staff_role == StaffRole.admin, Account.ended_at.is_(None), Account.id != person.id
    )
    return db.session.scalar(others.limit(1)) is None
