"""Publishes sent mailings as back numbers, withdraws them, and finds what is in sight."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from wem import audit, clock
from wem.accounts.models import Customer
from wem.db import db
from wem.delivery.template_nodes import TemplateProblem
from wem.lists.models import MailingList
from wem.lists.takedown_models import Takedown, TakenDown, down
from wem.mailings.back_number_models import BackNumber
from wem.mailings.back_number_rules import may_be_published
from wem.mailings.models import Mailing, MailingTarget
from wem.mailings.neutral import Neutral, neutral
from wem.mailings.states import MailingState
from wem.mailings.trial_models import winner_of

# Of one customer in one year, as many as a page can list; more than two a day.
MOST_IN_A_YEAR = 1000
log = logging.getLogger("wem.mailings")


class NotSent(Exception):
    """Nobody has got the mailing, so there is nothing to show."""


def of(mailing_id: int) -> BackNumber | None:
    """Return a mailing's place in the archive; None when nobody ever asked for one."""
    return db.session.scalar(sa.select(BackNumber).where(BackNumber.mailing_id == mailing_id))


def is_wanted(mailing_id: int) -> bool:
    """Return whether a mailing is to be published by itself once it has been sent."""
    row = of(mailing_id)
    return row is not None and row.wanted


def want(mailing: Mailing, wanted: bool) -> None:
    """Note whether a mailing is to be published by itself once it has been sent."""
    row = of(mailing.id)
    if row is None:
        if not wanted:
            return
        row = BackNumber(customer_id=mailing.customer_id, mailing_id=mailing.id)
        db.session.add(row)
    row.wanted = wanted


def made(mailing: Mailing) -> Neutral:
    """Return what would be published of a mailing, of an A/B test the winner; raises NotSent, TemplateProblem.

    Slow, so ask before writing.
    """
    if not may_be_published(mailing.state, mailing.started_at is not None):
        raise NotSent
    try:
        return neutral(winner_of(mailing))
    except LookupError as error:
        raise NotSent from error


def publish(mailing: Mailing, content: Neutral, *, by: int | None) -> BackNumber:
    """Show a mailing to everybody, under the number that it had or the customer's next one."""
    # Two at once would take the same number.
    db.session.execute(sa.select(Customer.id).where(Customer.id == mailing.customer_id).with_for_update())
    row = of(mailing.id)
    if row is None:
        row = BackNumber(customer_id=mailing.customer_id, mailing_id=mailing.id)
        db.session.add(row)
    if row.number is None:
        last = sa.select(sa.func.max(BackNumber.number)).where(BackNumber.customer_id == mailing.customer_id)
        row.number = (db.session.scalar(last) or 0) + 1
    row.wanted, row.withdrawn_at = False, None
    # Once: feeds would tell of a back number again that only came back.
    row.published_at = row.published_at or clock.now()
    started = mailing.started_at or clock.now()
    row.sent_on, row.language = started.astimezone(clock.JAPAN).date(), mailing.language
    row.subject, row.text, row.html = content.subject[:1000], content.text, content.html
    db.session.flush()
    audit.record("mailing.publish", by=by, customer_id=mailing.customer_id, subject=mailing, back_number=row.number)
    return row


def withdraw(mailing: Mailing, *, by: int) -> bool:
    """Take a back number out of sight, or the wish to publish it back; False when there is neither."""
    row = of(mailing.id)
    if row is None or not (row.in_sight or row.wanted):
        return False
    row.wanted = False
    if row.in_sight:
        row.withdraw()
    audit.record(
        "mailing.withdraw", by=by, customer_id=mailing.customer_id, subject=mailing, back_number=row.number or 0
    )
    return True


def forget(mailing_id: int) -> None:
    """Take a back number out of sight and what it said away; its number stays taken."""
    row = of(mailing_id)
    if row is None:
        return
    row.wanted = False
    if row.in_sight:
        row.withdraw()
    row.subject, row.text, row.html = "", "", None


def waiting() -> Sequence[int]:
    """Return the mailings that have been sent and are to be published."""
    return db.session.scalars(
        sa.select(BackNumber.mailing_id)
        .join(Mailing, Mailing.id == BackNumber.mailing_id)
        .where(sa.text("back_number.wanted"), Mailing.state == MailingState.done)
        .order_by(BackNumber.mailing_id)
    ).all()


def publish_wanted(mailing_id: int) -> None:
    """Publish a mailing that waits for it, once; the caller commits. One that cannot be shown waits no more."""
    mailing = db.session.get(Mailing, mailing_id)
    row = of(mailing_id)
    if mailing is None or row is None or not row.wanted or mailing.state is not MailingState.done:
        return
    try:
        content = made(mailing)
    except (NotSent, TemplateProblem):
        log.warning("mailing %s cannot be published", mailing_id)
        row.wanted = False
        return
    publish(mailing, content, by=None)


def in_sight(customer_id: int, lists_down: Collection[int] = ()) -> sa.Select[Any]:
    """Return the customer's back numbers that everybody may read, the newest first.

    Left out: what was withdrawn or taken down, and what went only to lists that are put away or taken down.
    """
    taken_down = sa.exists().where(
        Takedown.customer_id == BackNumber.customer_id,
        Takedown.kind == TakenDown.mailing,
        Takedown.target_id == BackNumber.mailing_id,
        Takedown.lifted_at.is_(None),
    )
    return (
        sa.select(BackNumber)
        .where(
            BackNumber.customer_id == customer_id,
            BackNumber.published_at.is_not(None),
            BackNumber.withdrawn_at.is_(None),
            ~taken_down,
            _went_to(MailingList.archived_at.is_(None), MailingList.id.not_in(lists_down)),
        )
        .order_by(BackNumber.sent_on.desc(), BackNumber.number.desc())
    )


def is_in_sight(row: BackNumber) -> bool:
    """Return whether everybody can read a back number now, as far as it is not the contract that says no."""
    pages_down, lists_down = down(row.customer_id)
    found = in_sight(row.customer_id, lists_down).where(BackNumber.id == row.id)
    return not pages_down and db.session.scalar(found) is not None


def last_change(customer_id: int) -> datetime | None:
    """Return when one of the customer's back numbers last came into sight or went out of it; None without any."""
    return db.session.scalar(sa.select(sa.func.max(BackNumber.changed_at)).where(BackNumber.customer_id == customer_id))


def of_list(list_id: int) -> sa.ColumnElement[bool]:
    """Return the condition that a back number went to a list."""
    return _went_to(MailingList.id == list_id)


def _went_to(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        MailingTarget.mailing_id == BackNumber.mailing_id, MailingList.id == MailingTarget.list_id, *conditions
    )


def years(statement: sa.Select[Any]) -> list[int]:
    """Return the years of these back numbers, the newest first."""
    year = sa.extract("year", BackNumber.sent_on)
    found = db.session.scalars(statement.with_only_columns(year).order_by(None).distinct())
    return sorted((int(each) for each in found), reverse=True)


def of_year(statement: sa.Select[Any], year: int) -> Sequence[BackNumber]:
    """Return the back numbers that were sent in a year, the newest first."""
    within = BackNumber.sent_on.between(date(year, 1, 1), date(year, 12, 31))
    return db.session.scalars(statement.where(within).limit(MOST_IN_A_YEAR)).all()
