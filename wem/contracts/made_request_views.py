"""What customers have asked for about their contract: where it stands, and taking it back."""

from __future__ import annotations

from flask import flash, render_template, url_for
from flask_babel import gettext

from wem import clock
from wem.contracts import addressing, describing, withdrawing
from wem.contracts.mandate_models import of_request, serving
from wem.contracts.request_models import ContractRequest, RequestKind
from wem.contracts.rules import Use
from wem.contracts.state_rules import Illegal, RequestState
from wem.contracts.stepping_views import Answer
from wem.contracts.wording import CHANNELS, REQUESTS, state_of
from wem.db import db
from wem.web.blueprints import CustomerBlueprint, owners_only
from wem.web.htmx import see_other
from wem.web.ownership import owned_or_404
from wem.web.session import me

OVER = (RequestState.withdrawn, RequestState.refused, RequestState.lapsed)
blueprint = CustomerBlueprint("made_requests", __name__, use=Use.contract)


@blueprint.get("/contract/requests/<int:id>")
def done(id: int) -> Answer:
    row = owned_or_404(ContractRequest, id)
    return render_template(
        "contracts/request_done.html",
        row=row,
        name=REQUESTS[row.kind],
        state=state_of(row),
        channel=CHANNELS[row.channel],
        facts=describing.facts(row),
        # What was taken back or refused in the meantime is no step done.
        fresh=row.received_at.astimezone(clock.JAPAN).date() == clock.today() and row.state not in OVER,
        by_mail=addressing.by_mail(row.contract),
        withdrawable=may_withdraw(row),
        stays_closed=[describing.was_to_hold(each) for each in withdrawing.stays_closed(row)],
        mandate=of_request(row.id) if row.kind is RequestKind.bank else None,
        debited=serving(row.contract_id) is not None,
    )


def may_withdraw(row: ContractRequest) -> bool:
    """Return whether the table and the days still let the customer take it back."""
    if row.kind is RequestKind.cancel:
        over = row.contract.life.over_on
        return row.open and (over is None or clock.today() < over)
    if row.kind is RequestKind.early_exit:
        return row.undecided
    return row.undecided or (row.open and row.effective_on is not None and clock.today() < row.effective_on)


@blueprint.post("/contract/requests/<int:id>/withdraw")
@owners_only
def withdraw(id: int) -> Answer:
    row, account = owned_or_404(ContractRequest, id), me()
    db.session.refresh(row.contract, with_for_update=True)
    db.session.refresh(row)
    try:
        withdrawing.withdraw(row, by=account.id)
    except Illegal:
        db.session.rollback()
        flash(gettext("It cannot be withdrawn any more."), "error")
    else:
        db.session.commit()
        flash(gettext("It is withdrawn."), "success")
    return see_other(url_for("made_requests.done", id=id))
