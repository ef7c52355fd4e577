"""Takes readers into a sequence: who signs up, who was there at the start, whose date comes near.

Some thousand in one transaction; the sequence's row tells the next where to begin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.db import db, insert_ignoring, let_others_write
from wem.delivery.watching import looking
from wem.lists.states import SubscriptionState
from wem.lists.subscription_models import MergedReader, Subscriber, Subscription
from wem.mailings.chosen_models import ChosenReader
from wem.sequences import placing, rules
from wem.sequences.leaving import FieldLost, held_by_field
from wem.sequences.models import ReaderState, Sequence, SequenceReader, SequenceStep
from wem.sequences.rules import SequenceKind, SequenceState

# Readers taken in by one transaction: about a tenth of a second.
WINDOW = 5_000
# A sign-up counts from its own moment and may be committed later.
OVERLAP = timedelta(minutes=10)
# Whoever cannot have the rows by then looks again a minute later.
LOCK_WAIT = "500ms"
# How often the date fields of a list are read.
EVERY = timedelta(hours=1)
CORRECTED = ("anchor", "value", "state", "done", "step_id", "due")
COLUMNS = ("sequence_id", "subscriber_id", "round", *CORRECTED, "last_day")


def locked(sequence_id: int) -> Sequence | None:
    """Return a sequence that runs, its row locked until the end of the transaction; None where it does not."""
    if db.engine.dialect.name == "postgresql":
        # Readers are deleted at the same time: this gives up before a deadlock is looked for, they never have to.
        db.session.execute(sa.select(sa.func.set_config("lock_timeout", LOCK_WAIT, True)))
    sequence = db.session.scalar(
        sa.select(Sequence)
        .where(Sequence.id == sequence_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return sequence if sequence is not None and sequence.state is SequenceState.running else None


def take_in(sequence_id: int) -> Iterator[int]:
    """Take in who has come, lot by lot; yields how many each time. Commits. Raises FieldLost."""
    sequence = db.session.get_one(Sequence, sequence_id, populate_existing=True)
    if sequence.kind is SequenceKind.date:
        yield from _around_dates(sequence)
        return
    yield from _present(sequence_id)
    yield from _new(sequence_id)


def _new(sequence_id: int) -> Iterator[int]:
    """Take in who signed up since the last look, each from the day of the sign-up on."""
    at = clock.now()
    while True:
        sequence = locked(sequence_id)
        if sequence is None or not sequence.used or sequence.seen_at is None or sequence.started_at is None:
            db.session.commit()
            return
        since = max(sequence.seen_at - OVERLAP, sequence.started_at)
        taken, day = 0, since.date()
        while day <= at.date() and taken < WINDOW:
            begins, ends = max(clock.midnight(day), since), clock.midnight(day + timedelta(days=1))
            came = (Subscription.confirmed_at >= begins, Subscription.confirmed_at < ends)
            taken += _take(sequence, day.toordinal(), sa.and_(*came, sa.not_(_merged())), WINDOW - taken)
            day += timedelta(days=1)
        if taken < WINDOW:
            sequence.seen_at = at
        db.session.commit()
        yield taken
        if taken < WINDOW:
            return
        let_others_write()


def _present(sequence_id: int) -> Iterator[int]:
    """Take in those who were on the list at the start, from that day on."""
    while True:
        sequence = locked(sequence_id)
        if sequence is None or sequence.load_cursor is None or not sequence.used or sequence.started_at is None:
            db.session.commit()
            return
        there = (Subscription.list_id == sequence.list_id, Subscription.state == SubscriptionState.active)
        window = sa.select(Subscription.id).where(*there, Subscription.id > sequence.load_cursor)
        ids = window.order_by(Subscription.id).limit(WINDOW).subquery()
        end = db.session.scalar(sa.select(sa.func.max(ids.c.id)))
        taken = 0
        if end is not None:
            within = Subscription.id.between(sequence.load_cursor + 1, end)
            before = Subscription.confirmed_at < sequence.started_at
            taken = _take(sequence, sequence.started_at.toordinal(), sa.and_(within, before), WINDOW)
        sequence.load_cursor = end
        db.session.commit()
        yield taken
        if end is None:
            return
        let_others_write()


def _take(sequence: Sequence, anchor: int, which: sa.ColumnElement[bool], most: int) -> int:
    """Take in at most so many subscriptions of the list that are not in yet, before the first step."""
    first = sequence.used[0]
    inside = sa.exists().where(
        SequenceReader.sequence_id == sequence.id,
        SequenceReader.subscriber_id == Subscription.subscriber_id,
        SequenceReader.round == 0,
    )
    values: list[Any] = [0, anchor, "", int(ReaderState.in_it), rules.NOTHING_YET, first.id]
    rows = (
        sa.select(
            sa.literal(sequence.id, sa.Integer),
            Subscription.subscriber_id,
            *(sa.literal(value) for value in values),
            sa.literal(rules.due(anchor, first.offset)),
            sa.null(),
        )
        .where(
            Subscription.list_id == sequence.list_id,
            Subscription.state == SubscriptionState.active,
            which,
            sa.not_(inside),
        )
        .limit(most)
    )
    made = db.session.execute(
        insert_ignoring(SequenceReader.__table__).from_select(COLUMNS, rows),
        execution_options={"preserve_rowcount": True},
    )
    return _count(sequence, first, int(made.rowcount))  # type: ignore[attr-defined]


def _count(sequence: Sequence, step: SequenceStep, number: int) -> int:
    sequence.entered += number
    step.arrived += number
    return number


def _merged() -> sa.ColumnElement[bool]:
    """Return whether a reader came by moving to the address of another one of the customer's: that is no sign-up."""
    return sa.exists().where(
        MergedReader.into_id == Subscription.subscriber_id, MergedReader.at >= Subscription.confirmed_at
    )


