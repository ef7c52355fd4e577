"""Writes failures down: one row per delivery however often it is reported, with every count that hangs on it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.bounces import alarms, removing, tallying
from wem.bounces.counting_rules import counts
from wem.bounces.models import Bounce, Source
from wem.bounces.states import Reason, Severity
from wem.bounces.tallying import Counted
from wem.db import db, insert_ignoring
from wem.delivery.models import Delivery, DeliveryState, Dispatch, DispatchKind, Retry
from wem.delivery.pace_failures import note_failures
from wem.delivery.recording import count
from wem.delivery.rules import without_addresses
from wem.lists.subscription_models import Subscription
from wem.mailings.models import MailingTarget
from wem.settings import settings

Key = tuple[int, int]
FINAL = (DeliveryState.bounced, DeliveryState.expired)
# States that the counters of a dispatch know; the others are its waiting rest.
COUNTED_STATES = frozenset(DeliveryState) - {DeliveryState.pending, DeliveryState.intent}


@dataclass(frozen=True, slots=True)
class Report:
    """What is said of one delivery, by an answer or by a mail. `number` is that of the mail."""

    dispatch_id: int
    seq: int
    source: Source
    severity: Severity
    reason: Reason
    at: datetime
    status: str | None = None
    reply: int | None = None
    diagnostic: str = ""
    reporter: str = ""
    number: int | None = None

    @property
    def key(self) -> Key:
        return self.dispatch_id, self.seq


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery with what is asked of its dispatch. `domain` is the sender's."""

    dispatch_id: int
    seq: int
    customer_id: int
    mailing_id: int
    subscriber_id: int
    address_hash: bytes
    provider: str
    state: DeliveryState
    at: datetime | None
    domain: str

    @property
    def key(self) -> Key:
        return self.dispatch_id, self.seq

    @property
    def tally_domain(self) -> str:
        """The sender's domain, "" for the service's own."""
        return "" if self.domain == settings().SERVICE_DOMAIN else self.domain


def record(reports: Sequence[Report], sent: dict[Key, Sent] | None = None) -> set[Key]:
    """Write down the failures that are not on record yet; returns which. The caller commits.

    The delivery becomes bounced from whatever it was (a mail can come back before its acceptance is written down), its
    dispatch's counters follow, the address is judged, alarms are raised. `sent`: the deliveries, locked already.
    """
    first: dict[Key, Report] = {}
    for each in reports:
        first.setdefault(each.key, each)
    known = sent_mails(first, lock=True) if sent is None else sent
    sent = {key: known[key] for key in first if key in known}
    on_lists = lists_of(sent.values())
    rows = [_row(first[key], sent[key], on_lists[key]) for key in sorted(sent)]
    if not rows:
        return set()
    table = Bounce.__table__
    added = insert_ignoring(table).returning(table.c.dispatch_id, table.c.seq)
    new = {(row.dispatch_id, row.seq) for row in db.session.execute(added, rows)}
    if not new:
        return set()
    changes = _mark(sent[key] for key in sorted(new))
    tallying.add(
        Counted(
            sent[key].customer_id,
            key[0],
            tuple(on_lists[key]),
            first[key].at.astimezone(clock.JAPAN).date(),
            first[key].reason,
            sent[key].provider,
            sent[key].tally_domain,
        )
        for key in sorted(new)
    )
    note_failures((sent[key].domain, sent[key].provider) for key in new if first[key].severity is Severity.hard)
    alarms.look_at([(sent[key], first[key]) for key in sorted(new)])
    removing.judge([sent[key] for key in sorted(new) if counts(first[key].reason)])
    # The dispatch last: whoever sends holds its row for the shortest time, too.
    for dispatch_id in sorted(changes):
        count(dispatch_id, changes[dispatch_id])
    return new


