"""A mail that somebody sent to us, as the domains that it concerns are handed it; and what they say became of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ArrivedMail:
    """One mail for one of our addresses, kept already: whoever takes it may be asked again after a crash.

    `number` is the same each time, so what it caused can be found again. `sender` is the envelope's, empty for a
    bounce and None where nobody wrote it down (a pipe or a mailbox without Return-Path): only the empty one is a
    machine's. `recipient` is our address, in lower case.
    """

    number: int
    received_at: datetime
    sender: str | None
    recipient: str
    raw: bytes


class Fate(enum.StrEnum):
    """What became of an arrived mail."""

    taken = "taken"  # it did what it is for
    ignored = "ignored"  # nothing is to be done: an automatic answer, a repetition
    unrecognised = "unrecognised"  # staff read it
