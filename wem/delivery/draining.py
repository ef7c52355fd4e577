"""The desk of the product's own mails: leased from the outbox, tried again, forgotten once they are out."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from wem import clock
from wem.db import db
from wem.delivery.carrying import Carrier
from wem.delivery.leasing import Lease, deadline_from, lease_until, new_owner
from wem.delivery.outbox_mails import OutboxParcel
from wem.delivery.parcels import Hold
from wem.delivery.recording import insisting
from wem.delivery.signing import Signer, signer_for, system_signer
from wem.delivery.smtp import server
from wem.delivery.watching import SECONDS, looking
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
        with looking():
            parcels = [OutboxParcel(hold, row, self._loaded, self._signer_of(row)) for row in rows]
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

    def _signer_of(self, row: sa.Row[Any]) -> Signer | None:
        return signer_for({"sender_domain_id": row.sender_domain_id}) if row.sender_domain_id else self._signer

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
