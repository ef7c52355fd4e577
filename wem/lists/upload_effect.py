"""What an upload would do to the count of registered addresses and to the month's peak (7-2)."""

from __future__ import annotations

from dataclasses import dataclass

from wem.contracts.models import contract_in_force
from wem.contracts.rules import tier
from wem.lists.counting import month_peak, registered
from wem.lists.states import UploadKind
from wem.lists.upload_models import Upload

RAISING = (UploadKind.invitation, UploadKind.attested)


@dataclass(frozen=True)
class Effect:
    """Counts now and after; a tier is given by its highest count, None above the course's highest tier."""

    registered: int
    peak: int
    after: int
    peak_after: int
    course: str
    tier: int | None
    tier_after: int | None
    highest: int

    @property
    def crosses(self) -> bool:
        """Whether the month would fall into another tier."""
        return self.tier != self.tier_after

    @property
    def over(self) -> bool:
        """Whether the month would pass the course's highest tier."""
        return self.peak_after > self.highest


def effect_of(upload: Upload) -> Effect:
    """Return the effect of applying a checked upload; of invitations, if every address confirms this month."""
    now, peak = registered(upload.customer_id), month_peak(upload.customer_id)
    after = now + (upload.raising if upload.kind in RAISING else 0)
    peak_after = max(peak, after)
    contract = contract_in_force(upload.customer_id)
    tiers = contract.tiers if contract else []
    before, then = tier(tiers, peak), tier(tiers, peak_after)
    return Effect(
        registered=now,
        peak=peak,
        after=after,
        peak_after=peak_after,
        course=contract.course.name if contract else "",
        tier=before[0] if before else None,
        tier_after=then[0] if then else None,
        highest=tiers[-1][0] if tiers else 0,
    )
