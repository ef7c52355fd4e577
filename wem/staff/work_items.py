"""One thing that staff have to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask_babel import gettext

from wem.contracts.models import Contract

MOST = 100  # of each kind


@dataclass(frozen=True)
class Item:
    """One thing to do: since or until which day, for whom, what, and the button to the next act.

    Of an application there is no contract yet; `name` is the applicant's.
    """

    day: date
    contract: Contract | None
    what: str
    action: str
    url: str
    name: str = ""

    @property
    def who(self) -> str:
        return self.contract.customer.name if self.contract else self.name


def second_person(day: date, contract: Contract | None, what: str, url: str, name: str = "") -> Item:
    """Return what one person asked for and another decides."""
    said = gettext("%(what)s: waits for a second person", what=what)
    return Item(day, contract, said, gettext("To the decision"), url, name)


def page_of(contract: Contract) -> str:
    return f"/staff/contracts/{contract.id}"
