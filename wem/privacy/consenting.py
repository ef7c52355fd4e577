"""The one place that says whether a customer's data may be used for a purpose, and takes customers' answers (同意3)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from wem import audit, clock, outbox
from wem.contracts.application_models import Application
from wem.contracts.models import Contract, contract_in_force
from wem.contracts.rules import ContractState
from wem.contracts.text_models import in_force
from wem.contracts.text_rules import TextKind
from wem.db import db
from wem.privacy.news_models import News, NewsRecipient
from wem.privacy.news_rules import Outcome
from wem.privacy.purpose_models import NEWS, PurposeAnswer, UsePurpose, same_address
from wem.privacy.purpose_rules import Given, Via, awaits, may_use
from wem.privacy.rules import Purpose


class Changed(Exception):
    """The text of the purpose is another one than the customer read."""


def permitted(customer_id: int, purpose: Purpose | int) -> bool:
    """Return whether a customer's data may be used for a purpose now; whoever uses them for one asks this.

    A `Purpose` is one of those that the consent clauses name, a number that of an announced one (or NEWS). Without ①,
    ③ and ④ there is no contract; what is optional ends with it.
    """
    if isinstance(purpose, Purpose):
        if purpose is not Purpose.news:
            return True
        purpose = NEWS
    if contract_in_force(customer_id) is None:
        return False
    asks_from = _asks_from(purpose)
    return asks_from is not None and may_use(purpose == NEWS, last_answer(customer_id, purpose), asks_from)


def _asks_from(number: int) -> int | None:
    """Return from which version on an answer counts; None for a purpose that there is not, or that was given up."""
    if number == NEWS:
        return 1
    row = db.session.get(UsePurpose, number)
    return row.asks_from if row is not None and row.closed_at is None else None


def last_answer(customer_id: int, number: int) -> Given | None:
    """Return what a customer answered last about a purpose."""
    row = db.session.execute(
        sa.select(PurposeAnswer.yes, PurposeAnswer.version)
        .where(PurposeAnswer.customer_id == customer_id, PurposeAnswer.purpose_id == number)
        .order_by(PurposeAnswer.id.desc())
        .limit(1)
    ).first()
    return Given(row.yes, row.version) if row else None


@dataclass(frozen=True)
class Answers:
    """All customers' last answers about one purpose, for who goes through many customers; `permitted` in bulk."""

    named: bool
    asks_from: int | None
    given: dict[int, Given]
    refused: Collection[str]  # addresses whose last word was a no

    def permit(self, customer_id: int) -> bool:
        """Return what `permitted` returns for a customer with a contract."""
        return self.asks_from is not None and may_use(self.named, self.given.get(customer_id), self.asks_from)

    def said_no(self, customer_id: int, email: str) -> bool:
        """Return whether the customer, or somebody with the same address, said no."""
        given = self.given.get(customer_id)
        return email in self.refused or (given is not None and not given.yes)


def answers(number: int) -> Answers:
    """Return what all customers answered last about a purpose."""
    newest = (
        sa.select(sa.func.max(PurposeAnswer.id))
        .where(PurposeAnswer.purpose_id == number)
        .group_by(PurposeAnswer.customer_id)
    )
    rows = db.session.execute(
        sa.select(PurposeAnswer.customer_id, PurposeAnswer.yes, PurposeAnswer.version).where(
            PurposeAnswer.id.in_(newest)
        )
    ).all()
    given = {row.customer_id: Given(row.yes, row.version) for row in rows}
    return Answers(number == NEWS, _asks_from(number), given, _refused(newest))


def _refused(newest: sa.Select[Any]) -> set[str]:
    """Return the addresses whose last word, by whichever customer, was a no."""
    by_address = db.session.execute(
        sa.select(Contract.notice_email, PurposeAnswer.yes)
        .join(PurposeAnswer, PurposeAnswer.customer_id == Contract.customer_id)
        .where(PurposeAnswer.id.in_(newest), Contract.notice_email != "")
        .order_by(PurposeAnswer.id)
    )
    last = {row.notice_email: row.yes for row in by_address}
    return {email for email, yes in last.items() if not yes}


