"""The signed links that readers get by mail, all on the public origin."""

from __future__ import annotations

from datetime import datetime, timedelta

from wem import tokens
from wem.settings import settings
from wem.tokens import Purpose

CONFIRM_LIFETIME = timedelta(days=7)
BLANK_MAIL_LIFETIME = timedelta(hours=24)


def confirm_url(subscription_ids: list[int], language: str = "ja") -> str:
    """Return the link that confirms these subscriptions of one reader; good for seven days."""
    return _public("/c/" + tokens.sign(Purpose.confirm, *subscription_ids), language)


def blank_mail_url(subscription_id: int, language: str = "ja") -> str:
    """Return the link that completes a registration begun by mail; good for 24 hours."""
    return _public("/c/" + tokens.sign(Purpose.blank_mail, subscription_id), language)


def leave_url(subscriber_id: int, mailing_id: int = 0, language: str = "ja") -> str:
    """Return the way out of the lists of a mailing (0: of every list); good as long as there is a subscription."""
    return _public("/u/" + tokens.sign(Purpose.unsubscribe, subscriber_id, mailing_id), language)


class MailingLinks:
    """Makes the links of one mailing, for one reader after the other."""

    def __init__(self, mailing_id: int, language: str = "ja") -> None:
        self._mailing_id = mailing_id
        self._leaving, self._preferring = tokens.Signing(Purpose.unsubscribe), tokens.Signing(Purpose.preferences)
        self._start, self._end = _public("\n", language).split("\n")

    def leave_url(self, subscriber_id: int, at: datetime) -> str:
        """Return what the function of this name returns at this time."""
        return f"{self._start}/u/{self._leaving.sign(at, subscriber_id, self._mailing_id)}{self._end}"

    def preferences_url(self, subscriber_id: int, at: datetime) -> str:
        """Return what the function of this name returns at this time."""
        return f"{self._start}/p/{self._preferring.sign(at, subscriber_id)}{self._end}"


def preferences_url(subscriber_id: int, language: str = "ja") -> str:
    """Return the page where a reader sees, changes and deletes what is stored."""
    return _public("/p/" + tokens.sign(Purpose.preferences, subscriber_id), language)


def address_change_url(change_id: int, language: str = "ja") -> str:
    """Return the link by which a new address confirms."""
    return _public("/p/new/" + tokens.sign(Purpose.address_change, change_id), language)


def join_url(slug: str, list_slug: str = "", language: str = "ja") -> str:
    """Return the sign-up form of a customer, or of one of its lists."""
    return _public(f"/h/{slug}/{list_slug}/join" if list_slug else f"/h/{slug}/join", language)


def _public(path: str, language: str) -> str:
    return settings().PUBLIC_URL.rstrip("/") + path + ("?lang=en" if language == "en" else "")
