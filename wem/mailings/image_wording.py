"""The words of images: why one is not taken, and what goes into a mail for one."""

from __future__ import annotations

from html import escape

from flask_babel import lazy_gettext as _l

from wem.mailings.image_models import Image
from wem.mailings.image_rules import ImageProblem, shown_size
from wem.mailings.image_using import address_of

PROBLEMS = {
    ImageProblem.empty: _l("The file is empty."),
    ImageProblem.too_large: _l("The file is larger than 10 MB. Please make it smaller."),
    ImageProblem.svg: _l("SVG is shown by hardly any mail program. Please save the image as PNG."),
    ImageProblem.heic: _l("HEIC and AVIF are shown by hardly any mail program. Please save the image as JPEG."),
    ImageProblem.other: _l("This is no JPEG, PNG, GIF or WebP image, whatever its name says."),
    ImageProblem.too_many_pixels: _l(
        "The image has more than 50 million pixels, or is longer than 20,000. Please make it smaller: in a mail it is "
        "at most 1,200 wide."
    ),
    ImageProblem.too_long: _l("The animation is too long. Please make it shorter or smaller (at most 300 frames)."),
    ImageProblem.broken: _l("The image is damaged or incomplete. Please save it again."),
    ImageProblem.too_hard: _l("It takes too much to read this image. Please save it again, smaller."),
    ImageProblem.fault: _l("A fault on our side. Please upload it again; if it happens again, tell the help desk."),
    ImageProblem.quota: _l("There is no room for it. Please delete images that you do not need."),
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
