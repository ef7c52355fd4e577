"""A mail made of blocks as MJML. Colours, sizes and fonts are what mail programs show alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from wem.mailings.block_colour_rules import ENOUGH, contrast, written_on
from wem.mailings.block_markup_rules import Words, html_of, inline_html, list_html
from wem.mailings.block_rules import LAYOUTS, Block, BlockKind, Document, Picture, Row

WIDTH = 600
FONTS = "Hiragino Sans, Hiragino Kaku Gothic ProN, Meiryo, Noto Sans JP, sans-serif"
# Then the colour of the words in an image's place.
ALT = "wm-alt-"
# Then the id of the block.
AT = "wm-at-"
_ELEMENT = re.compile(r"<mj-[^>]*>")
# On both sides of what stands in a column.
GAP = 24
NETWORKS = {
    "website": "Web",
    "x": "X",
    "instagram": "Instagram",
    "facebook": "Facebook",
    "youtube": "YouTube",
    "line": "LINE",
    "tiktok": "TikTok",
}
_HEADINGS = {"1": 1.75, "2": 1.375, "3": 1.125}
_SIZES = {"small": 0.875, "normal": 1.0, "large": 1.25}
_CORNERS = {"square": "0", "round": "6px", "pill": "999px"}
# On a dark background: rows in the mail's own colours turn dark, rows with a ground of their own stay as they are.
DARK_GROUND, DARK_SURFACE, DARK_TEXT, DARK_LINK = "#121212", "#1f1f1f", "#ececec", "#8ab4f8"
_STYLES = f"""
:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}
@media (max-width: 480px) {{
  .wm-column {{ display: block !important; width: 100% !important; }}
}}
@media (prefers-color-scheme: dark) {{
  body, .wm-page {{ background-color: {DARK_GROUND} !important; }}
  .wm-plain, .wm-plain > table {{ background: {DARK_SURFACE} !important; background-color: {DARK_SURFACE} !important; }}
  .wm-plain .wm-words div, .wm-plain .wm-words span {{ color: {DARK_TEXT} !important; }}
  .wm-plain img {{ color: {DARK_TEXT} !important; }}
  .wm-plain .wm-words a {{ color: {DARK_LINK} !important; }}
}}
"""


def shown(block: Block, pictures: Mapping[str, Picture]) -> bool:
    """Return whether anything of a block is seen in the mail; one that was just added is empty."""
    values = block.values
    match block.kind:
        case BlockKind.heading | BlockKind.text:
            return bool(values["text"].strip())
        case BlockKind.image:
            return values["picture"] in pictures
        case BlockKind.button:
            return bool(values["text"].strip() and values["link"])
        case BlockKind.list:
            return bool(values["items"].strip())
        case BlockKind.social:
            return any(values[name] for name in NETWORKS)
        case BlockKind.product:
            return values["picture"] in pictures or any(values[name].strip() for name in ("name", "price", "text"))
    return True


def has_content(document: Document, pictures: Mapping[str, Picture]) -> bool:
    """Return whether a reader would see more than lines and space."""
    return any(
        shown(block, pictures) for block in document.blocks if block.kind not in (BlockKind.divider, BlockKind.spacer)
    )


def mjml_of(
    document: Document, pictures: Mapping[str, Picture], words: Words, language: str, *, marked: bool = False
) -> str:
    """Return the MJML of a document; its Liquid tags are words. `marked`: block b4 has the class wm-at-b4."""
    look = document.look
    rows = "".join(_Writer(document, pictures, words, row, marked).row() for row in document.rows)
    preheader = f"<mj-preview>{escape(words.hide(document.preheader))}</mj-preview>" if document.preheader else ""
    return (
        f'<mjml lang="{language}"><mj-head>{preheader}'
        f'<mj-attributes><mj-all font-family="{FONTS}" /></mj-attributes><mj-style>{_STYLES}</mj-style></mj-head>'
        f'<mj-body width="{WIDTH}px" background-color="{look["background"]}" css-class="wm-page">'
        f"{rows}</mj-body></mjml>"
    )


class _Writer:
    """Writes one row: its colours depend on its ground."""

    def __init__(
        self, document: Document, pictures: Mapping[str, Picture], words: Words, row: Row, marked: bool
    ) -> None:
        look, self.marked = document.look, marked
        self.pictures, self.words, self.row_ = pictures, words, row
        self.ground = row.background or look["surface"]
        self.text = written_on(row.background) if row.background else look["text"]
        # On a ground of its own a row keeps the accent as long as it is read there.
        kept = not row.background or contrast(look["accent"], row.background) >= ENOUGH
        self.accent = look["accent"] if kept else self.text
        self.size = int(look["font_size"])
        self.corners = _CORNERS[look["corners"]]
        self.link = f"color:{self.accent};text-decoration:underline"
        self.width = WIDTH

    def row(self) -> str:
        if not any(shown(block, self.pictures) for column in self.row_.columns for block in column):
            return ""
        shares = LAYOUTS[self.row_.layout]
        columns = []
        for share, column in zip(shares, self.row_.columns, strict=True):
            self.width = WIDTH * share // sum(shares) - 2 * GAP
            inside = "".join(self.written(block) for block in column if shown(block, self.pictures))
            columns.append(f'<mj-column width="{100 * share / sum(shares):.4f}%">{inside}</mj-column>')
        kind = "" if self.row_.background else ' css-class="wm-plain"'
        return f'<mj-section background-color="{self.ground}" padding="8px 0"{kind}>{"".join(columns)}</mj-section>'

    def written(self, block: Block) -> str:
        mjml = self.block(block)
        return _ELEMENT.sub(lambda found: _of_class(found[0], f"{AT}{block.id}"), mjml) if self.marked else mjml

    def block(self, block: Block) -> str:
        values = block.values
        match block.kind:
            case BlockKind.heading:
                return self.heading(values)
            case BlockKind.text:
                inside = html_of(self.words.hide(values["text"]), self.words, self.link)
                return self.words_of(inside, values["align"], _SIZES[values["size"]])
            case BlockKind.image:
                return self.image(values, int(values["width"]))
            case BlockKind.button:
                return self.button(values["text"], values["link"], values["align"], full=values["width"] == "full")
            case BlockKind.list:
                return self.list(values)
            case BlockKind.product:
                return self.product(values)
            case BlockKind.divider:
                line = f'border-width="1px" border-style="{values["line"]}" border-color="#8c8c8c"'
                return f'<mj-divider {line} padding="12px {GAP}px" />'
            case BlockKind.spacer:
                return f'<mj-spacer height="{values["height"]}px" />'
            case BlockKind.social:
                return self.social(values)

    def words_of(self, inside: str, align: str, scale: float = 1.0) -> str:
        size = round(self.size * scale)
        return (
            f'<mj-text css-class="wm-words" font-size="{size}px" line-height="1.7" color="{self.text}" align="{align}" '
            f'padding="6px {GAP}px">{inside}</mj-text>'
        )

    def inline(self, text: str) -> str:
        return inline_html(self.words.hide(text), self.words, self.link)

    def heading(self, values: Mapping[str, str]) -> str:
        level = values["level"]
        look = "margin:0;font-size:inherit;line-height:1.4;font-weight:bold;color:inherit"
        inside = f'<h{level} style="{look}">{self.inline(values["text"])}</h{level}>'
        return self.words_of(inside, values["align"], _HEADINGS[level])

    def list(self, values: Mapping[str, str]) -> str:
        items = [line.strip() for line in values["items"].split("\n") if line.strip()]
        return self.words_of(list_html([self.inline(item) for item in items], values["marks"]), "left")

    def image(self, values: Mapping[str, str], share: int = 100) -> str:
        picture = self.pictures[values["picture"]]
        alt = values.get("alt", "").strip() or picture.alt
        link = f' href="{self.address(values["link"])}"' if values["link"] else ""
        width = max(1, min(self.width * share // 100, picture.width))
        # Small ones stay small on a phone.
        fluid = ' fluid-on-mobile="true"' if share == 100 and width >= self.width else ""
        return (
            f'<mj-image src="{escape(picture.address)}" alt="{escape(self.words.hide(alt))}" width="{width}px"{link}'
            f'{fluid} align="{values["align"]}" padding="6px {GAP}px" css-class="{ALT}{self.text[1:]}" '
            f'font-size="{self.size}px" />'
        )

    def button(self, text: str, link: str, align: str, *, full: bool = False) -> str:
        ground = self.accent
        width = ' width="100%"' if full else ""
        return (
            f'<mj-button href="{self.address(link)}" background-color="{ground}" color="{written_on(ground)}" '
            f'border-radius="{self.corners}" font-size="{self.size}px" font-weight="bold" line-height="1.5" '
            f'inner-padding="12px 28px" align="{align}" padding="10px {GAP}px"{width}>{self.inline(text)}</mj-button>'
        )

    def product(self, values: Mapping[str, str]) -> str:
        parts = []
        if values["picture"] in self.pictures:
            parts.append(self.image(values))
        words = []
        if values["name"].strip():
            words.append(f'<p style="margin:0 0 4px 0;font-weight:bold">{self.inline(values["name"])}</p>')
        if values["price"].strip():
            words.append(f'<p style="margin:0 0 8px 0;font-weight:bold">{self.inline(values["price"])}</p>')
        if values["text"].strip():
            words.append(html_of(self.words.hide(values["text"]), self.words, self.link))
        if words:
            parts.append(self.words_of("".join(words), values["align"]))
        if values["button"].strip() and values["link"]:
            parts.append(self.button(values["button"], values["link"], values["align"]))
        return "".join(parts)

    def social(self, values: Mapping[str, str]) -> str:
        links = [
            f'<a href="{self.address(values[name])}" target="_blank" style="{self.link};white-space:nowrap">{label}</a>'
            for name, label in NETWORKS.items()
            if values[name]
        ]
        return self.words_of(" &#160;|&#160; ".join(links), values["align"], 0.9)

    def address(self, link: str) -> str:
        return escape(self.words.hide(link))


def _of_class(tag: str, name: str) -> str:
    """Return an element's beginning with one more class."""
    if ' css-class="' in tag:
        return tag.replace(' css-class="', f' css-class="{name} ', 1)
    return tag.replace(" ", f' css-class="{name}" ', 1)