def _around_dates(sequence: Sequence) -> Iterator[int]:
    """Take in whose date comes near, or lies so that a step is still to come; the fields are read once an hour."""
    at, steps, number, every_year = clock.now(), sequence.used, sequence.id, sequence.every_year
    if not steps or (sequence.seen_at is not None and sequence.seen_at <= at < sequence.seen_at + EVERY):
        return
    first = at.date() - timedelta(days=steps[-1].days)
    last = at.date() + timedelta(days=rules.AHEAD - steps[0].days)
    wanted, offsets = rules.days_of(first, last, every_year), [(step.offset, step.id) for step in steps]
    db.session.rollback()
    with looking():
        found = _whose_date(number, wanted, first)
    rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for subscriber_id, value in found:
        day = wanted[value]
        if (place := rules.place(offsets, day.toordinal(), rules.slot(at))) is not None:
            given = (
                number, subscriber_id, rules.round_of(day, every_year), day.toordinal(), value,
                ReaderState.in_it, place.done, place.step_id, place.due, None,
            )  # fmt: skip
            rows[place.step_id].append(dict(zip(COLUMNS, given, strict=True)))
    for step_id, each in sorted(rows.items()):
        for begin in range(0, len(each), WINDOW):
            yield _put(number, step_id, each[begin : begin + WINDOW])
    if (locked_one := locked(number)) is not None:
        locked_one.seen_at = at
    db.session.commit()


def dated(sequence: Sequence) -> int:
    """Return how many readers of its list have a date in its field; 0 where the field is gone."""
    try:
        value = held_by_field(sequence)
    except FieldLost:
        return 0
    query = (
        sa.select(sa.func.count())
        .select_from(Subscription)
        .join(Subscriber, Subscription.subscriber_id == Subscriber.id)
        .where(
            Subscriber.customer_id == sequence.customer_id,
            Subscription.list_id == sequence.list_id,
            Subscription.state == SubscriptionState.active,
            value != "",
        )
    )
    return db.session.scalar(query) or 0


def _whose_date(sequence_id: int, wanted: dict[str, Any], first: Any) -> list[tuple[int, str]]:
    sequence = db.session.get_one(Sequence, sequence_id)
    value = held_by_field(sequence)
    inside = sa.exists().where(
        SequenceReader.sequence_id == sequence.id,
        SequenceReader.subscriber_id == Subscriber.id,
        SequenceReader.value == value,
        SequenceReader.anchor >= first.toordinal(),
    )
    query = (
        sa.select(Subscriber.id, value)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(
            Subscriber.customer_id == sequence.customer_id,
            Subscription.list_id == sequence.list_id,
            Subscription.state == SubscriptionState.active,
            value.in_(list(wanted)),
            sa.not_(inside),
        )
    )
    return [(row[0], row[1]) for row in db.session.execute(query)]


def _put(sequence_id: int, step_id: int, rows: list[dict[str, Any]]) -> int:
    """Write down readers who wait for a step; those who are gone meanwhile are left away. Commits."""
    sequence = locked(sequence_id)
    step = db.session.get(SequenceStep, step_id, populate_existing=True)
    if sequence is None or step is None or step.removed_at is not None:
        db.session.commit()
        return 0
    # On PostgreSQL nobody erases these readers before they are in.
    there = set(
        db.session.scalars(
            sa.select(Subscriber.id)
            .where(Subscriber.id.in_([row["subscriber_id"] for row in rows]))
            .with_for_update(read=True, key_share=True)
        )
    )
    kept = [row for row in rows if row["subscriber_id"] in there]
    if kept:
        made = db.session.execute(
            insert_ignoring(SequenceReader.__table__), kept, execution_options={"preserve_rowcount": True}
        )
        number = int(made.rowcount)  # type: ignore[attr-defined]
        _count(sequence, step, number)
        if number < len(kept):
            _correct(sequence, step, kept)
    db.session.commit()
    let_others_write()
    return len(kept)


def _correct(sequence: Sequence, step: SequenceStep, rows: list[dict[str, Any]]) -> None:
    """Have those count from their new date whose date has changed within a round, and to whom nothing of it went."""
    before = placing.waiting(sequence.id)
    had_any = sa.exists().where(
        ChosenReader.subscriber_id == SequenceReader.subscriber_id,
        ChosenReader.step_id.in_(sa.select(SequenceStep.id).where(SequenceStep.sequence_id == sequence.id)),
        ChosenReader.round == SequenceReader.round,
    )
    key: dict[str, Any] = {name: sa.bindparam(f"of_{name}") for name in ("sequence_id", "subscriber_id", "round")}
    table: Any = SequenceReader.__table__
    db.session.connection().execute(
        sa.update(table)
        .where(*(table.c[name] == each for name, each in key.items()), table.c.value != sa.bindparam("new"), ~had_any)
        .values({name: sa.bindparam(f"to_{name}") for name in CORRECTED}),
        [
            {f"of_{name}": row[name] for name in key}
            | {f"to_{name}": row[name] for name in CORRECTED}
            | {"new": row["value"]}
            for row in rows
        ],
    )
    placing.count_moves(sequence, before)
