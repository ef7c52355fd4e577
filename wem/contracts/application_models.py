"""Applications for a contract (Art. 4)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wem import audit, clock, vault
from wem.accounts.models import Partner
from wem.contracts.application_rules import (
    APPLICATION,
    Applicant,
    ApplicationAction,
    ApplicationState,
    Check,
    FirstFee,
    RefusalReason,
    Way,
    masked_account,
    missing_checks,
)
from wem.contracts.catalogue_models import Campaign
from wem.contracts.models import Contract
from wem.contracts.state_rules import after
from wem.db import Base, BigId
from wem.documents import Document
from wem.notices.rules import Addressee

# What an account number is sealed for, with the application's id.
ACCOUNT = "application account"


class Application(Base):
    """One application, from the first typing to the contract or the refusal.

    `entries` holds what the form asks for, by the names of its fields, normalised; the account number alone is sealed
    and stands beside them.
    """

    __tablename__ = "application"
    __table_args__ = (sa.Index("ix_application_state_id", "state", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    state: Mapped[ApplicationState] = mapped_column(default=ApplicationState.draft)
    way: Mapped[Way]
    partner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("partner.id"), index=True)
    entered_by: Mapped[int | None]
    kind: Mapped[Applicant]
    name: Mapped[str] = mapped_column(sa.String(100))
    kana: Mapped[str] = mapped_column(sa.String(100))
    email: Mapped[str] = mapped_column(sa.String(254))
    # The only mail address is a phone carrier's: what we tell them goes by letter (4-1).
    phone_mail: Mapped[bool] = mapped_column(default=False)
    entries: Mapped[dict[str, Any]]
    account_sealed: Mapped[bytes | None]
    campaign_id: Mapped[int | None] = mapped_column(sa.ForeignKey("campaign.id"), index=True)
    terms_version: Mapped[int]
    consent_version: Mapped[int]
    created_at: Mapped[datetime]
    filled_at: Mapped[datetime | None]
    # The application holds from the day on which the form was handed over or posted (4-2).
    handed_or_posted_on: Mapped[date | None]
    arrived_on: Mapped[date | None]
    arrived_by: Mapped[int | None]
    debit_arrived_on: Mapped[date | None]  # the sealed request for direct debit is here (6-1)
    fee_total: Mapped[int]  # yen with tax: what must come in
    fee_told_on: Mapped[date | None]
    fee_reminders: Mapped[int] = mapped_column(default=0)
    paid_on: Mapped[date | None]
    paid_amount: Mapped[int | None]
    paid_by: Mapped[int | None]
    possible_on: Mapped[date | None]
    possible_by: Mapped[int | None]
    refusal_reason: Mapped[int | None] = mapped_column(sa.SmallInteger)
    note: Mapped[str] = mapped_column(sa.String(1000), default="")  # what is missing, or why it is refused
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    contract_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contract.id"), index=True)
    # The first fee stands on no invoice of ours: it was charged before WeM wrote invoices.
    invoiced_elsewhere: Mapped[bool] = mapped_column(default=False)
    scan_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document.id"), index=True)

    partner: Mapped[Partner | None] = relationship()
    campaign: Mapped[Campaign | None] = relationship()
    contract: Mapped[Contract | None] = relationship()
    scan: Mapped[Document | None] = relationship()

    @property
    def number(self) -> str:
        return f"A{self.created_at:%y}-{self.id:06}"

    @property
    def printed_on(self) -> date | None:
        """Return the day on which /apply printed the form; None for one that was filled in by hand before."""
        return self.created_at.astimezone(clock.JAPAN).date() if self.way is Way.web else None

    @property
    def about(self) -> str:
        """Return how its notices and documents are found."""
        return f"application {self.id}"

    @property
    def missing(self) -> list[Check]:
        return missing_checks(self.arrived_on, self.paid_on, self.possible_on)

    @property
    def reason(self) -> RefusalReason | None:
        return RefusalReason(self.refusal_reason) if self.refusal_reason else None

    @property
    def fee(self) -> FirstFee:
        """Return what the first fee is made of."""
        entries = self.entries
        return FirstFee(entries["initial"], entries["monthly"], entries.get("options_monthly", 0))

    @property
    def account_number(self) -> str:
        """Return the account number, whole: for the paper and for who typed it. Raises vault.CannotOpen."""
        if self.account_sealed is None:
            return ""
        return vault.open_sealed(self.account_sealed, ACCOUNT, self.id).decode()

    def seal_account(self, number: str) -> None:
        """Keep the account number; the row must have its id."""
        self.account_sealed = vault.seal(number.encode(), ACCOUNT, self.id)

    @property
    def masked_account(self) -> str:
        return masked_account(self.account_number)

    @property
    def addressee(self) -> Addressee:
        """Return the declared address (申込者連絡先, 4-1)."""
        return Addressee(
            name=self.name,
            honorific="御中" if self.kind is Applicant.company else "様",
            email=self.email,
            postal_code=self.entries["postal_code"],
            address=self.entries["address"],
        )

    @property
    def by_letter(self) -> bool:
        return self.phone_mail or not self.email

    def move(self, action: ApplicationAction, *, by: int | None, **details: Any) -> None:
        """Change the state along its table, with a trace. Raises state_rules.Illegal."""
        self.state = after(APPLICATION, self.state, action)
        name = action.name
        audit.record(f"application.{name}", by=by, subject=self, **details)

    def note_arrival(self, handed: date, arrived: date, *, by: int) -> None:
        """The form is here: handed over or posted on one day, with us on another (4-1, 4-2)."""
        self.move(ApplicationAction.take_in, by=by, handed=handed.isoformat(), day=arrived.isoformat())
        self.handed_or_posted_on, self.arrived_on, self.arrived_by = handed, arrived, by

    def note_possible(self, *, by: int) -> None:
        """The service can be provided."""
        self.possible_on, self.possible_by = clock.today(), by
        audit.record("application.possible", by=by, subject=self)
