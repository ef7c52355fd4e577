"""Sends the product's own mails from the outbox: leased, tried again, forgotten once they are out."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wem import clock, queue
from wem.contracts.models import customer_may
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery import identity, rules
from wem.delivery.headers import HeaderRefused
from wem.delivery.identity import IdentityKeys, Purpose, identity_keys
from wem.delivery.leasing import deadline_from, lease_until, new_owner
from wem.delivery.message import AUTO_SUBMITTED, Message, assemble
from wem.delivery.models import Stage
from wem.delivery.rules import Verdict
from wem.delivery.sending import judge, open_line
from wem.delivery.smtp import Answer, Line, Unreachable
from wem.delivery.watching import looking
from wem.lists.address_rules import wire_address
from wem.outbox import OutboxMail, OutboxState
from wem.settings import settings

log = logging.getLogger("wem.delivery")

# A row of the outbox as it stood when it was taken.
Mail = sa.Row[Any]

# Few at a time: what is taken cannot be taken back, and a crash sends at most these twice.
MOST = 10
WAITING = sa.text("outbox_mail.state = 0")
LEASED = sa.text("outbox_mail.state = 1")
# Kinds that ask for what the contract's other rights cover; what speaks of a subscription asks for sign-up.
USES = {"test_copy": Use.compose}


STANDSTILL = timedelta(minutes=10)  # how long a mail waits before its contract is asked again


def drain_until(deadline: float) -> bool:
    """Send what is due, until `deadline` (monotonic) at most; returns whether there may be more. Commits."""
    line, owner = open_line(), new_owner()
    try:
        _take_over()
        while time.monotonic() < deadline and not queue.stopping.is_set():
            began = time.monotonic()
            mails = _lease(owner)
            if not mails:
                return False
            try:
                _send(mails, line, owner, deadline_from(began))
            except Unreachable as error:
                log.warning("the mail server does not take mail: %s", error)
                _give_back(owner)
                return False
        return True
    finally:
        line.close()


def _take_over() -> None:
    at = clock.now()
    with looking():
        dead = db.session.scalar(sa.select(OutboxMail.id).where(LEASED, OutboxMail.lease_until < at).limit(1))
    if dead is not None:
        db.session.execute(
            sa.update(OutboxMail)
            .where(LEASED, OutboxMail.lease_until < at)
            .values(state=OutboxState.waiting, owner=None, lease_until=None, fence=OutboxMail.fence + 1)
            .execution_options(synchronize_session=False)
        )
        db.session.commit()


def _lease(owner: str) -> Sequence[Mail]:
    """Take the mails that have waited longest and return them as they stand now. Commits."""
    at = clock.now()
    due = sa.select(OutboxMail.id).where(WAITING, OutboxMail.not_before <= at).order_by(OutboxMail.not_before)
    with looking():
        ids = list(db.session.scalars(due.limit(MOST)))
    if not ids:
        return []
    db.session.execute(
        sa.update(OutboxMail)
        .where(OutboxMail.id.in_(ids), OutboxMail.state == OutboxState.waiting)
        .values(state=OutboxState.leased, owner=owner, fence=OutboxMail.fence + 1, lease_until=lease_until(at))
        .execution_options(synchronize_session=False)
    )
    taken = db.session.execute(
        sa.select(*OutboxMail.__table__.columns)
        .where(OutboxMail.id.in_(ids), OutboxMail.owner == owner, OutboxMail.state == OutboxState.leased)
        .order_by(OutboxMail.not_before, OutboxMail.id)
    ).all()
    db.session.commit()
    return taken


def _send(mails: Sequence[Mail], line: Line, owner: str, until: float) -> None:
    loaded = settings()
    keys = identity_keys(loaded.SECRET_KEY, loaded.SECRET_KEY_PREVIOUS or None)
    for mail in mails:
        if time.monotonic() >= until:
            _give_back(owner)
            return
        at = clock.now()
        if at >= mail.expires_at:
            _record(mail, owner, OutboxState.expired, at)
            continue
        if not _permitted(mail):
            # The service may be resumed before the mail's time is over.
            _record(mail, owner, OutboxState.waiting, at, due=at + STANDSTILL)
            continue
        try:
            data = assemble(_message(mail, keys, at))
        except (HeaderRefused, ValueError) as error:
            _record(mail, owner, OutboxState.failed, at, Answer(Stage.local, None, f"{type(error).__name__}: {error}"))
            continue
        envelope = identity.return_path(mail.id, 0, loaded.bounce_domain, keys, Purpose.system_bounce)
        answer = line.send(envelope, wire_address(mail.recipient or ""), data, until)
        _settle(mail, owner, answer)


def _permitted(mail: Mail) -> bool:
    """Return whether the customer's contract still permits a mail that only a running service sends."""
    use = USES.get(mail.kind) or (Use.sign_up if (mail.about or "").startswith("subscription ") else None)
    if use is None or mail.customer_id is None:
        return True
    with looking():
        return customer_may(mail.customer_id, use)


