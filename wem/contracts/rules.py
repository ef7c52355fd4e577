"""What a contract permits, and the fee's tiers, as plain functions."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Sequence
from datetime import date


class ContractState(enum.StrEnum):
    accepted = "accepted"  # 受諾（開始待ち）
    active = "active"  # 利用中
    ended = "ended"  # 終了


class SuspensionGround(enum.StrEnum):
    """Why the service stands still."""

    nonpayment = "nonpayment"  # 13-2
    danger = "danger"  # 13-1: law or danger
    partial_termination = "partial_termination"  # 14-1 in part


class Use(enum.StrEnum):
    """What a contract is asked for."""

    manage = "manage"  # lists and mailings on the screens
    sign_up = "sign_up"  # forms, confirmations, invitations, blank mail
    upload = "upload"
    compose = "compose"
    schedule = "schedule"
    send = "send"
    archive = "archive"
    unsubscribe = "unsubscribe"  # way out, preferences
    contract = "contract"  # contract, invoices, notices, inquiries


# Opt-out and the contract's own pages stay open whatever the state (product.md 8).
ALWAYS = frozenset({Use.unsubscribe, Use.contract})


def permits(state: ContractState, start: date | None, suspended: bool, use: Use, on: date) -> bool:
    """Return whether a contract in this state permits a use on a date (Art. 4-4, 13-2, product.md 8)."""
    if use in ALWAYS:
        return True
    return state is ContractState.active and not suspended and start is not None and start <= on


class Standing(enum.StrEnum):
    """Where a contract stands on a date, as people are told."""

    not_begun = "not_begun"  # 利用開始前
    in_use = "in_use"  # 利用中
    suspended = "suspended"  # 利用停止中
    ended = "ended"  # 終了


def standing(state: ContractState, start: date | None, suspended: bool, on: date) -> Standing:
    """Return where the contract stands; one that has ended is ended, whatever else it was."""
    if state is ContractState.ended:
        return Standing.ended
    if suspended:
        return Standing.suspended
    begun = state is ContractState.active and start is not None and start <= on
    return Standing.in_use if begun else Standing.not_begun


def tier(tiers: Sequence[tuple[int, int]], count: int) -> tuple[int, int] | None:
    """Return (up to, monthly fee in yen, net) of the first tier that holds `count` addresses (Art. 7-2).

    None when the count is above the highest tier.
    """
    return next(((up_to, fee) for up_to, fee in tiers if count <= up_to), None)


class LegalItem(enum.StrEnum):
    """What every advertising mail must show (特定電子メール法 4条, 規則 9条)."""

    sender_name = "sender_name"
    stop_address = "stop_address"
    stop_statement = "stop_statement"
    postal_address = "postal_address"
    contact = "contact"


def missing_legal_items(sender_name: str, postal_code: str, postal_address: str, contact: str) -> list[LegalItem]:
    """Return the items that the contract's details lack; the stop address and its statement are the system's own."""
    missing = []
    if not sender_name.strip():
        missing.append(LegalItem.sender_name)
    if not postal_code.strip() or not postal_address.strip():
        missing.append(LegalItem.postal_address)
    if not contact.strip():
        missing.append(LegalItem.contact)
    return missing


TAX_PERCENT = 10


def with_tax(net: int) -> int:
    """Return yen with consumption tax, the fraction cut off: the price that people are shown (消費税法 63条)."""
    return net + net * TAX_PERCENT // 100


def postal_code(text: str) -> str | None:
    """Return `190-0012` for whatever width, sign and hyphen it was typed with; None when it is no postal code."""
    digits = re.sub(r"[\s〒‐‑–—―−ーｰ-]", "", unicodedata.normalize("NFKC", text))
    return f"{digits[:3]}-{digits[3:]}" if re.fullmatch("[0-9]{7}", digits) else None


_HIRAGANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
_KANA = re.compile("[ァ-ヺーヽヾ・A-Za-z0-9 .,&'-]+").fullmatch


def kana(text: str) -> str | None:
    """Return a reading in full-width katakana, also from hiragana or half width; None when it holds other letters."""
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().translate(_HIRAGANA)
    return plain if _KANA(plain) else None


def reachable(contact: str) -> bool:
    """Return whether a text holds a telephone number, a mail address or a web address (規則 9条)."""
    plain = unicodedata.normalize("NFKC", contact)
    phone = re.search(r"(?<![0-9])0[0-9]{1,4}[-‐−ー() ]*[0-9]{1,4}[-‐−ー() ]*[0-9]{3,4}(?![0-9])", plain)
    return bool(phone or re.search(r"[^\s@]+@[^\s@]+\.[^\s@]+", plain) or re.search(r"https?://\S+\.\S+", plain))


_SLUG = re.compile("[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])").fullmatch
# A slug is the local part of the customer's sender address too: these are the service's own.
TAKEN_SLUGS = frozenset(
    "abuse admin administrator billing bounce bounces contact help hostmaster info mail mailer-daemon news no-reply "
    "noreply postmaster reply root security staff support sysadmin webmaster wem www".split()
)


def slug_problem(slug: str) -> str | None:
    """Return what is wrong with a customer's name in addresses: `form`, `taken`; None when it will do."""
    if not _SLUG(slug):
        return "form"
    return "taken" if slug in TAKEN_SLUGS else None
