"""What a sum is owed for, as plain functions."""

from __future__ import annotations

import enum


class ReceivableKind(enum.StrEnum):
    """What a receivable is for. The first fee is paid by transfer and never enters a debit file (6-1c, A-07)."""

    initial = "initial"  # 初回料金
    monthly = "monthly"  # 月額料金
    other = "other"  # typed in by staff, costs of fictitious addresses (12特約)


class NotPaid(enum.StrEnum):
    """Why a sum is owed no more though it did not come in, or not all of it."""

    bad_debt = "bad_debt"  # 貸倒: it cannot be collected
    waived = "waived"  # 免除: we do without it
    cancelled = "cancelled"  # typed in by mistake


DEBITABLE = frozenset(ReceivableKind) - {ReceivableKind.initial}


class InvoiceKind(enum.StrEnum):
    """Which document it is."""

    invoice = "invoice"  # 適格請求書
    give_back = "return"  # 適格返還請求書


class Occasion(enum.StrEnum):
    """Why a document was issued."""

    initial = "initial"  # 初回料金 (4-1)
    monthly = "monthly"  # the month close (4-5)
    final = "final"  # the end of the contract (14-3, 15-2, 15-3)
    settlement = "settlement"  # too much was charged for a month
    correction = "correction"  # another one was wrong
    cost = "cost"  # 12特約
    third_party = "third_party"  # the same, to somebody who is no customer
    by_hand = "by_hand"


class CloseState(enum.StrEnum):
    """How far the close of a month is."""

    drafting = "drafting"  # the dry run is being worked out
    drafted = "drafted"  # staff look at it
    running = "running"
    done = "done"


class CloseStep(enum.StrEnum):
    """The chain of the 1st, in this order (japan-rules 8); erasure follows when all are done."""

    settle = "settle"  # the month before: peaks, usable days
    end = "end"  # contracts that end: final invoices
    terms = "terms"  # renewals; price lists hold by their dates
    changes = "changes"  # courses and options that were accepted
    open = "open"  # the tiers by the count at 0:00
    invoice = "invoice"
    tell = "tell"


class Held(enum.StrEnum):
    """Why a contract's month waits for staff instead of being charged."""

    no_price = "no_price"  # above the highest tier
    fault = "fault"  # it could not be worked out; the log says why
