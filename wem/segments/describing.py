"""A segment in sentences, with the names of what it speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import format_date, format_decimal, gettext

from wem.lists.states import Way
from wem.lists.wording import WAYS
from wem.segments.referring import Names
from wem.segments.rules import Condition, Conditions
from wem.segments.topic_rules import BEHAVIOUR, FIELD_TOPICS, Shape
from wem.segments.wording import MATCHES, TOPICS, group_text, op_text


@dataclass(frozen=True)
class Sentences:
    """A segment in words: whether all or any of the groups has to fit, and their conditions."""

    match: str
    groups: list[tuple[str, list[str]]]


def sentences(conditions: Conditions, names: Names, mailings: Mapping[int, str]) -> Sentences:
    """Return a segment in words, with the titles of the mailings that it speaks of."""
    return Sentences(
        str(MATCHES[conditions.match]),
        [
            (str(MATCHES[group.match]), [sentence(each, names, mailings) for each in group.conditions])
            for group in conditions.groups
        ],
    )


def sentence(condition: Condition, names: Names, mailings: Mapping[int, str]) -> str:
    """Return one condition in words."""
    what = about(condition, names)
    if condition.list_id:
        what = gettext("%(what)s (list “%(list)s”)", what=what, list=_name(names.lists, condition.list_id))
    shown = _shown(condition, names, mailings)
    values = {"low": shown[0], "high": shown[-1]} if shown else {}
    how = op_text(condition.topic, condition.op, value=str(gettext(", ")).join(shown), **values)
    return how if condition.topic in BEHAVIOUR else str(gettext("%(what)s: %(how)s", what=what, how=how))


def about(condition: Condition, names: Names) -> str:
    """Return what a condition is about: the label of its field, or the words of its topic."""
    if condition.topic in FIELD_TOPICS:
        return names.fields.get(condition.field) or str(gettext("a deleted field (%(key)s)", key=condition.key))
    return str(TOPICS[condition.topic])


def _shown(condition: Condition, names: Names, mailings: Mapping[int, str]) -> list[str]:
    match condition.shape:
        case Shape.day | Shape.days:
            return [str(format_date(date.fromisoformat(value), "long")) for value in condition.values]
        case Shape.number_of_days | Shape.last:
            return [str(format_decimal(int(value))) for value in condition.values]
        case Shape.lists:
            return [_name(names.lists, int(value)) for value in condition.values]
        case Shape.ways:
            return [str(WAYS[Way(value)]) for value in condition.values]
        case Shape.groups:
            return [group_text(value) for value in condition.values]
        case Shape.mailing:
            return [_name(mailings, int(value)) for value in condition.values]
    return list(condition.values)


def _name(known: Mapping[int, str], number: int) -> str:
    return known.get(number) or str(gettext("(deleted)"))
