"""A customer's brand settings: how new mails look, shown as they are chosen."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Response as FlaskResponse
from flask import flash, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response

from wem.accounts.models import Customer
from wem.accounts.rules import WRITERS
from wem.contracts.rules import Use
from wem.db import db
from wem.mailings import branding
from wem.mailings.block_compiling import html_of, pictures_of
from wem.mailings.block_forms import BrandForm
from wem.mailings.block_models import Brand
from wem.mailings.block_moving_rules import add_block, change_block, move_row
from wem.mailings.block_rules import LOOK, BlockKind, NotValid, checked
from wem.mailings.block_wording import fault_text
from wem.mailings.branding import Changed
from wem.mailings.composing import Fault
from wem.mailings.html import inline_styles
from wem.mailings.image_using import origin
from wem.mailings.preview_views import SANDBOX
from wem.web.blueprints import CustomerBlueprint, for_roles
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.session import ours

blueprint = CustomerBlueprint("brands", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response
writers_only = for_roles(WRITERS)
# Of the last words, so much goes into the address of the preview: addresses of pages end at 8 KB.
SHOWN = 600


@blueprint.route("/mailings/brand", methods=["GET", "POST"])
@writers_only
def show() -> Answer:
    customer, account = ours()
    brand = branding.brand_of(customer.id)
    form = BrandForm(
        data={**brand.look, "logo": str(brand.logo_id or ""), "footer": brand.footer, "version": str(brand.version)}
    )
    form.offer(branding.offered_images(customer.id))
    status, changed = 200, False
    if form.is_submitted():
        if form.validate_on_submit() and request.form.get("show") != "1":
            faults, changed = _saved(customer, form, by=account.id)
            if not faults and not changed:
                flash(gettext("Saved. New emails use these settings; existing emails stay as they are."), "success")
                return see_other(url_for("brands.show"))
            form.footer.errors = [fault_text(fault) for fault in faults]
        status = 409 if changed else 422 if form.errors else 200
    shown = {name: form[name].data or "" for name in (*LOOK, "logo")} | {"footer": (form.footer.data or "")[:SHOWN]}
    frame = f"{url_for('brands.preview')}?{urlencode(shown)}"
    logo_name = next((label for value, label, *_ in form.logo.iter_choices() if value and value == form.logo.data), "")
    page = render_template("mailings/brand.html", form=form, frame=frame, logo_name=logo_name, changed=changed)
    return page, status


def _language() -> str:
    return str(get_locale() or "ja")[:2]


def _saved(customer: Customer, form: BrandForm, *, by: int) -> tuple[list[Fault], bool]:
    """Keep what was chosen; returns what is wrong with it, and whether somebody else saved in the meantime.

    Then the form takes their version: to save once more is to have looked.
    """
    footer = (form.footer.data or "").strip()
    brand = Brand(customer_id=customer.id, **form.look, logo_id=row_number(form.logo.data), footer=footer)
    if faults := branding.look_over(brand, _language()):
        db.session.rollback()
        return faults, False
    try:
        branding.save(customer, brand, row_number(form.version.data) or 0, by=by)
    except Changed:
        db.session.rollback()
        form.version.data = str(branding.brand_of(customer.id).version)
        return [], True
    db.session.commit()
    return [], False


@blueprint.get("/mailings/brand/preview")
@writers_only
def preview() -> Answer:
    """A sample mail in the look that the address of the page says, for the frame beside the form."""
    customer, _ = ours()
    look = {name: _value(name) for name in LOOK}
    logos = {image.id for image in branding.offered_images(customer.id)}
    logo = row_number(request.args.get("logo"))
    brand = Brand(
        customer_id=customer.id,
        **look,
        logo_id=logo if logo in logos else None,
        footer=request.args.get("footer", "").replace("\r", "")[:SHOWN],
    )
    if branding.look_over(brand, _language()):
        brand.footer = ""  # what is wrong with it is said when it is saved
    document = branding.beginning(brand)
    last = document.rows[-1].id if document.rows else ""
    for kind, values in (
        (BlockKind.heading, {"text": gettext("Heading text"), "level": "1"}),
        (BlockKind.text, {"text": gettext("Body text with **bold words** and [a link](https://www.example.jp/).")}),
        (BlockKind.button, {"text": gettext("Button label"), "link": "https://www.example.jp/"}),
    ):
        document, id = add_block(document, kind)
        document = change_block(document, id, values)
    if brand.footer.strip():
        document = move_row(document, last, len(document.rows))
    html = inline_styles(html_of(document, pictures_of(document, customer.id), _language()))
    request.may_be_framed = True  # type: ignore[attr-defined]
    return FlaskResponse(
        html, mimetype="text/html", headers={"Content-Security-Policy": SANDBOX.format(images=origin())}
    )


def _value(name: str) -> str:
    """Return a value of the address of the page, the usual one where it is none."""
    try:
        return checked(request.args.get(name, ""), LOOK[name], name) or LOOK[name].default
    except NotValid:
        return LOOK[name].default
