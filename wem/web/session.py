"""Who is signed in, and for which customer: the sign-in is a row, the cookie only names it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from wem import clock
from wem.accounts.models import Account, Customer, Membership, SignIn, digest
from wem.accounts.order_models import OnBehalf, OperationWork, on_behalf
from wem.db import db, reading_only
from wem.settings import settings
from wem.web.htmx import wants_fragment

login_manager = LoginManager()
login_manager.session_protection = None
SEEN_EVERY = timedelta(minutes=1)
WORK = "work_id"  # in the session: the work on a customer's order


class SignedIn(UserMixin):
    """The person of this request, known by the token of the sign-in."""

    def __init__(self, sign_in: SignIn, token: str) -> None:
        self.sign_in = sign_in
        self.account = sign_in.account
        self.token = token

    def get_id(self) -> str:
        return self.token


@login_manager.user_loader
def _load(token: str) -> SignedIn | None:
    row = db.session.scalar(sa.select(SignIn).where(SignIn.token_hash == digest(token)))
    at = clock.now()
    config = settings()
    idle, longest = timedelta(minutes=int(config.LOGIN_IDLE_MINUTES)), timedelta(hours=int(config.LOGIN_HOURS))
    if row is None or not row.good(at, idle, longest):
        return None
    if at - row.seen_at > SEEN_EVERY:
        if reading_only.get():
            _seen(row.id, at)
        else:
            # This transaction has the write lock already: a second connection would wait for it in vain.
            row.seen_at = at
    return SignedIn(row, token)


def _seen(sign_in_id: int, at: Any) -> None:
    """Note the sign of life in a transaction of its own: a page view's own transaction only reads."""
    token = reading_only.set(False)
    try:
        with db.engine.begin() as connection:
            connection.execute(sa.update(SignIn).where(SignIn.id == sign_in_id).values(seen_at=at))
    finally:
        reading_only.reset(token)


@login_manager.unauthorized_handler
def _sign_in_first() -> Response:
    if wants_fragment():
        # Sent on, it would take the page of the sign-in for the part that it asked for, and what was typed for kept.
        return Response(status=401)
    target = request.full_path if request.method == "GET" else None
    return redirect(url_for("accounts.login", next=target), 303)  # type: ignore[return-value]


def sign_in(account: Account) -> SignIn:
    """Begin a sign-in for the account in this browser; the caller commits."""
    row, token = SignIn.begin(account, request.remote_addr or "", request.user_agent.string)
    db.session.flush()
    # A new session, so that one planted before the sign-in is worth nothing.
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    login_user(SignedIn(row, token))
    return row


def sign_out() -> None:
    """End the present sign-in; the caller commits."""
    if current_user.is_authenticated:
        current_user.sign_in.ended_at = clock.now()
    logout_user()
    session.clear()


def current_account() -> Account | None:
    """Return who is signed in, or None."""
    return current_user.account if current_user.is_authenticated else None


def me() -> Account:
    """Return who is signed in; 404 for nobody."""
    account = current_account()
    if account is None:
        abort(404)
    return account


def ours() -> tuple[Customer, Account]:
    """Return the customer for whom the person works, and the person; 404 without one."""
    customer, account = current_customer(), me()
    if customer is None:
        abort(404)
    return customer, account


def current_membership() -> Membership | OnBehalf | None:
    """Return the chosen customer's membership of who is signed in; the only one is chosen by itself.

    On customers' pages a member of staff at work on a customer's order is an editor there (9-4); whatever is then
    written into the audit trail names the order.
    """
    account = current_account()
    if account is None:
        return None
    if "membership" not in g and (at_work := _at_work()) is not None:
        g.membership = at_work
        g.on_behalf_of = at_work.work.order_id
    if "membership" not in g:
        found = db.session.scalars(
            sa.select(Membership).where(Membership.account_id == account.id).order_by(Membership.id)
        ).all()
        chosen = session.get("customer_id")
        g.memberships = found
        g.membership = next((m for m in found if m.customer_id == chosen), found[0] if len(found) == 1 else None)
    membership: Membership | OnBehalf | None = g.membership
    return membership


def _at_work() -> OnBehalf | None:
    number = session.get(WORK)
    audience = getattr(current_app.blueprints.get(request.blueprint or ""), "audience", "")
    if number is None or audience != "customer":
        return None
    return on_behalf(number, current_user.sign_in, clock.now())


def current_work() -> OperationWork | None:
    """Return the work on a customer's order that this page is part of."""
    membership = current_membership()
    return membership.work if isinstance(membership, OnBehalf) else None


def begin_work(work: OperationWork) -> None:
    """Work for this order's customer from now on, in this sign-in."""
    session[WORK] = work.id


def end_work() -> int | None:
    """Forget the work of this sign-in and return its number."""
    number: int | None = session.pop(WORK, None)
    return number


def present_sign_in() -> SignIn:
    """Return the sign-in of who is signed in."""
    found: SignIn = current_user.sign_in
    return found


def current_customer() -> Customer | None:
    """Return the customer for whom the person works now."""
    membership = current_membership()
    return membership.customer if membership else None


def choose_customer(membership: Membership) -> None:
    """Work for this membership's customer from now on."""
    session["customer_id"] = membership.customer_id
    g.pop("membership", None)


def set_up_sessions(app: Flask) -> None:
    """Cookies that scripts and foreign pages cannot use; reads that do not wait for writers."""
    config = app.config["WEM"]
    app.config.update(
        SECRET_KEY=config.SECRET_KEY,
        SECRET_KEY_FALLBACKS=[config.SECRET_KEY_PREVIOUS] if config.SECRET_KEY_PREVIOUS else None,
        SESSION_COOKIE_NAME="__Host-wem" if config.secure_cookies else "wem",
        SESSION_COOKIE_SECURE=config.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=int(config.LOGIN_HOURS)),
    )
    login_manager.init_app(app)

    @app.before_request
    def _how_to_begin() -> None:
        reading_only.set(request.method in ("GET", "HEAD", "OPTIONS"))

    @app.teardown_request
    def _as_before(_error: BaseException | None) -> None:
        # What comes after the request in this thread may write.
        reading_only.set(False)
