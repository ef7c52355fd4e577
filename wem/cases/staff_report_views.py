"""Reports of abuse on staff's screens: as it was typed, taken up in a case or put aside."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import storage
from wem.cases import handling
from wem.cases.forms import NoteForm, TakeUpForm
from wem.cases.models import Case, Report
from wem.cases.rules import REPORT, CaseState, ReportAction
from wem.cases.staff_views import HANDLERS, back, denied, names
from wem.cases.wording import REPORTS
from wem.contracts.models import contract_in_force
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.files import stored_file_answer
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint("staff_reports", __name__, roles=HANDLERS, url_prefix="/staff/cases/reports")
Answer = str | tuple[str, int] | Response


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    row = found_or_404(Report, id)
    return render_template(
        "cases/staff/report.html",
        row=row,
        state=REPORTS[row.state],
        case=db.session.get(Case, row.case_id) if row.case_id else None,
        contract=contract_in_force(row.customer_id) if row.customer_id else None,
        open_cases=_open_cases(row.customer_id),
        may_take_up=(row.state, ReportAction.take_up) in REPORT,
        may_dismiss=(row.state, ReportAction.dismiss) in REPORT,
        form=NoteForm(),
        take_up=TakeUpForm(),
        person=names({row.decided_by}).get(row.decided_by, ""),
    )


def _open_cases(customer_id: int | None) -> list[Case]:
    if customer_id is None:
        return []
    found = sa.select(Case).where(Case.customer_id == customer_id, Case.state != CaseState.closed).order_by(Case.id)
    return list(db.session.scalars(found))


@blueprint.get("/<int:id>/file")
def file(id: int) -> Answer:
    row = found_or_404(Report, id)
    if row.file_key is None:
        abort(404)
    return stored_file_answer(storage.path_of(row.file_key), row.file_name or "mail.eml")


@blueprint.post("/<int:id>/dismissal")
def dismiss(id: int) -> Answer:
    row, form = found_or_404(Report, id), NoteForm()
    if not form.validate():
        flash(gettext("Please write a note for the record."), "error")
        return see_other(url_for("staff_reports.show", id=id))
    try:
        handling.dismiss(row, form.note.data or "", by=me().id)
    except Illegal:
        db.session.rollback()
        flash(gettext("Somebody has decided about it already."), "warning")
        return see_other(url_for("staff_reports.show", id=id))
    db.session.commit()
    flash(gettext("The report is put aside."), "success")
    return see_other(url_for("staff_cases.index"))


@blueprint.post("/<int:id>/case")
def take_up(id: int) -> Answer:
    """Add a report to a case that is open already."""
    row, form = found_or_404(Report, id), TakeUpForm()
    typed = (form.case.data or "").upper().removeprefix("C").lstrip("0")
    number = row_number(typed)
    case = db.session.get(Case, number) if number is not None else None
    if case is None or not form.validate():
        flash(gettext("There is no case of this number."), "error")
        return see_other(url_for("staff_reports.show", id=id))
    try:
        handling.add_report(case, row, by=me().id)
    except Illegal:
        return denied(case, "report")
    return back(case, gettext("The report is in the case now."))
