"""Staff's applications: the checklist, what is asked for, the refusal, and the start (Art. 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from wem import audit
from wem.accounts.models import Account
from wem.accounts.rules import StaffRole
from wem.contracts import application_papers, applying
from wem.contracts.accepting import SlugTaken
from wem.contracts.application_forms import (
    ArrivalForm,
    PaymentForm,
    RefusalForm,
    ScanForm,
    StaffApplicationForm,
    StartDateForm,
    StartForm,
    SupplementForm,
)
from wem.contracts.application_models import Application
from wem.contracts.application_rules import (
    OPEN,
    ApplicationAction,
    ApplicationState,
    RefusalReason,
    Way,
)
from wem.contracts.application_wording import ACCOUNT_TYPES, APPLICANTS, CHECKS, REASONS, STATES, WAYS
from wem.contracts.applying import NotEnough, NotReady, Typed
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.notices.models import Notice
from wem.notices.wording import CHANNELS
from wem.notices.wording import STATES as NOTICE_STATES
from wem.web.blueprints import StaffBlueprint
from wem.web.files import file_answer
from wem.web.htmx import see_other
from wem.web.paging import page_of
from wem.web.session import current_account

blueprint = StaffBlueprint(
    "staff_applications", __name__, roles=frozenset({StaffRole.contracts}), url_prefix="/staff/applications"
)
Answer = str | tuple[str, int] | Response


def _me() -> Account:
    account = current_account()
    if account is None:
        abort(404)
    return account


def _application(id: int) -> Application:
    """Return the application, its row held for who changes it; 404 for drafts."""
    changes = request.method == "POST"
    found = db.session.get(Application, id, with_for_update=changes, populate_existing=changes)
    if found is None or found.state is ApplicationState.draft:
        abort(404)
    return found


@blueprint.get("")
def index() -> Answer:
    only = request.args.get("state", "open")
    found = sa.select(Application).where(Application.state != ApplicationState.draft)
    if only == "open":
        found = found.where(Application.state.in_(OPEN))
    return render_template(
        "contracts/staff/applications.html",
        page=page_of(found, Application.id),
        only=only,
        states=STATES,
        ways=WAYS,
        checks=CHECKS,
    )


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    return _page(_application(id))


def _page(application: Application, status: int = 200, **forms: FlaskForm) -> tuple[str, int]:
    given: dict[str, Any] = {
        "arrival": ArrivalForm,
        "payment": PaymentForm,
        "supplement": SupplementForm,
        "refusal": RefusalForm,
        "start": StartForm,
        "start_again": StartDateForm,
        "scanning": ScanForm,
    }
    if "start" not in forms:
        forms["start"] = StartForm(formdata=None, owner_email="" if application.phone_mail else application.email)
    people = {application.arrived_by, application.paid_by, application.possible_by, application.decided_by}
    names = sa.select(Account.id, Account.name).where(Account.id.in_(people - {None}))
    page = render_template(
        "contracts/staff/application.html",
        application=application,
        entries=application.entries,
        fee=application.fee,
        account_number=application.masked_account,
        kinds=APPLICANTS,
        account_types=ACCOUNT_TYPES,
        state=STATES[application.state],
        ways=WAYS,
        reasons=REASONS,
        names={row.id: row.name for row in db.session.execute(names)},
        missing=[CHECKS[check] for check in application.missing],
        open=application.state in OPEN,
        may_correct=applying.not_begun(application),
        notices=db.session.scalars(
            sa.select(Notice).where(Notice.about == application.about).order_by(Notice.id.desc())
        ).all(),
        channels=CHANNELS,
        notice_states=NOTICE_STATES,
        **{name: forms.get(name) or kind(formdata=None) for name, kind in given.items()},
    )
    return page, status


def _done(application: Application, text: str) -> Response:
    db.session.commit()
    flash(text, "success")
    return see_other(url_for("staff_applications.show", id=application.id))


def _refused(application: Application, act: str, missing: list[str] | None = None) -> Answer:
    """Answer to what the page does not offer, and leave a trace of the attempt."""
    db.session.rollback()
    audit.record("application.not_allowed", by=_me().id, subject=application, act=act, missing=missing or [])
    db.session.commit()
    return _page_after(application.id, gettext("This is not possible in the present state of the application."))


def _page_after(id: int, text: str) -> Answer:
    flash(text, "error")
    found = db.session.get_one(Application, id)
    return _page(found, 409)


def _act(id: int, act: str, name: str, form: FlaskForm, do: Callable[[Application], str]) -> Answer:
    """Do one act of the checklist with its form; what the state does not allow is refused and noted."""
    application = _application(id)
    if not form.validate_on_submit():
        return _page(application, 422, **{name: form})
    try:
        text = do(application)
    except Illegal:
        return _refused(application, act)
    return _done(application, text)


@blueprint.post("/<int:id>/arrival")
def arrival(id: int) -> Answer:
    form = ArrivalForm()

    def do(application: Application) -> str:
        in_time = applying.note_arrival(application, form.handed_on.data, form.arrived_on.data, by=_me().id)
        if form.debit_form.data:
            applying.note_debit_form(application, by=_me().id)
        _keep_scan(application, form.scan.data)
        if not in_time:
            return str(
                gettext("The form is noted. It was posted after its campaign: the fee without it was told to them.")
            )
        return str(gettext("The form is noted."))

    return _act(id, "arrival", "arrival", form, do)


@blueprint.post("/<int:id>/debit-form")
def debit_form(id: int) -> Answer:
    application = _application(id)
    try:
        applying.note_debit_form(application, by=_me().id)
    except Illegal:
        return _refused(application, "debit-form")
    return _done(application, gettext("The request for direct debit is noted."))


@blueprint.post("/<int:id>/scans")
def add_scan(id: int) -> Answer:
    """Keep a scan that was made later, or a better one."""
    form, application = ScanForm(), _application(id)
    if not form.validate_on_submit():
        return _page(application, 422, scanning=form)
    _keep_scan(application, form.scan.data)
    return _done(application, gettext("Saved."))


@blueprint.post("/<int:id>/payment")
def payment(id: int) -> Answer:
    form, application = PaymentForm(), _application(id)
    if not form.validate_on_submit():
        return _page(application, 422, payment=form)
    try:
        applying.note_payment(application, form.paid_on.data, form.amount.data, by=_me().id)
    except NotEnough:
        db.session.commit()
        short = gettext("Less than the first fee of %(yen)s yen: it counts as not paid.", yen=application.fee_total)
        form.amount.errors = [short]
        return _page(application, 422, payment=form)
    except Illegal:
        return _refused(application, "payment")
    return _done(application, gettext("The money is noted."))


@blueprint.post("/<int:id>/possible")
def possible(id: int) -> Answer:
    application = _application(id)
    if application.state not in OPEN:
        return _refused(application, "possible")
    application.note_possible(by=_me().id)
    return _done(application, gettext("It is noted that the service can be provided."))


@blueprint.post("/<int:id>/supplement")
def supplement(id: int) -> Answer:
    form = SupplementForm()

    def do(application: Application) -> str:
        applying.ask(application, (form.lacking.data or "").strip(), by=_me().id)
        return str(gettext("The applicant is asked for what is missing."))

    return _act(id, "supplement", "supplement", form, do)


@blueprint.post("/<int:id>/completed")
def completed(id: int) -> Answer:
    application = _application(id)
    try:
        application.move(ApplicationAction.complete, by=_me().id)
    except Illegal:
        return _refused(application, "completed")
    return _done(application, gettext("It goes on being checked."))


@blueprint.post("/<int:id>/refuse")
def refuse(id: int) -> Answer:
    form = RefusalForm()

    def do(application: Application) -> str:
        applying.refuse(application, RefusalReason(form.reason.data), (form.note.data or "").strip(), by=_me().id)
        return str(gettext("The application is refused, and the applicant is told."))

    return _act(id, "refuse", "refusal", form, do)


@blueprint.post("/<int:id>/withdraw")
def withdraw(id: int) -> Answer:
    application = _application(id)
    try:
        application.move(ApplicationAction.withdraw, by=_me().id)
    except Illegal:
        return _refused(application, "withdraw")
    return _done(application, gettext("The application is withdrawn."))


@blueprint.post("/<int:id>/start")
def start(id: int) -> Answer:
    """Make the contract: only once form, money and service are there (4-1)."""
    form, application = StartForm(), _application(id)
    if not form.validate_on_submit():
        return _page(application, 422, start=form)
    try:
        contract = applying.accept(
            application, form.start_date.data, form.slug.data or "", form.owner_email.data or "", by=_me()
        )
    except SlugTaken:
        db.session.rollback()
        form.slug.errors = [gettext("Another customer has this name. Please choose another one.")]
        return _page(db.session.get_one(Application, id), 422, start=form)
    except NotReady as error:
        return _refused(application, "start", missing=[check.value for check in error.missing])
    except Illegal:
        return _refused(application, "start")
    text = gettext("Contract %(number)s is made, and the start guide is on its way.", number=contract.number)
    return _done(application, text)


@blueprint.post("/<int:id>/start-date")
def start_date(id: int) -> Answer:
    """Correct the start date by a new guide, while the service has not begun (4-4)."""
    form = StartDateForm()

    def do(application: Application) -> str:
        applying.correct_start(application, form.new_date.data, by=_me().id)
        return str(gettext("The start date is corrected, and the customer is told."))

    return _act(id, "start-date", "start_again", form, do)


@blueprint.get("/<int:id>/<any(application, debit):paper>.pdf")
def paper(id: int, paper: str) -> Answer:
    application = _application(id)
    name = f"{application.number}-{paper}.pdf"
    if paper == "application":
        return file_answer(application_papers.application_form(application), name)
    # It shows the account number whole: who looked at it is on record.
    audit.record("application.paper", by=_me().id, subject=application)
    db.session.commit()
    return file_answer(application_papers.debit_request(application), name)


@blueprint.get("/<int:id>/scan")
def scan(id: int) -> Answer:
    application = _application(id)
    if application.scan is None:
        abort(404)
    kept = application.scan
    return file_answer(kept.content(), kept.name, kept.media_type, attached=True)


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Answer:
    """Enter an application from paper that arrived."""
    form = StaffApplicationForm()
    if request.method == "POST" and request.form.get("act") == "address":
        form.fill_address()
        return render_template("contracts/staff/application_new.html", form=form)
    if not form.validate_on_submit():
        page = render_template("contracts/staff/application_new.html", form=form)
        return page, 422 if form.is_submitted() else 200
    me = _me().id
    typed = Typed(form.entries(), Way.staff, form.only_phone_mail, form.applied)
    application = applying.write_down(typed, by=me)
    applying.fill(application, by=me)
    applying.note_arrival(application, form.handed_on.data, form.arrived_on.data, by=me)
    if form.debit_form.data:
        applying.note_debit_form(application, by=me)
    _keep_scan(application, form.scan.data)
    return _done(application, gettext("The application is entered."))


def _keep_scan(application: Application, file: FileStorage | None) -> None:
    content = file.read(application_papers.MOST_SCAN_BYTES + 1) if file else b""
    if content and not application_papers.keep_scan(application, content, by=_me().id):
        flash(gettext("The scan was not kept: a PDF, JPEG or PNG of at most 10 MB is."), "warning")
