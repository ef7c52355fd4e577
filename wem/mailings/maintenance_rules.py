"""Mailings and announced maintenance (Art. 13-1): what falls into a window, and what becomes of it; plain functions."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


class Choice(enum.StrEnum):
    """What the customer wants for a mailing that falls into a window."""

    hold = "hold"  # 保留して終了後に送信
    cancel = "cancel"  # 取消


@dataclass(frozen=True)
class Window:
    """A time in which nothing is sent; `ends_at` None: until staff say that it is over."""

    incident_id: int
    begins_at: datetime
    ends_at: datetime | None

    def holds(self, at: datetime) -> bool:
        """Return whether nothing is sent at a moment; its last moment is the one before its end."""
        return self.begins_at <= at and (self.ends_at is None or at < self.ends_at)


def window_on(windows: Iterable[Window], at: datetime) -> Window | None:
    """Return the window that a moment lies in, of several the one that lasts longest."""
    found = [window for window in windows if window.holds(at)]
    return max(found, key=lambda window: (window.ends_at is None, window.ends_at or at), default=None)


def due_after(windows: Iterable[Window], at: datetime) -> datetime | None:
    """Return when what was due at a moment may go: then, or at the end of the windows that it falls into.

    None when a window without an end holds it.
    """
    known = list(windows)
    while (window := window_on(known, at)) is not None:
        if window.ends_at is None:
            return None
        at = window.ends_at
    return at
