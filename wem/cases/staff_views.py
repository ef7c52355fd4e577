"""Cases and reports on staff's screens: what waits, one case with its course, what is written down in it."""

from __future__ import annotations

from typing import BinaryIO, cast

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock, storage
from wem.accounts.models import Account
from wem.accounts.rules import StaffRole, staff_may
from wem.cases import acting, handling
from wem.cases.forms import ChangeForm, EvidenceForm, NewCaseForm, NoteForm
from wem.cases.models import Case, CaseEntry, Deletion, Report
from wem.cases.rules import CASE, CLAIM, CaseAction, CaseState, ClaimAction, ReportState
from wem.cases.wording import (
    CASE_ACTS,
    CASES,
    CLAIM_ACTS,
    CLAIMS,
    CODES,
    DELETIONS,
    ENTRIES,
    TAKEN_DOWN,
    TALK_WAYS,
)
from wem.contracts.models import contract_in_force
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.lists.takedown_models import Takedown
from wem.web.blueprints import StaffBlueprint
from wem.web.files import stored_file_answer
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

HANDLERS = frozenset({StaffRole.contracts, StaffRole.support})
ACTORS = frozenset({StaffRole.contracts})
blueprint = StaffBlueprint("staff_cases", __name__, roles=HANDLERS, url_prefix="/staff/cases")
Answer = str | tuple[str, int] | Response
EVIDENCE_BYTES = 20 * 1024 * 1024
FOLDER = "cases"


def may_act() -> bool:
    """Return whether who is signed in may draw consequences."""
    role = me().staff_role
    return role is not None and staff_may(role, ACTORS)


def back(case: Case, said: str = "") -> Response:
    db.session.commit()
    if said:
        flash(said, "success")
    return see_other(url_for("staff_cases.show", id=case.id))


def denied(case: Case, act: str) -> Response:
    """What the table does not allow was asked for: nothing happens, and it is written down."""
    number, customer_id = case.id, case.customer_id
    db.session.rollback()
    audit.record(f"case.denied_{act}", by=me().id, customer_id=customer_id, subject=case)
    db.session.commit()
    flash(gettext("This is not possible any more, or not allowed."), "error")
    return see_other(url_for("staff_cases.show", id=number))


def held(id: int) -> Case:
    """Return a case, with its row and its contract's held when something is about to change; 404."""
    case = found_or_404(Case, id)
    if request.method == "POST":
        # The contract first, as everywhere: two cases of one customer act one after the other.
        db.session.refresh(case.contract, with_for_update=True)
        db.session.refresh(case, with_for_update=True)
    return case


def kept_file(name: str) -> tuple[str, str] | None:
    """Keep the file of a form, if one came, and return its key and name. Raises storage.TooLarge."""
    upload = request.files.get(name)
    if not upload or not upload.filename:
        return None
    key, _ = storage.keep(FOLDER, cast(BinaryIO, upload.stream), EVIDENCE_BYTES)
    return key, upload.filename[:200]


@blueprint.get("")
def index() -> Answer:
    closed = request.args.get("state") == "closed"
    found = sa.select(Case).where(Case.state == CaseState.closed if closed else Case.state != CaseState.closed)
    reports = db.session.scalars(
        sa.select(Report).where(Report.state == ReportState.waiting).order_by(Report.id).limit(50)
    ).all()
    page = page_of(found, Case.id)
    return render_template(
        "cases/staff/cases.html",
        reports=reports,
        page=page,
        closed=closed,
        states=CASES,
        people=names({row.assignee_id for row in page.rows}),
        today=clock.today(),
    )


def names(ids: set[int | None]) -> dict[int | None, str]:
    wanted = [id for id in ids if id is not None]
    rows = db.session.execute(sa.select(Account.id, Account.name).where(Account.id.in_(wanted)))
    return {row.id: row.name for row in rows}


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Answer:
    form, row = NewCaseForm(), _named_report()
    if not form.is_submitted():
        form.contract.data = request.args.get("contract", "")[:20]
        if row is not None:
            contract = contract_in_force(row.customer_id) if row.customer_id else None
            form.contract.data = contract.number if contract else form.contract.data
            form.what.data = row.what
    if form.validate_on_submit() and form.found is not None:
        try:
            case = handling.open_case(
                form.found,
                form.title.data or "",
                form.codes.data or [],
                form.what.data or "",
                by=me().id,
                deadline=form.deadline.data,
                report=row,
            )
        except Illegal:
            db.session.rollback()
            flash(gettext("The report is in a case already."), "warning")
            return see_other(url_for("staff_cases.index"))
        return back(case, gettext("Case %(number)s is open.", number=case.number))
    page = render_template("cases/staff/new.html", form=form, report=row)
    return page, 422 if form.is_submitted() else 200


