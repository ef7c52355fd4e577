"""What every page owes everybody: no violation of WCAG 2.2 AA, no sideways scrolling, one language, no complaint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from axe_playwright_python.base import AXE_SCRIPT
from babel.messages.pofile import read_po
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from wem.web.languages import FOLDER

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WHOLE = {"runOnly": STANDARDS}
# Colours and targets take most of the time: they are asked of a phone alone. Fingers are what targets are made for.
SLOW = ["color-contrast", "link-in-text-block", "target-size"]
DESK = {**WHOLE, "rules": {name: {"enabled": False} for name in SLOW}}
PHONE = {"runOnly": {"type": "rule", "values": SLOW}}
# A refused form is an answer, not an accident, but Chromium writes it down as one.
ANSWERS = re.compile(r"Failed to load resource: .* status of (403|404|422)")
JAPANESE = re.compile(r"[ぁ-んァ-ン一-龥]")
DATA = {"メールアドレス", "氏名"}  # headings of the uploaded files
# Of the page as it stands, or as it comes from another address.
TEXTS = """async (address) => {
  const found = new Set();
  const page = address
    ? new DOMParser().parseFromString(await (await fetch(address)).text(), "text/html")
    : document;
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    if (!node.parentElement.closest("script, style, template, textarea, pre, code, [lang]:not(html)"))
      found.add(node.textContent.trim().replace(/\\s+/g, " "));
  }
  for (const each of page.querySelectorAll("[aria-label], [placeholder], [title], [alt]"))
    if (!each.closest("[lang]:not(html)"))
      for (const name of ["aria-label", "placeholder", "title", "alt"]) found.add(each.getAttribute(name) || "");
  found.add(page.title.split(" | ")[0]);
  return {lang: page.documentElement.lang, texts: [...found]};
}"""


class Watch:
    """Collects what the browser complains about: errors of scripts, of the console, breaches of the CSP."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.complaints: list[str] = []
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("console", self._console)

    def _console(self, message: ConsoleMessage) -> None:
        breach = "Content Security" in message.text
        if breach or (message.type in ("error", "warning") and not ANSWERS.search(message.text)):
            self.complaints.append(f"{message.page.url if message.page else ''}: {message.text}")

    def take(self) -> list[str]:
        """Return what was complained about since the last time."""
        taken, self.complaints = self.complaints, []
        return taken


def violations(page: Page, asked: Mapping[str, object] = WHOLE) -> list[str]:
    """Return what axe finds against WCAG 2.2 AA and its own good practice."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(
        "asked => axe.run(asked).then(found => found.violations)",
        {**asked, "resultTypes": ["violations"], "preload": False},
    )
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found]


def overflows(page: Page) -> bool:
    """Return whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@cache
def catalogue() -> dict[str, str]:
    """Return what the screen says in Japanese for each English text."""
    found = {}
    for file in sorted((FOLDER / "ja" / "LC_MESSAGES").glob("*.po")):
        with file.open("rb") as opened:
            found |= {each.id: str(each.string) for each in read_po(opened) if isinstance(each.id, str) and each.id}
    return found


def ja(text: str, **values: object) -> str:
    """Return a text of the product as it stands on the Japanese screen."""
    said = catalogue().get(text) or text
    return said % values if values else said


@cache
def words() -> tuple[frozenset[str], frozenset[str]]:
    """Return what can only be English and what can only be Japanese: whole texts of the catalogues."""
    pairs = [(" ".join(text.split()), " ".join(said.split())) for text, said in catalogue().items() if text != said]
    english, japanese = {text for text, _ in pairs}, {said for _, said in pairs if JAPANESE.search(said)}
    return frozenset(english - japanese), frozenset(japanese - english)


def leftovers(page: Page, language: str, address: str = "") -> list[str]:
    """Return what stands in the other language on the page, or at another address of its origin, and a wrong `lang`."""
    english, japanese = words()
    read = page.evaluate(TEXTS, address)
    found = set(read["texts"]) & (english if language == "ja" else japanese - DATA)
    return sorted(found) + ([] if read["lang"] == language else [f"html lang={read['lang']}"])
