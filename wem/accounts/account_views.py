"""A person's own pages: name, password, sign-ins, and for which customer they work."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from wem import audit, clock, outbox
from wem.accounts import emails, signing_in
from wem.accounts.browser_names import browser_name
from wem.accounts.forms import ChangePasswordForm, NameForm
from wem.accounts.models import SignIn, SignInAttempt
from wem.accounts.passwords import fits, hashed
from wem.db import db
from wem.settings import settings
from wem.web.blueprints import AccountBlueprint
from wem.web.htmx import see_other
from wem.web.limits import limiter
from wem.web.paging import page_of
from wem.web.session import choose_customer, me, sign_out

blueprint = AccountBlueprint("account", __name__)
Answer = str | tuple[str, int] | Response


def _page(name_form: NameForm | None = None, password_form: ChangePasswordForm | None = None) -> str:
    person = me()
    return render_template(
        "accounts/account.html",
        account=person,
        name_form=name_form or NameForm(name=person.name),
        password_form=password_form or ChangePasswordForm(person.email),
        sign_ins=db.session.scalars(
            sa.select(SignIn)
            .where(SignIn.account_id == person.id, SignIn.ended_at.is_(None))
            .order_by(SignIn.seen_at.desc())
            .limit(50)
        ).all(),
        browser_name=browser_name,
        here=current_user.sign_in.id,
        attempts=signing_in.recent_attempts(person),
    )


@blueprint.get("/account")
def show() -> Answer:
    return _page()


@blueprint.post("/account/name")
def rename() -> Answer:
    form = NameForm()
    if not form.validate_on_submit():
        return _page(name_form=form), 422
    me().name = form.name.data or ""
    db.session.commit()
    flash(gettext("Saved."), "success")
    return see_other(url_for("account.show"))


@blueprint.post("/account/password")
@limiter.limit("10/hour")
def change_password() -> Answer:
    person = me()
    form = ChangePasswordForm(person.email)
    good = form.validate_on_submit()
    if good and not fits(form.current.data or "", person.password_hash):
        form.current.errors = [gettext("The current password is not right.")]
        good = False
    if not good:
        return _page(password_form=form), 422
    password_hash = hashed(form.password.data or "")
    here = current_user.sign_in
    person.set_password(password_hash)
    here.ended_at = None  # this browser stays signed in, all others are out
    outbox.post(emails.password_changed(person), about=f"account {person.id}")
    audit.record("account.password", by=person.id, subject=person)
    db.session.commit()
    flash(gettext("Your password is changed. All other sign-ins have ended."), "success")
    return see_other(url_for("account.show"))


@blueprint.get("/account/sign-ins")
def history() -> Answer:
    """Every attempt to sign in with this person's address that is kept (8-2)."""
    person = me()
    return render_template(
        "accounts/sign_ins.html",
        person=person,
        page=page_of(signing_in.attempts_of(person), SignInAttempt.id),
        browser_name=browser_name,
        days=settings().SIGN_IN_HISTORY_DAYS,
        where=partial(url_for, "account.history"),
        back_url=url_for("account.show"),
        back_label=gettext("Your account"),
    )


@blueprint.post("/account/sign-ins/<int:id>/end")
def end_sign_in(id: int) -> Answer:
    person = me()
    row = db.session.scalar(sa.select(SignIn).where(SignIn.id == id, SignIn.account_id == person.id))
    if row is None:
        abort(404)
    row.ended_at = row.ended_at or clock.now()
    db.session.commit()
    flash(gettext("That sign-in has ended."), "success")
    return see_other(url_for("account.show"))


@blueprint.post("/account/sign-ins/end-others")
def end_other_sign_ins() -> Answer:
    person = me()
    person.end_sign_ins(but=current_user.sign_in)
    audit.record("account.end_sign_ins", by=person.id, subject=person)
    db.session.commit()
    flash(gettext("All other sign-ins have ended."), "success")
    return see_other(url_for("account.show"))


@blueprint.get("/account/customers")
def customers() -> Answer:
    person = me()
    if not person.memberships:
        abort(404)
    return render_template(
        "accounts/customers.html", memberships=sorted(person.memberships, key=lambda m: m.customer.kana)
    )


@blueprint.post("/account/customers")
def choose() -> Answer:
    chosen = request.form.get("customer_id", "")
    membership = next((m for m in me().memberships if str(m.customer_id) == chosen), None)
    if membership is None:
        abort(404)
    choose_customer(membership)
    target = session.pop("after_choice", None)
    return redirect(target or "/dashboard", 303)  # type: ignore[return-value]


@blueprint.post("/logout")
def logout() -> Answer:
    sign_out()
    db.session.commit()
    flash(gettext("You are signed out."), "info")
    return redirect(url_for("accounts.login"), 303)  # type: ignore[return-value]
