"""Guarded blueprints: who may come in is said once, where the blueprint is made."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.accounts import rules
from wem.accounts.order_models import OnBehalf
from wem.accounts.rules import OWNERS, WRITERS, Role, StaffRole
from wem.contracts.models import contract_in_force
from wem.contracts.rules import ALWAYS, Use
from wem.db import db
from wem.web.htmx import wants_fragment
from wem.web.origins import Origin
from wem.web.session import WORK, current_account, current_customer, current_membership, login_manager

P = ParamSpec("P")
R = TypeVar("R")


READING = ("GET", "HEAD", "OPTIONS")


def turn_away(status: int) -> NoReturn:
    """Refuse; whoever tries to change something leaves a trace, for no page of ours offers it to them."""
    account = current_account()
    if account is not None and request.method not in READING:
        customer = current_customer()
        customer_id = customer.id if customer else None
        db.session.rollback()
        audit.record("access.not_permitted", by=account.id, customer_id=customer_id, page=request.path[:200])
        db.session.commit()
    abort(status)


class OpenBlueprint(Blueprint):
    """Pages for everybody, on the portal by default."""

    def __init__(self, name: str, import_name: str, *, origin: Origin = Origin.portal, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.origin = origin
        self.audience = "public"


class AccountBlueprint(OpenBlueprint):
    """Pages for anybody who is signed in."""

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.audience = "account"
        self.before_request(_signed_in)


class CustomerBlueprint(OpenBlueprint):
    """Pages for a customer's people. A viewer reads; what writes needs a writer; the contract must permit the use."""

    def __init__(self, name: str, import_name: str, *, use: Use, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.audience = "customer"
        self.use = use
        self.before_request(_signed_in)
        self.before_request(_customer_chosen)
        self.before_request(self._permitted)

    def _permitted(self) -> Any:
        membership = current_membership()
        assert membership is not None
        changes = request.method not in READING
        if changes and membership.role not in WRITERS:
            turn_away(403)
        if changes and isinstance(membership, OnBehalf) and self.use in ALWAYS:
            # Contract, notices, inquiries: what only the customer declares (9-4).
            self._refuse(membership)
        if self.use in ALWAYS:
            return None
        contract = contract_in_force(membership.customer_id)
        if contract is None or not contract.permits(self.use, clock.today()):
            return render_template("contracts/standstill.html", contract=contract), 403
        return None

    def _refuse(self, membership: OnBehalf) -> None:
        audit.record(
            "operation.denied", by=membership.account_id, customer_id=membership.customer_id, page=request.path[:200]
        )
        db.session.commit()
        abort(403)


class StaffBlueprint(OpenBlueprint):
    """Pages for staff in the given roles; admin may always."""

    def __init__(self, name: str, import_name: str, *, roles: frozenset[StaffRole], **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.audience = "staff"
        self.roles = roles
        self.before_request(_signed_in)
        self.before_request(self._permitted)

    def _permitted(self) -> None:
        account = current_account()
        if account is None or account.staff_role is None:
            turn_away(404)
        if not rules.staff_may(account.staff_role, self.roles):
            turn_away(403)


class PartnerBlueprint(OpenBlueprint):
    """Pages for partners."""

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.audience = "partner"
        self.before_request(_signed_in)
        self.before_request(_is_partner)


def _signed_in() -> Any:
    if not current_user.is_authenticated:
        return login_manager.unauthorized()
    return None


def _customer_chosen() -> Response | None:
    account = current_account()
    if current_membership() is None and wants_fragment():
        return Response(status=401)
    if current_membership() is None and account is not None and account.staff_role and WORK in session:
        flash(gettext("The work for this customer is over: the order has ended."), "info")
        return redirect("/staff/operations", 303)  # type: ignore[return-value]
    if current_membership() is None:
        if account is not None and not account.memberships:
            abort(404)
        session["after_choice"] = request.full_path if request.method == "GET" else None
        return redirect(url_for("account.customers"), 303)  # type: ignore[return-value]
    return None


def _is_partner() -> None:
    account = current_account()
    if account is None or account.partner_id is None:
        turn_away(404)


def for_roles(roles: frozenset[Role]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only these roles of the customer's people into a view, reading included."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            membership = current_membership()
            if membership is None or membership.role not in roles:
                turn_away(403)
            return view(*args, **kwargs)

        return guarded

    return decorate


owners_only = for_roles(OWNERS)

__all__ = [
    "AccountBlueprint",
    "CustomerBlueprint",
    "OpenBlueprint",
    "PartnerBlueprint",
    "StaffBlueprint",
    "current_customer",
    "for_roles",
    "owners_only",
]
