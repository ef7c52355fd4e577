"""How the pages for readers look: settings with a preview in light and dark."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.contracts.rules import Use
from wem.db import db
from wem.lists.senders import sender_of
from wem.mailings import page_looks
from wem.mailings.page_look_forms import PageLookForm
from wem.mailings.page_look_models import PageLook
from wem.mailings.page_look_rules import colour, shades, style_sheet
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.origins import public_url
from wem.web.session import ours

blueprint = CustomerBlueprint("page_look", __name__, use=Use.manage)
Answer = str | tuple[str, int] | Response
PREVIEW = ".look-preview"


@blueprint.route("/settings/page", methods=["GET", "POST"])
def edit() -> Answer:
    customer, account = ours()
    form = PageLookForm(obj=db.session.get(PageLook, customer.id))
    form.offer(customer.id)
    if form.validate_on_submit() and request.form.get("show") != "1":
        page_looks.save(customer, form.values(customer.id), by=account.id)
        db.session.commit()
        flash(gettext("Saved."), "success")
        return see_other(url_for("page_look.edit"))
    page = render_template(
        "mailings/page_look.html",
        form=form,
        logo_name=next((label for value, label, *_ in form.logo_id.iter_choices() if value == form.logo_id.data), ""),
        home_url=public_url(f"/h/{customer.slug}/"),
        **_preview(form),
    )
    return page, 422 if form.errors else 200


@blueprint.get("/settings/page/preview")
def preview() -> Answer:
    """The preview of what is typed, without keeping it."""
    customer, _ = ours()
    form = PageLookForm(request.args, meta={"csrf": False})
    form.offer(customer.id)
    form.validate()
    return render_template("mailings/_page_look.html", **_preview(form))


@blueprint.get("/settings/page/look.css")
def style() -> FlaskResponse:
    """The colour of the preview, which no page but this one has."""
    chosen = colour(request.args.get("colour", ""))
    return FlaskResponse(style_sheet(shades(chosen), PREVIEW) if chosen else "", mimetype="text/css")


def _preview(form: PageLookForm) -> dict[str, object]:
    customer, _ = ours()
    chosen = colour(form.accent.data or "")
    values = form.values(customer.id)
    values.accent = chosen or ""
    made = shades(chosen) if chosen else None
    return {
        "look": page_looks.look(values),
        "sender": sender_of(customer),
        "colour": chosen,
        "changed": made is not None and made.light != chosen,
        "shades": made,
    }
