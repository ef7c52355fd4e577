"""How the mailbox misbehaves on demand: which recipient, at which moment of the SMTP dialogue, in which way."""

from __future__ import annotations

import fnmatch
import random
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

STAGES = ("rcpt", "data", "after_data")
ACTIONS = ("reply", "delay", "drop")
LONGEST_DELAY = 600.0  # seconds; the line itself is given up after 900


class BehaviourError(ValueError):
    """A behaviour cannot be understood; `field` names the value at fault."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field = field_name


@dataclass(frozen=True)
class Behaviour:
    """One line of the list.

    `pattern` is a glob over the whole recipient, or a regular expression between slashes (`/^a[0-9]+@/`), either
    without regard to case. `chance` is 0 to 1. `times` counts down; None means for ever.
    """

    pattern: str
    stage: str
    action: str
    code: int | None = None
    text: str = ""
    seconds: float = 0.0
    chance: float = 1.0
    times: int | None = None
    id: int = 0

    @property
    def expression(self) -> re.Pattern[str]:
        if len(self.pattern) > 2 and self.pattern.startswith("/") and self.pattern.endswith("/"):
            return re.compile(self.pattern[1:-1], re.IGNORECASE)
        return re.compile(r"\A" + fnmatch.translate(self.pattern), re.IGNORECASE)

    @property
    def reply(self) -> str:
        """The SMTP answer, without line end."""
        return f"{self.code} {self.text or str(self.code)[0] + '.0.0 as the mailbox was told'}"


@dataclass(frozen=True)
class Reaction:
    """What to do now: wait `seconds`, then drop the line, or give `reply`, or (neither) go on as usual."""

    seconds: float = 0.0
    reply: str | None = None
    drop: bool = False


def read_behaviour(given: Mapping[str, object]) -> Behaviour:
    """Return the behaviour that a JSON object or a form describes; raises BehaviourError."""
    pattern = str(given.get("pattern") or "").strip()
    stage, action = str(given.get("stage") or ""), str(given.get("action") or "")
    if not pattern:
        raise BehaviourError("pattern", "Enter a pattern for the recipient.")
    if stage not in STAGES:
        raise BehaviourError("stage", "Choose a moment.")
    if action not in ACTIONS:
        raise BehaviourError("action", "Choose what happens.")
    code = int(_number(given, "code", 0, 0, 599)) or None
    seconds = _number(given, "seconds", 0, 0, LONGEST_DELAY)
    times = _number(given, "times", 0, 0, 1_000_000_000)
    if action == "reply" and not _may_answer(code, stage):
        raise BehaviourError("code", "Enter an SMTP code from 400 to 599.")
    if action == "delay" and not seconds:
        raise BehaviourError("seconds", "Enter how many seconds to wait.")
    text = " ".join(str(given.get("text") or "").split())
    chance = _number(given, "chance", 1, 0, 1)
    code = code if action == "reply" else None
    made = Behaviour(pattern, stage, action, code, text, seconds, chance, int(times) or None)
    try:
        made.expression  # noqa: B018  compiled once to see whether it can be
    except re.error as error:
        raise BehaviourError("pattern", "This regular expression cannot be read.") from error
    return made


def _may_answer(code: int | None, stage: str) -> bool:
    """A positive answer with one's own words makes sense where a positive answer is final."""
    return code is not None and (400 <= code <= 599 or (200 <= code <= 299 and stage != "data"))


def _number(given: Mapping[str, object], name: str, default: float, least: float, most: float) -> float:
    value = given.get(name)
    if value is None or value == "":
        return default
    try:
        number = float(str(value))
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise BehaviourError(name, "This number is not possible.")
    return number


@dataclass
class Behaviours:
    """The list in force; it lasts as long as the process. Safe to use from several threads."""

    draw: Callable[[], float] = random.random
    _listed: list[tuple[Behaviour, re.Pattern[str]]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last_id: int = 0

    def listed(self) -> list[Behaviour]:
        return [behaviour for behaviour, _ in self._listed]

    def replace_all(self, behaviours: Iterable[Behaviour]) -> None:
        with self._lock:
            self._listed = [self._entry(behaviour) for behaviour in behaviours]

    def add(self, behaviour: Behaviour) -> None:
        with self._lock:
            self._listed.append(self._entry(behaviour))

    def change(self, id: int, behaviour: Behaviour) -> bool:
        """Put `behaviour` in the place of the one with this id; return False when that one has expired."""
        with self._lock:
            for place, (old, _) in enumerate(self._listed):
                if old.id == id:
                    self._listed[place] = self._entry(behaviour)
                    return True
        return False

    def remove(self, id: int) -> None:
        with self._lock:
            self._listed = [entry for entry in self._listed if entry[0].id != id]

    def raise_by_one(self, id: int) -> None:
        """Move this behaviour before the one above it."""
        with self._lock:
            for place in range(1, len(self._listed)):
                if self._listed[place][0].id == id:
                    self._listed[place - 1 : place + 1] = reversed(self._listed[place - 1 : place + 1])
                    return

    def react(self, stage: str, recipients: Iterable[str]) -> Reaction:
        """Return what to do at this stage: delays add up until the first reply or drop that applies, in list order."""
        if not self._listed:
            return Reaction()
        seconds = 0.0
        names = list(recipients)
        with self._lock:
            for entry in list(self._listed):
                behaviour, expression = entry
                if behaviour.stage != stage or not any(expression.search(name) for name in names):
                    continue
                if behaviour.chance < 1 and self.draw() >= behaviour.chance:
                    continue
                self._count_down(entry)
                seconds += behaviour.seconds
                if behaviour.action == "drop":
                    return Reaction(seconds, drop=True)
                if behaviour.action == "reply":
                    return Reaction(seconds, reply=behaviour.reply)
        return Reaction(seconds)

    def _count_down(self, entry: tuple[Behaviour, re.Pattern[str]]) -> None:
        behaviour, expression = entry
        if behaviour.times is None:
            return
        place = self._listed.index(entry)
        if behaviour.times <= 1:
            del self._listed[place]
        else:
            self._listed[place] = (replace(behaviour, times=behaviour.times - 1), expression)

    def _entry(self, behaviour: Behaviour) -> tuple[Behaviour, re.Pattern[str]]:
        self._last_id += 1
        return replace(behaviour, id=self._last_id), behaviour.expression
