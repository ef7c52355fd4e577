"""A customer's sender's names: which may be chosen, which wait for an answer, and the request for another one."""

from __future__ import annotations

from flask import flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.rules import may_write
from wem.contracts.rules import Use
from wem.db import db
from wem.mailings import naming
from wem.sender_names import asking
from wem.sender_names.asking import AskedBefore, Registered, TooMany
from wem.sender_names.forms import AskForm
from wem.sender_names.models import AlreadyDecided, SenderName
from wem.sender_names.rules import MOST, NameState
from wem.sender_names.wording import STATES
from wem.sequences import bearing
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import see_other
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404
from wem.web.session import current_membership, ours

blueprint = CustomerBlueprint("sender_names", __name__, use=Use.compose, url_prefix="/settings/sender-names")
Answer = str | tuple[str, int] | Response


@blueprint.get("")
def index() -> Answer:
    return _page(AskForm(formdata=None), 200)


@blueprint.post("")
@limiter.limit("20/hour", methods=["POST"])
def ask() -> Answer:
    """Ask our staff for a name."""
    customer, account = ours()
    form = AskForm()
    if not form.validate_on_submit():
        return _page(form, 422)
    try:
        asking.ask(customer.id, form.name.data or "", (form.reason.data or "").strip(), by=account.id)
    except (Registered, AskedBefore, TooMany) as error:
        db.session.rollback()
        form.name.errors = [_refusal(error)]
        return _page(form, 422)
    db.session.commit()
    flash(gettext("Request sent. Our staff will review it and reply by email."), "success")
    return see_other(url_for("sender_names.index"))


@blueprint.post("/<int:id>/take-back")
def take_back(id: int) -> Answer:
    row, (_, account) = owned_or_404(SenderName, id), ours()
    try:
        row.take_back(by=account.id)
    except AlreadyDecided:
        db.session.rollback()
        flash(gettext("This request has already been decided. Please see below."), "info")
        return see_other(url_for("sender_names.index"))
    db.session.commit()
    flash(gettext("Request withdrawn."), "success")
    return see_other(url_for("sender_names.index"))


def _refusal(error: Exception) -> str:
    if isinstance(error, Registered):
        return str(gettext("This is the registered name. You can use it for any mailing without a request."))
    if isinstance(error, AskedBefore):
        return str(gettext("This name is already in the list. Width, case and spaces make no difference."))
    return str(gettext("You can have up to %(count)s names. Please contact the help desk.", count=MOST))


def _page(form: AskForm, status: int) -> Answer:
    customer, _ = ours()
    membership, rows = current_membership(), asking.of_customer(customer.id)
    page = render_template(
        "sender_names/names.html",
        form=form if membership and may_write(membership.role) else None,
        registered=asking.registered_name(customer.id),
        names=rows,
        usable=[row for row in rows if row.state is NameState.approved],
        states=STATES,
        unstarted=naming.unstarted([row.id for row in rows]),
        sequences=bearing.under_names(customer.id, [row.id for row in rows]),
    )
    return page, status
