"""The terms of service: kept as they were issued, cut into articles for reading, no letter changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from itertools import groupby
from pathlib import Path

from wem.contracts.text_models import version_of
from wem.contracts.text_rules import FIRST, FIRST_DAY, TextKind
from wem.public import manual_reading

FOLDER = Path(__file__).parent / "terms"
CONSENT_TITLE = "「個人情報の取扱い」に関する同意条項"

# The source carries list marks ("- ") of its layout, also before an article and in the middle of a sentence.
_MARK = re.compile(r"^\s*- (?=\S)")
_ARTICLE = re.compile(r"^第(\d+)条（(.+)）$")
_CLAUSE = re.compile(r"^(\d+)\. (.+)$")
_SET = re.compile(r"^\d{4}年\d{1,2}月\d{1,2}日設定$")


@dataclass
class Clause:
    """A numbered clause (項, in Art. 12 also 号) or, without a number, plain text; with the items under it."""

    number: int | None
    text: str
    anchor: str = ""
    items: list[str] = field(default_factory=list)


@dataclass
class Article:
    """One article (条) with its anchor: `a7`, and `a12b` for the second Article 12 of the original."""

    anchor: str
    number: int
    title: str
    clauses: list[Clause] = field(default_factory=list)

    @property
    def groups(self) -> list[tuple[bool, list[Clause]]]:
        """Clauses as they are set: runs of numbered ones, and of plain text between them."""
        runs = groupby(self.clauses, key=lambda clause: clause.number is not None)
        return [(numbered, list(clauses)) for numbered, clauses in runs]

    @property
    def heading(self) -> str:
        return f"第{self.number}条（{self.title}）"


@dataclass(frozen=True)
class Terms:
    """One version of the terms: what stands above the articles, the articles, the day, the consent clauses."""

    version: int
    set_on: date
    head: list[str]
    articles: list[Article]
    closing: str
    consent_title: str
    consent: list[str]


def source(version: int) -> str:
    """Return the terms as they were issued, the first with the consent clauses; LookupError when there is none."""
    if version == FIRST:
        return (FOLDER / "1.ja.txt").read_text("utf-8")
    kept = version_of(TextKind.terms, version)
    if kept is None:
        raise LookupError(f"no terms of version {version}")
    return kept.text


def consent_source(version: int) -> str:
    """Return the consent clauses as they were issued; LookupError when there is no such version."""
    if version == FIRST:
        return "\n".join(_cut(source(FIRST), FIRST_DAY).consent) + "\n"
    kept = version_of(TextKind.consent, version)
    if kept is None:
        raise LookupError(f"no consent clauses of version {version}")
    return kept.text


def text_of(kind: TextKind, version: int) -> str:
    """Return the text of one kind and version, without the others'; LookupError when there is none."""
    if kind is TextKind.manual:
        return manual_reading.source(version)
    if kind is TextKind.consent:
        return consent_source(version)
    text = source(version)
    return text.partition(CONSENT_TITLE)[0].rstrip() + "\n" if version == FIRST else text


def terms(version: int, consent: int) -> Terms:
    """Return a version of the terms cut into its parts, with a version of the consent clauses; LookupError."""
    if version == FIRST:
        found = _cut(source(FIRST), FIRST_DAY)
    else:
        kept = version_of(TextKind.terms, version)
        if kept is None:
            raise LookupError(f"no terms of version {version}")
        found = _cut(kept.text, kept.effective_from)
    clauses = [text for text, _ in _lines(consent_source(consent))]
    return replace(found, version=version, consent_title=CONSENT_TITLE, consent=clauses)


@cache
def _cut(text: str, set_on: date) -> Terms:
    head: list[str] = []
    articles: list[Article] = []
    closing = ""
    lines = _lines(text)
    for line, marked in lines:
        found = _ARTICLE.match(line)
        if found:
            number = int(found[1])
            earlier = sum(article.number == number for article in articles)
            articles.append(Article(f"a{number}" + "bcd"[earlier - 1] * bool(earlier), number, found[2]))
        elif _SET.match(line):
            closing = line
            break
        elif articles:
            _add(articles[-1], line, marked)
        else:
            head.append(line)
    rest = [line for line, _ in lines]
    return Terms(FIRST, set_on, head, articles, closing, CONSENT_TITLE, rest[1:])


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the lines that hold something without their list mark, and whether they had one."""
    for line in text.splitlines():
        if line.strip():
            yield _MARK.sub("", line).strip(), bool(_MARK.match(line))


def _add(article: Article, text: str, marked: bool) -> None:
    numbered = None if marked else _CLAUSE.match(text)
    if numbered:
        number = int(numbered[1])
        article.clauses.append(Clause(number, numbered[2], f"{article.anchor}-{number}"))
    elif marked and article.clauses:
        article.clauses[-1].items.append(text)
    else:
        article.clauses.append(Clause(None, text))
