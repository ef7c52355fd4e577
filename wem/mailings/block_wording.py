"""The words of the block editor: kinds of blocks, their fields and choices, and what is wrong with a value."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from wem.delivery.template_nodes import TemplateProblem
from wem.mailings.block_rules import BlockKind, Document, NotValid, Wrong
from wem.mailings.composing import Fault, in_words
from wem.mailings.wording import problem_text

KINDS = {
    BlockKind.heading: _l("Heading"),
    BlockKind.text: _l("Text block"),
    BlockKind.image: _l("Image"),
    BlockKind.button: _l("Button"),
    BlockKind.list: _l("Bullet list"),
    BlockKind.product: _l("Product"),
    BlockKind.divider: _l("Divider"),
    BlockKind.spacer: _l("Spacer"),
    BlockKind.social: _l("Social media"),
}
LAYOUT_NAMES = {
    "1": _l("1 column"),
    "1-1": _l("2 columns (equal)"),
    "1-2": _l("2 columns (wider right)"),
    "2-1": _l("2 columns (wider left)"),
    "1-1-1": _l("3 columns"),
}
# By kind and field, else by field alone.
FIELD_NAMES = {
    "text": _l("Body text"),
    "level": _l("Size"),
    "align": _l("Alignment"),
    "size": _l("Text size"),
    "picture": _l("Image"),
    "alt": _l("Alt text (if empty, the one from the image library)"),
    "link": _l("Link"),
    "width": _l("Width"),
    "items": _l("Items (one per line)"),
    "marks": _l("List style"),
    "name": _l("Product name"),
    "price": _l("Price (as shown)"),
    "button": _l("Button text"),
    "line": _l("Line style"),
    "height": _l("Height"),
    "website": _l("Website"),
    "x": "X",
    "instagram": "Instagram",
    "facebook": "Facebook",
    "youtube": "YouTube",
    "tiktok": "TikTok",
    (BlockKind.social, "line"): "LINE",
    (BlockKind.button, "text"): _l("Button text"),
    (BlockKind.product, "text"): _l("Description"),
}
CHOICES = {
    ("level", "1"): _l("Large"),
    ("level", "2"): _l("Medium"),
    ("level", "3"): _l("Small"),
    ("align", "left"): _l("Left"),
    ("align", "center"): _l("Centre"),
    ("align", "right"): _l("Right"),
    ("size", "small"): _l("Small"),
    ("size", "normal"): _l("Standard"),
    ("size", "large"): _l("Large"),
    ("width", "100"): _l("Full width"),
    ("width", "75"): _l("Three quarters"),
    ("width", "50"): _l("Half"),
    ("width", "25"): _l("A quarter"),
    ("width", "auto"): _l("Fit to text"),
    ("width", "full"): _l("Full width"),
    ("marks", "dots"): _l("Bullets (・)"),
    ("marks", "numbers"): _l("1, 2, 3"),
    ("line", "solid"): _l("Solid"),
    ("line", "dashed"): _l("Dashed"),
    ("line", "dotted"): _l("Dotted"),
    ("corners", "square"): _l("Square"),
    ("corners", "round"): _l("Rounded"),
    ("corners", "pill"): _l("Pill"),
}
# What was done, as undo and redo say it; by the name that a revision keeps.
ACTS = {
    "add": _l("add"),
    "step": _l("move block"),
    "move": _l("move block"),
    "duplicate": _l("duplicate block"),
    "delete": _l("delete block"),
    "step-row": _l("move row"),
    "move-row": _l("move row"),
    "duplicate-row": _l("duplicate row"),
    "delete-row": _l("delete row"),
    "row": _l("row columns and background"),
    "look": _l("email style"),
    "brand": _l("email style"),
    "preheader": _l("preview text"),
}
LOOK_NAMES = {
    "background": _l("Outer background"),
    "surface": _l("Email background"),
    "text": _l("Text colour"),
    "accent": _l("Link and button colour"),
    "font_size": _l("Text size"),
    "corners": _l("Button corners"),
}
WRONGS = {
    Wrong.address: _l("Please enter a full URL starting with https:// (or mailto:, tel:)."),
    Wrong.colour: _l("Please choose a colour."),
    Wrong.characters: _l("It contains characters that cannot be used in email. Please type it again."),
    Wrong.too_many: _l("The email has reached the maximum number of rows and blocks. Please delete some first."),
    Wrong.too_long: _l("Too long. Please shorten it."),
    Wrong.picture: _l("This image no longer exists. Please choose another one."),
}
OTHERWISE_WRONG = _l("This value cannot be used. Please choose again.")


def not_valid_text(error: NotValid) -> str:
    """Return what is wrong with a value, in the reader's language."""
    return str(WRONGS.get(error.wrong, OTHERWISE_WRONG))


def fault_text(fault: Fault) -> str:
    """Return what is wrong with a text or a link, and where."""
    if isinstance(fault, TemplateProblem):
        return problem_text(fault)
    return str(
        gettext(
            "%(names)s cannot be used in a link or an image URL, because that would expose readers' data. Only "
            "choice and yes/no fields are allowed there.",
            names=in_words(fault.names),
        )
    )


def act_text(act: str, document: Document) -> str:
    """Return what was done, by the name that a revision keeps (`change b3`), in the reader's language."""
    name, _, id = act.partition(" ")
    kind = next((block.kind for block in document.blocks if block.id == id), None)
    if kind is not None:
        return str(gettext("edit “%(block)s”", block=KINDS[kind]))
    return str(ACTS.get(name) or gettext("last change"))
