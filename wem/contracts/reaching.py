"""Whether what we told a customer reached them, and what follows when it did not (Art. 22, A-08)."""

from __future__ import annotations

import sqlalchemy as sa

from wem import audit, clock, outbox
from wem.contracts.addressing import addressee
from wem.contracts.application_models import Application
from wem.contracts.models import Contract, contract_in_force
from wem.db import db
from wem.notices import failing, rules, telling
from wem.notices.models import Notice, notices_about
from wem.notices.rules import Addressee
from wem.outbox import OutboxMail


def judge(row: OutboxMail) -> bool:
    """Flag the contract when three mails in a row to its notice address came back; returns whether it is now.

    The third goes out again by letter, and so does all that follows. It ends nothing. The caller commits.
    """
    if row.customer_id is None or row.recipient_hash is None:
        return False
    contract = contract_in_force(row.customer_id)
    if contract is None or not contract.notice_email or contract.notice_fails_since is not None:
        return False
    if outbox.known_by(contract.notice_email) != row.recipient_hash:
        return False
    number = failing.in_a_row(contract.customer_id, contract.notice_email, contract.notice_counts_from)
    if number < rules.IN_A_ROW:
        return False
    contract.notice_fails_since = clock.now()
    audit.record("contract.notice_fails", by=None, customer_id=contract.customer_id, subject=contract)
    last = db.session.scalar(sa.select(Notice).where(Notice.outbox_id == row.id))
    if last is not None:
        telling.by_letter_instead(last, addressee(contract))
    return True


def arrives_again(contract: Contract, *, by: int) -> None:
    """Take the flag off a contract: staff know by now that the address works. What failed before counts no more."""
    contract.notice_fails_since, contract.notice_counts_from = None, clock.now()
    audit.record("contract.notice_works", by=by, customer_id=contract.customer_id, subject=contract)


def counts(about: str) -> bool:
    """Return whether one of the notices about a subject counts as there (民法 97条).

    True too when there is none: the subject is older than our record of notices.
    """
    told = notices_about(about)
    return not told or any(notice.counts_since is not None for notice in told)


def again_by_letter(notice: Notice, *, by: int) -> Notice:
    """Send what came back by letter, to the address that is declared by now. Raises rules.IllegalMove."""
    return telling.by_letter_instead(notice, _declared(notice), by=by)


def _declared(notice: Notice) -> Addressee | None:
    model, _, number = notice.about.partition(" ")
    if model == "application" and number.isdigit():
        application = db.session.get(Application, int(number))
        return application.addressee if application else None
    if notice.customer_id is None:
        return None
    newest = sa.select(Contract).where(Contract.customer_id == notice.customer_id).order_by(Contract.id.desc())
    contract = db.session.scalar(newest.limit(1))
    return addressee(contract) if contract else None
