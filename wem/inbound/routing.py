"""Hands each arrived mail to the domain that it concerns, and writes down what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from wem import clock, storage
from wem.arriving import ArrivedMail, Fate
from wem.bounces import taking
from wem.bounces.reading import read_mail
from wem.bounces.states import Kind, Reading
from wem.db import db
from wem.inbound import loops
from wem.inbound.addresses import route_for
from wem.inbound.claiming import Claim, mails_of, repetitions
from wem.inbound.envelopes import NoEnvelope, opened
from wem.inbound.models import InboundMail
from wem.inbound.states import InboundState, Route
from wem.inquiries import taking as inquiries
from wem.lists.blank_mail import take_sign_up, take_stop
from wem.mailings.leaving_by_mail import take_unsubscribe
from wem.mailings.replies import take_reply

Taker = Callable[[ArrivedMail, Reading], Fate]


def _by_person(take: Callable[..., Fate]) -> Taker:
    """Return a taker of what people write, which is told when a mail is an automatic answer."""
    return lambda mail, reading: take(mail, known_automatic=reading.kind is Kind.autoreply)


def _take_answer(mail: ArrivedMail, *, known_automatic: bool = False) -> Fate:
    """Hand what came to an `r.` address to the help desk or to the mailing's replies: the id tells."""
    take = inquiries.take if inquiries.is_for_inquiry(mail.recipient) else take_reply
    return take(mail, known_automatic=known_automatic)


# What stands here takes the mail of its addresses, and reports have theirs; all else is for staff.
TAKERS: Mapping[Route, Taker] = {
    Route.reply: _by_person(_take_answer),
    Route.unsubscribe: lambda mail, reading: take_unsubscribe(mail),
    Route.sign_up: _by_person(take_sign_up),
    Route.stop: lambda mail, reading: take_stop(mail),
    Route.help_desk: _by_person(inquiries.take),
    Route.course_change: _by_person(inquiries.take),
}
# Counted together: one by one they would cost ten times as much. What is a report counts wherever it comes to: some
# mail servers answer to From or Reply-To.
REPORT_ROUTES = {Route.bounce, Route.system_bounce, Route.feedback}
REPORTS = {Kind.bounce, Kind.delivered, Kind.feedback}
# What becomes no thread there is read by staff all the same: it may be an order, and its receipt counts (Art. 11-1).
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
    reports: list[tuple[InboundMail, ArrivedMail, Reading]] = []
    for mail in mails:
        raw = texts[mail.id]
        if mail.id in repeated:
            mail.become(InboundState.ignored, at, REPEATED)
        elif raw is None:
            mail.become(InboundState.failed, at, FILE_GONE)
        elif loops.is_ours(raw):
            mail.become(InboundState.ignored, at, LOOPED)
        else:
            reading = readings[mail.id]
            mail.route, mail.kind = route_for(mail.recipient) or Route.other, reading.kind.value
            arrived = ArrivedMail(mail.id, mail.received_at, mail.sender, mail.recipient, raw)
            if reading.kind in REPORTS or mail.route in REPORT_ROUTES:
                reports.append((mail, arrived, reading))
            else:
                taker = TAKERS.get(mail.route)
                fate = Fate.unrecognised if taker is None else taker(arrived, reading)
                mail.become(_state(mail, fate), at)
    fates = taking.take_all([(arrived, reading) for _, arrived, reading in reports])
    for (mail, _, _), fate in zip(reports, fates, strict=True):
        mail.become(_state(mail, fate), at)


def _text(key: str | None) -> bytes | None:
    try:
        return opened(storage.path_of(key).read_bytes())[1] if key else None
    except (FileNotFoundError, NoEnvelope):
        return None


def _state(mail: InboundMail, fate: Fate) -> InboundState:
    kept = mail.route in KEPT and fate is not Fate.taken
    return InboundState.kept if kept else STATES[fate]


def _put_off(claimed: Claim, error: Exception) -> None:
    # The kind of the error alone: its text may quote the mail.
    log.error("arrived mail %d could not be handled: %s", next(iter(claimed.files)), type(error).__name__)
    log.debug("the whole error", exc_info=error)
    for mail in mails_of(claimed):
        mail.put_off(clock.now(), type(error).__name__[:64])
    db.session.commit()
