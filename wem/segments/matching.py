"""Whom a segment fits, in SQL over `Subscriber`: one expression that is never null, to be joined to any query."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.db import Moment
from wem.delivery.models import Delivery, DeliveryState, Dispatch, DispatchKind
from wem.lists.states import SubscriptionState
from wem.lists.subscription_models import Subscriber, Subscription
from wem.segments import field_values
from wem.segments.day_rules import birthdays, bounds
from wem.segments.rules import Condition, Conditions
from wem.segments.topic_rules import FIELD_TOPICS, Match, Op, Topic
from wem.tracking.models import ANY_LINK, OPEN, FirstHit

Sql = sa.ColumnElement[Any]
# Of these nobody got the mail and nobody will.
_NOT_SENT = (DeliveryState.bounced, DeliveryState.suppressed, DeliveryState.cancelled, DeliveryState.expired)
_TURNED = {
    Op.differs: Op.equals,
    Op.lacks: Op.contains,
    Op.empty: Op.filled,
    Op.none_of: Op.any_of,
    Op.not_last_days: Op.last_days,
    Op.never: Op.ever,
    Op.not_mailing: Op.mailing,
    Op.none_of_last: Op.of_last,
}


def fits(conditions: Conditions, customer_id: int, at: datetime) -> Sql:
    """Return whether a row of Subscriber fits, as it stands; relative days are counted from `at` in Japan.

    Mailings begun at `at` or later do not count, nor what was opened or clicked then: a mailing that is being written
    down does not change its own audience.
    """
    asked = _Asked(customer_id, at)
    groups = [
        _joined(group.match, [asked.condition(condition) for condition in group.conditions])
        for group in conditions.groups
    ]
    return _joined(conditions.match, groups)


def _joined(match: Match, parts: list[Sql]) -> Sql:
    # Nothing to ask fits nobody: a segment without conditions is none.
    return (sa.and_ if match is Match.all else sa.or_)(*parts) if parts else sa.false()


class _Asked:
    def __init__(self, customer_id: int, at: datetime) -> None:
        self.customer_id = customer_id
        self.at = at
        self.today = at.astimezone(clock.JAPAN).date()

    def condition(self, condition: Condition) -> Sql:
        op = _TURNED.get(condition.op, condition.op)
        if condition.topic in FIELD_TOPICS:
            found: Sql = sa.func.coalesce(_FIELDS[condition.topic](condition, op, self.today), sa.false())
        else:
            found = self._others()[condition.topic](condition, op)
        # Turned round on two values alone: who has no value differs from every value.
        return sa.not_(found) if op is not condition.op else found

    def _others(self) -> dict[Topic, Callable[[Condition, Op], Sql]]:
        return {
            Topic.lists: self._on_lists,
            Topic.signed_up: self._signed_up,
            Topic.way: self._came_by,
            Topic.opened: lambda condition, op: self._hit(condition, op, OPEN),
            Topic.clicked: lambda condition, op: self._hit(condition, op, ANY_LINK),
            Topic.received: self._received,
            Topic.domain: lambda condition, op: Subscriber.domain_group.in_(condition.values),
        }

    def _subscribed(self, *conditions: Sql) -> Sql:
        return sa.exists().where(
            Subscription.subscriber_id == Subscriber.id,
            Subscription.state == SubscriptionState.active,
            *conditions,
        )

    def _on_lists(self, condition: Condition, op: Op) -> Sql:
        lists = [int(value) for value in condition.values]
        if op is Op.all_of:
            return sa.and_(*(self._subscribed(Subscription.list_id == number) for number in lists))
        return self._subscribed(Subscription.list_id.in_(lists))

    def _one_list(self, condition: Condition) -> list[Sql]:
        return [Subscription.list_id == condition.list_id] if condition.list_id else []

    def _signed_up(self, condition: Condition, op: Op) -> Sql:
        since = sa.func.coalesce(Subscription.confirmed_at, Subscription.created_at, type_=Moment())
        return self._subscribed(*self._one_list(condition), *_within(since, condition, self.today))

    def _came_by(self, condition: Condition, op: Op) -> Sql:
        return self._subscribed(*self._one_list(condition), Subscription.way.in_(condition.values))

    def _hit(self, condition: Condition, op: Op, number: int) -> Sql:
        more: list[Sql] = []
        if op is Op.mailing:
            more = [FirstHit.dispatch_id.in_(self._dispatches(condition))]
        elif op is Op.last_days:
            more = _within(FirstHit.at, condition, self.today)
        return sa.exists().where(
            FirstHit.subscriber_id == Subscriber.id, FirstHit.number == number, FirstHit.at < self.at, *more
        )

    def _received(self, condition: Condition, op: Op) -> Sql:
        return sa.exists().where(
            Delivery.subscriber_id == Subscriber.id,
            Delivery.dispatch_id.in_(self._dispatches(condition)),
            Delivery.state.not_in(_NOT_SENT),
        )

    def _dispatches(self, condition: Condition) -> sa.Select[int]:
        """Return the sendings of a mailing, or of the last so many."""
        of_customer = sa.select(Dispatch.id).where(
            Dispatch.customer_id == self.customer_id,
            Dispatch.kind == DispatchKind.bulk,
            Dispatch.created_at < self.at,
        )
        number = int(condition.values[0])
        if condition.op in (Op.of_last, Op.none_of_last):
            # In a subquery of its own: PostgreSQL and SQLite both count off before they compare. A mailing with an A/B
            # test has several sendings; steps of sequences are none of a customer's last mailings.
            last = (
                of_customer.with_only_columns(Dispatch.mailing_id)
                .where(Dispatch.sequence_id.is_(None))
                .group_by(Dispatch.mailing_id)
                .order_by(sa.func.max(Dispatch.id).desc())
                .limit(number)
                .subquery()
            )
            return of_customer.where(Dispatch.mailing_id.in_(sa.select(last.c.mailing_id)))
        return of_customer.where(Dispatch.mailing_id == number)


def _within(moment: Any, condition: Condition, today: date) -> list[Sql]:
    first, last = bounds(condition, today)
    found: list[Sql] = []
    if first is not None:
        found.append(moment >= clock.midnight(first))
    if last is not None:
        found.append(moment < clock.midnight(last + timedelta(days=1)))
    return found


def _text(condition: Condition, op: Op, today: date) -> Sql:
    text = field_values.text_of(condition.key)
    if op is Op.filled:
        return text != ""
    value = field_values.plain_value(condition.values[0])
    if op is Op.contains:
        return field_values.holds(field_values.plain(text), value)
    return field_values.plain(text) == value


def _number(condition: Condition, op: Op, today: date) -> Sql:
    number = field_values.number_of(condition.key)
    if op is Op.filled:
        return number.is_not(None)
    values = [sa.literal(float(value), sa.Double) for value in condition.values]
    match op:
        case Op.at_least:
            return number >= values[0]
        case Op.at_most:
            return number <= values[0]
        case Op.between:
            return sa.and_(number >= values[0], number <= values[1])
    return number == values[0]


def _date(condition: Condition, op: Op, today: date) -> Sql:
    text = field_values.text_of(condition.key)
    if op is Op.filled:
        return text != ""
    if op is Op.birthday:
        return sa.func.substr(text, 6, 5).in_(birthdays(today, int(condition.values[0])))
    if op is Op.month:
        return sa.func.substr(text, 6, 2) == f"{int(condition.values[0]):02}"
    first, last = bounds(condition, today)
    day, found = field_values.by_code(text), [text != ""]
    if first is not None:
        found.append(day >= first.isoformat())
    if last is not None:
        found.append(day <= last.isoformat())
    return sa.and_(*found)


def _choice(condition: Condition, op: Op, today: date) -> Sql:
    text = field_values.text_of(condition.key)
    return text != "" if op is Op.filled else text.in_(condition.values)


def _choices(condition: Condition, op: Op, today: date) -> Sql:
    if op is Op.filled:
        return field_values.how_many_chosen(condition.key) > 0
    found = field_values.chosen(condition.key, condition.values)
    return (sa.and_ if op is Op.all_of else sa.or_)(*found)


def _yes_no(condition: Condition, op: Op, today: date) -> Sql:
    yes, no = field_values.is_true(condition.key), field_values.is_false(condition.key)
    if op is Op.filled:
        return sa.or_(yes, no)
    return yes if op is Op.yes else no


_FIELDS: dict[Topic, Callable[[Condition, Op, date], Sql]] = {
    Topic.text: _text,
    Topic.number: _number,
    Topic.date: _date,
    Topic.choice: _choice,
    Topic.choices: _choices,
    Topic.yes_no: _yes_no,
}
