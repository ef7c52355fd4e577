"""Consequences of a case on staff's screens: warning, demand, restriction, takedown, deletion, termination."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.models import Account
from wem.cases import acting, deleting, notifying
from wem.cases.forms import (
    DeletionForm,
    DemandForm,
    NoteForm,
    RestrictForm,
    TakedownForm,
    TerminateForm,
    WarningForm,
)
from wem.cases.models import Case, Deletion
from wem.cases.rules import DeletionAction, DeletionState
from wem.cases.staff_views import ACTORS, act_page, back, denied, held
from wem.cases.wording import DELETION_GROUNDS, DELETIONS, PARTS
from wem.contracts.state_rules import Illegal, OwnProposal
from wem.contracts.wording import ASKED, NOTHING_YET
from wem.db import db
from wem.lists import counting
from wem.lists.takedown_models import Takedown
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint("staff_case_acts", __name__, roles=ACTORS, url_prefix="/staff/cases")
Answer = str | tuple[str, int] | Response


@blueprint.route("/<int:id>/warning", methods=["GET", "POST"])
def warn(id: int) -> Answer:
    case, form = held(id), WarningForm()
    if form.validate_on_submit():
        try:
            acting.warn(case, form.text.data or "", by=me().id)
        except Illegal:
            return denied(case, "warning")
        return back(case, gettext("The warning is issued. Where it goes by letter, it waits to be printed."))
    notes = (gettext("The customer gets a notice with these words and the items of Art. 12 of the case."),)
    return act_page(case, form, gettext("Warn the customer"), gettext("Send the warning"), notes)


@blueprint.route("/<int:id>/correction", methods=["GET", "POST"])
def demand(id: int) -> Answer:
    case, form = held(id), DemandForm()
    if not form.is_submitted():
        form.breach.data = notifying.in_words(case.codes)
    if form.validate_on_submit():
        assert form.deadline.data is not None
        try:
            acting.demand(case, form.breach.data or "", form.demand.data or "", form.deadline.data, by=me().id)
        except Illegal:
            return denied(case, "correction")
        return back(case, gettext("The demand is issued. Where it goes by letter, it waits to be printed."))
    notes = (gettext("The customer gets the demand with its deadline (Art. 14-2); then it stands on the work list."),)
    return act_page(case, form, gettext("Demand a correction"), gettext("Send the demand"), notes)


@blueprint.route("/<int:id>/restriction", methods=["GET", "POST"])
def restrict(id: int) -> Answer:
    case, form = held(id), RestrictForm()
    if form.validate_on_submit():
        try:
            acting.restrict(case, form.chosen, form.note.data or "", by=me().id)
        except Illegal:
            return denied(case, "restriction")
        return back(case, gettext("The use is restricted."))
    notes = (gettext("For a contract that overloads the service (Art. 18). The customer is told."),)
    return act_page(case, form, gettext("Restrict the use"), gettext("Restrict"), notes, kind="danger")


@blueprint.route("/<int:id>/termination", methods=["GET", "POST"])
def terminate(id: int) -> Answer:
    case, form = held(id), TerminateForm()
    if not form.is_submitted():
        form.evidence.data = f"{case.number} {case.title}\n{notifying.in_words(case.codes)}"
    if form.validate_on_submit():
        try:
            row = acting.terminate(case, form.chosen, form.evidence.data or "", by=me().id)
        except Illegal:
            return denied(case, "termination")
        db.session.commit()
        flash(str(ASKED), "info")
        return see_other(url_for("staff_terminations.show", id=row.id))
    notes = (
        str(NOTHING_YET),
        gettext("After a demand for correction whose period is over, begin from the contract page (Art. 14-2)."),
    )
    title = gettext("Ask for the termination of the whole contract")
    return act_page(case, form, title, gettext("Ask for the termination"), notes, kind="danger")


@blueprint.route("/<int:id>/takedown", methods=["GET", "POST"])
def take_down(id: int) -> Answer:
    case = held(id)
    form = TakedownForm(case.customer_id)
    if form.validate_on_submit():
        kind, number = form.chosen
        try:
            acting.take_down(case, kind, number, form.reason.data or "", by=me().id)
        except Illegal:
            return denied(case, "takedown")
        return back(case, gettext("It is taken down, and the customer is told."))
    notes = (
        gettext("A page says that it is not available, and takes no sign-ups. Readers can still stop their mails."),
        gettext("A mailing does not start or go on, and its links lead nowhere."),
        gettext("It can be lifted again at any time."),
    )
    return act_page(case, form, gettext("Take something down"), gettext("Take it down"), notes, kind="danger")


@blueprint.post("/takedowns/<int:id>/lifting")
def lift(id: int) -> Answer:
    row, form = found_or_404(Takedown, id), NoteForm()
    case = found_or_404(Case, row.case_id or 0)
    if not form.validate():
        flash(gettext("Please write a note for the record."), "error")
        return see_other(url_for("staff_cases.show", id=case.id))
    try:
        acting.lift(case, row, form.note.data or "", by=me().id)
    except Illegal:
        return denied(case, "lifting")
    return back(case, gettext("It is available again, and the customer is told."))


@blueprint.route("/<int:id>/deletion", methods=["GET", "POST"])
def delete(id: int) -> Answer:
    """Choose, look at the numbers, then ask."""
    case = held(id)
    form = DeletionForm(case.customer_id)
    good = form.validate_on_submit()
    if good and request.form.get("act") == "ask":
        try:
            row = deleting.propose(
                case, form.why, form.chosen, form.lists.data or [], form.reason.data or "", by=me().id
            )
        except Illegal:
            return denied(case, "deletion")
        db.session.commit()
        flash(str(ASKED), "info")
        return see_other(url_for("staff_case_acts.deletion", id=row.id))
    numbers = deleting.found(case.customer_id, form.chosen, form.lists.data or []) if good else None
    page = render_template(
        "cases/staff/delete.html",
        case=case,
        form=form,
        numbers=[(PARTS[part], numbers[part]) for part in PARTS if part in numbers] if numbers is not None else None,
        registered=counting.registered(case.customer_id),
    )
    return page, 200 if good or not form.is_submitted() else 422


@blueprint.get("/deletions/<int:id>")
def deletion(id: int) -> Answer:
    row = found_or_404(Deletion, id)
    people = db.session.scalars(sa.select(Account).where(Account.id.in_([row.proposed_by, row.decided_by or 0])))
    return render_template(
        "cases/staff/deletion.html",
        row=row,
        case=row.case,
        state=DELETIONS[row.state],
        ground=DELETION_GROUNDS[row.ground],
        what=deleting.what(row),
        numbers=[(PARTS[part], row.found.get(part.value, 0), row.done.get(part.value, 0)) for part in PARTS
                 if part.value in row.parts],
        people={account.id: account.name for account in people},
        waits=row.state is DeletionState.proposed,
        mine=row.proposed_by == me().id,
        form=NoteForm(),
    )  # fmt: skip


@blueprint.post("/deletions/<int:id>")
def decide(id: int) -> Answer:
    row, form = found_or_404(Deletion, id), NoteForm()
    chosen = request.form.get("decision", "")
    if chosen not in DeletionAction.__members__ or not form.validate():
        flash(gettext("Please write a note for the record."), "error")
        return see_other(url_for("staff_case_acts.deletion", id=id))
    row = db.session.get_one(Deletion, id, with_for_update=True, populate_existing=True)
    try:
        deleting.decide(row, DeletionAction[chosen], form.note.data or "", by=me().id)
    except OwnProposal:
        return denied(row.case, "own_approval")
    except Illegal:
        return denied(row.case, "deletion")
    db.session.commit()
    flash(gettext("It is decided."), "success")
    return see_other(url_for("staff_case_acts.deletion", id=id))
