"""What the customer's people are told by mail about their sender domains."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template
from flask_babel import force_locale, gettext

from wem.accounts.models import Account
from wem.domains.models import SenderDomain
from wem.outbox import SystemMail
from wem.settings import settings

LIFETIME = timedelta(hours=24)


def about_broken(domain: SenderDomain, person: Account) -> SystemMail:
    """Say in a person's language that a domain's key is no longer found, what follows, and where the records stand."""
    with force_locale(person.language):
        values = {
            "name": person.name,
            "domain": domain,
            "url": settings().PORTAL_URL.rstrip("/") + f"/domains/{domain.id}",
            "settings": settings(),
            "current_language": person.language,
        }
        return SystemMail(
            kind="domain_broken",
            recipient=person.email,
            subject=gettext("Please mend the DNS records of %(domain)s", domain=domain.shown),
            text=render_template("emails/domains/broken.txt", **values),
            html=render_template("emails/domains/broken.html", **values),
            sender_name=f"WeM（{settings().PROVIDER_NAME}）",
            lifetime=LIFETIME,
        )
