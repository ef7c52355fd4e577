"""Every text of the screens and mails has its Japanese, once, with the same placeholders; and says what it may say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from jinja2 import Environment

from tests.invariants.sources import modules, template_name, templates
from wem.settings import ROOT

CATALOGUES = ROOT / "wem" / "translations" / "ja" / "LC_MESSAGES"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "_l": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
JAPANESE = re.compile(r"[぀-ヿ一-鿿豈-﫿]")
PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[sdif]")

# Templates that hold Japanese or English of their own: why they are not translated text by text.
OWN_WORDS = {
    "lists/notices/": "the notice of Art. 17-2, one file per version and language: consent events name the version",
    "public/texts/": "long texts, one file per language",
}


@cache
def used() -> dict[str, str]:
    """Return every msgid of code and templates, with one place where it stands.

    Rules know no gettext: their texts are tables named …TEXTS, translated by who shows them.
    """
    return extracted() | {
        node.value: module.where(node)
        for module in modules()
        for statement in module.tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign) and "TEXTS" in ast.unparse(statement).partition("=")[0]
        for table in [statement.value]
        if isinstance(table, ast.Dict)
        for node in table.values
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@cache
def constants() -> set[str]:
    """Return every text that stands in the code."""
    return {
        node.value
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@cache
def extracted() -> dict[str, str]:
    """Return every msgid that stands in a call of gettext or in a template."""
    with open(ROOT / "babel.cfg", encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found: dict[str, str] = {}
    for path, line, message, _, _ in extract_from_dir(str(ROOT), methods, options, KEYWORDS, directory_filter=ours):
        if message:
            found.setdefault(message if isinstance(message, str) else message[0], f"{path}:{line}")
    return found


def ours(folder: str) -> bool:
    """Return whether texts may stand in a folder; looking through the environment takes minutes."""
    name = Path(folder).name
    return not name.startswith((".", "_")) and name not in ("var", "node_modules", "tests", "static")


@dataclass(frozen=True)
class Entry:
    catalogue: str
    msgid: str
    message: Message

    @property
    def texts(self) -> list[str]:
        string = self.message.string
        return list(string) if isinstance(string, list | tuple) else [string]


@cache
def entries() -> tuple[Entry, ...]:
    found = []
    for path in sorted(CATALOGUES.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="ja", abort_invalid=True):
                if message.id:
                    msgid = message.id if isinstance(message.id, str) else message.id[0]
                    found.append(Entry(path.name, msgid, message))
    return tuple(found)


def test_every_text_is_translated() -> None:
    have = {entry.msgid for entry in entries() if all(entry.texts) and not entry.message.fuzzy}
    missing = [
        f"{place}: {msgid!r}" for msgid, place in sorted(used().items(), key=lambda pair: pair[1]) if msgid not in have
    ]
    assert not missing, "no Japanese for:\n" + "\n".join(missing)


def test_every_text_stands_in_one_catalogue() -> None:
    places: dict[str, list[str]] = {}
    for entry in entries():
        places.setdefault(entry.msgid, []).append(entry.catalogue)
    double = {msgid: found for msgid, found in places.items() if len(found) > 1}
    assert not double, "the same text would have two translations:\n" + "\n".join(
        f"{k!r}: {v}" for k, v in double.items()
    )


def test_no_entry_is_left_over() -> None:
    over = [
        f"{entry.catalogue}: {entry.msgid!r}"
        for entry in entries()
        if entry.msgid not in used() and entry.msgid not in constants()
    ]
    assert not over, "nobody shows these:\n" + "\n".join(over)


def test_no_catalogue_keeps_obsolete_entries() -> None:
    wrong = [path.name for path in CATALOGUES.glob("*.po") if re.search(r"^#~", path.read_text("utf-8"), re.M)]
    assert not wrong, wrong


def test_placeholders_are_the_same() -> None:
    wrong = []
    for entry in entries():
        msgids = [entry.message.id] if isinstance(entry.message.id, str) else list(entry.message.id)
        wanted = {name for msgid in msgids for name in PLACEHOLDER.findall(msgid)}
        for text in entry.texts:
            names = set(PLACEHOLDER.findall(text))
            # A plural may leave the number out ("one reader"), never bring in what is not given.
            if not names <= wanted or (len(msgids) == 1 and names != wanted):
                wrong.append(f"{entry.catalogue}: {entry.msgid!r}: {sorted(wanted ^ names)}")
    assert not wrong, "\n".join(wrong)


# 1,000件, 3人: as Japanese is set, and the same everywhere.
PARTED = re.compile(
    r"(?:\d|%\(\w+\)[sd]|\}\}) +(?:件|人|通|回|名(?!前)|行|秒|分|時間|日(?!本)|個|か月|倍|円)"
    r"|[ぁ-ヿ一-鿿] +%\((?:count|num|most|total|waiting|rows)\)[sd]"
)


def test_no_space_parts_a_number_from_its_counter() -> None:
    wrong = [f"{entry.catalogue}: {text}" for entry in entries() for text in entry.texts if PARTED.search(text)]
    for path in [*templates(), *(ROOT / "wem" / "public" / "texts").glob("*.ja.html")]:
        wrong += [f"{path.name}: {found[0]}" for found in PARTED.finditer(path.read_text("utf-8"))]
    assert not wrong, "\n".join(wrong)


def test_html_in_translations_is_that_of_the_text() -> None:
    tags = re.compile(r"</?\w+")
    wrong = [
        f"{entry.catalogue}: {entry.msgid!r}"
        for entry in entries()
        if isinstance(entry.message.id, str)
        and sorted(tags.findall(entry.message.id)) != sorted(tags.findall(entry.texts[0]))
    ]
    assert not wrong, wrong


def test_catalogues_name_their_domain() -> None:
    """One catalogue per domain; what belongs to no domain stands in web.po."""
    areas = {path.parent.name for path in (ROOT / "wem").glob("*/__init__.py")} | {"list", "uploads"}
    names = {path.stem for path in CATALOGUES.glob("*.po")}
    unknown = {name for name in names if name.partition("_")[0] not in areas}
    assert not unknown, unknown


@pytest.mark.parametrize("path", templates(".html", ".txt"), ids=template_name)
def test_templates_hold_no_words_of_their_own(path: Path) -> None:
    """What is not in `_("…")` would be seen in the wrong language."""
    if template_name(path).startswith(tuple(OWN_WORDS)):
        return
    source = path.read_text("utf-8")
    wrong = [
        words
        for words in plain_words(source, path.suffix)
        if re.search(r"[A-Za-z]{3}", words) or JAPANESE.search(words)
    ]
    assert not wrong, wrong


# Words that are the same in every language.
NAMES = re.compile(r"WeM|English|日本語|https?://\S+|&\w+;")


def plain_words(source: str, suffix: str) -> Iterator[str]:
    """Yield the words that stand in a template outside Jinja's braces."""
    # What is not read: an attribute's value given by a block, attributes that a macro or a set puts together.
    source = re.sub(r"\{% block audience %\}.*?\{% endblock %\}", "", source)
    source = re.sub(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", "", source, flags=re.S)
    source = "".join(value for _, kind, value in Environment().lex(source) if kind == "data")
    if suffix == ".txt":
        texts = source.splitlines()
    else:
        reader = Words()
        reader.feed(source)
        texts = reader.found
    for text in texts:
        words = NAMES.sub("", text).strip()
        if words and '="' not in words:
            yield words


class Words(HTMLParser):
    """Collects text, and the attributes that people read or hear."""

    READ = {"alt", "title", "aria-label", "placeholder", "label", "content-text"}

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("style", "script")
        self.found += [value for name, value in attrs if name in self.READ and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append(data)


# A result is 送信結果 or 受付: nobody can know that a mail arrived (Art. 19-1).
ARRIVED = re.compile("到達|届きました|配達完了")
MAY_SAY_SO: dict[str, str] = {}


def test_no_screen_says_that_a_mail_arrived() -> None:
    wrong = [f"{entry.catalogue}: {text}" for entry in entries() for text in entry.texts if ARRIVED.search(text)]
    for path in templates():
        if not template_name(path).startswith(tuple(MAY_SAY_SO)) and ARRIVED.search(path.read_text("utf-8")):
            wrong.append(template_name(path))
    wrong += [str(module.path) for module in modules() if ARRIVED.search(module.path.read_text("utf-8"))]
    wrong += [str(path) for path in (ROOT / "static" / "js").glob("*.js") if ARRIVED.search(path.read_text("utf-8"))]
    assert not wrong, wrong


def test_results_are_not_called_delivered() -> None:
    """The same in English: accepted, not delivered. Only the built-in mailbox sees mails arrive."""
    said = re.compile(r"\bdelivered\b|\barrived\b", re.IGNORECASE)
    wrong = [
        f"{place}: {text}"
        for text, place in used().items()
        if said.search(text) and "mailbox/" not in place and "fee" not in text
    ]
    assert not wrong, wrong


def test_texts_in_code_are_not_put_together() -> None:
    """`gettext(f"…")` is never extracted, so never translated."""
    call = re.compile(r"\b(?:gettext|lazy_gettext|_l|_|ngettext)\(\s*f[\"']")
    wrong = [str(module.path) for module in modules() if call.search(module.path.read_text("utf-8"))]
    assert not wrong, wrong
