"""Termination by us on staff's screens: one person asks for it, another decides (Art. 14)."""

from __future__ import annotations

from functools import partial
from typing import BinaryIO, cast

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock, storage
from wem.accounts.models import Account
from wem.billing import collecting
from wem.contracts import describing, ending, part_effects
from wem.contracts.models import Contract
from wem.contracts.request_models import Correction, Termination, TerminationGround, TerminationScope
from wem.contracts.rules import ServicePart, Standing
from wem.contracts.staff_change_views import reach
from wem.contracts.staff_deciding_views import answer_decision
from wem.contracts.staff_forms import NoteForm, TerminationForm
from wem.contracts.staff_views import CHANGERS, contract_to_change, denied
from wem.contracts.state_rules import Illegal, TerminationState
from wem.contracts.wording import ASKED, NOTHING_YET, SCOPES, TERMINATION_GROUNDS, TERMINATIONS
from wem.db import db
from wem.lists.subscription_models import Subscriber
from wem.web.blueprints import StaffBlueprint
from wem.web.files import stored_file_answer
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint("staff_terminations", __name__, roles=CHANGERS, url_prefix="/staff")
Answer = str | tuple[str, int] | Response
# Its own: what no upload names is swept from the folder of uploads' evidence.
FOLDER = "terminations"
EVIDENCE_BYTES = 20 * 1024 * 1024


@blueprint.route("/contracts/<int:id>/termination", methods=["GET", "POST"])
def propose_termination(id: int) -> Answer:
    contract, form = contract_to_change(id), TerminationForm()
    form.offer(contract)
    waiting = ending.open_termination(id)
    if waiting is not None:
        flash(gettext("A termination is asked for already. It must be decided first."), "warning")
        return see_other(url_for("staff_terminations.show", id=waiting.id))
    number = row_number(request.args.get("correction"))
    correction = db.session.get(Correction, number) if number is not None else None
    if correction is not None and not form.is_submitted():
        form.ground.data, form.evidence.data = TerminationGround.uncorrected.value, correction.breach
    if form.validate_on_submit():
        try:
            row = ending.propose_termination(
                contract,
                form.chosen,
                TerminationScope(form.scope.data),
                form.evidence.data or "",
                by=me().id,
                **form.chosen_part(),
                correction=correction if form.chosen is TerminationGround.uncorrected else None,
                file=_kept_file(),
            )
        except storage.TooLarge:
            form.file.errors = [gettext("The file is too large. Up to 20 MB can be kept.")]
        except Illegal:
            return denied(contract, "termination")
        else:
            db.session.commit()
            flash(str(ASKED), "info")
            return see_other(url_for("staff_terminations.show", id=row.id))
    whole = gettext("%(label)s:", label=str(SCOPES[TerminationScope.whole]))
    page = render_template(
        "contracts/staff/act.html",
        title=gettext("Terminate the contract of %(name)s", name=contract.customer.name),
        back_url=url_for("staff_contracts.show", id=id),
        back_label=contract.customer.name,
        form=form,
        label=gettext("Ask for the termination"),
        kind="danger",
        upload=True,
        notes=[
            str(NOTHING_YET),
            whole
            + gettext(
                "Then it holds at once: sign-up, sending and sign-in to lists end, and the customer is told (Art. 14)."
            ),
            whole + gettext("The day of the approval is the last day of service."),
            *_about_parts(contract),
        ],
    )
    return page, 422 if form.is_submitted() else 200


def _about_parts(contract: Contract) -> list[str]:
    """Return how a part ends by itself, and what can be one."""
    if contract.standing is Standing.not_begun:
        return [gettext("Before the start date there is no part that could end by itself.")]
    return [
        gettext("Of a part, only what is chosen ends, at once; all else goes on, and nothing is suspended."),
        gettext("An option is charged in full for the month that has begun, and not any more afterwards."),
        gettext("A part of the service has no price of its own: the monthly fee stays as it is."),
    ]


def _kept_file() -> tuple[str, str] | None:
    """Keep the file of evidence, if one came, and return its key and name. Raises storage.TooLarge."""
    upload = request.files.get("file")
    if not upload or not upload.filename:
        return None
    key, _ = storage.keep(FOLDER, cast(BinaryIO, upload.stream), EVIDENCE_BYTES)
    return key, upload.filename[:200]


@blueprint.get("/terminations/<int:id>")
def show(id: int) -> Answer:
    row = found_or_404(Termination, id)
    in_part = row.scope is TerminationScope.part
    people = [db.session.get(Account, number) if number else None for number in (row.proposed_by, row.decided_by)]
    return render_template(
        "contracts/staff/termination.html",
        row=row,
        contract=row.contract,
        ground=TERMINATION_GROUNDS[row.ground],
        scope="：".join(part for part in (str(SCOPES[row.scope]), describing.terminated_part(row)) if part),
        effects=part_effects.ending(row, clock.today()) if in_part and row.has_effect else [],
        closes_sending=ServicePart.sending in row.service_parts,
        closes_archive=ServicePart.back_numbers in row.service_parts,
        closes_intake=ServicePart.intake in row.service_parts,
        state=TERMINATIONS[row.state],
        people=people,
        waits=row.state is TerminationState.proposed,
        mine=row.proposed_by == me().id,
        form=NoteForm(),
        reach=reach(row.contract.customer_id),
        readers=db.session.scalar(sa.select(sa.func.count()).where(Subscriber.customer_id == row.contract.customer_id)),
    )


@blueprint.get("/terminations/<int:id>/evidence")
def evidence(id: int) -> Answer:
    row = found_or_404(Termination, id)
    if row.evidence_key is None:
        abort(404)
    return stored_file_answer(storage.path_of(row.evidence_key), row.evidence_name or "evidence")


@blueprint.post("/terminations/<int:id>")
def decide_termination(id: int) -> Answer:
    row = found_or_404(Termination, id)
    back_url = url_for("staff_terminations.show", id=id)
    owed = [(each.label, each.missing, each.due_on) for each in collecting.open_by_hand(row.contract_id)]
    decide = partial(ending.decide_termination, owed=owed)
    ended = gettext("It is decided. What has ended: %(part)s", part=describing.terminated_part(row))
    said = ended if row.scope is TerminationScope.part and row.has_effect else ""
    return answer_decision(row, decide, back_url=back_url, act="termination", said_if_approved=said)
