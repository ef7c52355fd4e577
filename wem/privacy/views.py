"""What a customer's data are used for, and the customer's own answers (同意3)."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.contracts.models import contract_in_force
from wem.contracts.rules import Use
from wem.db import db
from wem.privacy import consenting
from wem.privacy.consenting import Changed
from wem.privacy.purpose_models import NEWS, PurposeAnswer, UsePurpose
from wem.privacy.purpose_rules import Via
from wem.privacy.rules import Purpose
from wem.privacy.wording import PURPOSES, VIAS
from wem.web.blueprints import CustomerBlueprint, owners_only
from wem.web.htmx import see_other
from wem.web.session import current_account, current_customer

blueprint = CustomerBlueprint("data_use", __name__, use=Use.contract)
Answer = str | tuple[str, int] | Response
SHOWN = 50


@blueprint.get("/data-use")
def show() -> Answer:
    customer = current_customer()
    contract = contract_in_force(customer.id) if customer else None
    if customer is None or contract is None:
        abort(404)
    history = db.session.scalars(
        sa.select(PurposeAnswer)
        .where(PurposeAnswer.customer_id == customer.id)
        .order_by(PurposeAnswer.id.desc())
        .limit(SHOWN)
    ).all()
    titles = {row.id: row.current.title for row in db.session.scalars(sa.select(UsePurpose))}
    waiting = {row.id for row in consenting.awaiting(customer.id)}
    return render_template(
        "privacy/data_use.html",
        named=[PURPOSES[each] for each in Purpose if each is not Purpose.news],
        news_title=PURPOSES[Purpose.news],
        titles=titles | {NEWS: PURPOSES[Purpose.news]},
        agreed=consenting.agreed_with_contract(contract),
        news=consenting.permitted(customer.id, NEWS),
        news_version=consenting.text_version(NEWS),
        announced=[
            (row, consenting.permitted(customer.id, row.id), row.id in waiting) for row in consenting.open_purposes()
        ],
        history=history,
        vias=VIAS,
        NEWS=NEWS,
    )


@blueprint.post("/data-use")
@owners_only
def answer() -> Answer:
    customer, account = current_customer(), current_account()
    number, version, chosen = _number("purpose"), _number("version"), request.form.get("answer", "")
    if customer is None or account is None or number is None or version is None or chosen not in ("yes", "no"):
        abort(404)
    row = db.session.get(UsePurpose, number) if number != NEWS else None
    if number != NEWS and (row is None or row.closed_at is not None):
        abort(404)
    try:
        consenting.answer(
            customer.id,
            number,
            chosen == "yes",
            via=Via.portal,
            version=version,
            by=account.id,
            ip=request.remote_addr or "",
        )
    except Changed:
        db.session.rollback()
        flash(gettext("The text has changed meanwhile. Please read it again before you answer."), "warning")
        return see_other(url_for("data_use.show"))
    db.session.commit()
    flash(gettext("Your answer is noted."), "success")
    return see_other(url_for("data_use.show"))


def _number(name: str) -> int | None:
    typed = request.form.get(name, "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None
