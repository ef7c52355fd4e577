"""The desk of the product's own mails: leased from the outbox, tried again, forgotten once they are out."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from wem import clock, storage
from wem.contracts.models import customer_may
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery import identity, rules
from wem.delivery.carrying import Carrier
from wem.delivery.headers import HeaderRefused
from wem.delivery.identity import Purpose, identity_keys
from wem.delivery.leasing import Lease, deadline_from, lease_until, new_owner
from wem.delivery.message import AUTO_SUBMITTED, Features, Mail, Message, assemble
from wem.delivery.models import Stage
from wem.delivery.parcels import Hold, Parcel, place_of
from wem.delivery.recording import insisting
from wem.delivery.rules import Verdict
from wem.delivery.signing import Signer, system_signer
from wem.delivery.smtp import Answer, judge, server
from wem.delivery.watching import SECONDS, looking
from wem.lists.address_rules import wire_address
from wem.outbox import OutboxMail, OutboxState
from wem.settings import Settings, settings

log = logging.getLogger("wem.delivery")

# Few at a time: what is taken cannot be taken back.
MOST = 10
# A crash sends at most one mail for each of them twice.
CONNECTIONS = 5
WAITING = sa.text("outbox_mail.state = 0")
LEASED = sa.text("outbox_mail.state = 1")
# Kinds that their recipients can stop while we hold them: asked about with each look.
STOPPABLE = frozenset({"customer_news"})
# Kinds that ask for what the contract's other rights cover; what speaks of a subscription asks for sign-up.
USES = {"test_copy": Use.compose, "reader_answer": Use.compose}
# Kinds that come from the help desk's own address, where it is on the domain that we sign for.
FROM_HELP_DESK = frozenset({"inquiry_receipt", "inquiry_answer"})
STANDSTILL = timedelta(minutes=10)  # how long a mail waits before its contract is asked again


def drain_until(deadline: float) -> bool:
    """Send what is due, until `deadline` (monotonic) at most; returns whether there may be more. Commits."""
    db.session.commit()  # what follows happens in another thread, with a session of its own
    app, loaded = current_app._get_current_object(), settings()  # type: ignore[attr-defined]
    there = server(loaded)
    connections = min(CONNECTIONS, int(loaded.SMTP_CONNECTIONS))
    carrier = Carrier(app, lambda: OutboxDesk(loaded), there, connections, deadline)
    more = carrier.carry()
    if carrier.unreachable is not None:
        log.warning("the mail server does not take mail: %s", carrier.unreachable)
    return more


class OutboxParcel(Parcel):
    """One mail of the outbox; `row` as it stood when it was taken. `withdrawn`: it was taken back since."""

    __slots__ = ("_loaded", "_signer", "row", "withdrawn")

    def __init__(self, hold: Hold, row: sa.Row[Any], loaded: Settings, signer: Signer | None) -> None:
        super().__init__(hold)
        self.row = row
        self.withdrawn = row.withdrawn_at is not None
        self._loaded = loaded
        self._signer = signer

    def prepare(self, features: Features) -> dict[str, Any] | None:
        """Make the mail; returns what is written down when it is too late, may not leave, or cannot be made."""
        row, at = self.row, clock.now()
        if self.withdrawn:
            return _over(OutboxState.withdrawn, at)
        if self.stopped:
            # The service may be resumed before the mail's time is over.
            return {"state": OutboxState.waiting, "not_before": at + STANDSTILL}
        if at >= row.expires_at:
            return _over(OutboxState.expired, at)
        try:
            self.made = self._mail(at)
        except (HeaderRefused, ValueError) as error:
            answer = Answer(Stage.local, None, f"{type(error).__name__}: {error}")
            return _over(OutboxState.failed, at) | self._told(answer)
        except Exception as error:
            # A fault of ours, tried again in case it is mended; raised, it would keep all others waiting too.
            log.error("mail %s of the outbox: %s", row.id, place_of(error))
            return self.outcome(Answer(Stage.local, None, type(error).__name__))
        return None

    def outcome(self, answer: Answer) -> dict[str, Any]:
        """Return what is written down after this answer."""
        row, at, draw = self.row, clock.now(), random.random()  # noqa: S311
        attempt, told = row.attempts + 1, self._told(answer)
        match judge(answer):
            case Verdict.accepted:
                return _over(OutboxState.accepted, at) | told
            case Verdict.bounced:
                return _over(OutboxState.failed, at) | told
            case Verdict.uncertain if attempt == 1:
                # Nobody saw whether it was taken; a second confirmation does less harm than none.
                return {"state": OutboxState.waiting, "not_before": at} | told
            case _:
                due = rules.next_try(attempt, at, row.expires_at, draw, rules.CONFIRM_MINUTES)
                if due is None:
                    return _over(OutboxState.expired, at) | told
                return {"state": OutboxState.waiting, "not_before": due} | told

    def permitted(self) -> bool:
        """Return whether the customer's contract still permits a mail that only a running service sends."""
        row = self.row
        use = USES.get(row.kind) or (Use.sign_up if (row.about or "").startswith("subscription ") else None)
        return use is None or row.customer_id is None or customer_may(row.customer_id, use)

    def _told(self, answer: Answer) -> dict[str, Any]:
        return {
            "attempts": self.row.attempts + 1,
            "code": answer.code,
            "reply": rules.without_addresses(answer.text),
        }

    def _mail(self, at: datetime) -> Mail:
        row, domain = self.row, self._loaded.SERVICE_DOMAIN
        keys = identity_keys(self._loaded.SECRET_KEY, self._loaded.SECRET_KEY_PREVIOUS or None)
        recipient = wire_address(row.recipient or "")
        message = Message(
            sender=_sender(row.kind, self._loaded),
            sender_name=row.sender_name or self._loaded.PROVIDER_NAME,
            recipient=recipient,
            subject=row.subject or "",
            text=row.text or "",
            html=row.html,
            message_id=identity.message_id(row.id, 0, domain, keys, Purpose.system_message),
            date=at,
            reply_to=row.reply_to,
            files=tuple((each["name"], storage.path_of(each["key"]).read_bytes()) for each in row.files or ()),
            # A kind may say it more exactly: an automatic answer, or a person's letter.
            headers=(*(() if "Auto-Submitted" in row.headers else AUTO_SUBMITTED), *row.headers.items()),
        )
        sender = identity.return_path(row.id, 0, self._loaded.bounce_domain, keys, Purpose.system_bounce)
        data = assemble(message)
        if self._signer is not None:
            data = self._signer.header(data) + data
        return Mail(sender, recipient, data)


