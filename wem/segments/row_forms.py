"""One condition as somebody types it, with what it can be about and what can be chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from wem.domain_rules import CARRIERS, DomainGroup
from wem.lists.models import Field
from wem.lists.states import Way
from wem.lists.wording import WAYS
from wem.segments.rules import Condition, Problem, condition
from wem.segments.topic_rules import SHAPES, WITH_LIST, Op, Shape, Topic
from wem.segments.wording import TOPICS, group_text, ops_of, problem_text

Choices = list[tuple[str, str]]


@dataclass(frozen=True)
class Offer:
    """What conditions of a customer can speak of."""

    fields: Sequence[Field]
    lists: Sequence[tuple[int, str]]
    # The latest mailings with their titles, and those of these numbers that are the customer's; asked when needed.
    mailings: Callable[[Sequence[int]], Sequence[tuple[int, str]]]

    def field(self, about: str) -> Field | None:
        """Return the field of a choice `field-12`."""
        return next((row for row in self.fields if about == f"field-{row.id}"), None)

    @property
    def topics(self) -> list[tuple[str, Choices]]:
        """What a condition can be about: fields, and the rest."""
        fields = [(f"field-{row.id}", row.label) for row in self.fields]
        rest = [(topic.value, str(text)) for topic, text in TOPICS.items()]
        parts = [(str(gettext("Fields")), fields), (str(gettext("Sign-up and emails")), rest)]
        return [(title, choices) for title, choices in parts if choices]


@dataclass
class Row:
    """One condition as it stands in the form."""

    about: str
    op: str
    values: list[str]
    list_id: str
    topic: Topic | None
    field: Field | None
    offer: Offer
    # Of a field that is gone.
    label: str = ""
    error: str = ""

    @property
    def title(self) -> str:
        if self.field is not None:
            return self.field.label
        return str(TOPICS[self.topic]) if self.topic in TOPICS else self.label

    @property
    def ops(self) -> Choices:
        return ops_of(self.topic) if self.topic else []

    @property
    def shape(self) -> Shape | None:
        """What inputs it needs; a choice without options is typed as text."""
        if self.topic is None:
            return None
        ops = SHAPES[self.topic]
        shape = ops.get(Op(self.op), None) if self.op in set(Op) else None
        return shape or next(iter(ops.values()))

    @property
    def several(self) -> bool:
        """Whether boxes are ticked."""
        return self.shape in (Shape.options, Shape.lists, Shape.ways, Shape.groups)

    @property
    def choices(self) -> Choices:
        """What can be ticked or chosen; what is chosen and no longer offered stays to be seen."""
        found: Choices = []
        match self.shape:
            case Shape.options:
                found = [(option, option) for option in (self.field.options if self.field else [])]
            case Shape.lists:
                found = [(str(number), name) for number, name in self.offer.lists]
            case Shape.ways:
                found = [(way.value, str(WAYS[way])) for way in Way]
            case Shape.groups:
                ordered = sorted(DomainGroup, key=lambda group: group not in CARRIERS)
                found = [(group.value, group_text(group)) for group in ordered]
            case Shape.mailing:
                found = self._mailings()
        known = {value for value, _ in found}
        gone = str(gettext("(deleted)"))
        more = [(value, value if self.shape is Shape.options else gone) for value in self.values if value not in known]
        return found + [each for each in more if each[0]]

    @property
    def has_list(self) -> bool:
        return self.topic in WITH_LIST

    def value(self, place: int = 0) -> str:
        return self.values[place] if place < len(self.values) else ""

    def read(self) -> Condition | None:
        """Return the condition, or None with `error` saying what is wrong."""
        found: Condition | Any = Problem.not_there
        if self.topic is not None and self.op in set(Op):
            list_id = int(self.list_id) if self.has_list and self.list_id.isdecimal() else 0
            number, key = (self.field.id, self.field.key) if self.field else (0, "")
            found = condition(self.topic, Op(self.op), self.values, field=number, key=key, list_id=list_id)
            if isinstance(found, Condition) and not self._owned(found):
                found = Problem.not_there
        if isinstance(found, Condition):
            return found
        self.error = problem_text(found)
        return None

    def _owned(self, found: Condition) -> bool:
        lists = {str(number) for number, _ in self.offer.lists}
        if found.list_id and str(found.list_id) not in lists:
            return False
        if found.shape is Shape.mailing:
            return found.values[0] in {number for number, _ in self._mailings()}
        return found.shape is not Shape.lists or set(found.values) <= lists

    def _mailings(self) -> Choices:
        chosen = [int(value) for value in self.values if value.isascii() and value.isdecimal() and len(value) < 16]
        return [(str(number), title) for number, title in self.offer.mailings(chosen)]
