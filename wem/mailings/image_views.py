"""A customer's image library: upload, describe, put in order, delete; and choosing one for a mail."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, render_template, request, send_file, url_for
from flask_babel import gettext, ngettext
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from wem import audit, storage
from wem.accounts.rules import WRITERS
from wem.contracts.rules import Use
from wem.db import db
from wem.mailings import design_keeping, image_deleting, image_library, image_taking, image_using
from wem.mailings.image_forms import ALT_LENGTH, ImageForm, NewImagesForm
from wem.mailings.image_models import Image
from wem.mailings.image_rules import MB, MEDIA_TYPES, ImageProblem, ImageState, stays_in_sight
from wem.mailings.image_taking import NotTaken
from wem.mailings.image_wording import PROBLEMS, html_for
from wem.mailings.titles import Titles
from wem.mailings.wording import STATES
from wem.web.blueprints import CustomerBlueprint, for_roles
from wem.web.htmx import page_or_fragment, see_other
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404
from wem.web.paging import page_of
from wem.web.session import current_customer, me, ours

blueprint = CustomerBlueprint("images", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response
writers_only = for_roles(WRITERS)
SHOWN, DESCRIBED_AT_ONCE = 24, 20
NAMED = 3  # files in one message


@blueprint.get("/images")
def index() -> Answer:
    return _library(NewImagesForm(formdata=None, folder=_folder()), 200)


@blueprint.post("/images")
@limiter.limit("120/hour")
def upload() -> Answer:
    customer, account = ours()
    form = NewImagesForm()
    if not form.validate_on_submit():
        return _library(form, 422)
    customer_id, by, folder = customer.id, account.id, form.folder.data or ""
    new, known, moved = 0, 0, 0
    refused: dict[ImageProblem, list[str]] = defaultdict(list)
    for file in form.files.data:
        try:
            image, is_new = image_taking.take(customer_id, file.stream, file.filename or "", folder, by=by)
            goes = not is_new and folder != "" and image.folder != folder
            if goes:
                image.folder = folder
                audit.record("image.change", by=by, customer_id=customer_id, subject=image)
                db.session.commit()
            new, known, moved = new + is_new, known + (not is_new and not goes), moved + goes
        except NotTaken as error:
            refused[error.problem].append(_name(file))
        finally:
            file.close()
    if refused and not new and not known and not moved:
        form.files.errors = [_said(problem, names) for problem, names in refused.items()]
        return _library(form, 422)
    if new:
        flash(ngettext("%(num)s image is taken.", "%(num)s images are taken.", new), "success")
    if known:
        flash(ngettext("%(num)s file was there already.", "%(num)s files were there already.", known), "info")
    if moved:
        text = ngettext(
            "%(num)s image was already in the library and was moved to the folder “%(folder)s”.",
            "%(num)s images were already in the library and were moved to the folder “%(folder)s”.",
            moved,
            folder=folder,
        )
        flash(text, "info")
    for problem, names in refused.items():
        flash(_said(problem, names), "error")
    return see_other(url_for("images.index", folder=folder or None))


def _name(file: FileStorage) -> str:
    return (file.filename or "").replace("\\", "/").rpartition("/")[2][:40]


def _said(problem: ImageProblem, names: list[str]) -> str:
    shown = gettext(", ").join(names[:NAMED]) + (" …" if len(names) > NAMED else "")
    return str(gettext("%(names)s: %(problem)s", names=shown, problem=PROBLEMS[problem]))


def _folder() -> str:
    return request.args.get("folder", "")[:50]


def _library(form: NewImagesForm, status: int) -> Answer:
    customer = current_customer()
    if customer is None:
        abort(404)
    page = page_of(image_library.in_library(customer.id, _folder()), Image.id, SHOWN)
    values: dict[str, Any] = {
        "found": page,
        "folder": _folder(),
        "folders": image_library.folders(customer.id),
        "uses": image_using.use_counts(page.rows),
        "problems": PROBLEMS,
        "animated": any(image.state is ImageState.received for image in page.rows),
        "undescribed": db.session.scalar(
            sa.select(sa.func.count()).select_from(image_library.undescribed(customer.id).subquery())
        ),
    }
    if status == 200:
        return page_or_fragment("mailings/images.html", "mailings/_images.html", **values, **_room(customer.id, form))
    return render_template("mailings/images.html", **values, **_room(customer.id, form)), status


def _room(customer_id: int, form: NewImagesForm) -> dict[str, Any]:
    used, kept = image_taking.used_bytes(customer_id), image_taking.used_bytes(customer_id, deleted=True)
    return {
        "form": form,
        "quota_mb": image_taking.quota_of(customer_id) // MB,
        "used_mb": used / MB,
        "kept_mb": kept / MB,
    }


@blueprint.route("/images/describe", methods=["GET", "POST"])
@writers_only
def describe() -> Answer:
    """Say of several images at once what they show."""
    customer, account = ours()
    images = db.session.scalars(
        image_library.undescribed(customer.id).order_by(Image.id).limit(DESCRIBED_AT_ONCE)
    ).all()
    if request.method == "POST":
        done = [image for image in images if _described(image)]
        for image in done:
            audit.record("image.change", by=account.id, customer_id=customer.id, subject=image)
        db.session.commit()
        flash(ngettext("%(num)s image is described.", "%(num)s images are described.", len(done)), "success")
        return see_other(url_for("images.describe") if len(done) < len(images) else url_for("images.index"))
    return render_template("mailings/image_texts.html", images=images, most=ALT_LENGTH)


def _described(image: Image) -> bool:
    """Take what was typed about one image over; returns whether it says what stands in its place."""
    image.alt = " ".join(request.form.get(f"alt-{image.id}", "").split())[:ALT_LENGTH]
    image.decorative = not image.alt and request.form.get(f"decorative-{image.id}") == "on"
    return image.described


@blueprint.route("/images/<int:id>", methods=["GET", "POST"])
def show(id: int) -> Answer:
    image = owned_or_404(Image, id, Image.deleted_at.is_(None))
    form = ImageForm(obj=image)
    if form.validate_on_submit():
        image.name, image.folder = form.name.data or "", form.folder.data or ""
        image.alt, image.decorative = form.words
        audit.record("image.change", by=me().id, customer_id=image.customer_id, subject=image)
        db.session.commit()
        flash(gettext("Saved."), "success")
        return see_other(url_for("images.show", id=id))
    mailings = image_using.mailings_with(image)
    ready = image.state is ImageState.ready
    page = render_template(
        "mailings/image.html",
        image=image,
        form=form,
        folders=image_library.folders(image.customer_id),
        problem=PROBLEMS[image.problem] if image.problem else "",
        mailings=mailings,
        designs=design_keeping.with_image(image),
        titles=Titles(image.customer_id),
        states=STATES,
        drafts=[mailing for mailing in mailings if not stays_in_sight([mailing.state.value])],
        stays=stays_in_sight(mailing.state.value for mailing in mailings),
        code=html_for(image) if ready else "",
        address=image_using.address_of(image) if ready else "",
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/images/<int:id>/delete")
def delete(id: int) -> Answer:
    image = owned_or_404(Image, id, Image.deleted_at.is_(None))
    folder = image.folder
    key = image_deleting.delete(image, by=me().id)
    db.session.commit()
    image_deleting.erase(key)
    flash(gettext("Deleted."), "success")
    return see_other(url_for("images.index", folder=folder or None))


@blueprint.get("/images/<int:id>/picture")
def picture(id: int) -> Answer:
    """The image itself, for our own pages: they load nothing from another origin."""
    image = owned_or_404(Image, id, Image.deleted_at.is_(None))
    return image_answer(image, "private")


def image_answer(image: Image | None, whose: str) -> Response:
    """Return the bytes of an image, to be kept for a year: by its name it never is another. 404 when there is none."""
    if image is None or image.state is not ImageState.ready or image.kind is None or not image.storage_key:
        abort(404)
    path = storage.path_of(image.storage_key)
    if not path.is_file():
        abort(404)
    answer: Response = send_file(
        path, mimetype=MEDIA_TYPES[image.kind], etag=image.token or False, last_modified=image.created_at
    )
    answer.headers["Cache-Control"] = f"{whose}, max-age=31536000, immutable"
    return answer
