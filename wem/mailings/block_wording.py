"""The words of the block editor: kinds of blocks, their fields and choices, and what is wrong with a value."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from wem.delivery.template_nodes import TemplateProblem
from wem.mailings.block_rules import BlockKind, NotValid, Wrong
from wem.mailings.composing import Fault, in_words
from wem.mailings.wording import problem_text

KINDS = {
    BlockKind.heading: _l("Heading"),
    BlockKind.text: _l("Running text"),
    BlockKind.image: _l("Image"),
    BlockKind.button: _l("Button"),
    BlockKind.list: _l("Bullet list"),
    BlockKind.product: _l("Product"),
    BlockKind.divider: _l("Dividing line"),
    BlockKind.spacer: _l("Space"),
    BlockKind.social: _l("Social media"),
}
LAYOUT_NAMES = {
    "1": _l("1 column"),
    "1-1": _l("2 columns, alike"),
    "1-2": _l("2 columns, the right one wider"),
    "2-1": _l("2 columns, the left one wider"),
    "1-1-1": _l("3 columns"),
}
# By kind and field, else by field alone.
FIELD_NAMES = {
    "text": _l("Words"),
    "level": _l("Size"),
    "align": _l("Alignment"),
    "size": _l("Size of the letters"),
    "picture": _l("Image"),
    "alt": _l("Words in place of the image"),
    "link": _l("Link"),
    "width": _l("Width"),
    "items": _l("Points, one on each line"),
    "marks": _l("Marks"),
    "name": _l("Name of the product"),
    "price": _l("Price as shown"),
    "button": _l("Words on the button"),
    "line": _l("Kind of line"),
    "height": _l("Height"),
    "website": _l("Website"),
    "x": "X",
    "instagram": "Instagram",
    "facebook": "Facebook",
    "youtube": "YouTube",
    "tiktok": "TikTok",
    (BlockKind.social, "line"): "LINE",
    (BlockKind.button, "text"): _l("Words on the button"),
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
    ("size", "normal"): _l("Usual"),
    ("size", "large"): _l("Large"),
    ("width", "100"): _l("Whole width"),
    ("width", "75"): _l("Three quarters"),
    ("width", "50"): _l("Half"),
    ("width", "25"): _l("A quarter"),
    ("width", "auto"): _l("As wide as its words"),
    ("width", "full"): _l("Whole width"),
    ("marks", "dots"): _l("Dots"),
    ("marks", "numbers"): _l("1, 2, 3"),
    ("line", "solid"): _l("Solid"),
    ("line", "dashed"): _l("Dashed"),
    ("line", "dotted"): _l("Dotted"),
    ("corners", "square"): _l("Square"),
    ("corners", "round"): _l("Rounded"),
    ("corners", "pill"): _l("Round"),
}
LOOK_NAMES = {
    "background": _l("Colour around the mail"),
    "surface": _l("Ground of the mail"),
    "text": _l("Colour of the words"),
    "accent": _l("Colour of links and buttons"),
    "font_size": _l("Size of the letters"),
    "corners": _l("Corners of buttons"),
}
WRONGS = {
    Wrong.address: _l("Please enter a whole address that begins with https:// (or mailto:, tel:)."),
    Wrong.colour: _l("Please choose a colour."),
    Wrong.characters: _l("It holds characters that no mail can hold. Please type it again."),
    Wrong.too_many: _l("The mail has as many rows and blocks as it can have. Please delete some first."),
    Wrong.too_long: _l("It is too long. Please shorten it."),
    Wrong.picture: _l("This image is no longer there. Please choose another one."),
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
            "%(names)s cannot stand in a link or in the address of an image: it would give the reader's data away. "
            "Only choice and yes/no fields can.",
            names=in_words(fault.names),
        )
    )
