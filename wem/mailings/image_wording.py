"""The words of images: why one is not taken, and what goes into a mail for one."""

from __future__ import annotations

from html import escape

from flask_babel import lazy_gettext as _l

from wem.mailings.image_models import Image
from wem.mailings.image_rules import ImageProblem, shown_size
from wem.mailings.image_using import address_of

PROBLEMS = {
    ImageProblem.empty: _l("The file is empty."),
    ImageProblem.too_large: _l("The file is larger than 10 MB. Please reduce it."),
    ImageProblem.svg: _l("Hardly any email app shows SVG. Please save the image as PNG."),
    ImageProblem.heic: _l("Hardly any email app shows HEIC or AVIF. Please save the image as JPEG."),
    ImageProblem.other: _l("This file is not a JPEG, PNG, GIF or WebP image."),
    ImageProblem.too_many_pixels: _l(
        "The image is too large (over 50 megapixels, or over 20,000 pixels on one side). Emails show at "
        "most 1,200 pixels wide, so please reduce it."
    ),
    ImageProblem.too_long: _l("The animation is too long. Please make it shorter or smaller (up to 300 frames)."),
    ImageProblem.broken: _l("The image is damaged or incomplete. Please save it again."),
    ImageProblem.too_hard: _l("This image takes too long to process. Please save it again at a smaller size."),
    ImageProblem.fault: _l(
        "Something went wrong on our side. Please upload it again; if the problem persists, contact the help desk."
    ),
    ImageProblem.quota: _l("Not enough storage. Please delete images you do not need."),
}


def html_for(image: Image) -> str:
    """Return the HTML that shows an image in a mail: as wide as the mail at most, narrower on phones."""
    width, height = shown_size(image.width, image.height)
    # Braces would be Liquid.
    alt = escape("" if image.decorative else image.alt.strip()).replace("{", "&#123;").replace("}", "&#125;")
    return (
        f'<img src="{address_of(image)}" width="{width}" height="{height}" alt="{alt}" '
        'style="max-width:100%;height:auto">'
    )
