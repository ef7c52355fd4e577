"""Signing in, a forgotten password, taking up an invitation."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import outbox, tokens
from wem.accounts import emails, inviting, signing_in, watching
from wem.accounts.forms import AcceptForm, ForgottenForm, NewPasswordForm, SignInForm
from wem.accounts.models import Account, Invitation
from wem.accounts.passwords import hashed
from wem.accounts.signing_in import Refusal
from wem.db import db
from wem.tokens import Purpose
from wem.web.blueprints import OpenBlueprint
from wem.web.htmx import see_other
from wem.web.languages import CODES
from wem.web.limits import limiter
from wem.web.session import current_account, sign_in

blueprint = OpenBlueprint("accounts", __name__)
Answer = str | tuple[str, int] | Response


@blueprint.get("/login")
def login() -> Answer:
    account = current_account()
    if account is not None:
        return see_other(start_page(account))
    return render_template("accounts/login.html", form=SignInForm(), next=local_path(request.args.get("next")))


@blueprint.post("/login")
@limiter.limit("60/minute")
def sign_in_with_password() -> Answer:
    form = SignInForm()
    target = local_path(request.form.get("next"))
    if not form.validate_on_submit():
        return render_template("accounts/login.html", form=form, next=target), 422
    outcome = signing_in.check_password(
        form.email.data or "", form.password.data or "", request.remote_addr or "", request.user_agent.string
    )
    if isinstance(outcome, Refusal):
        db.session.commit()
        if outcome is Refusal.too_many:
            message = gettext("Too many attempts. Please wait 15 minutes, or set a new password.")
        else:
            message = gettext("The e-mail address or the password is not right.")
        form.form_errors.append(message)
        return render_template("accounts/login.html", form=form, next=target), 422
    watching.look_for_second_place(outcome, sign_in(outcome))
    db.session.commit()
    return redirect(target or start_page(outcome), 303)  # type: ignore[return-value]


def start_page(account: Account) -> str:
    """Return where a person begins after signing in."""
    if account.staff_role is not None:
        return "/staff/"
    if account.partner_id is not None:
        return "/partner/applications"
    if len(account.memberships) > 1:
        return url_for("account.customers")
    return "/dashboard"


def local_path(target: str | None) -> str | None:
    """Return the path if it stays on this site; None for anything that could lead elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target:
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target.rstrip("?")


@blueprint.route("/password", methods=["GET", "POST"])
@limiter.limit("20/hour", methods=["POST"])
def forgotten() -> Answer:
    form = ForgottenForm()
    if request.method == "POST":
        if not form.validate_on_submit():
            return render_template("accounts/forgotten.html", form=form, sent=False), 422
        account = signing_in.account_of(form.email.data or "")
        if account is not None:
            outbox.post(emails.password_reset(account), about=f"account {account.id}")
        db.session.commit()
        # The same for known and unknown addresses.
        return render_template("accounts/forgotten.html", form=form, sent=True)
    return render_template("accounts/forgotten.html", form=form, sent=False)


@blueprint.route("/password/<token>", methods=["GET", "POST"])
@limiter.limit("30/hour", methods=["POST"])
def new_password(token: str) -> Answer:
    account = _account_of_token(token)
    if account is None:
        return render_template("accounts/link_gone.html", again=url_for("accounts.forgotten")), 410
    form = NewPasswordForm(account.email)
    if request.method == "POST" and form.validate():
        password_hash = hashed(form.password.data or "")
        account = _account_of_token(token)
        if account is None:
            return render_template("accounts/link_gone.html", again=url_for("accounts.forgotten")), 410
        account.set_password(password_hash)
        outbox.post(emails.password_changed(account), about=f"account {account.id}")
        sign_in(account)
        db.session.commit()
        flash(gettext("Your new password is set."), "success")
        return see_other(start_page(account))
    status = 422 if request.method == "POST" else 200
    return render_template("accounts/new_password.html", form=form, account=account), status


def _account_of_token(token: str) -> Account | None:
    subject = tokens.read(Purpose.password, token, emails.RESET_LIFETIME)
    if subject is None or len(subject) != 2:
        return None
    account = db.session.get(Account, int(subject[0]))
    good = account is not None and account.ended_at is None and account.password_number == subject[1]
    return account if good else None


@blueprint.route("/invitations/<token>", methods=["GET", "POST"])
@limiter.limit("30/hour", methods=["POST"])
def invitation(token: str) -> Answer:
    subject = tokens.read(Purpose.invitation, token, inviting.LIFETIME + timedelta(days=1))
    row = db.session.get(Invitation, int(subject[0])) if subject else None
    if row is None or not inviting.usable(row):
        return render_template("accounts/link_gone.html", again=None), 410
    existing = signing_in.account_of(row.email)
    if existing is not None:
        return _join_with_existing(row, existing, token)
    form = AcceptForm(row.email, name=row.name)
    if request.method == "POST" and form.validate():
        password_hash = hashed(form.password.data or "")
        if not inviting.usable(row):
            return render_template("accounts/link_gone.html", again=None), 410
        account = inviting.accept(row, form.name.data or "", password_hash)
        sign_in(account)
        db.session.commit()
        flash(gettext("Welcome to WeM."), "success")
        return see_other(start_page(account))
    status = 422 if request.method == "POST" else 200
    return render_template("accounts/invitation.html", form=form, invitation=row, existing=None), status


def _join_with_existing(row: Invitation, existing: Account, token: str) -> Answer:
    """The person signs in already: the place is added once they are signed in as themselves."""
    here = current_account()
    if here is None or here.id != existing.id:
        return render_template("accounts/invitation.html", invitation=row, existing=existing, form=None, token=token)
    if request.method == "POST":
        inviting.accept(row, existing.name, None)
        db.session.commit()
        flash(gettext("You can work for %(name)s now.", name=row.customer.name if row.customer else ""), "success")
        return see_other(start_page(existing))
    return render_template("accounts/invitation.html", invitation=row, existing=existing, form=None, token=None)


@blueprint.post("/language")
def language() -> Answer:
    chosen = request.form.get("language")
    if chosen in CODES:
        account = current_account()
        if account is not None:
            account.language = chosen
            db.session.commit()
        session["language"] = chosen
    return redirect(local_path(request.form.get("next")) or "/", 303)  # type: ignore[return-value]
