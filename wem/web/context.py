"""What the layouts know of the request: person, customer, language, theme, navigation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Flask, current_app, has_request_context, request, url_for
from flask_babel import get_locale, gettext
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.routing import RequestRedirect

from wem.accounts.models import Account
from wem.accounts.rules import Role, StaffRole, staff_may
from wem.settings import settings
from wem.web.languages import LANGUAGES
from wem.web.origins import Origin, here, portal_url, public_url
from wem.web.session import current_account, current_customer, current_membership, current_work


@dataclass(frozen=True)
class NavItem:
    label: str
    url: str
    current: bool
    # What waits there; 0 is not shown.
    count: int = 0
    # What it stands under; "" for what stands by itself.
    group: str = ""


# How many things wait for a customer's people behind an address of the navigation; filled where the domains are known.
Waiting = Mapping[str, Callable[[int], int]]


# Pages that are reached from another entry of the navigation than their address begins with.
BELONGS = {
    "/staff/books": "/staff/invoices",
    "/staff/receivables": "/staff/arrears",
    "/designs": "/mailings",
    "/images": "/mailings",
    "/testers": "/mailings",
    "/settings/sender-names": "/mailings",
    "/settings/page": "/lists",
}


def _items(*pairs: tuple[str, str]) -> list[NavItem]:
    path = next((url for begins, url in BELONGS.items() if request.path.startswith(begins)), request.path)
    best = max((url for _, url in pairs if path.startswith(url.rstrip("/"))), key=len, default=None)
    return [NavItem(label, url, url == best) for label, url in pairs]


def nav_items() -> list[NavItem]:
    """Return the navigation of the audience whose page this is; only what exists."""
    audience = getattr(current_app.blueprints.get(request.blueprint or ""), "audience", "public")
    account = current_account()
    if account is None:
        return []
    if account.staff_role is not None and audience in ("staff", "account", "public"):
        groups = _staff_groups()
        names = {url: name for name, pairs in groups for _, url in pairs}
        items = _items((gettext("Work list"), "/staff/"), *(pair for _, pairs in groups for pair in pairs))
        items = [replace(item, group=names.get(item.url, "")) for item in items]
        return [item for item in items if _staff_may_open(account, item.url)]
    if account.partner_id is not None and audience in ("partner", "account", "public"):
        return _items((gettext("Applications"), "/partner/applications"))
    membership = current_membership() if here() is Origin.portal else None
    if membership is None:
        return []
    pairs = [
        (gettext("Home"), "/dashboard"),
        (gettext("Lists"), "/lists"),
        (gettext("Segments"), "/segments"),
        (gettext("Mailings"), "/mailings"),
        (gettext("Sequences"), "/sequences"),
        (gettext("Replies"), "/replies"),
        (gettext("Sender domains"), "/domains"),
        (gettext("Contract"), "/contract"),
        (gettext("Invoices"), "/invoices"),
        (gettext("Notices"), "/notices"),
        (gettext("Inquiries"), "/inquiries"),
    ]
    if membership.role is Role.owner:
        pairs.append((gettext("Team"), "/team"))
    waiting: Waiting = current_app.extensions["wem.waiting"]
    return [
        replace(item, count=waiting[item.url](membership.customer_id)) if item.url in waiting else item
        for item in _items(*pairs)
    ]


def _staff_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return staff's pages by what one works at: thirty side by side would be searched each time."""
    return [
        (
            gettext("Contracts and prices"),
            [
                (gettext("Applications"), "/staff/applications"),
                (gettext("Contracts"), "/staff/contracts"),
                (gettext("Requests"), "/staff/requests"),
                (gettext("Catalogue"), "/staff/catalog"),
                (gettext("Terms"), "/staff/terms"),
            ],
        ),
        (
            gettext("Money"),
            [
                (gettext("Close of the month"), "/staff/month"),
                (gettext("Invoices"), "/staff/invoices"),
                (gettext("Payments"), "/staff/payments"),
                (gettext("Arrears"), "/staff/arrears"),
                (gettext("Mandates"), "/staff/mandates"),
                (gettext("Direct debit"), "/staff/debits"),
            ],
        ),
        (
            gettext("Customer care"),
            [
                (gettext("Inquiries"), "/staff/inquiries"),
                (gettext("Cases"), "/staff/cases"),
                (gettext("Uploads"), "/staff/uploads"),
                (gettext("Mailings to look at"), "/staff/reviews"),
                (gettext("Sender names"), "/staff/sender-names"),
                (gettext("Emergency stops"), "/staff/emergency-stops"),
                (gettext("Work for customers"), "/staff/operations"),
                (gettext("Notices"), "/staff/notices"),
                (gettext("Letters"), "/staff/letters"),
                (gettext("Mail to customers"), "/staff/news"),
            ],
        ),
        (
            gettext("Mail traffic"),
            [
                (gettext("Queues"), "/staff/queues"),
                (gettext("Bounces"), "/staff/bounces"),
                (gettext("Mail received"), "/staff/inbound"),
                (gettext("Sender domains"), "/staff/domains"),
                (gettext("Faults and maintenance"), "/staff/incidents"),
            ],
        ),
        (
            gettext("Records and people"),
            [
                (gettext("Audit trail"), "/staff/audit"),
                (gettext("Access to data"), "/staff/access"),
                (gettext("Disclosures"), "/staff/disclosures"),
                (gettext("Purposes of use"), "/staff/purposes"),
                (gettext("Erasure"), "/staff/erasures"),
                (gettext("People"), "/staff/people"),
            ],
        ),
    ]


def _staff_may_open(account: Account, url: str) -> bool:
    """Return whether the page is there and its blueprint lets this staff role in."""
    try:
        endpoint, _ = current_app.url_map.bind("").match(url)
    except (NotFound, RequestRedirect):
        return False
    roles: frozenset[StaffRole] = getattr(current_app.blueprints.get(endpoint.rpartition(".")[0]), "roles", frozenset())
    return account.staff_role is not None and staff_may(account.staff_role, roles)


_versions: dict[str, str] = {}


def asset(path: str) -> str:
    """Return the address of a static file with its version, so that browsers may keep it for long."""
    version = _versions.get(path)
    if version is None or current_app.debug:
        file = Path(current_app.static_folder or "") / path
        version = f"{int(file.stat().st_mtime):x}" if file.exists() else "0"
        _versions[path] = version
    return url_for("static", filename=path, v=version)


def set_up_context(app: Flask, waiting: Waiting) -> None:
    app.extensions["wem.waiting"] = waiting

    @app.context_processor
    def _context() -> dict[str, Any]:
        if not has_request_context():  # a mail that a job writes
            return {"settings": settings(), "public_url": public_url, "portal_url": portal_url}
        on_portal = here() is Origin.portal
        membership = current_membership() if on_portal else None
        theme = request.cookies.get("theme", "")
        return {
            "current_account": current_account() if on_portal else None,
            "current_customer": current_customer() if on_portal else None,
            "current_role": membership.role if membership else None,
            "current_work": current_work() if on_portal else None,
            "memberships_count": len(current_account().memberships) if on_portal and current_account() else 0,  # type: ignore[union-attr]
            "nav_items": nav_items() if on_portal else [],
            "theme": theme if theme in ("light", "dark") else "",
            "languages": LANGUAGES,
            "current_language": str(get_locale() or "ja"),
            "settings": settings(),
            "asset": asset,
            "public_url": public_url,
            "portal_url": portal_url,
            "Markup": Markup,
        }
