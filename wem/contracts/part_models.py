"""What hangs on a contract: its options, its terms as they came, the days on which it stood still."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem.contracts.catalogue_models import Option
from wem.contracts.option_rules import Holding
from wem.contracts.rules import SuspensionGround
from wem.db import Base, BigId


class ContractOption(Base):
    """An option of a contract: from a day, until before another; the fee's days where they are others (14-1)."""

    __tablename__ = "contract_option"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    option_id: Mapped[int] = mapped_column(sa.ForeignKey("option.id"), index=True)
    since: Mapped[date]
    until: Mapped[date | None]
    charged_from: Mapped[date | None]
    charged_until: Mapped[date | None]

    option: Mapped[Option] = relationship()

    @property
    def holding(self) -> Holding:
        return Holding(self.since, self.until, self.charged_from, self.charged_until)

    def take(self, holding: Holding) -> None:
        """Write down what the rules made of its days."""
        self.since, self.until = holding.since, holding.until
        self.charged_from, self.charged_until = holding.charged_from, holding.charged_until


class ContractTerm(Base):
    """One term of a contract as it came: number 0 is the minimum term, each renewal one more (5-1, 5-2)."""

    __tablename__ = "contract_term"

    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[date]
    literal_end: Mapped[date]
    aligned_end: Mapped[date]


class Standstill(Base):
    """A suspension that is over: the days for which no fee is due (13-3)."""

    __tablename__ = "standstill"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contract_id: Mapped[int] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    ground: Mapped[SuspensionGround | None]
    since: Mapped[date]
    until: Mapped[date]  # the day of lifting, which could be used again
