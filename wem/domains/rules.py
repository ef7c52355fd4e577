"""Domains as senders: what a name may be, when a domain counts as proven or broken, when keys change."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

from wem.accounts.rules import Role
from wem.lists.address_rules import Address, mail_domain, read_address


class DomainState(enum.StrEnum):
    """Where a sender domain stands."""

    checking = "checking"  # 確認待ち: not proven yet
    proven = "proven"  # 確認済み
    broken = "broken"  # 要修正: was proven, and its key is no longer found


class KeyState(enum.StrEnum):
    """Where a DKIM key stands; its record is published before it is used, and stays for a while after."""

    waiting = "waiting"  # 次に使う鍵
    used = "used"  # 使用中
    past = "past"  # 使用終了: mails on their way still carry its signature


class KeyKind(enum.StrEnum):
    rsa = "rsa"
    ed25519 = "ed25519"


class Outcome(enum.StrEnum):
    """What a check of the key's record came to."""

    found = "found"
    not_found = "not_found"  # an answer, and it is not the right record
    no_answer = "no_answer"


class NameProblem(enum.StrEnum):
    """Why a name cannot become a sender domain."""

    not_a_domain = "not_a_domain"
    public_suffix = "public_suffix"  # co.jp belongs to nobody
    ours = "ours"  # the service's own
    mail_provider = "mail_provider"  # gmail.com and the like
    listed = "listed"  # the customer has it already
    taken = "taken"  # another customer has proven it or a domain above it
    too_many = "too_many"


# Whoever runs the customer's mail; editors look and have it checked.
KEEPERS = frozenset({Role.owner, Role.delegate})
MOST_DOMAINS = 20
# A server that answers wrongly for a moment stops nobody's mail; one that stays silent is given a day.
BREAKS_AFTER = timedelta(minutes=15)
SILENCE_BREAKS_AFTER = timedelta(hours=24)
# Then a domain that changed hands can be proven by whom it belongs to now.
CLAIM_LASTS = timedelta(days=30)
KEY_LASTS = timedelta(days=180)
PAST_KEY_LASTS = timedelta(days=7)
MOST_LOCAL = 64


def domain_name(typed: str) -> str:
    """Return what was typed as a domain in lower-case A-labels; empty when it is none that mail can come from.

    Takes a pasted address of a page or of a mailbox too; the www before a page's name is no part of mail addresses.
    """
    text = typed.strip().rstrip(".").lower()
    page = text.removeprefix("https://").removeprefix("http://").partition("/")[0]
    name = page.rpartition("@")[2]
    return mail_domain(name.removeprefix("www.") if page != text else name)


def local_part(typed: str) -> str | None:
    """Return what stands before the @ of a sender's address, None when it cannot: letters, digits, . _ + - only."""
    text = typed.strip()
    plain = text.isascii() and all(each.isalnum() or each in "._+-" for each in text)
    if not text or len(text) > MOST_LOCAL or not plain or not text[0].isalnum():
        return None
    return text if isinstance(read_address(f"{text}@example.jp"), Address) else None


def is_at_or_under(name: str, above: str) -> bool:
    """Return whether a domain is another one or stands below it."""
    return name == above or name.endswith(f".{above}")


def next_state(state: DomainState, outcome: Outcome, failing_since: datetime | None, at: datetime) -> DomainState:
    """Return where a domain stands after a check; `failing_since` is when checks began to fail, None before."""
    if outcome is Outcome.found:
        return DomainState.proven
    failing = at - failing_since if failing_since else timedelta()
    if state is DomainState.proven:
        patience = SILENCE_BREAKS_AFTER if outcome is Outcome.no_answer else BREAKS_AFTER
        return DomainState.broken if failing >= patience else state
    if state is DomainState.broken and failing >= CLAIM_LASTS:
        return DomainState.checking
    return state


def next_check(state: DomainState, failing: bool, age: timedelta) -> timedelta:
    """Return after what time a domain is looked at again; `age` is how long it has stood there."""
    if state is DomainState.proven:
        return timedelta(minutes=5) if failing else timedelta(hours=1)
    if state is DomainState.broken:
        return timedelta(minutes=10)
    # Who has just typed the records waits for the answer; who never did is asked seldom.
    return timedelta(minutes=5) if age < timedelta(days=2) else timedelta(hours=6)


def rotation_due(used_since: datetime | None, used_found: bool, next_found: bool, at: datetime) -> bool:
    """Return whether the waiting key takes over: its record is published, and the used one is old or not found."""
    return next_found and (not used_found or used_since is None or at - used_since >= KEY_LASTS)
