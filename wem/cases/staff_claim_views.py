"""Claims of third parties and talks about disputes on staff's screens (9-5, 25-1)."""

from __future__ import annotations

from flask import flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.cases import handling
from wem.cases.forms import ClaimForm, NoteForm, TalkForm
from wem.cases.models import Claim
from wem.cases.rules import ClaimAction
from wem.cases.staff_views import HANDLERS, act_page, back, denied, held
from wem.contracts.state_rules import Illegal
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint("staff_claims", __name__, roles=HANDLERS, url_prefix="/staff/cases")
Answer = str | tuple[str, int] | Response


@blueprint.route("/<int:id>/claims", methods=["GET", "POST"])
def add_claim(id: int) -> Answer:
    case, form = held(id), ClaimForm()
    if form.validate_on_submit():
        assert form.raised_on.data is not None
        handling.claim(
            case, form.claimant.data or "", form.demand.data or "", form.amount.data, form.raised_on.data, by=me().id
        )
        return back(case, gettext("The claim is written down."))
    notes = (gettext("The customer settles it at own cost and responsibility (Art. 9-5)."),)
    return act_page(case, form, gettext("A claim of a third party"), gettext("Write it down"), notes)


@blueprint.post("/claims/<int:id>")
def move_claim(id: int) -> Answer:
    row, form = found_or_404(Claim, id), NoteForm()
    chosen = request.form.get("action", "")
    if chosen not in ClaimAction.__members__ or not form.validate():
        flash(gettext("Please write a note for the record."), "error")
        return see_other(url_for("staff_cases.show", id=row.case_id))
    try:
        handling.move_claim(row, ClaimAction[chosen], form.note.data or "", by=me().id)
    except Illegal:
        return denied(row.case, "claim")
    return back(row.case, gettext("The claim has moved on."))


@blueprint.route("/<int:id>/talks", methods=["GET", "POST"])
def add_talk(id: int) -> Answer:
    case, form = held(id), TalkForm()
    if form.validate_on_submit():
        assert form.held_on.data is not None
        handling.talk(
            case,
            form.held_on.data,
            form.chosen,
            form.people.data or "",
            form.matter.data or "",
            form.result.data or "",
            by=me().id,
        )
        return back(case, gettext("The talk is written down."))
    notes = (gettext("Disputes between the customer and us are first talked over in good faith (Art. 25-1)."),)
    return act_page(case, form, gettext("A talk about a dispute"), gettext("Write it down"), notes)
