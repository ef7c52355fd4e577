"""A customer's people: who works here, in which role, who is invited."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa
from flask import flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit
from wem.accounts import inviting, returning, signing_in
from wem.accounts.browser_names import browser_name
from wem.accounts.forms import ROLE_HINTS, MemberForm, RoleForm
from wem.accounts.inviting import AlreadyThere
from wem.accounts.models import Invitation, Membership, SignInAttempt
from wem.accounts.rules import Role
from wem.accounts.wording import ROLES
from wem.contracts.rules import Use
from wem.db import db
from wem.settings import settings
from wem.web.blueprints import CustomerBlueprint, owners_only
from wem.web.htmx import see_other
from wem.web.ownership import owned_or_404
from wem.web.paging import page_of
from wem.web.session import ours

blueprint = CustomerBlueprint("team", __name__, use=Use.contract)
Answer = str | tuple[str, int] | Response


def _page(form: MemberForm | None = None) -> str:
    customer, account = ours()
    members = db.session.scalars(
        sa.select(Membership).where(Membership.customer_id == customer.id).order_by(Membership.id)
    ).all()
    waiting = db.session.scalars(
        sa.select(Invitation)
        .where(
            Invitation.customer_id == customer.id, Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None)
        )
        .order_by(Invitation.id.desc())
    ).all()
    return render_template(
        "accounts/team.html",
        form=form or MemberForm(),
        members=members,
        role_forms={m.id: RoleForm(role=m.role.value, prefix=f"member{m.id}") for m in members},
        invitations=[row for row in waiting if inviting.usable(row)],
        me=account,
        roles=ROLES,
        role_hints=ROLE_HINTS,
    )


@blueprint.get("/team")
@owners_only
def show() -> Answer:
    return _page()


@blueprint.post("/team")
@owners_only
def invite() -> Answer:
    customer, account = ours()
    form = MemberForm()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        inviting.invite_member(customer, form.email.data or "", form.name.data or "", Role(form.role.data), by=account)
    except AlreadyThere:
        form.email.errors = [
            gettext("This is your own address: you work here already. Enter that of the person to be invited.")
            if (form.email.data or "").strip().lower() == account.email
            else gettext("This person works here already.")
        ]
        return _page(form), 422
    db.session.commit()
    flash(gettext("The invitation is on its way to %(email)s.", email=form.email.data), "success")
    return see_other(url_for("team.show"))


@blueprint.post("/team/<int:id>/role")
@owners_only
def change_role(id: int) -> Answer:
    _, account = ours()
    membership = owned_or_404(Membership, id)
    form = RoleForm(prefix=f"member{membership.id}")
    if not form.validate_on_submit():
        return _page(), 422
    role = Role(form.role.data)
    if membership.role is Role.owner and role is not Role.owner and _last_owner(membership):
        flash(gettext("At least one person must stay owner. Please make another person owner first."), "error")
        return see_other(url_for("team.show"))
    membership.role = role
    audit.record(
        "team.role", by=account.id, customer_id=membership.customer_id, subject=membership, role=membership.role.value
    )
    db.session.commit()
    flash(gettext("Saved."), "success")
    return see_other(url_for("team.show"))


@blueprint.get("/team/<int:id>/sign-ins")
@owners_only
def sign_ins(id: int) -> Answer:
    """From where and when a person of the team signed in, or tried to (8-2)."""
    membership = owned_or_404(Membership, id)
    return render_template(
        "accounts/sign_ins.html",
        person=membership.account,
        page=page_of(signing_in.attempts_of(membership.account), SignInAttempt.id),
        browser_name=browser_name,
        days=settings().SIGN_IN_HISTORY_DAYS,
        where=partial(url_for, "team.sign_ins", id=id),
        back_url=url_for("team.show"),
        back_label=gettext("Team"),
    )


@blueprint.post("/team/<int:id>/remove")
@owners_only
def remove(id: int) -> Answer:
    _, account = ours()
    membership = owned_or_404(Membership, id)
    if membership.role is Role.owner and _last_owner(membership):
        flash(gettext("At least one person must stay owner. Please make another person owner first."), "error")
        return see_other(url_for("team.show"))
    returning.give_back(membership, by=account.id)
    db.session.commit()
    flash(gettext("This person no longer works here."), "success")
    return see_other(url_for("team.show"))


@blueprint.post("/team/invitations/<int:id>/withdraw")
@owners_only
def withdraw(id: int) -> Answer:
    _, account = ours()
    inviting.withdraw(owned_or_404(Invitation, id), by=account.id)
    db.session.commit()
    flash(gettext("The invitation is withdrawn."), "success")
    return see_other(url_for("team.show"))


def _last_owner(membership: Membership) -> bool:
    others = sa.select(Membership.id).where(
        Membership.customer_id == membership.customer_id,
        Membership.role == Role.owner,
        Membership.id != membership.id,
    )
    return db.session.scalar(others.limit(1)) is None
