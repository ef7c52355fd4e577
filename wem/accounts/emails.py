"""Mails about signing in: invitation, new password, a password that was changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import render_template
from flask_babel import force_locale, gettext

from wem import tokens
from wem.accounts.models import Account, Invitation
from wem.outbox import SystemMail
from wem.settings import settings
from wem.tokens import Purpose

RESET_LIFETIME = timedelta(hours=1)


def _mail(kind: str, recipient: str, subject: str, template: str, lifetime: timedelta, **values: object) -> SystemMail:
    values.setdefault("settings", settings())
    return SystemMail(
        kind=kind,
        recipient=recipient,
        subject=subject,
        text=render_template(f"emails/accounts/{template}.txt", **values),
        html=render_template(f"emails/accounts/{template}.html", **values),
        sender_name=f"WeM（{settings().PROVIDER_NAME}）",
        lifetime=lifetime,
    )


def _portal(path: str) -> str:
    return settings().PORTAL_URL.rstrip("/") + path


def invitation(row: Invitation) -> SystemMail:
    """The link by which a person joins; good for seven days."""
    with force_locale("ja"):
        place = row.customer.name if row.customer else row.partner.name if row.partner else settings().PROVIDER_NAME
        url = _portal("/invitations/" + tokens.sign(Purpose.invitation, row.id))
        subject = gettext("Invitation to WeM from %(place)s", place=place)
        return _mail(
            "invitation", row.email, subject, "invitation", timedelta(days=7), name=row.name, place=place, url=url
        )


def password_reset(account: Account) -> SystemMail:
    """The link for a new password; good for one hour and once."""
    with force_locale(account.language):
        url = _portal("/password/" + tokens.sign(Purpose.password, account.id, account.password_number))
        subject = gettext("Set a new password for WeM")
        return _mail("password", account.email, subject, "password_reset", RESET_LIFETIME, name=account.name, url=url)


def password_changed(account: Account) -> SystemMail:
    """Tells the person that the password was changed, in case it was somebody else."""
    with force_locale(account.language):
        subject = gettext("Your WeM password was changed")
        url = _portal("/password")
        return _mail(
            "password", account.email, subject, "password_changed", timedelta(days=1), name=account.name, url=url
        )


def two_places(account: Account, to: Account, places: Sequence[tuple[str, str, datetime]]) -> SystemMail:
    """Tells the person, or an owner, that one sign-in is used from two places at once: browser, address, since when."""
    with force_locale(to.language):
        subject = gettext("WeM: one sign-in is used from two places")
        return _mail(
            "two_places", to.email, subject, "two_places", timedelta(days=1),
            name=to.name, whose=account, own=to.id == account.id, places=places, url=_portal("/account"),
            emergency=_portal("/emergency-stop"),
        )  # fmt: skip
