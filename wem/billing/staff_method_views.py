"""How a contract or one sum is paid: another way than direct debit, with reason and person (6-1c/d)."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.models import Account
from wem.accounts.rules import StaffRole
from wem.billing import debit_deciding
from wem.billing.debit_models import PaymentChoice, method_of, methods
from wem.billing.models import Receivable, receivables
from wem.billing.payment_forms import MethodForm
from wem.billing.wording import METHODS
from wem.contracts.models import Contract
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_methods", __name__, roles=frozenset({StaffRole.contracts, StaffRole.billing}), url_prefix="/staff/contracts"
)
Answer = str | tuple[str, int] | Response


@blueprint.route("/<int:id>/payment-method", methods=["GET", "POST"])
def choose(id: int) -> Answer:
    """Show how a contract pays and what was decided before; choose another way for it, or for one open sum."""
    contract, form = found_or_404(Contract, id), MethodForm()
    open_ = [row for row in receivables(id) if row.settled_on is None]
    names = {"": gettext("The whole contract")} | {str(row.id): row.label for row in open_}
    form.receivable.choices = list(names.items())
    if form.validate_on_submit():
        number = form.receivable.data or ""
        row = db.session.get(Receivable, int(number)) if number else None
        debit_deciding.choose(contract, row, form.chosen, (form.reason.data or "").strip(), by=me().id)
        db.session.commit()
        flash(gettext("It holds from the next debit file on."), "success")
        return see_other(url_for("staff_methods.choose", id=id))
    chosen = methods([id])
    past = db.session.scalars(
        sa.select(PaymentChoice).where(PaymentChoice.contract_id == id).order_by(PaymentChoice.id.desc())
    ).all()
    people = sa.select(Account.id, Account.name).where(Account.id.in_({row.chosen_by for row in past}))
    labels = {row.id: row.label for row in receivables(id)}
    page = render_template(
        "billing/staff/payment_method.html",
        contract=contract,
        now=METHODS[method_of(id, None, chosen)],
        past=past,
        methods=METHODS,
        labels=labels,
        people={row.id: row.name for row in db.session.execute(people)},
        form=form,
    )
    return page, 422 if form.is_submitted() else 200
