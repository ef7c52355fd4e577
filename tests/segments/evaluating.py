"""Whether a segment fits a reader, in plain Python over plain values: written without looking at the SQL."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from wem.clock import JAPAN
from wem.segments.rules import Condition, Conditions
from wem.segments.topic_rules import Match, Op, Topic


@dataclass
class Joined:
    """An active subscription."""

    list_id: int
    way: str
    at: datetime


@dataclass
class Got:
    """A mailing to this reader: its number, when it began, whether it left, when it was opened and clicked first."""

    mailing: int
    begun: datetime
    sent: bool
    opened: datetime | None = None
    clicked: datetime | None = None


@dataclass
class Reader:
    fields: dict[str, Any]
    domain: str
    joined: list[Joined] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)


@dataclass
class Evaluator:
    """`mailings`: numbers of all sendings in their order, before `at`."""

    at: datetime
    mailings: list[int]

    def fits(self, conditions: Conditions, reader: Reader) -> bool:
        join = {Match.all: all, Match.any: any}
        return join[conditions.match](
            join[group.match](self.condition(condition, reader) for condition in group.conditions)
            for group in conditions.groups
        )

    def condition(self, condition: Condition, reader: Reader) -> bool:
        op, values = condition.op, condition.values
        match condition.topic:
            case Topic.text:
                return self._text(op, values, reader.fields.get(condition.key))
            case Topic.number:
                return self._number(op, values, reader.fields.get(condition.key))
            case Topic.date:
                return self._date(op, values, reader.fields.get(condition.key))
            case Topic.choice:
                value = reader.fields.get(condition.key) or None
                return {
                    Op.any_of: value in values,
                    Op.none_of: value not in values,
                    Op.filled: value is not None,
                    Op.empty: value is None,
                }[op]
            case Topic.choices:
                chosen = set(reader.fields.get(condition.key) or [])
                return {
                    Op.any_of: bool(chosen & set(values)),
                    Op.all_of: chosen >= set(values),
                    Op.none_of: not chosen & set(values),
                    Op.filled: bool(chosen),
                    Op.empty: not chosen,
                }[op]
            case Topic.yes_no:
                answer = reader.fields.get(condition.key)
                return {Op.yes: answer is True, Op.no: answer is False, Op.empty: answer is None}[op]
            case Topic.lists:
                on = {str(each.list_id) for each in reader.joined}
                return {
                    Op.any_of: bool(on & set(values)),
                    Op.all_of: on >= set(values),
                    Op.none_of: not on & set(values),
                }[op]
            case Topic.signed_up:
                return any(self._moment(op, values, each.at) for each in self._joined(condition, reader))
            case Topic.way:
                came = any(each.way in values for each in self._joined(condition, reader))
                return came if op is Op.any_of else not came
            case Topic.opened:
                return self._hit(op, values, [(each.mailing, each.opened) for each in reader.got if each.opened])
            case Topic.clicked:
                return self._hit(op, values, [(each.mailing, each.clicked) for each in reader.got if each.clicked])
            case Topic.received:
                return self._received(op, values, reader)
        assert condition.topic is Topic.domain
        return (reader.domain in values) is (op is Op.any_of)

    def _text(self, op: Op, values: tuple[str, ...], value: str | None) -> bool:
        low = "".join(c.lower() if c.isascii() else c for c in value or "")
        asked = "".join(c.lower() if c.isascii() else c for c in values[0]) if values else ""
        return {
            Op.equals: low == asked,
            Op.differs: low != asked,
            Op.contains: asked in low,
            Op.lacks: asked not in low,
            Op.empty: not value,
            Op.filled: bool(value),
        }[op]

    def _number(self, op: Op, values: tuple[str, ...], value: float | None) -> bool:
        if value is None:
            return op in (Op.differs, Op.empty)
        if op in (Op.empty, Op.filled):
            return op is Op.filled
        low, high = float(values[0]), float(values[-1])
        return {
            Op.equals: value == low,
            Op.differs: value != low,
            Op.at_least: value >= low,
            Op.at_most: value <= low,
            Op.between: low <= value <= high,
        }[op]

    def _date(self, op: Op, values: tuple[str, ...], value: str | None) -> bool:
        if not value:
            return op is Op.empty
        if op in (Op.empty, Op.filled):
            return op is Op.filled
        day, today = date.fromisoformat(value), self.at.astimezone(JAPAN).date()
        if op is Op.month:
            return day.month == int(values[0])
        if op is Op.birthday:
            ahead = (today + timedelta(days=number) for number in range(int(values[0]) + 1))
            return any(self._celebrates(day, each) for each in ahead)
        if op is Op.next_days:
            return today <= day <= today + timedelta(days=int(values[0]))
        return self._day(op, values, day, today)

    def _celebrates(self, born: date, day: date) -> bool:
        if (born.month, born.day) == (2, 29) and not calendar.isleap(day.year):
            return (day.month, day.day) == (2, 28)
        return (born.month, born.day) == (day.month, day.day)

    def _day(self, op: Op, values: tuple[str, ...], day: date, today: date) -> bool:
        match op:
            case Op.equals:
                return day.isoformat() == values[0]
            case Op.since:
                return day >= date.fromisoformat(values[0])
            case Op.until:
                return day <= date.fromisoformat(values[0])
            case Op.between:
                return date.fromisoformat(values[0]) <= day <= date.fromisoformat(values[1])
            case Op.last_days:
                return 0 <= (today - day).days <= int(values[0])
        assert op is Op.days_ago
        return (today - day).days > int(values[0])

    def _moment(self, op: Op, values: tuple[str, ...], moment: datetime) -> bool:
        return self._day(op, values, moment.astimezone(JAPAN).date(), self.at.astimezone(JAPAN).date())

    def _joined(self, condition: Condition, reader: Reader) -> list[Joined]:
        return [each for each in reader.joined if condition.list_id in (0, each.list_id)]

    def _hit(self, op: Op, values: tuple[str, ...], hits: list[tuple[int, datetime]]) -> bool:
        match op:
            case Op.ever:
                return bool(hits)
            case Op.never:
                return not hits
            case Op.mailing:
                return any(number == int(values[0]) for number, _ in hits)
            case Op.not_mailing:
                return all(number != int(values[0]) for number, _ in hits)
        lately = any(self._moment(Op.last_days, values, at) for _, at in hits)
        return lately is (op is Op.last_days)

    def _received(self, op: Op, values: tuple[str, ...], reader: Reader) -> bool:
        sent = {each.mailing for each in reader.got if each.sent}
        if op in (Op.of_last, Op.none_of_last):
            return bool(sent & set(self.mailings[-int(values[0]) :])) is (op is Op.of_last)
        return (int(values[0]) in sent) is (op is Op.mailing)
