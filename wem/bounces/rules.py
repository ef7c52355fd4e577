"""How bad a reason is for the address: permanent is not hard."""

from __future__ import annotations

from wem.bounces.states import Reason, Severity

# The address or its host takes no mail, and will take none tomorrow.
_HARD = frozenset((Reason.userunknown, Reason.hostunknown, Reason.hasmoved, Reason.notaccept))
_NO_FAILURE = frozenset((Reason.delivered, Reason.feedback, Reason.vacation))


def class_of(reason: Reason) -> Severity:
    """Return hard for an address that is dead, other for what is no failure, soft for all else (inbound.md 2)."""
    if reason in _HARD:
        return Severity.hard
    return Severity.other if reason in _NO_FAILURE else Severity.soft