def open_purposes() -> list[UsePurpose]:
    """Return the announced purposes that are not given up, the oldest first."""
    return list(db.session.scalars(sa.select(UsePurpose).where(UsePurpose.closed_at.is_(None)).order_by(UsePurpose.id)))


def awaiting(customer_id: int) -> list[UsePurpose]:
    """Return the purposes about which a customer is asked and has not answered."""
    return [row for row in open_purposes() if awaits(last_answer(customer_id, row.id), row.asks_from)]


def agreed_with_contract(contract: Contract) -> tuple[date, int]:
    """Return on which day, and by which version of the consent clauses, ① to ④ were agreed to (17-1, 同意1)."""
    application = db.session.scalar(
        sa.select(Application).where(Application.contract_id == contract.id).order_by(Application.id).limit(1)
    )
    if application is not None:
        return application.handed_or_posted_on or application.created_at.date(), application.consent_version
    day = contract.effective_on or contract.start_date or contract.customer.created_at.date()
    return day, in_force(TextKind.consent, day)


def text_version(number: int) -> int:
    """Return the version of a purpose's text that is shown now."""
    return in_force(TextKind.consent) if number == NEWS else db.session.get_one(UsePurpose, number).current.number


def answer(
    customer_id: int,
    number: int,
    yes: bool,
    *,
    via: Via,
    version: int | None = None,
    by: int | None = None,
    ip: str = "",
) -> bool:
    """Write an answer down; False when it stood like that already. The caller commits.

    `version`: the text that the customer read; Changed when another one stands there now. A no takes back what waits to
    leave, also to others with the same address.
    """
    # Whoever writes mails down holds these rows too: either the mail is seen here, or this answer there.
    db.session.scalars(same_address(customer_id).with_for_update()).all()
    shown = text_version(number)
    if version is not None and version != shown:
        raise Changed
    last = last_answer(customer_id, number)
    if last is not None and last.yes is yes and (not yes or last.version >= (_asks_from(number) or 0)):
        return False
    db.session.add(
        PurposeAnswer(customer_id=customer_id, purpose_id=number, version=shown, yes=yes, via=via, account_id=by, ip=ip)
    )
    audit.record("purpose.answer", by=by, customer_id=customer_id, purpose=number, version=shown, on=yes, via=via.value)
    db.session.flush()
    if not yes:
        _take_back(customer_id, number)
    return True


def _take_back(customer_id: int, number: int) -> None:
    """Take mails back that have not left."""
    customers = [row.customer_id for row in db.session.scalars(same_address(customer_id))]
    rows = db.session.scalars(
        sa.select(NewsRecipient)
        .join(News, News.id == NewsRecipient.news_id)
        .where(
            News.purpose_id == number,
            NewsRecipient.customer_id.in_(customers),
            NewsRecipient.outcome == Outcome.queued,
        )
    ).all()
    gone = outbox.withdraw([row.outbox_id for row in rows if row.outbox_id])
    for row in rows:
        if row.outbox_id in gone:
            row.outcome = Outcome.taken_back


def take_over(application: Application) -> None:
    """Keep what an application answered as its customer's answers, once there is a contract; the caller commits."""
    contract = application.contract
    if contract is None:
        return
    entries = application.entries
    said = [(NEWS, application.consent_version, not entries.get("no_news"))]
    said += [(int(number), int(version), True) for number, version in _agreed(entries.get("uses") or [])]
    for number, version, yes in said:
        if number == NEWS or db.session.get(UsePurpose, number) is not None:
            db.session.add(
                PurposeAnswer(
                    customer_id=contract.customer_id,
                    purpose_id=number,
                    version=version,
                    yes=yes,
                    via=Via.application,
                    at=application.filled_at or clock.now(),
                    account_id=application.entered_by,
                )
            )


def _agreed(ticked: list[str]) -> list[tuple[str, str]]:
    """Return number and version of each purpose that was ticked, kept as "3.1"."""
    pairs = [each.partition(".") for each in ticked]
    return [(number, version) for number, _, version in pairs if number.isdecimal() and version.isdecimal()]


def customers_asked() -> int:
    """Return how many contracts an announced purpose asks."""
    counted = sa.select(sa.func.count()).select_from(Contract).where(Contract.state != ContractState.ended)
    return db.session.scalar(counted) or 0
