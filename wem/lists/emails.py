"""The mails that readers get from the product itself: to confirm, and as answers to their own acts; never advertising.

No mail holds a text from a form. Each names the sender and how to reach it (特定電子メール法 4条), and who runs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from flask import current_app
from flask_babel import force_locale, gettext

from wem.outbox import SystemMail
from wem.settings import settings

# Longer than an unreachable server's usual night; the links live for seven days.
LIFETIME = timedelta(hours=48)


class SenderDetails(Protocol):
    """Who sends, as the contract has it."""

    @property
    def name(self) -> str: ...
    @property
    def postal_code(self) -> str: ...
    @property
    def postal_address(self) -> str: ...
    @property
    def contact(self) -> str: ...


def confirmation(
    recipient: str, lists: Sequence[str], sender: SenderDetails, notice: Sequence[str], url: str, language: str
) -> SystemMail:
    """The link that ends a sign-up by form; before it the notice of Art. 17-2."""
    with force_locale(language):
        subject = gettext("Please confirm your registration: %(sender)s", sender=sender.name)
        return _mail("confirmation", recipient, subject, sender, language, lists=lists, notice=notice, url=url)


def invitation(
    recipient: str, lists: Sequence[str], sender: SenderDetails, notice: Sequence[str], url: str, language: str
) -> SystemMail:
    """The one mail to an address that the customer entered: why it comes, and the link for those who want."""
    with force_locale(language):
        subject = gettext("%(sender)s asks whether you would like its mails", sender=sender.name)
        return _mail("invitation", recipient, subject, sender, language, lists=lists, notice=notice, url=url)


def already_registered(
    recipient: str, lists: Sequence[str], sender: SenderDetails, preferences: str, way_out: str, language: str
) -> SystemMail:
    """Says to who is on the lists that nothing needs doing, with the way out."""
    with force_locale(language):
        subject = gettext("You are registered already: %(sender)s", sender=sender.name)
        return _mail(
            "already_registered",
            recipient,
            subject,
            sender,
            language,
            lists=lists,
            preferences=preferences,
            way_out=way_out,
        )


def registered(
    recipient: str, lists: Sequence[str], sender: SenderDetails, preferences: str, way_out: str, language: str
) -> SystemMail:
    """Says that the registration is complete, with the way out."""
    with force_locale(language):
        subject = gettext("Your registration is complete: %(sender)s", sender=sender.name)
        return _mail(
            "registered", recipient, subject, sender, language, lists=lists, preferences=preferences, way_out=way_out
        )


def stopped(recipient: str, lists: Sequence[str], sender: SenderDetails, preferences: str, language: str) -> SystemMail:
    """Says which lists have stopped, to who is still on another one."""
    with force_locale(language):
        subject = gettext("Mails have been stopped: %(sender)s", sender=sender.name)
        return _mail("stopped", recipient, subject, sender, language, lists=lists, preferences=preferences)


def address_change(recipient: str, sender: SenderDetails, url: str, language: str) -> SystemMail:
    """The link by which a new address confirms."""
    with force_locale(language):
        subject = gettext("Please confirm your new address: %(sender)s", sender=sender.name)
        return _mail("address_change", recipient, subject, sender, language, url=url)


def _mail(
    template: str, recipient: str, subject: str, sender: SenderDetails, language: str, **values: object
) -> SystemMail:
    # The environment itself, not render_template: these mails are also made by jobs, without a request.
    values |= {"sender": sender, "settings": settings(), "current_language": language, "subject": subject}
    text, html = (
        current_app.jinja_env.get_template(f"emails/lists/{template}.{kind}").render(**values)
        for kind in ("txt", "html")
    )
    return SystemMail(
        kind=f"reader_{template}",
        recipient=recipient,
        subject=subject,
        text=text,
        html=html,
        sender_name=sender.name,
        lifetime=LIFETIME,
    )
