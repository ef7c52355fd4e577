"""Whom a mailing goes to that follows an earlier one, as the conditions of a segment."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime, timedelta

from wem.segments.rules import MAX_CONDITIONS, Condition, Conditions, Group
from wem.segments.topic_rules import Match, Op, Topic

# Advised between the end of a mailing and its second one: many people read only after a day or two.
WAIT = timedelta(hours=48)
# So often one mailing can be sent again, and so long can the chain of second mailings of second mailings be: with
# three conditions for the mailing itself all of it has to find room in one segment.
MOST_AGAIN, MOST_BEFORE = 10, 3
assert 3 + MOST_AGAIN + 2 * MOST_BEFORE <= MAX_CONDITIONS


class Earlier(enum.StrEnum):
    """What a mailing makes of those who got an earlier one."""

    all = "all"  # it goes to them too
    without = "without"
    silent = "silent"  # it goes only to those of them who are not known to have opened it or clicked in it


def got(earlier: int) -> Conditions:
    """Return the conditions that fit whoever got the earlier mailing, or is about to."""
    return _all([_about(Topic.received, Op.mailing, earlier)])


def silent(earlier: int, before: Sequence[int] = (), again: Sequence[int] = ()) -> Conditions:
    """Return the conditions that fit who got the earlier mailing and is not known to have read it.

    A click counts as reading: programs that show no pictures count no opens. `before`: the mailings that the earlier
    one was itself a second one of; `again`: the other second ones, whose readers do not get a third.
    """
    conditions = [_about(Topic.received, Op.mailing, earlier)]
    for number in (earlier, *before):
        conditions += [
            _about(Topic.opened, Op.not_mailing, number),
            _about(Topic.clicked, Op.not_mailing, number),
        ]
    return _all([*conditions, *(_about(Topic.received, Op.not_mailing, number) for number in again)])


def early(ended: datetime | None, at: datetime) -> bool:
    """Return whether it is advised to wait longer after a mailing ended (None: it has not)."""
    return ended is None or at < ended + WAIT


def _about(topic: Topic, op: Op, mailing: int) -> Condition:
    return Condition(topic, op, (str(mailing),))


def _all(conditions: list[Condition]) -> Conditions:
    return Conditions(Match.all, (Group(Match.all, tuple(conditions)),))
