"""Contracts with their terms and options."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import audit, clock
from wem.accounts.models import Customer
from wem.contracts import date_rules, rules
from wem.contracts.catalogue_models import Campaign, Course, Option, course_price
from wem.contracts.life_rules import Life
from wem.contracts.part_models import ContractOption
from wem.contracts.rules import ContractState, EndReason, LegalItem, ServicePart, Standing, Use
from wem.contracts.stop_models import Stoppable
from wem.db import BigId, db
from wem.settings import settings


class Contract(Stoppable):
    """One customer's contract (本契約); at most one of a customer's is in force."""

    __tablename__ = "contract"
    __table_args__ = (
        sa.Index(
            "uq_contract_in_force",
            "customer_id",
            unique=True,
            sqlite_where=sa.text("state <> 'ended'"),
            postgresql_where=sa.text("state <> 'ended'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    course_id: Mapped[int] = mapped_column(sa.ForeignKey("course.id"), index=True)
    state: Mapped[ContractState]
    start_date: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    # The details that every mail shows (特定電子メール法 4条).
    sender_name: Mapped[str] = mapped_column(sa.String(100), default="")
    postal_code: Mapped[str] = mapped_column(sa.String(8), default="")
    postal_address: Mapped[str] = mapped_column(sa.String(300), default="")
    contact: Mapped[str] = mapped_column(sa.String(300), default="")  # phone, mail address or URL for complaints
    notice_email: Mapped[str] = mapped_column(sa.String(254), default="")
    # Since when three mails in a row to this address have come back: notices go by letter then (A-08, Art. 22).
    notice_fails_since: Mapped[datetime | None]
    notice_counts_from: Mapped[datetime | None]  # staff said that it works: what failed before counts no more
    attested_uploads: Mapped[bool] = mapped_column(default=False)
    # Whom we reach, beside the notice address (16).
    person: Mapped[str] = mapped_column(sa.String(100), default="")
    phone: Mapped[str] = mapped_column(sa.String(20), default="")
    # What was agreed at the application, copied: later versions of course or campaign leave it alone (1-6, 5-4).
    effective_on: Mapped[date | None]  # the application was handed over or posted (4-2)
    terms_version: Mapped[int] = mapped_column(default=1)
    campaign_id: Mapped[int | None] = mapped_column(sa.ForeignKey("campaign.id"), index=True)
    price_list_id: Mapped[int | None] = mapped_column(sa.ForeignKey("price_list.id"), index=True)
    min_term: Mapped[int] = mapped_column(default=6)  # months
    renewal: Mapped[int] = mapped_column(default=1)  # months
    notice_months: Mapped[int] = mapped_column(default=1)
    refund: Mapped[bool] = mapped_column(default=False)
    rest_owed: Mapped[bool] = mapped_column(default=False)
    # A price written on the application wins over the table (7-1): {"initial": yen, "tiers": [[up to, yen], …]}.
    own_price: Mapped[dict[str, Any] | None]
    # First days without the contract: by the customer's notice, by ours, and as it came.
    leaves_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    end_reason: Mapped[EndReason | None]
    # Since when sending is held because what we lent may be in wrong hands (8-3), until staff lift it.
    emergency_since: Mapped[datetime | None]

    customer: Mapped[Customer] = relationship()
    course: Mapped[Course] = relationship()
    campaign: Mapped[Campaign | None] = relationship()
    options: Mapped[list[ContractOption]] = relationship(order_by="ContractOption.id")

    @property
    def life(self) -> Life:
        """State and dates as the rules take them."""
        return Life(
            self.state,
            self.start_date,
            self.min_term,
            self.renewal,
            self.notice_months,
            literal_ends(),
            self.leaves_on,
            self.expires_on,
            self.ended_on,
            self.end_reason,
        )

    def take(self, life: Life) -> None:
        """Write down what the rules made of the contract's life."""
        self.state = life.state
        self.leaves_on, self.expires_on = life.leaves_on, life.expires_on
        self.ended_on, self.end_reason = life.ended_on, life.reason

    def permits(self, use: Use, on: date) -> bool:
        """Return whether the contract permits this use on a date; the one place that everything asks."""
        return rules.permits(
            self.state,
            self.start_date,
            self.suspended,
            use,
            on,
            self.life.over_on,
            self.restriction,
            self.emergency_since is not None,
            [ServicePart(part) for part in self.terminated_parts],
        )

    @property
    def standing(self) -> Standing:
        """Where the contract stands today."""
        return rules.standing(self.state, self.start_date, self.suspended, clock.today(), self.life.over_on)

    def tiers_on(self, day: date) -> list[tuple[int, int]]:
        """Return [(up to, yen a month, net), …] on a day: the application's own price, else the price list's."""
        price = None if self.own_price else course_price(self.course_id, day)
        tiers = self.own_price["tiers"] if self.own_price else price.tiers if price else []
        return [(int(up_to), int(fee)) for up_to, fee in tiers]

    @property
    def tiers(self) -> list[tuple[int, int]]:
        """The fee by number of registered addresses, as it holds today."""
        return self.tiers_on(clock.today())

    def options_on(self, day: date) -> list[Option]:
        """Return the options that the contract has on a day."""
        return [row.option for row in self.options if row.holding.held(day)]

    def options_charged(self, month: date) -> list[Option]:
        """Return the options in a month's fee, by the day of it that decides: one that we ended within it too."""
        return [row.option for row in self.options if row.holding.charged(month)]

    def options_seen(self, day: date) -> list[Option]:
        """Return the options as pages show them on a day: before the start those with which the contract begins."""
        return self.options_on(max(day, self.start_date) if self.start_date else day)

    def term_on(self, day: date) -> date_rules.Term | None:
        """Return the term that a day lies in; None without a start date."""
        if self.start_date is None:
            return None
        return date_rules.term_on(self.start_date, self.min_term, self.renewal, day, literal_ends())

    @property
    def missing_legal_items(self) -> list[LegalItem]:
        return rules.missing_legal_items(self.sender_name, self.postal_code, self.postal_address, self.contact)

    def switch_attested_uploads(self, on: bool, *, by: int | None) -> None:
        """Allow or forbid uploads of consent gathered elsewhere."""
        self.attested_uploads = on
        audit.record("contract.attested_uploads", by=by, customer_id=self.customer_id, subject=self, on=on)

    def change_details(self, details: dict[str, str], *, by: int | None) -> list[str]:
        """Take over what mails show and where notices go; returns the names of what is different now.

        Old and new values go into the record (Art. 16). Raises KeyError for what is no detail.
        """
        unknown = details.keys() - set(DETAILS)
        if unknown:
            raise KeyError(*unknown)
        changed = {
            name: [getattr(self, name), value] for name, value in details.items() if getattr(self, name) != value
        }
        for name, (_, value) in changed.items():
            setattr(self, name, value)
        if "notice_email" in changed:
            self.notice_fails_since, self.notice_counts_from = None, clock.now()
        if changed:
            audit.record("contract.details", by=by, customer_id=self.customer_id, subject=self, **changed)
        return list(changed)


DETAILS = ("sender_name", "postal_code", "postal_address", "contact", "notice_email", "person", "phone")


def literal_ends() -> bool:
    """Return whether terms end on their literal day instead of at the end of its month."""
    return settings().CONTRACT_END == "literal"


def contract_in_force(customer_id: int) -> Contract | None:
    """Return the customer's contract that has not ended."""
    return db.session.scalar(
        sa.select(Contract).where(Contract.customer_id == customer_id, Contract.state != ContractState.ended)
    )


def customer_may(customer_id: int, use: Use) -> bool:
    """Return whether the customer's contract permits a use today; without a contract nothing but the way out is."""
    contract = contract_in_force(customer_id)
    if contract is None:
        return use in rules.ALWAYS
    return contract.permits(use, clock.today())
