"""A mail on its way and what holds it: the words between the connections and those whose mail they carry."""

from __future__ import annotations

import asyncio
import traceback
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol

from wem.delivery.leasing import Lease
from wem.delivery.message import Features, Mail
from wem.delivery.pace_lanes import PaceKey
from wem.delivery.smtp import Answer


class Hold:
    """Some parcels under one lease. Counted is where they are: waiting, with a connection, or not written down yet."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.waiting = 0
        self.busy = 0
        self.unwritten = 0
        # Nothing of it leaves any more: paused, not permitted, or the lease is lost.
        self.stopped = False
        # From this moment on nothing of it leaves; None where no such moment is known.
        self.closes_at: datetime | None = None

    @property
    def resting(self) -> bool:
        """Whether nothing of it is under way any more."""
        return not self.busy and not self.unwritten and (self.stopped or not self.waiting)


class Parcel(ABC):
    """One mail to one recipient; `made` once it is prepared, `outcome` gives what is written down of an answer."""

    __slots__ = ("hold", "losses", "made", "pace_key", "stopped")
    made: Mail
    # By whom, from where and to where it goes, for its pace; None where it need not keep to any.
    pace_key: PaceKey | None

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        self.stopped = False
        # Lines lost under it before its dot.
        self.losses = 0
        self.pace_key = None

    @abstractmethod
    def prepare(self, features: Features) -> Any:
        """Make the mail for a server with these features; returns its outcome when it is not to leave."""

    def let_go(self) -> None:
        """Drop the mail itself: a batch is known until its last mail is out, and would hold all of them in memory."""
        with suppress(AttributeError):
            del self.made

    @abstractmethod
    def outcome(self, answer: Answer) -> Any:
        """Return what is written down after this answer."""

    @abstractmethod
    def put_off(self, until: datetime) -> Any:
        """Return what is written down of a mail that its pace does not permit before then."""

    @abstractmethod
    def intent(self) -> Any | None:
        """Return what is written down before the dot; None where nothing is."""


def place_of(error: Exception) -> str:
    """Return which fault of ours it is and where, for the log; without its words, for they may quote a reader."""
    return "".join((f"{type(error).__name__}\n", *traceback.format_tb(error.__traceback__)))


class Desk(Protocol):
    """The database's side, called in one thread only, never two calls at once."""

    # When what forbids sending was looked at last (monotonic).
    looked_at: float

    def fetch(self) -> Sequence[Parcel] | None:
        """Lease what is ready and return it; empty when it came to nothing, None when there is nothing. Commits."""

    def round(self, entries: Sequence[tuple[Any, Any]], holds: Sequence[Hold]) -> None:
        """Write all outcomes down in one transaction, prolong leases, look at what forbids the next mail. Commits."""

    def close(self, hold: Hold, unreachable: bool) -> None:
        """Give a hold back, or end it, now that nothing of it is under way. Commits."""

    def leave(self) -> None:
        """Let go of everything."""


class Books(Protocol):
    """Where a connection tells what became of its parcels, and asks whether one may leave."""

    def record(self, parcel: Parcel, outcome: Any) -> asyncio.Future[None]: ...

    def answered(self, parcel: Parcel, answer: Answer) -> asyncio.Future[None]: ...

    def intend(self, parcel: Parcel, intent: Any) -> asyncio.Future[None]: ...

    def word_on(self, parcel: Parcel) -> bool | None: ...

    def next_round(self) -> asyncio.Future[None]: ...
