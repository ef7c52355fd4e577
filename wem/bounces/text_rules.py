"""What mail servers say and what it means: the tables in data/, compiled once."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wem.bounces.states import Reason

_WHOLE = re.compile(r"[a-z0-9]+")
_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Wording:
    """Words that follow one another in a reply, what they mean, and when only then."""

    words: tuple[str, ...]
    reason: Reason
    sure: bool = False
    weak: bool = False  # words that a report for people may use for something else
    command: str = ""
    status: str = ""

    @property
    def plain(self) -> bool:
        """Whether these words mean the same wherever they stand in a report."""
        return self.sure or (not self.weak and len("".join(self.words)) > 10)

    def holds(self, text: str, command: Callable[[], str], status: str) -> bool:
        """Return whether the lower-case text of a reply says this, after this command and with this status."""
        if self.status and not status.startswith(self.status):
            return False
        at = 0
        for word in self.words:
            at = text.find(word, at)
            if at < 0:
                return False
            at += len(word)
        return not self.command or self.command == command()


def meaning(text: str, command: Callable[[], str], status: str, host: str, whole: bool = False) -> Wording | None:
    """Return the line of the tables that a reply fits, the provider's own lines first; None when none does.

    `text` is in lower case with single spaces; `host` the name of the server that answered, or the recipient's domain;
    `command` is asked only where a line depends on it. With `whole` only lines that may stand in any report are asked.
    """
    for table in _of_provider(host) if host else ():
        for wording in table:
            if wording.words[0] in text and wording.holds(text, command, status):
                return wording
    for wording in index().candidates(text):
        if wording.words[0] in text and wording.holds(text, command, status):
            if whole and not wording.plain:
                continue
            return wording
    return None


def _of_provider(host: str) -> Sequence[tuple[Wording, ...]]:
    by_server = providers()
    labels = host.split(".")
    return [by_server[name] for at in range(len(labels)) if (name := ".".join(labels[at:])) in by_server]


@functools.cache
def general() -> tuple[Wording, ...]:
    """Return what holds for every server, in the order in which it is asked."""
    lines = []
    for group in _read("reply_texts.toml")["texts"]:
        for says, reason in group.get("also", ()):
            lines.append(_wording({"says": says, "reason": reason}, sure=False))
        sure, weak = group.get("sure", False), group.get("weak", False)
        lines += [_wording({"says": says, "reason": group["reason"]}, sure, weak) for says in group["says"]]
    return tuple(lines)


class Index:
    """The general lines by a word that must stand in the text, so that few of them are looked for in each reply."""

    def __init__(self, lines: tuple[Wording, ...]) -> None:
        self._lines = lines
        self._by_word: dict[str, list[int]] = {}
        self._others: list[int] = []
        for number, line in enumerate(lines):
            words = _WHOLE.findall(line.words[0])
            if len(words) > 1:
                # The last word may be the beginning of one, as in "account deactivat".
                self._by_word.setdefault(max(words[:-1], key=len), []).append(number)
            else:
                self._others.append(number)

    def candidates(self, text: str) -> Iterator[Wording]:
        """Yield the lines that may stand in a text, in the order of the tables."""
        numbers = list(self._others)
        for word in set(_WHOLE.findall(text)) & self._by_word.keys():
            numbers += self._by_word[word]
        numbers.sort()
        for number in numbers:
            yield self._lines[number]


@functools.cache
def index() -> Index:
    """Return the general lines, indexed."""
    return Index(general())


@functools.cache
def certain() -> tuple[Wording, ...]:
    """Return the lines that hold wherever they are said."""
    return tuple(line for line in general() if line.sure)


@functools.cache
def providers() -> dict[str, tuple[Wording, ...]]:
    """Return what single providers mean, by the name that their servers end in."""
    return {
        server: tuple(_wording(line, sure=True) for line in provider["texts"])
        for provider in _read("providers.toml")["provider"]
        for server in provider["servers"]
    }


def _read(name: str) -> dict[str, Any]:
    with (_DATA / name).open("rb") as file:
        return tomllib.load(file)


def _wording(line: dict[str, str], sure: bool, weak: bool = False) -> Wording:
    words = tuple(line["says"].lower().split(" * "))
    return Wording(words, Reason(line["reason"]), sure, weak, line.get("command", ""), line.get("status", ""))
