"""Mails of an emergency stop: the link that pulls it, and the link for a new password."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template
from flask_babel import force_locale, gettext

from wem import tokens
from wem.accounts.emails import RESET_LIFETIME
from wem.accounts.models import Account, Customer
from wem.contracts.emergency_models import EmergencyStop
from wem.contracts.models import Contract
from wem.outbox import SystemMail
from wem.settings import settings
from wem.tokens import Purpose

LINK_LIFETIME = timedelta(hours=24)


def link(contract: Contract, stop: EmergencyStop) -> SystemMail:
    """To the registered notice address: somebody asks for the stop, and this link pulls it; good for a day."""
    url = _portal("/emergency-stop/" + tokens.sign(Purpose.emergency, stop.id))
    with force_locale("ja"):
        subject = gettext("Emergency stop of your contract: please confirm")
        return _mail("emergency_link", contract.notice_email, subject, "emergency_link", LINK_LIFETIME,
                     name=contract.customer.name, url=url, asked_at=stop.asked_at, ip=stop.ip)  # fmt: skip


def new_password(customer: Customer, account: Account) -> SystemMail:
    """To each person: the password no longer works, and this link sets a new one; good for one hour and once."""
    url = _portal("/password/" + tokens.sign(Purpose.password, account.id, account.password_number))
    with force_locale(account.language):
        subject = gettext("Emergency stop: please set a new password for WeM")
        return _mail("emergency_password", account.email, subject, "emergency_password", RESET_LIFETIME,
                     name=account.name, place=customer.name, url=url, again=_portal("/password"))  # fmt: skip


def _portal(path: str) -> str:
    return settings().PORTAL_URL.rstrip("/") + path


def _mail(kind: str, recipient: str, subject: str, template: str, lifetime: timedelta, **values: object) -> SystemMail:
    values.setdefault("settings", settings())
    return SystemMail(
        kind=kind,
        recipient=recipient,
        subject=subject,
        text=render_template(f"emails/contracts/{template}.txt", **values),
        html=render_template(f"emails/contracts/{template}.html", **values),
        sender_name=f"WeM（{settings().PROVIDER_NAME}）",
        lifetime=lifetime,
    )
