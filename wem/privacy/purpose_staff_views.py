"""The register of purposes as staff keep it: announce, change the text, give up; a stop that came by telephone."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.models import Account
from wem.accounts.rules import StaffRole
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.privacy import announcing, consenting
from wem.privacy.purpose_models import NEWS, UsePurpose
from wem.privacy.purpose_rules import Via
from wem.privacy.rules import Purpose
from wem.privacy.use_forms import PurposeChangeForm, PurposeForm, StopForm
from wem.privacy.wording import PURPOSES
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import current_account

KEEPERS = frozenset({StaffRole.contracts})
blueprint = StaffBlueprint("staff_purposes", __name__, roles=KEEPERS, url_prefix="/staff/purposes")
Answer = str | tuple[str, int] | Response


def _me() -> int:
    account = current_account()
    if account is None:
        abort(404)
    return account.id


def _counts(number: int) -> tuple[int, int]:
    """Return how many customers said yes to the text as it stands, and how many said no."""
    found = consenting.answers(number)
    yes = sum(found.permit(customer_id) for customer_id, given in found.given.items() if given.yes)
    return yes, sum(not given.yes for given in found.given.values())


@blueprint.get("")
def index() -> Answer:
    return _index(StopForm(formdata=None))


def _index(form: StopForm, status: int = 200) -> Answer:
    rows = db.session.scalars(sa.select(UsePurpose).order_by(UsePurpose.id.desc())).all()
    page = render_template(
        "privacy/staff/purposes.html",
        named=PURPOSES,
        news=Purpose.news,
        refused=_counts(NEWS)[1],
        version=consenting.text_version(NEWS),
        rows=[(row, *_counts(row.id)) for row in rows],
        form=form,
    )
    return page, status


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Answer:
    form = PurposeForm()
    if form.validate_on_submit():
        row = announcing.announce(form.title.data or "", form.text.data or "", by=_me())
        db.session.commit()
        flash(
            gettext("The purpose is announced, and customers are being asked. Without a yes it stays a no."), "success"
        )
        return see_other(url_for("staff_purposes.show", id=row.id))
    page = render_template("privacy/staff/purpose_new.html", form=form, customers=consenting.customers_asked())
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    row = found_or_404(UsePurpose, id)
    yes, no = _counts(id)
    ids = {text.published_by for text in row.texts}
    people = db.session.execute(sa.select(Account.id, Account.name).where(Account.id.in_(ids)))
    return render_template(
        "privacy/staff/purpose.html",
        row=row,
        yes=yes,
        no=no,
        people={each.id: each.name for each in people},
        customers=consenting.customers_asked(),
    )


@blueprint.route("/<int:id>/edit", methods=["GET", "POST"])
def edit(id: int) -> Answer:
    row = found_or_404(UsePurpose, id)
    form = PurposeChangeForm(title=row.current.title, text=row.current.text)
    if form.validate_on_submit():
        held = db.session.get_one(UsePurpose, id, with_for_update=True, populate_existing=True)
        try:
            announcing.change(held, form.title.data or "", form.text.data or "", bool(form.asks.data), by=_me())
        except Illegal:
            db.session.rollback()
            form.text.errors = [gettext("The text is the same, or the purpose was given up.")]
        else:
            db.session.commit()
            flash(gettext("The next version of the text is public."), "success")
            return see_other(url_for("staff_purposes.show", id=id))
    page = render_template("privacy/staff/purpose_edit.html", form=form, row=row, yes=_counts(id)[0])
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/<int:id>/closing")
def close(id: int) -> Answer:
    announcing.close(found_or_404(UsePurpose, id), by=_me())
    db.session.commit()
    flash(gettext("The purpose is given up. Nobody's data are used for it any more."), "success")
    return see_other(url_for("staff_purposes.show", id=id))


@blueprint.post("/stop")
def stop() -> Answer:
    """Note a customer's no that came by telephone, mail or letter."""
    form = StopForm()
    if not form.validate_on_submit() or form.found is None:
        return _index(form, 422)
    consenting.answer(
        form.found.customer_id,
        int(form.purpose.data),
        False,
        via=Via.staff,
        by=_me(),
        ip=request.remote_addr or "",
    )
    name = form.found.customer.name
    db.session.commit()
    flash(gettext("%(name)s gets no more mail for this purpose.", name=name), "success")
    return see_other(url_for("staff_purposes.index"))
