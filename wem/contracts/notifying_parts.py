"""Tells the customer that a part of the contract has ended, and that it comes back (14-1)."""

from __future__ import annotations

from flask_babel import gettext

from wem import clock
from wem.contracts import part_effects
from wem.contracts.addressing import about
from wem.contracts.models import Contract
from wem.contracts.notifying import named, tell_of, written
from wem.contracts.request_models import Termination
from wem.contracts.rules import ServicePart
from wem.contracts.wording import RESTRICTIONS, SERVICE_PARTS, TERMINATION_GROUNDS
from wem.notices.masking_rules import masked
from wem.notices.rules import NoticeKind, Words


def terminated(row: Termination) -> None:
    """Tell what ends, what goes on, since when, and what becomes of the fees."""
    with written():
        facts = named(
            row.contract,
            (gettext("Ground"), str(TERMINATION_GROUNDS[row.ground])),
            (gettext("Holds since"), row.decided_at),
            *((label, masked(value)) for label, value in part_effects.ending(row, clock.today())),
        )
        before = gettext("We have terminated a part of the contract below with immediate effect.")
        # A part leaves the contract and its due days as they are.
        after = gettext("What you owe stays due on its days. If anything is unclear, please ask the help desk.")
        words = Words(gettext("Notice of termination"), [before], facts, [after])
        tell_of(row.contract, NoticeKind.termination, f"termination {row.id}", words)


def lifted(row: Termination) -> None:
    """Tell what comes back and from when its fee is charged, and what stays closed."""
    with written():
        contract = row.contract
        facts = named(
            contract,
            *((label, masked(value)) for label, value in part_effects.returning(row, clock.today())),
            *((gettext("Still closed"), text) for text in _still_closed(contract)),
        )
        said = [gettext("We have withdrawn our termination of the following part of the contract.")]
        if row.parts:
            said.append(gettext("Mailings that were held wait for your decision."))
        words = Words(gettext("The termination in part is withdrawn"), said, facts)
        tell_of(contract, NoticeKind.resumed, about(contract), words)


def _still_closed(contract: Contract) -> list[str]:
    """Return what holds beside the termination, so that nobody reads of a service that runs."""
    found = []
    if contract.suspended:
        found.append(gettext("The whole service: it is suspended"))
    if contract.restriction:
        found.append(
            gettext("%(what)s, by the restriction of use (Art. 18)", what=str(RESTRICTIONS[contract.restriction]))
        )
    parts = [str(SERVICE_PARTS[ServicePart(part)]) for part in contract.terminated_parts]
    return [*found, *(gettext("%(what)s, by another termination in part (Art. 14-1)", what=part) for part in parts)]
