"""Mail to all customers who may get it: written, looked at by another person, put into the outbox in portions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from wem import audit, clock, outbox, queue
from wem.contracts.models import Contract
from wem.contracts.name_rules import honorific
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.privacy import consenting, news_emails
from wem.privacy.consenting import Answers
from wem.privacy.news_models import News, NewsRecipient
from wem.privacy.news_rules import NewsAction, NewsState, Outcome, left_out

AT_ONCE = 200


@dataclass(frozen=True)
class Reach:
    """To how many customers a mail would go now, how many are left out for which reason, and who."""

    number: int
    reasons: dict[Outcome, int]
    left_out: list[tuple[Contract, Outcome]]


def write(purpose_id: int, subject: str, text: str, *, by: int, kept: News | None = None) -> News:
    """Write a mail down, anew or in place of a draft; whoever writes last is its writer. Raises Illegal."""
    row = kept or News(purpose_id=purpose_id, subject=subject, text=text, written_by=by)
    if row.state is not NewsState.draft and kept is not None:
        raise Illegal("it is no draft any more")
    row.purpose_id, row.subject, row.text = purpose_id, subject, text
    row.written_by, row.written_at = by, clock.now()
    db.session.add(row)
    db.session.flush()
    audit.record("news.write", by=by, subject=row, purpose=purpose_id)
    return row


class Changed(Illegal):
    """It says something else than what the second person has read."""


def decide(row: News, action: NewsAction, *, by: int, read: str = "") -> None:
    """Submit it, send it as a second person, give it back or withdraw it. Raises Illegal and OwnProposal.

    Sending wants what the person has `read` (`News.as_read` of then): the writer may have taken it back, changed it
    and submitted it again while the page was open. Raises Changed.
    What is in the outbox and has not left is taken back by a withdrawal.
    """
    if action is NewsAction.finish:
        raise Illegal("it is finished when everybody was looked at")
    row.move(action, by=by)
    if action is NewsAction.send and read != row.as_read:
        raise Changed("it was changed since")
    audit.record(f"news.{action.name}", by=by, subject=row, purpose=row.purpose_id)
    if action is NewsAction.send:
        queue.ring(queue.WORK, "wem.privacy.jobs.send_news", row.id)
    elif action is NewsAction.withdraw:
        _take_back(row)


def _take_back(row: News) -> None:
    mine = sa.select(NewsRecipient).where(NewsRecipient.news_id == row.id, NewsRecipient.outcome == Outcome.queued)
    recipients = db.session.scalars(mine).all()
    gone = outbox.withdraw([each.outbox_id for each in recipients if each.outbox_id])
    for each in recipients:
        if each.outbox_id in gone:
            each.outcome = Outcome.taken_back


def outcomes(row: News) -> dict[Outcome, int]:
    """Return how many customers a mail went to, and how many it did not and why, as the record has it."""
    counted = db.session.execute(
        sa.select(NewsRecipient.outcome, sa.func.count().label("number"))
        .where(NewsRecipient.news_id == row.id)
        .group_by(NewsRecipient.outcome)
    )
    return {row.outcome: row.number for row in counted}


def reach(purpose_id: int, shown: int = 200) -> Reach:
    """Return to whom a mail of this purpose would go now; of those left out the first `shown` by name."""
    contracts = db.session.scalars(_contracts(0)).all()
    counted: Counter[Outcome | None] = Counter()
    who: list[tuple[Contract, Outcome]] = []
    for contract, outcome in _looked_at(contracts, consenting.answers(purpose_id), set()):
        counted[outcome] += 1
        if outcome is not None and len(who) < shown:
            who.append((contract, outcome))
    return Reach(counted.pop(None, 0), {each: counted[each] for each in counted if each is not None}, who)


def _contracts(after: int) -> sa.Select[Any]:
    return sa.select(Contract).where(Contract.state != ContractState.ended, Contract.id > after).order_by(Contract.id)


def _looked_at(
    contracts: Sequence[Contract], answers: Answers, known: set[bytes]
) -> Iterator[tuple[Contract, Outcome | None]]:
    """Yield each contract with why it gets no mail; `known` are the addresses that have it, by their hash."""
    for contract in contracts:
        email = contract.notice_email
        outcome = left_out(
            may=answers.permit(contract.customer_id),
            refused=answers.said_no(contract.customer_id, email),
            email=email,
            failing=contract.notice_fails_since is not None,
            twice=bool(email) and outbox.known_by(email) in known,
        )
        if outcome is None:
            known.add(outbox.known_by(email))
        yield contract, outcome


def step(row: News) -> int:
    """Put the mails of the next customers into the outbox; returns how many were looked at, 0 when all were.

    The caller holds the row and commits: what a killed worker had not committed is done again, and nobody is twice in
    the record.
    """
    # Held until the commit, so that a stop either stands here already or finds the mail (`consenting.answer`).
    contracts = db.session.scalars(_contracts(row.looked_up_to).limit(AT_ONCE).with_for_update()).all()
    known = set(
        db.session.scalars(
            sa.select(NewsRecipient.address_hash).where(
                NewsRecipient.news_id == row.id, NewsRecipient.address_hash.is_not(None)
            )
        )
    )
    for contract, outcome in _looked_at(
        contracts, consenting.answers(row.purpose_id), {each for each in known if each}
    ):
        row.looked_up_to = contract.id
        recipient = NewsRecipient(news_id=row.id, customer_id=contract.customer_id, outcome=outcome or Outcome.queued)
        db.session.add(recipient)
        if outcome is not None:
            row.left_out += 1
            continue
        name = f"{contract.customer.name} {honorific(contract.customer.name)}"
        mail = news_emails.news(row, contract.notice_email, name, contract.customer_id)
        posted = outbox.post(mail, customer_id=contract.customer_id, about=f"news {row.id}")
        db.session.flush()
        recipient.outbox_id, recipient.address_hash = posted.id, posted.recipient_hash
        row.sent += 1
    if not contracts:
        row.move(NewsAction.finish, by=None)
    return len(contracts)
