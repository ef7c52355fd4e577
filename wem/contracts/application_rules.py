"""Applications (Art. 4): their states, what must be there before the start, and what people type."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from wem.diagram_rules import diagram


class ApplicationState(enum.StrEnum):
    draft = "draft"  # being typed at /apply, not confirmed
    filled = "filled"  # the form is to be handed over or posted
    checking = "checking"  # the form is here: 書類確認、入金待ち
    supplement = "supplement"  # 補正依頼
    accepted = "accepted"  # 受諾: the contract is made
    refused = "refused"  # 4-3
    withdrawn = "withdrawn"


class ApplicationAction(enum.StrEnum):
    fill = "fill in"
    take_in = "take the form in"
    ask = "ask for what is missing"
    complete = "what was missing is here"
    accept = "accept"
    refuse = "refuse"
    withdraw = "withdraw"
    void = "refuse after all, before the start"


S, A = ApplicationState, ApplicationAction
APPLICATION: Mapping[tuple[ApplicationState, ApplicationAction], ApplicationState] = {
    (S.draft, A.fill): S.filled,
    (S.filled, A.take_in): S.checking,
    (S.filled, A.refuse): S.refused,
    (S.filled, A.withdraw): S.withdrawn,
    (S.checking, A.ask): S.supplement,
    (S.checking, A.accept): S.accepted,
    (S.checking, A.refuse): S.refused,
    (S.checking, A.withdraw): S.withdrawn,
    (S.supplement, A.complete): S.checking,
    (S.supplement, A.refuse): S.refused,
    (S.supplement, A.withdraw): S.withdrawn,
    (S.accepted, A.void): S.refused,
}
OPEN = frozenset({S.filled, S.checking, S.supplement})
IN_VAIN = frozenset({S.refused, S.withdrawn})  # it came to nothing
DIAGRAMS = (diagram("Application", APPLICATION, S.draft),)
# After so many days staff look after what an applicant was to send.
PATIENCE_DAYS = 14
POST_DAYS = 5
# How long the mailed link leads to the papers of an application.
PAPERS_DAYS = 30


class Way(enum.StrEnum):
    """How an application came to us."""

    web = "web"
    partner = "partner"
    staff = "staff"


class Applicant(enum.StrEnum):
    company = "company"  # 法人
    person = "person"  # 個人


class RefusalReason(enum.IntEnum):
    """4-3 (1)–(3)."""

    maintenance = 1
    entries = 2
    unsuitable = 3


class Check(enum.StrEnum):
    """What must be there before a contract starts (4-1)."""

    form = "form"
    money = "money"
    service = "service"


def missing_checks(arrived: date | None, paid: date | None, possible: date | None) -> list[Check]:
    """Return what is not there yet; the start guide is sent only when nothing is missing (4-1)."""
    pairs = ((Check.form, arrived), (Check.money, paid), (Check.service, possible))
    return [check for check, on in pairs if on is None]


class Step(enum.StrEnum):
    """What staff do next with an application."""

    look_for_form = "look for form"  # it was handed over or posted, or entered long ago, and is not here
    look_for_money = "look for money"
    look_for_supplement = "look for supplement"
    check = "check"  # can the service be provided?
    start = "start"


AWAITED = frozenset({Step.look_for_form, Step.look_for_money, Step.look_for_supplement})


def next_step(
    state: ApplicationState, missing: Sequence[Check], told: date, handed: date | None, on: date
) -> Step | None:
    """Return what is to be done on a day; None while the applicant has time, and for what is decided.

    `told` is the day on which the first fee was told, `handed` that of handing over or posting.
    """
    late = (on - told).days > PATIENCE_DAYS
    match state:
        case ApplicationState.filled:
            on_its_way = handed is not None and (on - handed).days > POST_DAYS
            return Step.look_for_form if late or on_its_way else None
        case ApplicationState.supplement:
            return Step.look_for_supplement if late else None
        case ApplicationState.checking:
            if Check.service in missing:
                return Step.check
            if not missing:
                return Step.start
            return Step.look_for_money if late else None
    return None


@dataclass(frozen=True)
class FirstFee:
    """The first fee (初回料金): initial fee and first month's fee, in yen; tax once over the sum (消令 70条の10)."""

    initial: int
    monthly: int
    options: int = 0
    tax_percent: int = 10

    @property
    def net(self) -> int:
        return self.initial + self.monthly + self.options

    @property
    def tax(self) -> int:
        return self.net * self.tax_percent // 100

    @property
    def total(self) -> int:
        return self.net + self.tax


REMIND_AFTER_DAYS = (7, 14)


def reminders_due(asked: date, on: date) -> int:
    """Return how many reminders of the first fee should have gone out by a day: after 7 days and after 14."""
    return sum((on - asked).days >= days for days in REMIND_AFTER_DAYS)


def plain(text: str) -> str:
    """Return what was typed in one width, without white space around it."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def is_corporate_number(number: str) -> bool:
    """Return whether 13 digits are a 法人番号: the first is the check digit 9 − (Σ Pn·Qn mod 9)."""
    if not re.fullmatch("[0-9]{13}", number):
        return False
    from_the_right = [int(digit) for digit in reversed(number[1:])]
    weighed = sum(digit * (1 if place % 2 == 0 else 2) for place, digit in enumerate(from_the_right))
    return int(number[0]) == 9 - weighed % 9


_DASHES = re.compile("[‐‑‒–—―−ーｰ-]")


def hyphened(text: str) -> str:
    """Return what was typed as a number with plain digits and hyphens, without white space."""
    return _DASHES.sub("-", plain(text)).replace(" ", "")


def phone(text: str) -> str | None:
    """Return a Japanese telephone number with plain digits and hyphens; None when it is none."""
    typed = _DASHES.sub("-", plain(text)).replace("(", "-").replace(")", "-").replace(" ", "-").strip("-")
    digits = typed.replace("-", "")
    return re.sub("-+", "-", typed) if re.fullmatch("0[0-9]{9,10}", digits) else None


def same_phone(typed: str, kept: str) -> bool:
    """Return whether both are one telephone number, with whatever hyphens."""
    number, other = phone(typed), phone(kept)
    return number is not None and other is not None and number.replace("-", "") == other.replace("-", "")


def digits(text: str, length: int) -> str | None:
    """Return a number of at most so many digits, filled up with zeros in front (account numbers); None otherwise."""
    typed = _DASHES.sub("", plain(text)).replace(" ", "")
    return typed.zfill(length) if re.fullmatch(f"[0-9]{{1,{length}}}", typed) else None


def masked_account(number: str) -> str:
    """Return an account number as screens show it: its last three digits."""
    return "*" * max(len(number) - 3, 0) + number[-3:]


_HOLDER = re.compile(r"[ァ-ヶーA-Z0-9()\-./「」 ]{1,30}").fullmatch
_SMALL = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")


def holder(text: str) -> str | None:
    """Return the account holder as banks write it (全銀): capital katakana without small letters; None otherwise."""
    typed = plain(text).upper().translate({code: code + 0x60 for code in range(0x3041, 0x3097)})
    typed = typed.translate(_SMALL).replace("ー", "-").replace("・", ".")
    return typed if _HOLDER(typed) else None
