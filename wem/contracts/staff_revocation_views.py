"""Lifting a termination in part on staff's screens: one person asks for it, another decides (Art. 14)."""

from __future__ import annotations

from flask import flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock
from wem.accounts.models import Account
from wem.contracts import describing, part_effects, revoking
from wem.contracts.request_models import Revocation
from wem.contracts.staff_change_views import reach
from wem.contracts.staff_deciding_views import answer_decision
from wem.contracts.staff_forms import NoteForm, RevocationForm
from wem.contracts.staff_views import CHANGERS, contract_to_change, denied
from wem.contracts.state_rules import TerminationState
from wem.contracts.wording import ASKED, NOTHING_YET, TERMINATIONS
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint("staff_revocations", __name__, roles=CHANGERS, url_prefix="/staff")
Answer = str | tuple[str, int] | Response


@blueprint.route("/contracts/<int:id>/revocation", methods=["GET", "POST"])
def propose(id: int) -> Answer:
    contract, form = contract_to_change(id), RevocationForm()
    waiting = revoking.open_revocation(id)
    if waiting is not None:
        return see_other(url_for("staff_revocations.show", id=waiting.id))
    parts = revoking.to_lift(contract)
    if not parts:
        return denied(contract, "revocation")
    form.offer(parts)
    if form.validate_on_submit():
        row = revoking.propose(contract, form.chosen, (form.reason.data or "").strip(), by=me().id)
        db.session.commit()
        flash(str(ASKED), "info")
        return see_other(url_for("staff_revocations.show", id=row.id))
    page = render_template(
        "contracts/staff/act.html",
        title=gettext("Lift the termination in part of %(name)s", name=contract.customer.name),
        back_url=url_for("staff_contracts.show", id=id),
        back_label=contract.customer.name,
        form=form,
        label=gettext("Ask for the lifting"),
        notes=[
            str(NOTHING_YET),
            gettext("Then the customer has it again from that day on, and is told."),
            gettext("The fee of an option is charged again from the month after."),
        ],
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/revocations/<int:id>")
def show(id: int) -> Answer:
    row = found_or_404(Revocation, id)
    ended = row.termination
    people = [db.session.get(Account, number) if number else None for number in (row.proposed_by, row.decided_by)]
    return render_template(
        "contracts/staff/revocation.html",
        row=row,
        contract=row.contract,
        part=describing.terminated_part(ended) if ended else "",
        returns=part_effects.returning(ended, clock.today()) if ended and ended.has_effect else [],
        state=TERMINATIONS[row.state],
        people=people,
        waits=row.state is TerminationState.proposed,
        mine=row.proposed_by == me().id,
        form=NoteForm(),
        reach=reach(row.contract.customer_id),
    )


@blueprint.post("/revocations/<int:id>")
def decide(id: int) -> Answer:
    row = found_or_404(Revocation, id)
    back_url = url_for("staff_revocations.show", id=id)
    return answer_decision(row, revoking.decide, back_url=back_url, act="revocation")
