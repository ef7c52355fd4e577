"""What a contract permits, and the fee's tiers, as plain functions."""

from __future__ import annotations

import enum
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