def sent_mails(keys: Collection[Key], *, lock: bool = False) -> dict[Key, Sent]:
    """Return the deliveries of customers' mailings among these that still have their rows."""
    by_dispatch: dict[int, list[int]] = defaultdict(list)
    for dispatch_id, seq in keys:
        by_dispatch[dispatch_id].append(seq)
    dispatches = {
        row.id: row
        for row in db.session.execute(
            sa.select(Dispatch.id, Dispatch.mailing_id, Dispatch.content["sender"].as_string().label("sender")).where(
                Dispatch.id.in_(by_dispatch), Dispatch.kind == DispatchKind.bulk
            )
        )
    }
    found: dict[Key, Sent] = {}
    for dispatch_id in sorted(dispatches):
        query = sa.select(
            Delivery.seq,
            Delivery.customer_id,
            Delivery.subscriber_id,
            Delivery.address_hash,
            Delivery.provider,
            Delivery.state,
            Delivery.at,
        ).where(Delivery.dispatch_id == dispatch_id, Delivery.seq.in_(by_dispatch[dispatch_id]))
        if lock:
            query = query.order_by(Delivery.seq).with_for_update()
        dispatch = dispatches[dispatch_id]
        for row in db.session.execute(query):
            found[dispatch_id, row.seq] = Sent(
                dispatch_id,
                row.seq,
                row.customer_id,
                dispatch.mailing_id,
                row.subscriber_id,
                row.address_hash,
                row.provider,
                row.state,
                row.at,
                (dispatch.sender or "").rpartition("@")[2],
            )
    return found


def lists_of(mails: Collection[Sent]) -> dict[Key, list[int]]:
    """Return of each mail the lists by which its reader got it; all of the mailing's where the reader is gone."""
    targets: dict[int, set[int]] = defaultdict(set)
    for mailing_id, list_id in db.session.execute(
        sa.select(MailingTarget.mailing_id, MailingTarget.list_id).where(
            MailingTarget.mailing_id.in_({each.mailing_id for each in mails})
        )
    ):
        targets[mailing_id].add(list_id)
    # Only who gets a mailing by one list of several has to be asked.
    asked = {each.subscriber_id for each in mails if len(targets[each.mailing_id]) > 1}
    on: dict[int, set[int]] = defaultdict(set)
    if asked:
        for subscriber_id, list_id in db.session.execute(
            sa.select(Subscription.subscriber_id, Subscription.list_id).where(Subscription.subscriber_id.in_(asked))
        ):
            on[subscriber_id].add(list_id)
    return {
        each.key: sorted((targets[each.mailing_id] & on[each.subscriber_id]) or targets[each.mailing_id])
        for each in mails
    }


def _row(report: Report, sent: Sent, lists: list[int]) -> dict[str, Any]:
    return {
        "customer_id": sent.customer_id,
        "mailing_id": sent.mailing_id,
        "dispatch_id": sent.dispatch_id,
        "seq": sent.seq,
        "subscriber_id": sent.subscriber_id,
        "address_hash": sent.address_hash,
        "lists": lists,
        "provider": sent.provider,
        "source": report.source,
        "severity": report.severity,
        "reason": report.reason,
        "status": (report.status or "")[:12] or None,
        "reply": report.reply,
        "diagnostic": without_addresses(report.diagnostic),
        "reporter": without_addresses(report.reporter)[:255],
        "counts": counts(report.reason),
        "sent_at": sent.at or report.at,
        "at": report.at,
        "number": report.number,
    }


def _mark(mails: Any) -> dict[int, Counter[DeliveryState]]:
    """Have the deliveries be bounced; returns the changes of their dispatches' counters."""
    changes: dict[int, Counter[DeliveryState]] = defaultdict(Counter)
    again: dict[int, list[int]] = defaultdict(list)
    for each in mails:
        if each.state in FINAL:
            continue
        again[each.dispatch_id].append(each.seq)
        changes[each.dispatch_id][DeliveryState.bounced] += 1
        if each.state in COUNTED_STATES:
            changes[each.dispatch_id][each.state] -= 1
    for dispatch_id, seqs in sorted(again.items()):
        which = (Delivery.dispatch_id == dispatch_id, Delivery.seq.in_(seqs))
        db.session.execute(
            sa.update(Delivery)
            .where(*which)
            .values(state=DeliveryState.bounced, at=sa.func.coalesce(Delivery.at, clock.now()))
            .execution_options(synchronize_session=False)
        )
        db.session.execute(sa.delete(Retry).where(Retry.dispatch_id == dispatch_id, Retry.seq.in_(seqs)))
    return changes