def _message(mail: Mail, keys: IdentityKeys, at: datetime) -> Message:
    domain = settings().SERVICE_DOMAIN
    return Message(
        sender=f"no-reply@{domain}",
        sender_name=mail.sender_name or settings().PROVIDER_NAME,
        recipient=wire_address(mail.recipient or ""),
        subject=mail.subject or "",
        text=mail.text or "",
        html=mail.html,
        message_id=identity.message_id(mail.id, 0, domain, keys, Purpose.system_message),
        date=at,
        reply_to=mail.reply_to,
        headers=(*AUTO_SUBMITTED, *mail.headers.items()),
    )


def _settle(mail: Mail, owner: str, answer: Answer) -> None:
    at, attempt, draw = clock.now(), mail.attempts + 1, random.random()  # noqa: S311
    match judge(answer):
        case Verdict.accepted:
            _record(mail, owner, OutboxState.accepted, at, answer)
        case Verdict.bounced:
            _record(mail, owner, OutboxState.failed, at, answer)
        case Verdict.uncertain if attempt == 1:
            # Nobody saw whether it was taken; a second confirmation does less harm than none.
            _record(mail, owner, OutboxState.waiting, at, answer, due=at)
        case _:
            due = rules.next_try(attempt, at, mail.expires_at, draw, rules.CONFIRM_MINUTES)
            state = OutboxState.waiting if due else OutboxState.expired
            _record(mail, owner, state, at, answer, due=due)


def _record(
    mail: Mail,
    owner: str,
    state: OutboxState,
    at: datetime,
    answer: Answer | None = None,
    due: datetime | None = None,
) -> None:
    """Write down what became of one mail; what is over keeps neither address nor text. Commits."""
    values: dict[str, Any] = {"state": state, "owner": None, "lease_until": None}
    if answer is not None:
        values |= {
            "attempts": mail.attempts + 1,
            "code": answer.code,
            "reply": rules.without_addresses(answer.text),
        }
    if due is not None:
        values["not_before"] = due
    if state is not OutboxState.waiting:
        cleared = ("recipient", "reply_to", "subject", "text", "html")
        values |= dict.fromkeys(cleared) | {"headers": {}, "finished_at": at}
    db.session.execute(
        sa.update(OutboxMail)
        .where(OutboxMail.id == mail.id, _held_or_fact(mail, owner, state))
        .values(values)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def _held_or_fact(mail: Mail, owner: str, state: OutboxState) -> sa.ColumnElement[bool]:
    if state is OutboxState.accepted:
        return OutboxMail.state.in_((OutboxState.waiting, OutboxState.leased))
    return sa.and_(OutboxMail.owner == owner, OutboxMail.fence == mail.fence)


def _give_back(owner: str) -> None:
    db.session.execute(
        sa.update(OutboxMail)
        .where(LEASED, OutboxMail.owner == owner)
        .values(state=OutboxState.waiting, owner=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
