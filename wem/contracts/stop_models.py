"""How a contract or a part of it stops: suspension, restriction, ended parts; the stops that a sender watches."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import audit, clock
from wem.contracts.arrears_rules import Lifting
from wem.contracts.part_models import Standstill
from wem.contracts.rules import CLOSED_WITH, ContractState, Restriction, ServicePart, SuspensionGround, Use
from wem.contracts.state_rules import SERVICE, Illegal, Service, ServiceAction, after, second_person
from wem.db import Base, BigId, db


class Stoppable(Base):
    """What a contract says of its suspension (停止), its restriction (18) and its ended parts (14-1), with the acts."""

    __abstract__ = True

    # Columns of the contract that the acts ask.
    id: Mapped[int]
    customer_id: Mapped[int]
    state: Mapped[ContractState]

    suspended_at: Mapped[datetime | None]
    suspension_ground: Mapped[SuspensionGround | None]
    suspension_note: Mapped[str] = mapped_column(sa.String(500), default="")
    restriction: Mapped[Restriction | None]
    restricted_at: Mapped[datetime | None]
    restriction_note: Mapped[str] = mapped_column(sa.String(500), default="")
    terminated_parts: Mapped[list[Any]] = mapped_column(default=list)  # `ServicePart`, by terminations in part (14-1)

    @property
    def suspended(self) -> bool:
        return self.suspended_at is not None

    @property
    def service(self) -> Service:
        """Whether the service runs, as far as staff have not stopped or restricted it."""
        if self.suspended:
            return Service.suspended
        return Service.restricted if self.restriction else Service.running

    def suspend(self, ground: SuspensionGround, note: str, *, by: int | None) -> None:
        """Stop the service at once (停止): sign-up, upload, composing and sending ask `permits` and stand still.

        A restriction (18) stands meanwhile, and holds again once the suspension is lifted: only staff end it. Raises
        Illegal when it is stopped already.
        """
        after(SERVICE, self.service, ServiceAction.suspend)
        self.suspended_at = clock.now()
        self.suspension_ground = ground
        self.suspension_note = note
        db.session.add(Stop(customer_id=self.customer_id, at=self.suspended_at))
        audit.record(
            "contract.suspend", by=by, customer_id=self.customer_id, subject=self, ground=ground.value, note=note
        )

    def resume(self, note: str, *, by: int | None, lifting: Lifting | None = None, asked_by: int | None = None) -> None:
        """Lift the suspension (再開). Raises Illegal: one for non-payment wants all conditions of 13-2 met.

        A termination in part is lifted by two persons; `asked_by` is the first. Raises OwnProposal for one alone.
        """
        after(SERVICE, self.service, ServiceAction.lift_restricted if self.restriction else ServiceAction.lift)
        if self.suspension_ground is SuspensionGround.partial_termination:
            if asked_by is None:
                raise Illegal("a termination in part is lifted by two")
            second_person(asked_by, by)
        if self.suspension_ground is SuspensionGround.nonpayment and not (lifting and lifting.met):
            raise Illegal("the conditions of Art. 13-2 are not met")
        assert self.suspended_at is not None
        db.session.add(
            Standstill(
                contract_id=self.id,
                ground=self.suspension_ground,
                since=self.suspended_at.date(),
                until=clock.today(),
            )
        )
        audit.record(
            "contract.resume",
            by=by,
            customer_id=self.customer_id,
            subject=self,
            note=note,
            suspended_at=self.suspended_at.isoformat(),
        )
        self.suspended_at = None
        self.suspension_ground = None
        self.suspension_note = ""

    def restrict(self, restriction: Restriction, note: str, *, by: int | None) -> None:
        """Close sending or intake of a contract that overloads the service (Art. 18).

        Raises Illegal, also once the contract is over.
        """
        if self.state is ContractState.ended:
            raise Illegal("there is no service to restrict")
        after(SERVICE, self.service, ServiceAction.restrict)
        self.restriction, self.restricted_at, self.restriction_note = restriction, clock.now(), note
        db.session.add(Stop(customer_id=self.customer_id, at=self.restricted_at))
        audit.record(
            "contract.restrict",
            by=by,
            customer_id=self.customer_id,
            subject=self,
            restriction=restriction.value,
            note=note,
        )

    def release(self, note: str, *, by: int | None) -> None:
        """Lift the restriction. Raises Illegal when there is none."""
        after(SERVICE, self.service, ServiceAction.release)
        audit.record("contract.release", by=by, customer_id=self.customer_id, subject=self, note=note)
        self.restriction, self.restricted_at, self.restriction_note = None, None, ""

    def close_parts(self, parts: Collection[ServicePart]) -> None:
        """Have these parts of the service closed and no others, as our terminations in part say (14-1)."""
        new = {part for part in parts if part.value not in self.terminated_parts}
        self.terminated_parts = [part.value for part in ServicePart if part in parts]
        if any(Use.send in CLOSED_WITH[part] for part in new):
            db.session.add(Stop(customer_id=self.customer_id, at=clock.now()))


class Stop(Base):
    """A stop that senders must see at once: of a whole customer, or of one subscriber (on one list or all).

    Numbered; a sender keeps the last number that it saw and asks for those above it.
    """

    __tablename__ = "stop"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    customer_id: Mapped[int]
    subscriber_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    # Why a reader left (`lists.states.SuppressionReason`), else `LEFT_BY_US`: a restored backup does the same again.
    reason: Mapped[str | None] = mapped_column(sa.String(16))


LEFT_BY_US = "tidied"  # the customer tidied up, or two readers became one: no refusal