def _named_report() -> Report | None:
    number = row_number(request.args.get("report"))
    return db.session.get(Report, number) if number is not None else None


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    case = found_or_404(Case, id)
    takedowns = db.session.scalars(sa.select(Takedown).where(Takedown.case_id == id).order_by(Takedown.id)).all()
    deletions = db.session.scalars(sa.select(Deletion).where(Deletion.case_id == id).order_by(Deletion.id)).all()
    people = {case.opened_by, case.assignee_id, *(row.by for row in case.entries)}
    return render_template(
        "cases/staff/case.html",
        case=case,
        state=CASES[case.state],
        codes=[(code, CODES[code]) for code in case.codes],
        actions=[(action, CASE_ACTS[action]) for state, action in CASE if state is case.state and action in CASE_ACTS],
        consequences=may_act() and (case.state, CaseAction.act) in CASE,
        over=case.over,
        may_act=may_act(),
        entries=ENTRIES,
        claims=CLAIMS,
        claim_acts=CLAIM_ACTS,
        claim_next={
            row.id: [
                action
                for state, action in CLAIM
                if state is row.state and not (case.over and action is ClaimAction.pass_on)
            ]
            for row in case.claims
        },
        talk_ways=TALK_WAYS,
        takedowns=[
            (row, acting.name_of(row.customer_id, row.kind, row.target_id) or TAKEN_DOWN[row.kind]) for row in takedowns
        ],
        deletions=[(row, DELETIONS[row.state]) for row in deletions],
        people=names(people),
        late=case.state is not CaseState.closed and case.deadline < clock.today(),
    )


@blueprint.route("/<int:id>/edit", methods=["GET", "POST"])
def edit(id: int) -> Answer:
    case = held(id)
    form = ChangeForm(title=case.title, codes=case.codes, deadline=case.deadline, assignee=str(case.assignee_id or ""))
    if form.validate_on_submit():
        assert form.deadline.data is not None
        person = int(form.assignee.data) if form.assignee.data else None
        handling.change(case, form.title.data or "", form.codes.data or [], form.deadline.data, person, by=me().id)
        return back(case, gettext("Saved."))
    return act_page(case, form, gettext("Change the case"), gettext("Save"))


def act_page(
    case: Case,
    form: object,
    title: str,
    label: str,
    notes: tuple[str, ...] = (),
    kind: str = "primary",
    upload: bool = False,
) -> Answer:
    """Show a form about a case with what it will do."""
    page = render_template(
        "contracts/staff/act.html",
        title=title,
        back_url=url_for("staff_cases.show", id=case.id),
        back_label=f"{case.number} {case.title}",
        form=form,
        label=label,
        notes=notes,
        kind=kind,
        upload=upload,
    )
    return page, 422 if request.method == "POST" else 200


@blueprint.route("/<int:id>/entries", methods=["GET", "POST"])
def write(id: int) -> Answer:
    case, form = held(id), EvidenceForm()
    if form.validate_on_submit():
        try:
            file = kept_file("file")
        except storage.TooLarge:
            form.file.errors = [gettext("The file is too large. Up to 20 MB can be kept.")]
        else:
            handling.note(case, form.note.data or "", by=me().id, file=file)
            return back(case, gettext("It is written down."))
    return act_page(case, form, gettext("Write something down"), gettext("Write it down"), upload=True)


@blueprint.get("/entries/<int:id>/file")
def entry_file(id: int) -> Answer:
    row = found_or_404(CaseEntry, id)
    if row.file_key is None:
        abort(404)
    return stored_file_answer(storage.path_of(row.file_key), row.file_name or "evidence")


@blueprint.post("/<int:id>/state")
def move(id: int) -> Answer:
    case, form = held(id), NoteForm()
    chosen = request.form.get("action", "")
    if chosen not in CaseAction.__members__ or CaseAction[chosen] is CaseAction.act or not form.validate():
        flash(gettext("Please write a note for the record."), "error")
        return see_other(url_for("staff_cases.show", id=id))
    try:
        handling.move(case, CaseAction[chosen], form.note.data or "", by=me().id)
    except Illegal:
        return denied(case, "state")
    return back(case, gettext("The case has moved on."))
