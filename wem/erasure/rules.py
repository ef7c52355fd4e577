"""When what goes after a contract's end, as plain functions (12登-3④, 15-4, 同意5, 同意6, A-23)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from wem.contracts.date_rules import DAY, term_end


class Phase(enum.StrEnum):
    """What goes together, in the order in which it goes."""

    readers = "readers"  # end users, mailings, results, mail that came for them (同意6)
    evidence = "evidence"  # the proof of consent, which the law has senders keep for a while
    customer = "customer"  # the customer's own data and people (同意5)
    books = "books"  # invoices, payments, and what they hang on


class ErasureState(enum.StrEnum):
    """How far one phase of one contract is."""

    running = "running"
    done = "done"


class Held(enum.StrEnum):
    """Why a phase whose day has come waits."""

    account = "account"  # the final account is not made yet
    contract = "contract"  # the customer has another contract: the data are that one's too
    sending = "sending"  # a worker has mails in hand
    debts = "debts"  # something is owed, or a payment is not settled
    case = "case"  # a case or a claim is open (9-5, 9-7)
    inquiry = "inquiry"  # the help desk owes an answer
    before = "before"  # an earlier phase is not done
    staff = "staff"  # staff hold it, with a reason: a court, an authority
    letters = "letters"  # notices wait to be printed or posted


# Months after the last mail: 特定電子メール法 (規則 4条), after an order (措置命令), 特定商取引法.
EVIDENCE_MONTHS = (1, 12, 36)


@dataclass(frozen=True)
class Kept:
    """How long what is kept after a contract's end."""

    hours: int  # readers' data, after the final account
    customer_months: int
    evidence_months: int
    books_until: date  # first day on which no book need be kept any more


def due_at(phase: Phase, ended_on: date, final_at: datetime, kept: Kept) -> datetime | date:
    """Return from when a phase may run: a moment for the readers' data, else a day."""
    match phase:
        case Phase.readers:
            return final_at + timedelta(hours=kept.hours)
        case Phase.evidence:
            return term_end(ended_on, kept.evidence_months) + DAY
        case Phase.customer:
            return term_end(ended_on, kept.customer_months) + DAY
        case Phase.books:
            return kept.books_until


def is_due(phase: Phase, ended_on: date, final_at: datetime, kept: Kept, at: datetime) -> bool:
    """Return whether the day of a phase has come; whether something holds it is another question."""
    due = due_at(phase, ended_on, final_at, kept)
    return due <= at if isinstance(due, datetime) else due <= at.date()


# A phase waits for these; the proof of consent goes when its time is over, be the customer's own data there or not.
BEFORE: dict[Phase, tuple[Phase, ...]] = {
    Phase.readers: (),
    Phase.evidence: (Phase.readers,),
    Phase.customer: (Phase.readers,),
    Phase.books: (Phase.evidence, Phase.customer),
}


@dataclass(frozen=True)
class Standing:
    """What is asked before a phase begins."""

    final: bool = True
    other_contract: bool = False
    sending: bool = False
    debts: bool = False
    case: bool = False
    inquiry: bool = False
    letters: bool = False
    staff: bool = False
    done: frozenset[Phase] = frozenset()


def held(phase: Phase, now: Standing) -> list[Held]:
    """Return what keeps a phase waiting whose day has come; empty when it may run."""
    own = phase in (Phase.customer, Phase.books)
    found = (
        (Held.account, not now.final),
        (Held.contract, now.other_contract),
        (Held.sending, now.sending and phase is Phase.readers),
        (Held.debts, now.debts and own),
        (Held.case, now.case and own),
        (Held.inquiry, now.inquiry and own),
        (Held.letters, now.letters and own),
        (Held.before, not set(BEFORE[phase]) <= now.done),
        (Held.staff, now.staff),
    )
    return [why for why, holds in found if holds]
