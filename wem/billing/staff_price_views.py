"""A price for a month that waits for one, on staff's screens: what it changes is shown before it is agreed on (7-1)."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit
from wem.accounts.rules import StaffRole
from wem.billing import pricing
from wem.billing.invoice_wording import label
from wem.billing.month_models import ContractMonth
from wem.billing.papers import rate_text
from wem.billing.price_forms import PriceForm
from wem.billing.staff_payment_views import NOT_POSSIBLE
from wem.billing.wording import PRICES
from wem.billing.write_off_forms import DecisionForm
from wem.contracts import price_rules
from wem.contracts.price_models import AgreedPrice, prices_of
from wem.contracts.price_rules import PriceAction, PriceState
from wem.contracts.state_rules import Illegal
from wem.contracts.wording import ASKED
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint("staff_prices", __name__, roles=frozenset({StaffRole.billing}), url_prefix="/staff")
Answer = str | tuple[str, int] | Response


@blueprint.route("/contracts/<int:id>/months/<month>/price", methods=["GET", "POST"])
def show(id: int, month: str) -> Answer:
    """Show a month that waits for a price, and what one would change; agree on it once that was seen."""
    row, form = _held(id, month), PriceForm()
    if not form.is_submitted():
        count = pricing.count_of(row)
        return _page(row, form=PriceForm(formdata=None, up_to=count))
    if not form.validate() or not pricing.waits(row):
        return _page(row, 422, form=form)
    try:
        price_rules.may_agree(pricing.count_of(row), form.up_to.data, pricing.highest(row), asked=False)
    except Illegal:
        form.up_to.errors = [gettext("It must hold the month's count of %(count)s.", count=pricing.count_of(row))]
        return _page(row, 422, form=form)
    if request.form.get("step") != "agree" or form.seen.data != form.now:
        form.seen.data = form.now
        return _page(row, form=form, effect=pricing.effect(row, form.fee.data))
    try:
        found = pricing.propose(
            row, form.up_to.data, form.fee.data, form.onwards, (form.reason.data or "").strip(), by=me().id
        )
    except Illegal:
        return _denied(row, "propose")
    waits = found.state is PriceState.proposed
    return _done(row, str(ASKED) if waits else gettext("The price is agreed on."))


@blueprint.post("/agreed-prices/<int:id>")
def decide(id: int) -> Answer:
    """Approve, refuse or withdraw a price that gives money away."""
    found = found_or_404(AgreedPrice, id)
    row, form = _held(found.contract_id, f"{found.month:%Y-%m}"), DecisionForm()
    db.session.refresh(found)
    decision = request.form.get("decision", "")
    if decision not in PriceAction.__members__:
        abort(400)
    if not form.validate():
        return _page(row, 422, decision=form)
    try:
        pricing.decide(found, PriceAction[decision], (form.note.data or "").strip(), by=me().id)
    except Illegal:
        return _denied(row, decision)
    return _done(row, str(PRICES[found.state][0]))


def _held(id: int, month: str) -> ContractMonth:
    try:
        key = (id, date.fromisoformat(f"{month}-01"))
    except ValueError:
        abort(404)
    row = db.session.get(ContractMonth, key, with_for_update=request.method == "POST", populate_existing=True)
    if row is None:
        abort(404)
    return row


def _page(row: ContractMonth, status: int = 200, **more: Any) -> tuple[str, int]:
    asked, tiers, effect = prices_of(row.contract_id), pricing.highest(row), more.get("effect")
    form = more.get("form") or PriceForm(formdata=None, up_to=pricing.count_of(row))
    page = render_template(
        "billing/staff/price.html", row=row, contract=row.contract, waits=pricing.waits(row),
        tiers=tiers, asked=asked, waiting=pricing.asked_for(row), states=PRICES,
        ready=row in pricing.agreed([row]), mine=me().id, form=form, effect=effect, rate_text=rate_text,
        lines=[(label(line), line) for line in effect.lines] if effect else [],
        beside=pricing.effect(row, max(yen for _, yen in tiers)) if effect and tiers else None,
        two=effect is not None and price_rules.gives_away(form.fee.data, tiers),
        decision=more.get("decision") or DecisionForm(formdata=None),
    )  # fmt: skip
    return page, status


def _done(row: ContractMonth, said: str, kind: str = "success") -> Response:
    url = url_for("staff_prices.show", id=row.contract_id, month=f"{row.month:%Y-%m}")
    db.session.commit()
    flash(said, kind)
    return see_other(url)


def _denied(row: ContractMonth, act: str) -> Response:
    contract_id, month = row.contract_id, row.month
    db.session.rollback()
    row = db.session.get_one(ContractMonth, (contract_id, month))
    audit.record(f"agreed_price.denied_{act}", by=me().id, customer_id=row.contract.customer_id, subject=row.contract)
    return _done(row, str(NOT_POSSIBLE), "error")
