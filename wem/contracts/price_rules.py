"""A price that is agreed on where the price list has none (7-1): for how many addresses, and who decides."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

from wem.contracts.rules import fee
from wem.contracts.state_rules import Illegal, second_person
from wem.diagram_rules import diagram


class PriceState(enum.StrEnum):
    proposed = "proposed"
    agreed = "agreed"
    refused = "refused"
    withdrawn = "withdrawn"


class PriceAction(enum.StrEnum):
    approve = "approve (by another person)"
    refuse = "refuse"
    withdraw = "withdraw (by who asked)"


S, A = PriceState, PriceAction
PRICE: Mapping[tuple[PriceState, PriceAction], PriceState] = {
    (S.proposed, A.approve): S.agreed,
    (S.proposed, A.refuse): S.refused,
    (S.proposed, A.withdraw): S.withdrawn,
}
Tiers = Sequence[tuple[int, int]]  # (up to how many addresses, yen a month, net)


def may_agree(count: int, up_to: int, tiers: Tiers, *, asked: bool) -> None:
    """Raise Illegal unless there is no price for a count, the agreed one holds it, and nobody has asked for another."""
    if fee(tiers, count) is not None or up_to < count or asked:
        raise Illegal("there is a price, or this one does not hold the count")


def gives_away(yen: int, tiers: Tiers) -> bool:
    """Return whether a price is below that of the highest tier, which holds fewer addresses: two persons decide."""
    return yen < max((each for _, each in tiers), default=0)


def may_decide(action: PriceAction, asked_by: int, by: int) -> None:
    """Raise Illegal, or OwnProposal, unless this person may do it: who asked withdraws, another one decides."""
    if action is not A.withdraw:
        second_person(asked_by, by)
    elif by != asked_by:
        raise Illegal("who asked for it withdraws it")


DIAGRAMS = (diagram("Agreed price", PRICE, PriceState.proposed),)
