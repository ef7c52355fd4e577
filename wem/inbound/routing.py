"""Hands each arrived mail to the domain that it concerns, and writes down what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from wem import clock, storage
from wem.arriving import ArrivedMail, Fate
from wem.bounces import taking
from wem.bounces.reading import read_mail
from wem.db import db
from wem.inbound import loops
from wem.inbound.addresses import route_for
from wem.inbound.claiming import Claim, mails_of, repetitions
from wem.inbound.envelopes import NoEnvelope, opened
from wem.inbound.models import InboundMail
from wem.inbound.states import InboundState, Route

# What stands here takes the mail of its addresses; all else is for staff.
TAKERS: Mapping[Route, Callable[[ArrivedMail], Fate]] = {}
# Their mails are counted together: one by one they would cost ten times as much.
REPORTS = {Route.bounce, Route.system_bounce, Route.feedback}
KEPT = {Route.help_desk, Route.course_change}
STATES = {
    Fate.taken: InboundState.taken,
    Fate.ignored: InboundState.ignored,
    Fate.unrecognised: InboundState.unrecognised,
}
REPEATED, LOOPED, FILE_GONE = "repeated", "looped", "file_gone"
log = logging.getLogger("wem.inbound")


def handle(claimed: Claim) -> None:
    """Handle the mails of a claim together in one transaction; one by one when one of them fails.

    A fault of ours keeps the mail, and it is tried again later.
    """
    try:
        _handle(claimed)
        db.session.commit()
    except Exception as error:
        db.session.rollback()
        if len(claimed.files) == 1:
            _put_off(claimed, error)
            return
        for id, key in claimed.files.items():
            handle(Claim(claimed.owner, {id: key}))


def _handle(claimed: Claim) -> None:
    # Read before the transaction begins: on SQLite nobody else writes while it lasts.
    texts = {id: _text(key) for id, key in claimed.files.items()}
    readings = {id: read_mail(raw) for id, raw in texts.items() if raw is not None}
    mails = mails_of(claimed)
    repeated = repetitions(mails)
    at = clock.now()
    reports: list[tuple[InboundMail, ArrivedMail]] = []
    for mail in mails:
        raw = texts[mail.id]
        if mail.id in repeated:
            mail.become(InboundState.ignored, at, REPEATED)
        elif raw is None:
            mail.become(InboundState.failed, at, FILE_GONE)
        elif loops.is_ours(raw):
            mail.become(InboundState.ignored, at, LOOPED)
        else:
            mail.route = route_for(mail.recipient) or Route.other
            arrived = ArrivedMail(mail.id, mail.received_at, mail.sender, mail.recipient, raw)
            if mail.route in REPORTS and mail.route not in TAKERS:
                reports.append((mail, arrived))
            else:
                mail.become(_state(mail, arrived), at)
    fates = taking.take_all([(arrived, readings[arrived.number]) for _, arrived in reports])
    for (mail, _), fate in zip(reports, fates, strict=True):
        mail.become(STATES[fate], at)


def _text(key: str | None) -> bytes | None:
    try:
        return opened(storage.path_of(key).read_bytes())[1] if key else None
    except (FileNotFoundError, NoEnvelope):
        return None


def _state(mail: InboundMail, arrived: ArrivedMail) -> InboundState:
    """Have the mail taken by whom it is for; return what became of it."""
    taker = TAKERS.get(mail.route)
    if taker is not None:
        return STATES[taker(arrived)]
    return InboundState.kept if mail.route in KEPT else InboundState.unrecognised


def _put_off(claimed: Claim, error: Exception) -> None:
    # The kind of the error alone: its text may quote the mail.
    log.error("arrived mail %d could not be handled: %s", next(iter(claimed.files)), type(error).__name__)
    log.debug("the whole error", exc_info=error)
    for mail in mails_of(claimed):
        mail.put_off(clock.now(), type(error).__name__[:64])
    db.session.commit()