def _sender(kind: str, loaded: Settings) -> str:
    own = loaded.SUPPORT_EMAIL.lower()
    if kind in FROM_HELP_DESK and own.endswith(f"@{loaded.SERVICE_DOMAIN.lower()}"):
        return own
    return f"no-reply@{loaded.SERVICE_DOMAIN}"


def _over(state: OutboxState, at: datetime) -> dict[str, Any]:
    """Return what is written of a mail that is over: it keeps neither address nor text."""
    cleared = dict.fromkeys(("recipient", "reply_to", "subject", "text", "html", "files"))
    return {"state": state, "finished_at": at, "headers": {}, **cleared}


class OutboxDesk:
    """The mails of the outbox that this run holds."""

    def __init__(self, loaded: Settings) -> None:
        self.owner = new_owner()
        self.looked_at = time.monotonic()
        self._loaded = loaded
        self._parcels: dict[int, OutboxParcel] = {}
        _take_over()
        with looking():
            self._signer = system_signer()

    def fetch(self) -> Sequence[OutboxParcel] | None:
        """Take the mails that have waited longest; None when none is due. Commits."""
        began = time.monotonic()
        rows = _lease(self.owner)
        if not rows:
            return None
        hold = Hold(Lease(0, 0, 0, 0, 0, self.owner, deadline_from(began), began))
        parcels = [OutboxParcel(hold, row, self._loaded, self._signer) for row in rows]
        self._ask_contracts(parcels)
        self._parcels |= {parcel.row.id: parcel for parcel in parcels}
        return parcels

    def round(self, entries: Sequence[tuple[OutboxParcel, dict[str, Any]]], holds: Sequence[Hold]) -> None:
        """See Desk."""
        stale = [hold.lease for hold in holds if hold.lease.stale]
        if entries or stale:
            began = time.monotonic()
            held = insisting(lambda: self._write(entries, renew=bool(stale)))
            for parcel, _ in entries:
                self._parcels.pop(parcel.row.id, None)
            for lease in stale:
                lease.deadline, lease.renewed = deadline_from(began), began
            for number in (set(self._parcels) - held) if stale else ():
                self._parcels[number].hold.stopped = True
        at = time.monotonic()
        if at - self.looked_at >= SECONDS:
            insisting(lambda: self._ask_contracts(self._parcels.values()))
            self.looked_at = at

    def close(self, hold: Hold, unreachable: bool) -> None:
        """See Desk."""
        left = [parcel for parcel in self._parcels.values() if parcel.hold is hold]
        for parcel in left:
            del self._parcels[parcel.row.id]
        db.session.execute(
            sa.update(OutboxMail)
            .where(_still_ours(left))
            .values(state=OutboxState.waiting, owner=None, lease_until=None)
            .execution_options(synchronize_session=False)
        )
        db.session.commit()

    def leave(self) -> None:
        db.session.remove()

    def _write(self, entries: Sequence[tuple[OutboxParcel, dict[str, Any]]], renew: bool) -> set[int]:
        """Write down what became of the mails; returns which of the others are still ours. Commits."""
        for parcel, values in entries:
            db.session.execute(
                sa.update(OutboxMail)
                .where(OutboxMail.id == parcel.row.id, _held_or_fact(parcel.row, values["state"]))
                .values({"owner": None, "lease_until": None, **values})
                .execution_options(synchronize_session=False)
            )
        held: set[int] = set()
        if renew:
            until = lease_until(clock.now())
            held = set(
                db.session.scalars(
                    sa.update(OutboxMail)
                    .where(_still_ours(self._parcels.values()))
                    .values(owner=self.owner, lease_until=until)
                    .returning(OutboxMail.id)
                    .execution_options(synchronize_session=False)
                )
            )
        db.session.commit()
        return held

    def _ask_contracts(self, parcels: Collection[OutboxParcel]) -> None:
        stoppable = [parcel.row.id for parcel in parcels if parcel.row.kind in STOPPABLE]
        with looking():
            withdrawn: set[int] = set()
            if stoppable:
                taken_back = sa.select(OutboxMail.id).where(
                    OutboxMail.id.in_(stoppable), OutboxMail.withdrawn_at.is_not(None)
                )
                withdrawn = set(db.session.scalars(taken_back))
            for parcel in parcels:
                parcel.withdrawn = parcel.withdrawn or parcel.row.id in withdrawn
                parcel.stopped = parcel.withdrawn or not parcel.permitted()


