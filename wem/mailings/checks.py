"""One point of the check before sending: how grave it is, what was found, what to do about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.StrEnum):
    refusal = "refusal"
    warning = "warning"
    ok = "ok"


@dataclass(frozen=True)
class Check:
    """One point: what was found and what to do about it. `at` is "edit" where the draft itself is to be changed,
    "blocks" where its blocks are, "trial" where its A/B test is, "names" where sender's names are asked for."""

    severity: Severity
    title: str
    what: str = ""
    todo: str = ""
    at: str = ""
    # The variant that is meant, 0: the mailing itself.
    of: int = 0


def judged(fine: bool, title: str, what: str, todo: str, at: str = "", severity: Severity = Severity.refusal) -> Check:
    """Return the point as in order, or with what was found."""
    return Check(Severity.ok, title) if fine else Check(severity, title, what, todo, at)
