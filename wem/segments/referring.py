"""What the conditions of a segment speak of: fields, lists, mailings, by name, and whether they are there still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from wem.db import db
from wem.lists.models import Field, MailingList
from wem.segments.keeping_rules import Misplaced
from wem.segments.rules import Condition, Conditions, Problem
from wem.segments.topic_rules import FIELD_TOPICS, Shape


@dataclass(frozen=True)
class Names:
    """Labels of a customer's fields and names of its lists, by number; what is not in it is not there."""

    fields: dict[int, str] = field(default_factory=dict)
    lists: dict[int, str] = field(default_factory=dict)


def list_ids(conditions: Conditions) -> set[int]:
    """Return the lists that conditions speak of."""
    return {number for condition in conditions.each for number in _lists(condition)}


def _lists(condition: Condition) -> Iterator[int]:
    if condition.list_id:
        yield condition.list_id
    if condition.shape is Shape.lists:
        yield from map(int, condition.values)


def mailing_ids(conditions: Conditions) -> set[int]:
    """Return the mailings that conditions speak of."""
    return {int(condition.values[0]) for condition in conditions.each if condition.shape is Shape.mailing}


def names(customer_id: int, *segments: Conditions) -> Names:
    """Return the names of what segments speak of, as far as it is this customer's and not put away."""
    asked = {
        (condition.field, condition.key, condition.topic.value)
        for conditions in segments
        for condition in conditions.each
        if condition.topic in FIELD_TOPICS
    }
    listed = {number for conditions in segments for number in list_ids(conditions)}
    fields = db.session.scalars(
        sa.select(Field).where(Field.customer_id == customer_id, Field.id.in_({number for number, *_ in asked}))
    )
    lists = db.session.execute(
        sa.select(MailingList.id, MailingList.name).where(
            # Of a list that is put away the subscriptions end one after the other.
            MailingList.customer_id == customer_id,
            MailingList.id.in_(listed),
            MailingList.archived_at.is_(None),
        )
    )
    # A number can be given again: key and kind tell whether it is the same field.
    same = {row.id: row.label for row in fields if (row.id, row.key, row.kind.value) in asked}
    return Names(same, {row.id: row.name for row in lists})


def lost(conditions: Conditions, known: Names) -> list[Misplaced]:
    """Return the places of conditions over fields and lists that are not there (any more)."""
    found = []
    for at, group in enumerate(conditions.groups):
        for number, condition in enumerate(group.conditions):
            field_gone = condition.topic in FIELD_TOPICS and condition.field not in known.fields
            if field_gone or any(each not in known.lists for each in _lists(condition)):
                found.append(Misplaced(Problem.not_there, at, number))
    return found
