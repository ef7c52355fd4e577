"""Designs (雛形): those that come with WeM and a customer's own, looked at before a mailing begins with one."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Response as FlaskResponse
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.rules import WRITERS
from wem.contracts.rules import Use
from wem.db import db
from wem.delivery.template_nodes import TemplateProblem
from wem.mailings import design_keeping, design_using
from wem.mailings.design_forms import DesignForm, ReplaceForm
from wem.mailings.design_models import Design
from wem.mailings.design_rules import Ours
from wem.mailings.design_using import Beginning
from wem.mailings.design_wording import ABOUT, NAMES, OFFERED
from wem.mailings.forms import NAME_LENGTH
from wem.mailings.image_using import origin
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.preview_views import SANDBOX
from wem.mailings.titles import Titles
from wem.mailings.wording import BODY_KINDS, problem_text
from wem.web.blueprints import CustomerBlueprint, for_roles
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.ownership import owned_or_404
from wem.web.paging import page_of
from wem.web.session import current_customer, ours

blueprint = CustomerBlueprint("designs", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response
writers_only = for_roles(WRITERS)
# Own ones on a page.
SHOWN = 24


@blueprint.get("/designs")
def index() -> Answer:
    page = page_of(sa.select(Design).where(Design.customer_id == _customer_id()), Design.id, SHOWN)
    return render_template(
        "mailings/designs.html", page=page, own=page.rows, ours=OFFERED, kinds=BODY_KINDS, sequence_id=_sequence()
    )


@blueprint.get("/designs/ours/<name>")
def of_ours(name: str) -> Answer:
    """One that comes with WeM, as a mailing of this customer would begin with it."""
    known = _ours_or_404(name)
    beginning = design_using.of_ours(known, _customer_id())
    return _page(beginning, name=NAMES[known], about=ABOUT[known], key=name, frame=url_for("designs.frame", name=name))


@blueprint.get("/designs/ours/<name>/preview")
def frame(name: str) -> Answer:
    return _mail(design_using.of_ours(_ours_or_404(name), _customer_id()))


@blueprint.route("/designs/<int:id>", methods=["GET", "POST"])
def show(id: int) -> Answer:
    """One of the customer's own; POST gives it another name."""
    design = owned_or_404(Design, id)
    form = DesignForm(obj=design)
    if form.validate_on_submit():
        _, account = ours()
        design_keeping.rename(design, form.name.data or "", by=account.id)
        db.session.commit()
        flash(gettext("Saved."), "success")
        return see_other(url_for("designs.show", id=id))
    return _page(
        design_using.of_own(design),
        name=design.name,
        about=BODY_KINDS[design.body_kind],
        key=str(id),
        frame=url_for("designs.preview", id=id),
        design=design,
        form=form,
    ), (422 if form.is_submitted() else 200)


@blueprint.get("/designs/<int:id>/preview")
def preview(id: int) -> Answer:
    return _mail(design_using.of_own(owned_or_404(Design, id)))


@blueprint.post("/designs/<int:id>/delete")
def delete(id: int) -> Answer:
    _, account = ours()
    design_keeping.delete(owned_or_404(Design, id), by=account.id)
    db.session.commit()
    flash(gettext("Deleted."), "success")
    return see_other(url_for("designs.index"))


@blueprint.route("/mailings/<int:id>/design", methods=["GET", "POST"])
@writers_only
def keep(id: int) -> Answer:
    """Keep what is in a mailing as a design."""
    customer, account = ours()
    mailing = owned_or_404(Mailing, id)
    if _is_empty(mailing):
        return _nothing_yet(mailing)
    form = DesignForm(data={"name": Titles(customer.id).of(mailing)[:NAME_LENGTH]})
    if not form.validate_on_submit():
        return _keeping(mailing, form), (422 if form.is_submitted() else 200)
    try:
        design = design_keeping.keep(mailing, form.name.data or "", by=account.id)
    except design_keeping.TooMany:
        db.session.rollback()
        most = design_keeping.MOST
        flash(gettext("You have reached the maximum of %(count)s templates. Please delete some.", count=most), "error")
        return see_other(url_for("designs.index"))
    db.session.commit()
    flash(gettext("Saved as a template. You can use it for new mailings."), "success")
    return see_other(url_for("designs.show", id=design.id))


@blueprint.post("/mailings/<int:id>/design/replace")
@writers_only
def replace(id: int) -> Answer:
    """Put what is in a mailing in place of what is in one of the customer's designs."""
    customer, account = ours()
    mailing, form = owned_or_404(Mailing, id), ReplaceForm()
    if _is_empty(mailing):
        return _nothing_yet(mailing)
    form.offer(design_keeping.of_customer(customer.id))
    if not form.validate_on_submit():
        return _keeping(mailing, DesignForm(formdata=None), form), 422
    design = owned_or_404(Design, form.design.data)
    design_keeping.replace(design, mailing, by=account.id)
    db.session.commit()
    flash(gettext("Template replaced. Mailings already created from it are not changed."), "success")
    return see_other(url_for("designs.show", id=design.id))


def _is_empty(mailing: Mailing) -> bool:
    return not (mailing.text if mailing.body_kind is BodyKind.text else mailing.html).strip()


def _nothing_yet(mailing: Mailing) -> Answer:
    flash(gettext("This email is still empty. Please write it first."), "warning")
    return see_other(url_for("mailings.show", id=mailing.id))


def _keeping(mailing: Mailing, form: DesignForm, other: ReplaceForm | None = None) -> str:
    designs = design_keeping.of_customer(mailing.customer_id)
    if other is None:
        other = ReplaceForm(formdata=None)
        other.offer(designs)
    title = Titles(mailing.customer_id).of(mailing)
    return render_template(
        "mailings/design_of_mailing.html", form=form, other=other, designs=designs, mailing=mailing, title=title
    )


def _customer_id() -> int:
    customer = current_customer()
    if customer is None:
        abort(404)
    return customer.id


def _sequence() -> int | None:
    """Return the sequence whose step is to begin with a design; None where a mailing is."""
    return row_number(request.args.get("sequence", ""))


def _ours_or_404(name: str) -> Ours:
    if name not in list(Ours):
        abort(404)
    return Ours(name)


def _page(beginning: Beginning, **values: object) -> str:
    try:
        shown, problem = design_using.shown(beginning, _customer_id()), ""
    except TemplateProblem as error:
        shown, problem = None, problem_text(error)
    values["sequence_id"] = _sequence()
    return render_template("mailings/design.html", beginning=beginning, shown=shown, problem=problem, **values)


def _mail(beginning: Beginning) -> Answer:
    """The mail alone, for a frame in which nothing runs."""
    try:
        shown = design_using.shown(beginning, _customer_id())
    except TemplateProblem:
        abort(404)
    if shown.html is None:
        abort(404)
    request.may_be_framed = True  # type: ignore[attr-defined]
    policy = SANDBOX.format(images=origin())
    return FlaskResponse(shown.html, mimetype="text/html", headers={"Content-Security-Policy": policy})
