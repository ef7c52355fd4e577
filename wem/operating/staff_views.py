"""Orders of customers on staff's screens: entering one, beginning to work on it, ending the work (9-4)."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.accounts.models import Account
from wem.accounts.order_models import OperationOrder, OperationWork, OrderWay
from wem.accounts.rules import OPERATORS
from wem.contracts.models import contract_in_force
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.operating import ordering
from wem.operating.forms import OrderForm
from wem.operating.wording import WAYS
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import begin_work, end_work, me, present_sign_in

blueprint = StaffBlueprint("staff_operations", __name__, roles=OPERATORS, url_prefix="/staff/operations")
Answer = str | tuple[str, int] | Response


@blueprint.get("")
def index() -> Answer:
    page = page_of(sa.select(OperationOrder), OperationOrder.id)
    return render_template("operating/staff/orders.html", page=page, now=clock.now())


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Answer:
    form = OrderForm()
    if not form.is_submitted():
        form.contract.data = request.args.get("contract", "")[:20]
    if form.validate_on_submit() and form.found is not None:
        row = ordering.enter(
            form.found,
            form.ordered_by.data or "",
            form.moment(form.ordered_at),
            OrderWay(form.way.data),
            form.scope.data or "",
            form.moment(form.begins_at),
            form.moment(form.ends_at),
            by=me().id,
        )
        db.session.commit()
        flash(gettext("The order is entered, and the customer is told."), "success")
        return see_other(url_for("staff_operations.show", id=row.id))
    page = render_template("operating/staff/new.html", form=form)
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    row = found_or_404(OperationOrder, id)
    works = db.session.scalars(
        sa.select(OperationWork).where(OperationWork.order_id == id).order_by(OperationWork.id.desc()).limit(50)
    ).all()
    return render_template(
        "operating/staff/order.html",
        row=row,
        contract=contract_in_force(row.customer_id),
        open=row.open(clock.now()),
        endable=row.ended_at is None and row.ends_at > clock.now(),
        way=WAYS[row.way],
        works=[(work, ordering.acts(work)) for work in works],
        entered_by=db.session.get(Account, row.entered_by),
    )


@blueprint.post("/<int:id>/work")
def begin(id: int) -> Answer:
    row = found_or_404(OperationOrder, id)
    try:
        work = ordering.begin(row, me(), present_sign_in())
    except Illegal:
        db.session.rollback()
        audit.record("operation.denied", by=me().id, customer_id=row.customer_id, subject=row)
        db.session.commit()
        flash(gettext("This order has not begun or is over."), "error")
        return see_other(url_for("staff_operations.show", id=id))
    before = _present()
    if before is not None:
        ordering.end(before, clock.now(), by=me().id)
    db.session.commit()
    begin_work(work)
    return see_other("/dashboard")


def _present() -> OperationWork | None:
    number = end_work()
    work = db.session.get(OperationWork, number) if number else None
    return work if work is not None and work.sign_in_id == present_sign_in().id else None


@blueprint.post("/end")
def end() -> Answer:
    """End the work of this sign-in, by the button on every page of the customer."""
    work = _present()
    if work is None:
        return see_other(url_for("staff_operations.index"))
    ordering.end(work, clock.now(), by=me().id)
    db.session.commit()
    flash(gettext("The work has ended. The customer is told."), "success")
    return see_other(url_for("staff_operations.show", id=work.order_id))


@blueprint.post("/<int:id>/end")
def end_order(id: int) -> Answer:
    row = found_or_404(OperationOrder, id)
    try:
        ordering.end_order(row, by=me().id)
    except Illegal:
        db.session.rollback()
        flash(gettext("This order is over already."), "warning")
        return see_other(url_for("staff_operations.show", id=id))
    db.session.commit()
    flash(gettext("The order is ended; nobody works on it any more."), "success")
    return see_other(url_for("staff_operations.show", id=id))
