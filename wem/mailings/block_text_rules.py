"""The text part of a mail made of blocks: headings, lists, links with their addresses, images by what they show."""

from __future__ import annotations

from collections.abc import Mapping

from wem.mailings.block_layout_rules import NETWORKS, shown
from wem.mailings.block_markup_rules import Words, listed, plain_of, text_of
from wem.mailings.block_rules import Block, BlockKind, Document, Picture

# Characters that old phones have too (JIS X 0208).
_HEADINGS = {"1": "■", "2": "■", "3": "▼"}
_LINE = "－" * 15


def document_text(document: Document, pictures: Mapping[str, Picture], words: Words) -> str:
    """Return the text part, Liquid kept; empty for a mail without words."""
    found = [_block(block, pictures, words) for block in document.blocks if shown(block, pictures)]
    text = "\n\n".join(part for part in found if part.strip())
    return words.restore(text) + "\n" if text else ""


def _block(block: Block, pictures: Mapping[str, Picture], words: Words) -> str:
    values = {name: words.hide(value) for name, value in block.values.items()}
    match block.kind:
        case BlockKind.heading:
            return f"{_HEADINGS[values['level']]}{plain_of(values['text'], words)}"
        case BlockKind.text:
            return text_of(values["text"], words)
        case BlockKind.image:
            alt = values["alt"].strip() or words.hide(pictures[values["picture"]].alt)
            return _linked(alt and f"[{alt}]", values["link"])
        case BlockKind.button:
            return _linked(plain_of(values["text"], words), values["link"])
        case BlockKind.list:
            items = [plain_of(line.strip(), words) for line in values["items"].split("\n") if line.strip()]
            return "\n".join(listed(items, values["marks"]))
        case BlockKind.product:
            return _product(values, words)
        case BlockKind.divider:
            return _LINE
        case BlockKind.social:
            return "\n".join(f"{label}: {values[name]}" for name, label in NETWORKS.items() if values[name])
    return ""


def _product(values: Mapping[str, str], words: Words) -> str:
    lines = [plain_of(values[name], words) for name in ("name", "price") if values[name].strip()]
    if values["text"].strip():
        lines.append(text_of(values["text"], words))
    if values["link"]:
        lines.append(_linked(plain_of(values["button"], words), values["link"]))
    return "\n".join(lines)


def _linked(text: str, link: str) -> str:
    """Return words with the address on the line below: the whole line is the link on a phone."""
    return f"{text}\n{link}".strip() if link else text
