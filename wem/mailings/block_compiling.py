"""Makes HTML and text of a mail made of blocks: the same document always gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from mjml import mjml2html

from wem.db import db
from wem.mailings.block_layout_rules import WIDTH, has_content, mjml_of
from wem.mailings.block_markup_rules import Words
from wem.mailings.block_reading_rules import write
from wem.mailings.block_rules import Document, Picture
from wem.mailings.block_table_rules import real_tables
from wem.mailings.block_text_rules import document_text
from wem.mailings.html import clean_html
from wem.mailings.image_models import Image
from wem.mailings.image_rules import ImageState
from wem.mailings.image_using import address_of

_WIDE_BRACES = str.maketrans("{}", "｛｝")


def pictures_of(document: Document, customer_id: int) -> dict[str, Picture]:
    """Return the customer's images that a document shows, by their numbers as it writes them."""
    wanted = {int(number) for block in document.blocks if (number := block.values.get("picture"))}
    if not wanted:
        return {}
    # One that was deleted from the library is still served while a mailing shows it.
    images = db.session.scalars(
        sa.select(Image).where(Image.customer_id == customer_id, Image.id.in_(wanted), Image.state == ImageState.ready)
    )
    return {
        str(image.id): Picture(
            address_of(image), image.width, image.height, "" if image.decorative else _literal(image.alt.strip())
        )
        for image in images
    }


def _literal(alt: str) -> str:
    """Return what an image shows as no template: its words are written in the library, where no field is known."""
    return alt.translate(_WIDE_BRACES) if "{{" in alt or "{%" in alt else alt


def html_of(document: Document, pictures: Mapping[str, Picture], language: str, *, marked: bool = False) -> str:
    """Return cleaned HTML, Liquid kept; empty for a mail in which nothing is seen. Raises TemplateProblem.

    `marked` is for the editor: it finds in it what is of which block, by the class wm-at-b4.
    """
    if not has_content(document, pictures):
        return ""
    words = _words(document, pictures)
    mjml = mjml_of(document, pictures, words, language, marked=marked)
    return clean_html(words.restore(real_tables(mjml2html(mjml), WIDTH)))


def text_of(document: Document, pictures: Mapping[str, Picture]) -> str:
    """Return the text part, Liquid kept."""
    return document_text(document, pictures, _words(document, pictures))


def _words(document: Document, pictures: Mapping[str, Picture]) -> Words:
    return Words(write(document) + "".join(picture.address + picture.alt for picture in pictures.values()))
