"""The words of segments: what conditions are about, how they compare, and a whole segment as sentences."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from wem.domain_rules import DOMAIN_GROUP_TEXTS, DomainGroup
from wem.lists.value_rules import VALUE_PROBLEM_TEXTS, ValueProblem
from wem.segments.rules import PROBLEM_TEXTS, AnyProblem, Problem
from wem.segments.topic_rules import SHAPES, Match, Op, Topic

# What is no field.
TOPICS = {
    Topic.lists: _l("Subscribed lists"),
    Topic.signed_up: _l("Sign-up date"),
    Topic.way: _l("Sign-up method"),
    Topic.opened: _l("Email opens"),
    Topic.clicked: _l("Email clicks"),
    Topic.received: _l("Emails sent"),
    Topic.domain: _l("Email provider"),
}
MATCHES = {Match.all: _l("all of these"), Match.any: _l("any of these")}
OPS = {
    Op.equals: _l("is “%(value)s”"),
    Op.differs: _l("is not “%(value)s” (including empty)"),
    Op.contains: _l("contains “%(value)s”"),
    Op.lacks: _l("does not contain “%(value)s” (including empty)"),
    Op.at_least: _l("is %(value)s or more"),
    Op.at_most: _l("is %(value)s or less"),
    Op.between: _l("is from %(low)s to %(high)s"),
    Op.since: _l("is on %(value)s or later"),
    Op.until: _l("is on %(value)s or earlier"),
    Op.last_days: _l("is within the last %(value)s days"),
    Op.next_days: _l("is within the next %(value)s days"),
    Op.days_ago: _l("is more than %(value)s days ago"),
    Op.birthday: _l("recurs within the next %(value)s days (birthdays etc.)"),
    Op.month: _l("is in month %(value)s of any year"),
    Op.any_of: _l("is one of: %(value)s"),
    Op.all_of: _l("includes all of: %(value)s"),
    Op.none_of: _l("is none of: %(value)s"),
    Op.yes: _l("is yes"),
    Op.no: _l("is no"),
    Op.empty: _l("is empty"),
    Op.filled: _l("is filled in"),
    Op.of_last: _l("at least one of the last %(value)s mailings"),
    Op.none_of_last: _l("none of the last %(value)s mailings"),
}
# Where the general words do not fit. What a reader did is said as a whole sentence.
OWN_OPS: dict[Topic, dict[Op, object]] = {
    Topic.date: {Op.equals: _l("is on %(value)s")},
    Topic.signed_up: {Op.equals: _l("is on %(value)s")},
    Topic.choice: {Op.none_of: _l("is none of: %(value)s (including empty)")},
    Topic.choices: {
        Op.any_of: _l("includes any of: %(value)s"),
        Op.none_of: _l("includes none of: %(value)s (including empty)"),
    },
    Topic.opened: {
        Op.last_days: _l("opened an email in the last %(value)s days"),
        Op.not_last_days: _l("did not open any email in the last %(value)s days"),
        Op.ever: _l("opened an email at least once"),
        Op.never: _l("never opened an email"),
        Op.mailing: _l("opened “%(value)s”"),
        Op.not_mailing: _l("did not open “%(value)s”"),
    },
    Topic.clicked: {
        Op.last_days: _l("clicked a link in the last %(value)s days"),
        Op.not_last_days: _l("did not click any link in the last %(value)s days"),
        Op.ever: _l("clicked a link at least once"),
        Op.never: _l("never clicked a link"),
        Op.mailing: _l("clicked a link in “%(value)s”"),
        Op.not_mailing: _l("did not click a link in “%(value)s”"),
    },
}
OPEN_END = "…"


def op_text(topic: Topic, op: Op, **values: str) -> str:
    """Return how a condition compares; without values with … in their places."""
    words = str(OWN_OPS.get(topic, {}).get(op) or OPS[op])
    return words % ({"value": OPEN_END, "low": OPEN_END, "high": OPEN_END} | values)


def ops_of(topic: Topic) -> list[tuple[str, str]]:
    """Return what a topic can be asked, as choices of a form."""
    return [(op.value, op_text(topic, op)) for op in SHAPES[topic]]


def group_text(group: str) -> str:
    """Return the name of a provider of mail addresses."""
    return str(gettext(DOMAIN_GROUP_TEXTS[DomainGroup(group)]))


def problem_text(problem: AnyProblem) -> str:
    """Return what is wrong with a condition, and what to do."""
    if isinstance(problem, ValueProblem):
        return str(gettext(VALUE_PROBLEM_TEXTS[problem]))
    return str(gettext(PROBLEM_TEXTS[Problem(problem)]))
