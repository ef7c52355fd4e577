"""Who may do what: roles of customer people and of staff."""

from __future__ import annotations

import enum
import ipaddress


class Role(enum.StrEnum):
    """What a person is to one customer."""

    owner = "owner"  # 契約者
    editor = "editor"  # 担当者
    delegate = "delegate"  # 運営受託者
    viewer = "viewer"  # 閲覧


class StaffRole(enum.StrEnum):
    admin = "admin"
    contracts = "contracts"
    billing = "billing"
    support = "support"
    operations = "operations"


WRITERS = frozenset({Role.owner, Role.editor, Role.delegate})
OWNERS = frozenset({Role.owner})
# Who of staff may work for a customer on its order (9-4).
OPERATORS = frozenset({StaffRole.contracts, StaffRole.support, StaffRole.operations})

PASSWORD_LEAST = 12
PASSWORD_MOST = 128


def may_write(role: Role) -> bool:
    """Return whether a person in this role may change lists and mailings."""
    return role in WRITERS


def staff_may(role: StaffRole, allowed: frozenset[StaffRole]) -> bool:
    """Return whether a staff role is among the allowed ones; admin always is."""
    return role is StaffRole.admin or role in allowed


def password_problem(password: str, email: str) -> str | None:
    """Return what is wrong with a new password: `short`, `long`, `plain`; None when it will do.

    Length counts, not the mix of characters (NIST SP 800-63B 3.1.1.2).
    """
    if len(password) < PASSWORD_LEAST:
        return "short"
    if len(password) > PASSWORD_MOST:
        return "long"
    plain = password.casefold()
    name = email.partition("@")[0].casefold()
    if len(set(plain)) < 5 or plain in COMMON or (len(name) >= 4 and plain.replace(name, "") == ""):
        return "plain"
    return None


# Long enough and still the first that a guesser tries.
COMMON = frozenset(
    {
        "passwordpassword",
        "password1234",
        "password12345",
        "123456789012",
        "1234567890123",
        "qwertyuiop12",
        "qwertyuiopasdf",
        "administrator",
        "letmeinletmein",
        "iloveyouiloveyou",
        "abcdefghijkl",
        "abcd12345678",
        "1qaz2wsx3edc",
        "1qaz2wsx3edc4rfv",
        "welcome12345",
    }
)


def same_network(one: str, other: str) -> bool:
    """Return whether two addresses belong to one place as far as can be told: the same /16 of IPv4, /48 of IPv6.

    Offices and carriers hand out addresses from there in turn; what cannot be read is taken for the same.
    """
    try:
        here, there = ipaddress.ip_address(one), ipaddress.ip_address(other)
    except ValueError:
        return True
    if here.version != there.version:
        return False
    length = 16 if here.version == 4 else 48
    return there in ipaddress.ip_network(f"{here}/{length}", strict=False)


GUESSES_PER_PLACE = 5  # wrong passwords for one address from one network address
GUESSES_PER_EMAIL = 20  # wrong passwords for one address from anywhere
GUESSES_PER_IP = 50  # wrong passwords from one network address
GUESS_MINUTES = 15


def guesses_left(email_and_ip: int, email: int, ip: int) -> bool:
    """Return whether another password may be tried, given the failures of the last GUESS_MINUTES.

    One place is stopped early; an address attacked from everywhere a little later, so that a stranger with five
    guesses cannot lock its owner out.
    """
    return email_and_ip < GUESSES_PER_PLACE and email < GUESSES_PER_EMAIL and ip < GUESSES_PER_IP
