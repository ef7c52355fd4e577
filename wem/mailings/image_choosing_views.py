"""Choosing an image for a mail where the mail is written: from the library, or from a file that is taken there."""

from __future__ import annotations

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from wem import audit
from wem.accounts.rules import WRITERS
from wem.contracts.rules import Use
from wem.db import db
from wem.mailings import image_library, image_taking, image_using
from wem.mailings.image_forms import PictureForm
from wem.mailings.image_models import Image
from wem.mailings.image_rules import ImageState
from wem.mailings.image_taking import NotTaken
from wem.mailings.image_wording import PROBLEMS, html_for
from wem.web.blueprints import CustomerBlueprint, for_roles
from wem.web.htmx import page_or_fragment, see_other, wants_fragment
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404
from wem.web.paging import page_of
from wem.web.session import ours

blueprint = CustomerBlueprint("pictures", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response
writers_only = for_roles(WRITERS)
OFFERED = 12


@blueprint.get("/images/pick")
@writers_only
def pick() -> Answer:
    """The images that can go into a mail: with `choose` to be taken in a dialog, else to copy their HTML."""
    customer, _ = ours()
    folder = request.args.get("folder", "")[:50]
    ready = image_library.in_library(customer.id, folder).where(Image.state == ImageState.ready)
    return page_or_fragment(
        "mailings/image_picker.html",
        "mailings/_image_picker.html",
        found=page_of(ready, Image.id, OFFERED),
        folder=folder,
        folders=image_library.folders(customer.id),
        choose=request.args.get("choose") == "1",
        html_for=html_for,
        address_of=image_using.address_of,
    )


@blueprint.post("/images/pick")
@writers_only
@limiter.limit("120/hour")
def take() -> Answer:
    """Take one file into the library with what it shows, for the mail that is being written."""
    customer, account = ours()
    form, image = PictureForm(), None
    if form.validate_on_submit():
        try:
            file = form.file.data
            image, _ = image_taking.take(customer.id, file.stream, file.filename or "", "", by=account.id)
        except NotTaken as error:
            form.file.errors = [PROBLEMS[error.problem]]
    if image is None:
        return render_template("mailings/_picture_taken.html", errors=form.errors, chooser=_chooser()), 422
    # One that is there already keeps its words: other mails show it with them.
    kept = image.described and (image.alt, image.decorative) != form.words
    if not image.described:
        image.alt, image.decorative = form.words
        audit.record("image.change", by=account.id, customer_id=customer.id, subject=image)
        db.session.commit()
    if not wants_fragment():
        return see_other(url_for("images.show", id=image.id))
    return _taken(image, kept=kept)


@blueprint.get("/images/<int:id>/taken")
@writers_only
def taken(id: int) -> Answer:
    """What became of a file: asked again until the image is made."""
    image = owned_or_404(Image, id, Image.deleted_at.is_(None))
    return _taken(image, kept=request.args.get("kept") == "1")


def _taken(image: Image, *, kept: bool) -> Answer:
    errors = {"file": [PROBLEMS[image.problem]]} if image.problem else {}
    return render_template("mailings/_picture_taken.html", image=image, kept=kept, errors=errors, chooser=_chooser())


def _chooser() -> str:
    """Return for which place of the page the file is: the dialog may be open for another when the image is made."""
    return request.values.get("chooser", "")[:50]
