"""What a condition can be about, how it can compare, and what values that takes."""

from __future__ import annotations

from enum import StrEnum


class Match(StrEnum):
    all = "all"
    any = "any"


class Topic(StrEnum):
    """What a condition is about; the first six are the kinds of fields."""

    text = "text"
    number = "number"
    date = "date"
    choice = "choice"
    choices = "choices"
    yes_no = "yes_no"
    lists = "lists"
    signed_up = "signed_up"
    way = "way"
    opened = "opened"
    clicked = "clicked"
    received = "received"
    domain = "domain"


FIELD_TOPICS = frozenset({Topic.text, Topic.number, Topic.date, Topic.choice, Topic.choices, Topic.yes_no})
# What a reader did without saying so.
BEHAVIOUR = frozenset({Topic.opened, Topic.clicked})
# May be about one list alone; 0 stands for whichever.
WITH_LIST = frozenset({Topic.signed_up, Topic.way})


class Op(StrEnum):
    # "is" and "equals" leave nobody out who has no value when they are turned round.
    equals = "equals"
    differs = "differs"
    contains = "contains"
    lacks = "lacks"
    at_least = "at_least"
    at_most = "at_most"
    between = "between"
    since = "since"  # that day or later
    until = "until"  # that day or earlier
    last_days = "last_days"  # today or one of so many days before
    next_days = "next_days"  # today or one of so many days ahead
    days_ago = "days_ago"  # longer ago than that
    birthday = "birthday"  # the same day of the year is today or one of so many days ahead
    month = "month"  # of any year
    any_of = "any_of"
    all_of = "all_of"
    none_of = "none_of"
    yes = "yes"
    no = "no"
    empty = "empty"
    filled = "filled"
    not_last_days = "not_last_days"
    ever = "ever"
    never = "never"
    mailing = "mailing"
    not_mailing = "not_mailing"
    of_last = "of_last"  # at least one of the last so many mailings
    none_of_last = "none_of_last"


class Shape(StrEnum):
    """What values an operator takes."""

    nothing = "nothing"
    text = "text"
    number = "number"
    numbers = "numbers"  # from, to
    day = "day"
    days = "days"  # from, to
    number_of_days = "number_of_days"
    month = "month"
    options = "options"
    lists = "lists"
    ways = "ways"
    groups = "groups"
    mailing = "mailing"
    last = "last"  # a number of mailings


_MAYBE = {Op.filled: Shape.nothing, Op.empty: Shape.nothing}
_DAYS = {
    Op.equals: Shape.day,
    Op.since: Shape.day,
    Op.until: Shape.day,
    Op.between: Shape.days,
    Op.last_days: Shape.number_of_days,
    Op.days_ago: Shape.number_of_days,
}
_HITS = {
    Op.last_days: Shape.number_of_days,
    Op.not_last_days: Shape.number_of_days,
    Op.ever: Shape.nothing,
    Op.never: Shape.nothing,
    Op.mailing: Shape.mailing,
    Op.not_mailing: Shape.mailing,
}
# What each topic can be asked, in the order of the screen.
SHAPES: dict[Topic, dict[Op, Shape]] = {
    Topic.text: {
        Op.contains: Shape.text,
        Op.lacks: Shape.text,
        Op.equals: Shape.text,
        Op.differs: Shape.text,
        **_MAYBE,
    },
    Topic.number: {
        Op.equals: Shape.number,
        Op.differs: Shape.number,
        Op.at_least: Shape.number,
        Op.at_most: Shape.number,
        Op.between: Shape.numbers,
        **_MAYBE,
    },
    Topic.date: {
        **_DAYS,
        Op.next_days: Shape.number_of_days,
        Op.birthday: Shape.number_of_days,
        Op.month: Shape.month,
        **_MAYBE,
    },
    Topic.choice: {Op.any_of: Shape.options, Op.none_of: Shape.options, **_MAYBE},
    Topic.choices: {Op.any_of: Shape.options, Op.all_of: Shape.options, Op.none_of: Shape.options, **_MAYBE},
    Topic.yes_no: {Op.yes: Shape.nothing, Op.no: Shape.nothing, Op.empty: Shape.nothing},
    Topic.lists: {Op.any_of: Shape.lists, Op.all_of: Shape.lists, Op.none_of: Shape.lists},
    Topic.signed_up: _DAYS,
    Topic.way: {Op.any_of: Shape.ways, Op.none_of: Shape.ways},
    Topic.opened: _HITS,
    Topic.clicked: _HITS,
    Topic.received: {
        Op.of_last: Shape.last,
        Op.none_of_last: Shape.last,
        Op.mailing: Shape.mailing,
        Op.not_mailing: Shape.mailing,
    },
    Topic.domain: {Op.any_of: Shape.groups, Op.none_of: Shape.groups},
}
WAYS = frozenset("form embedded blank_mail invitation attested api".split())
GROUPS = frozenset("docomo au softbank ymobile uq rakuten gmail yahoo_jp microsoft icloud other".split())
