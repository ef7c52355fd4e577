"""What follows when a mail of the product itself did not get there: it is noted, and never ends a contract."""

from __future__ import annotations

import re
from datetime import datetime

import sqlalchemy as sa

from wem import audit, clock, outbox
from wem.arriving import ArrivedMail, Fate
from wem.bounces.models import Unmatched
from wem.bounces.notice_rules import IN_ROW, Notice, failed_in_row
from wem.bounces.removing import settling
from wem.bounces.states import Kind, Reading, Reported, Severity
from wem.bounces.unmatched import keep
from wem.contracts.models import Contract, contract_in_force
from wem.db import db
from wem.lists.expiring import end_early
from wem.notices import telling
from wem.outbox import OutboxMail, OutboxState

ABOUT_SUBSCRIPTION = re.compile(r"subscription (\d+)")
# Notices looked at: those before cannot belong to the last row of three.
LATE = 20


def take(mail: ArrivedMail, told: Reported, outbox_id: int) -> Fate:
    """Note that a mail of the outbox came back, and do what follows. The caller commits."""
    row = db.session.get(OutboxMail, outbox_id)
    if row is None:
        return keep(mail, Reading(Kind.bounce, (told,)), Unmatched.gone)
    return Fate.taken if note(row, mail.received_at, told.severity is Severity.hard) else Fate.ignored


def note(row: OutboxMail, at: datetime, hard: bool) -> bool:
    """Write down that a mail did not arrive, once, and do what follows; False when it is on record already.

    `hard`: the address is dead, so nobody will ever confirm from there.
    """
    noted = db.session.execute(
        sa.update(OutboxMail)
        .where(OutboxMail.id == row.id, OutboxMail.not_arrived_at.is_(None))
        .values(not_arrived_at=at)
        .execution_options(synchronize_session=False)
    )
    if not noted.rowcount:  # type: ignore[attr-defined]
        return False
    telling.mark_not_arrived(row.id, at)
    about = ABOUT_SUBSCRIPTION.fullmatch(row.about or "")
    if about and hard:
        end_early(int(about[1]))
    if row.customer_id is not None and row.recipient_hash is not None:
        _judge_notices(row.customer_id, row.recipient_hash)
    return True


def _judge_notices(customer_id: int, recipient_hash: bytes) -> None:
    """Flag the contract when three notices in a row did not arrive; letters are sent by who writes notices."""
    contract = contract_in_force(customer_id)
    if contract is None or not contract.notice_email or outbox.known_by(contract.notice_email) != recipient_hash:
        return
    if contract.notice_fails_since is None and failed_in_row(notices(contract), clock.now(), settling()) >= IN_ROW:
        contract.notice_fails_since = clock.now()
        audit.record("contract.notice_fails", by=None, customer_id=customer_id, subject=contract)


def notices(contract: Contract) -> list[Notice]:
    """Return the last mails to a contract's notice address that are over, newest first."""
    rows = db.session.execute(
        sa.select(OutboxMail.finished_at, OutboxMail.created_at, OutboxMail.not_arrived_at)
        .where(
            OutboxMail.recipient_hash == outbox.known_by(contract.notice_email),
            OutboxMail.customer_id == contract.customer_id,
            OutboxMail.state.in_((OutboxState.accepted, OutboxState.failed, OutboxState.expired)),
        )
        .order_by(OutboxMail.id.desc())
        .limit(LATE)
    )
    return [Notice(row.finished_at or row.created_at, row.not_arrived_at is None) for row in rows]


def arrives_again(contract: Contract, *, by: int) -> None:
    """Take the flag off a contract: staff know by now that the address works."""
    contract.notice_fails_since = None
    audit.record("contract.notice_works", by=by, customer_id=contract.customer_id, subject=contract)
