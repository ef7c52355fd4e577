"""A segment as somebody types it: rows of conditions that may be unfinished, changed by buttons, read when saved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from wem.lists.states import FieldKind
from wem.segments.keeping_rules import Misplaced, size_problem
from wem.segments.row_forms import Choices, Offer, Row
from wem.segments.rules import MAX_CONDITIONS, MAX_GROUPS, MAX_NAME, Condition, Conditions, Group
from wem.segments.topic_rules import SHAPES, Match, Topic
from wem.segments.wording import TOPICS, problem_text

_NAME = re.compile(r"g(\d{1,3})-c(\d{1,3})-(about|op|value|list)").fullmatch
_GROUP = re.compile(r"g(\d{1,3})-(match|add)").fullmatch
_ACT = re.compile(r"(add|remove|ungroup)-(\d{1,3})(?:-(\d{1,3}))?").fullmatch
MOST_CHARACTERS = 2_000


@dataclass
class Rows:
    """A group as it stands in the form; `add` is what its next condition is about."""

    match: str = Match.all.value
    rows: list[Row] = field(default_factory=list)
    add: str = ""


@dataclass
class Editor:
    """A segment as it stands in the form."""

    offer: Offer
    name: str = ""
    match: str = Match.all.value
    version: str = ""
    groups: list[Rows] = field(default_factory=list)
    name_error: str = ""
    # What is wrong with the whole.
    error: str = ""

    @property
    def errors(self) -> Choices:
        """What is wrong, with the id of the place, for the summary."""
        found = [("name", f"{gettext('Segment name')}: {self.name_error}")] if self.name_error else []
        found += [("g0-add", self.error)] if self.error else []
        return found + [
            (f"g{at}-c{number}-op" if row.topic else f"g{at}-c{number}", f"{row.title}: {row.error}")
            for at, group in enumerate(self.groups)
            for number, row in enumerate(group.rows)
            if row.error
        ]

    @property
    def full(self) -> bool:
        return sum(len(group.rows) for group in self.groups) >= MAX_CONDITIONS

    @property
    def may_have_more_groups(self) -> bool:
        return len(self.groups) < MAX_GROUPS

    def act(self, act: str) -> None:
        """Do what a button says: `group`, `add-0`, `remove-0-1`, `ungroup-1`; anything else changes nothing."""
        if act == "group" and self.may_have_more_groups:
            self.groups.append(Rows())
        found = _ACT(act)
        if not found or int(found[2]) >= len(self.groups):
            return
        group = self.groups[int(found[2])]
        if found[1] == "add" and not self.full:
            row = _row(self.offer, group.add, "", [], "")
            if row.topic is not None:
                row.op = next(iter(SHAPES[row.topic])).value
                group.rows.append(row)
        elif found[1] == "remove" and found[3] and int(found[3]) < len(group.rows):
            del group.rows[int(found[3])]
        elif found[1] == "ungroup" and len(self.groups) > 1:
            self.groups.remove(group)

    def read(self) -> Conditions | None:
        """Return the segment, or None with what is wrong at its places. Empty groups are left out."""
        groups, good = [], True
        for group in self.groups:
            found = [row.read() for row in group.rows]
            good = good and None not in found
            if group.rows:
                groups.append(Group(_match(group.match), tuple(each for each in found if each)))
        conditions = Conditions(_match(self.match), tuple(groups))
        if good and (problem := size_problem(conditions)):
            self.error = problem_text(problem)
            return None
        return conditions if good else None

    def check_name(self) -> bool:
        """Return whether there is a name that can be kept; `name_error` says what is wrong."""
        if not self.name:
            self.name_error = str(gettext("This field is required."))
        elif len(self.name) > MAX_NAME:
            self.name_error = str(gettext("Please use at most %(count)s characters.", count=MAX_NAME))
        return not self.name_error

    def mark(self, places: Iterable[Misplaced]) -> None:
        """Note what is wrong at the places of a kept segment."""
        for each in places:
            if 0 <= each.group < len(self.groups) and 0 <= each.condition < len(self.groups[each.group].rows):
                self.groups[each.group].rows[each.condition].error = problem_text(each.problem)


def _match(text: str) -> Match:
    return Match(text) if text in set(Match) else Match.all


def _row(offer: Offer, about: str, op: str, values: list[str], list_id: str) -> Row:
    field = offer.field(about)
    if field is not None:
        return Row(about, op, values, list_id, Topic(FieldKind(field.kind).value), field, offer)
    topic = next((each for each in TOPICS if each.value == about), None)
    return Row(about, op, values, list_id, topic, None, offer)


def blank(offer: Offer) -> Editor:
    """Return the form of a new segment."""
    return Editor(offer, groups=[Rows()])


def kept(offer: Offer, name: str, version: int, conditions: Conditions) -> Editor:
    """Return the form of a segment as it is kept."""
    groups = [
        Rows(group.match.value, [_kept_row(offer, condition) for condition in group.conditions])
        for group in conditions.groups
    ]
    return Editor(offer, name, conditions.match.value, str(version), groups)


def _kept_row(offer: Offer, condition: Condition) -> Row:
    about = f"field-{condition.field}" if condition.field else condition.topic.value
    found = _row(offer, about, condition.op.value, list(condition.values), str(condition.list_id or ""))
    if condition.field and (found.field is None or found.field.key != condition.key):
        found.topic = found.field = None
        found.label = str(gettext("a deleted field (%(key)s)", key=condition.key))
    return found


def typed(offer: Offer, form: MultiDict[str, str]) -> Editor:
    """Return the form as it was posted; what is no part of it is left out."""
    rows: dict[int, dict[int, dict[str, list[str]]]] = {}
    groups: dict[int, dict[str, str]] = {}
    for name, values in form.lists():
        if found := _NAME(name):
            group, row = int(found[1]), int(found[2])
            cut = [value[:MOST_CHARACTERS] for value in values[:100]]
            rows.setdefault(group, {}).setdefault(row, {})[found[3]] = cut
            groups.setdefault(group, {})
        elif found := _GROUP(name):
            groups.setdefault(int(found[1]), {})[found[2]] = values[0]
    made = [
        Rows(
            _match(groups[number].get("match", "")).value,
            [_typed_row(offer, row) for _, row in sorted(rows.get(number, {}).items())[: MAX_CONDITIONS + 1]],
            groups[number].get("add", ""),
        )
        for number in sorted(groups)[: MAX_GROUPS + 1]
    ]
    name = " ".join("".join(c if c.isprintable() else " " for c in form.get("name", "")[:MOST_CHARACTERS]).split())
    return Editor(offer, name, _match(form.get("match", "")).value, form.get("version", ""), made or [Rows()])


def _typed_row(offer: Offer, parts: Mapping[str, list[str]]) -> Row:
    first = {name: values[0] for name, values in parts.items() if values}
    found = _row(
        offer, first.get("about", ""), first.get("op", ""), list(parts.get("value", [])), first.get("list", "")
    )
    if found.topic is None:
        found.label = str(gettext("a condition that cannot be read"))
    elif found.op not in {op.value for op in SHAPES[found.topic]}:
        found.op = next(iter(SHAPES[found.topic])).value
    return found
