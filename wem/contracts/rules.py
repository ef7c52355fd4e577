"""What a contract permits, and the fee's tiers, as plain functions."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date


class ContractState(enum.StrEnum):
    accepted = "accepted"  # 受諾（開始待ち）
    active = "active"  # 利用中
    leaving = "leaving"  # 解約予定: by the customer's notice
    expiring = "expiring"  # 更新拒絶予定: by our notice
    ended = "ended"  # 終了


class EndReason(enum.StrEnum):
    """How a contract came to its end."""

    cancelled = "cancelled"  # 解約 15-1
    expired = "expired"  # 満了 5-2, 5-3
    terminated = "terminated"  # 解除 14-1, 14-2
    void = "void"  # 拒絶 4-3, before the start


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


class Restriction(enum.StrEnum):
    """What is closed to a contract that overloads the service (Art. 18); all else goes on."""

    sending = "sending"
    intake = "intake"
    both = "both"


RESTRICTED = {
    Restriction.sending: frozenset({Use.schedule, Use.send}),
    Restriction.intake: frozenset({Use.upload, Use.sign_up}),
    Restriction.both: frozenset({Use.schedule, Use.send, Use.upload, Use.sign_up}),
}


class ServicePart(enum.StrEnum):
    """A part of the service that we may terminate by itself, the rest going on (14-1)."""

    sending = "sending"
    intake = "intake"
    back_numbers = "back_numbers"


CLOSED_WITH = {
    ServicePart.sending: RESTRICTED[Restriction.sending],
    ServicePart.intake: RESTRICTED[Restriction.intake],
    ServicePart.back_numbers: frozenset({Use.archive}),
}


# What whoever holds a stolen sign-in must not do: nothing new reaches readers, no addresses come in (8-3).
EMERGENCY = frozenset({Use.schedule, Use.send, Use.upload})


def permits(
    state: ContractState,
    start: date | None,
    suspended: bool,
    use: Use,
    on: date,
    over_on: date | None = None,
    restriction: Restriction | None = None,
    emergency: bool = False,
    terminated: Collection[ServicePart] = (),
) -> bool:
    """Return whether a contract permits a use on a date (Art. 4-4, 8-3, 13-2, 14-1, 15-1, 18, product.md 8).

    `emergency`: an emergency stop holds. `terminated`: parts that we have ended. `over_on` is the first day after the
    contract. Dates decide, so that a daily job that is late lets nobody wait for the start and nobody send after the
    end.
    """
    if use in ALWAYS:
        return True
    if standing(state, start, suspended, on, over_on) is not Standing.in_use:
        return False
    if emergency and use in EMERGENCY:
        return False
    if any(use in CLOSED_WITH[part] for part in terminated):
        return False
    return restriction is None or use not in RESTRICTED[restriction]


class Standing(enum.StrEnum):
    """Where a contract stands on a date, as people are told."""

    not_begun = "not_begun"  # 利用開始前
    in_use = "in_use"  # 利用中
    suspended = "suspended"  # 利用停止中
    ended = "ended"  # 終了


def standing(
    state: ContractState, start: date | None, suspended: bool, on: date, over_on: date | None = None
) -> Standing:
    """Return where the contract stands; one that has ended is ended, whatever else it was."""
    if state is ContractState.ended or (over_on is not None and over_on <= on):
        return Standing.ended
    if suspended:
        return Standing.suspended
    return Standing.in_use if start is not None and start <= on else Standing.not_begun


def tier(tiers: Sequence[tuple[int, int]], count: int) -> tuple[int, int] | None:
    """Return (up to, monthly fee in yen, net) of the first tier that holds `count` addresses (Art. 7-2).

    None when the count is above the highest tier.
    """
    return next(((up_to, fee) for up_to, fee in tiers if count <= up_to), None)


def next_tier(tiers: Sequence[tuple[int, int]], count: int) -> tuple[int, int] | None:
    """Return the tier after the one that holds `count` addresses; None when there is none above it."""
    here = tier(tiers, count)
    return next((each for each in tiers if here is not None and each[0] > here[0]), None)


def fee(prices: Sequence[tuple[int, int]], count: int) -> int | None:
    """Return the month's fee in yen, net, for a count of registered addresses (Art. 7-2).

    `prices` are a price list's tiers, (up to how many, yen a month). None when the count is above the highest:
    then there is no price, and staff agree on one.
    """
    found = tier(prices, count)
    return found[1] if found else None


def tiers_of(text: str) -> list[list[int]] | None:
    """Return [[up to, yen a month, net], …] of lines like `1,000 3000`; None when they are none or do not rise."""
    pairs = []
    for line in text.replace(",", "").split("\n"):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
            return None
        pairs.append([int(word) for word in words])
    counts = [up_to for up_to, _ in pairs]
    return pairs if counts and counts == sorted(set(counts)) else None


def dearer(before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> bool:
    """Return whether somebody pays more by the new tiers, or finds no tier any more (4-6, A-18)."""
    old, new = ([(up_to, yen) for up_to, yen in tiers] for tiers in (before, after))
    for count in {up_to for up_to, _ in (*old, *new)}:
        was, is_now = fee(old, count), fee(new, count)
        if was is not None and (is_now is None or is_now > was):
            return True
    return False


@dataclass(frozen=True)
class Conditions:
    """What a course or a campaign may say otherwise than the terms; None leaves it to the next in rank (Art. 5-4)."""

    min_term: int | None = None  # months
    renewal: int | None = None  # months
    notice: int | None = None  # so many months before the month of expiry our notice must arrive
    refund: bool | None = None  # whether money that was paid may go back (4-7)
    rest_owed: bool | None = None  # whether who leaves early pays the rest of the minimum term


TERMS = Conditions(min_term=6, renewal=1, notice=1, refund=False, rest_owed=False)


def prevailing(*ranked: Conditions | None) -> Conditions:
    """Return what applies: each condition from the first in rank that speaks of it, at last from the terms.

    The ranks are campaign, course, terms (Art. 5-4, 4-7).
    """
    ranks = [each for each in (*ranked, TERMS) if each is not None]
    return Conditions(
        min_term=next(each.min_term for each in ranks if each.min_term is not None),
        renewal=next(each.renewal for each in ranks if each.renewal is not None),
        notice=next(each.notice for each in ranks if each.notice is not None),
        refund=next(each.refund for each in ranks if each.refund is not None),
        rest_owed=next(each.rest_owed for each in ranks if each.rest_owed is not None),
    )


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


def phone(text: str) -> str | None:
    """Return a Japanese telephone number in ASCII with its hyphens; None when it is none. 10 digits, mobiles 11."""
    plain = re.sub("[‐‑–—―−ーｰ]", "-", unicodedata.normalize("NFKC", text)).strip()
    digits = re.sub(r"[\s()-]", "", plain)
    long = re.fullmatch("0[5-9]0[0-9]{8}|0800[0-9]{7}", digits)
    return plain.replace(" ", "") if long or re.fullmatch("0[1-9][0-9]{8}", digits) else None


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