def _take_over() -> None:
    """Free the mails of workers that are lost and doubt those that gave no sign of life, as with batches. Commits."""
    at = clock.now()
    seconds = timedelta(seconds=settings().lease_seconds)
    over = sa.or_(OutboxMail.lease_until < at, OutboxMail.lease_until > at + 2 * seconds)
    with looking():
        dead = db.session.scalar(sa.select(OutboxMail.id).where(LEASED, over).limit(1))
    if dead is not None:
        freed = {"state": OutboxState.waiting, "owner": None, "lease_until": None, "fence": OutboxMail.fence + 1}
        doubted = {"owner": None, "lease_until": at + seconds / 3}
        for owner, values in ((OutboxMail.owner.is_(None), freed), (OutboxMail.owner.is_not(None), doubted)):
            db.session.execute(
                sa.update(OutboxMail)
                .where(LEASED, over, owner)
                .values(values)
                .execution_options(synchronize_session=False)
            )
        db.session.commit()


def _lease(owner: str) -> Sequence[sa.Row[Any]]:
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


def _still_ours(parcels: Collection[OutboxParcel]) -> sa.ColumnElement[bool]:
    """Return the condition that mails were not taken over: the fence tells, for who is doubted has lost its name."""
    fences = [(parcel.row.id, parcel.row.fence) for parcel in parcels]
    return sa.and_(LEASED, sa.tuple_(OutboxMail.id, OutboxMail.fence).in_(fences))


def _held_or_fact(row: sa.Row[Any], state: OutboxState) -> sa.ColumnElement[bool]:
    if state is OutboxState.accepted:
        return OutboxMail.state.in_((OutboxState.waiting, OutboxState.leased))
    return sa.and_(OutboxMail.state == OutboxState.leased, OutboxMail.fence == row.fence)
