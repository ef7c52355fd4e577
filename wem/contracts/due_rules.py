"""What can fall due for a contract."""

from __future__ import annotations

import enum


class What(enum.StrEnum):
    """In the order in which they happen on a day."""

    begin = "begin"
    end = "end"
    renew = "renew"
    change = "change"
    correction = "correction"
