"""What a sum is owed for, as plain functions."""

from __future__ import annotations

import enum


class ReceivableKind(enum.StrEnum):
    """What a receivable is for. The first fee is paid by transfer and never enters a debit file (6-1c, A-07)."""

    initial = "initial"  # 初回料金
    monthly = "monthly"  # 月額料金
    other = "other"  # typed in by staff, costs of fictitious addresses (12特約)


DEBITABLE = frozenset(ReceivableKind) - {ReceivableKind.initial}
