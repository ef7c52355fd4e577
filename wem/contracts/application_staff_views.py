"""Staff's applications: the checklist, what is asked for, the refusal, and the start (Art. 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from wem.billing import first_fee_return, first_payments
from wem.contracts import application_facts, application_papers, applying, scans
from wem.contracts.accepting import SlugTaken
from wem.contracts.application_models import Application
from wem.contracts.application_rules import (
    IN_VAIN,
    OPEN,
    ApplicationAction,
    ApplicationState,
    Check,
    RefusalReason,
)
from wem.contracts.application_staff_forms import (
    AfterPrint,
    ArrivalForm,
    PaymentForm,
    RefusalForm,
    ScanForm,
    StartDateForm,
    StartForm,
    SupplementForm,
)
from wem.contracts.application_wording import CHECKS, REASONS, STATES, WAYS
from wem.contracts.applying import NotReady
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.notices.models import Notice
from wem.notices.wording import CHANNELS
from wem.notices.wording import STATES as NOTICE_STATES
from wem.privacy import consenting
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.paging import page_of
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_applications", __name__, roles=frozenset({StaffRole.contracts}), url_prefix="/staff/applications"
)
Answer = str | tuple[str, int] | Response


def application_of(id: int) -> Application:
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
    return checklist(application_of(id))


def checklist(application: Application, status: int = 200, **forms: FlaskForm) -> tuple[str, int]:
    """Return the page of an application, with forms that were found wrong."""
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
    if "arrival" not in forms and application.handed_or_posted_on:
        # The day on which the contract takes effect is known from who took the form in.
        forms["arrival"] = ArrivalForm(formdata=None, handed_on=application.handed_or_posted_on)
    people = {application.arrived_by, application.paid_by, application.possible_by, application.decided_by}
    names = sa.select(Account.id, Account.name).where(Account.id.in_(people - {None}))
    page = render_template(
        "contracts/staff/application.html",
        **application_facts.shown(application),
        account_number=application.masked_account,
        state=STATES[application.state],
        ways=WAYS,
        reasons=REASONS,
        names={row.id: row.name for row in db.session.execute(names)},
        missing=[CHECKS[check] for check in application.missing],
        open=application.state in OPEN,
        money_back=first_fee_return.page(application) if application.state in IN_VAIN else "",
        may_correct=applying.not_begun(application),
        notices=db.session.scalars(
            sa.select(Notice).where(Notice.about == application.about).order_by(Notice.id.desc())
        ).all(),
        channels=CHANNELS,
        notice_states=NOTICE_STATES,
        **{name: forms.get(name) or kind(formdata=None) for name, kind in given.items()},
    )
    return page, status


def done(application: Application, text: str) -> Response:
    """Commit, say what was done, and lead back to the page."""
    db.session.commit()
    flash(text, "success")
    return see_other(url_for("staff_applications.show", id=application.id))


def refused(application: Application, act: str, missing: Sequence[Check] = ()) -> Answer:
    """Answer to what the page does not offer, and leave a trace of the attempt."""
    db.session.rollback()
    audit.record(
        "application.not_allowed", by=me().id, subject=application, act=act, missing=[check.value for check in missing]
    )
    db.session.commit()
    said = gettext("This is not possible in the present state of the application.")
    if missing:
        names = gettext(", ").join(str(CHECKS[check]) for check in missing)
        said = gettext("It cannot start yet. Missing: %(what)s", what=names)
    return page_after(application.id, said)


def page_after(id: int, text: str) -> Answer:
    flash(text, "error")
    found = db.session.get_one(Application, id)
    return checklist(found, 409)


def _act(id: int, act: str, name: str, form: FlaskForm, do: Callable[[Application], str]) -> Answer:
    """Do one act of the checklist with its form; what the state does not allow is refused and noted."""
    application = application_of(id)
    if isinstance(form, AfterPrint):
        form.printed_on = application.printed_on
    if not form.validate_on_submit():
        return checklist(application, 422, **{name: form})
    try:
        text = do(application)
    except Illegal:
        return refused(application, act)
    return done(application, text)


@blueprint.post("/<int:id>/arrival")
def arrival(id: int) -> Answer:
    form = ArrivalForm()

    def do(application: Application) -> str:
        in_time = applying.note_arrival(application, form.handed_on.data, form.arrived_on.data, by=me().id)
        if form.debit_form.data:
            applying.note_debit_form(application, by=me().id)
        keep_scan(application, form.scan.data)
        if not in_time:
            return str(
                gettext("The form is noted. It was posted after its campaign: the fee without it was told to them.")
            )
        return str(gettext("The form is noted."))

    return _act(id, "arrival", "arrival", form, do)


@blueprint.post("/<int:id>/debit-form")
def debit_form(id: int) -> Answer:
    application = application_of(id)
    try:
        applying.note_debit_form(application, by=me().id)
    except Illegal:
        return refused(application, "debit-form")
    return done(application, gettext("The request for direct debit is noted."))


@blueprint.post("/<int:id>/possible")
def possible(id: int) -> Answer:
    application = application_of(id)
    if application.state not in OPEN:
        return refused(application, "possible")
    application.note_possible(by=me().id)
    return done(application, gettext("It is noted that the service can be provided."))


@blueprint.post("/<int:id>/supplement")
def supplement(id: int) -> Answer:
    form = SupplementForm()

    def do(application: Application) -> str:
        applying.ask(application, (form.lacking.data or "").strip(), by=me().id)
        return str(
            gettext("The request for what is missing is issued. Where it goes by letter, it waits to be printed.")
        )

    return _act(id, "supplement", "supplement", form, do)


@blueprint.post("/<int:id>/completed")
def completed(id: int) -> Answer:
    application = application_of(id)
    try:
        application.move(ApplicationAction.complete, by=me().id)
    except Illegal:
        return refused(application, "completed")
    return done(application, gettext("It goes on being checked."))


@blueprint.post("/<int:id>/refuse")
def refuse(id: int) -> Answer:
    form = RefusalForm()

    def do(application: Application) -> str:
        applying.refuse(application, RefusalReason(form.reason.data), (form.note.data or "").strip(), by=me().id)
        return str(gettext("The application is refused, and the applicant is told."))

    return _act(id, "refuse", "refusal", form, do)


@blueprint.post("/<int:id>/withdraw")
def withdraw(id: int) -> Answer:
    application = application_of(id)
    try:
        applying.withdraw(application, by=me().id)
    except Illegal:
        return refused(application, "withdraw")
    if application.paid_amount:
        return done(
            application, gettext("The application is withdrawn, and the applicant is told that the money goes back.")
        )
    return done(application, gettext("The application is withdrawn."))


@blueprint.post("/<int:id>/start")
def start(id: int) -> Answer:
    """Make the contract: only once form, money and service are there (4-1)."""
    form, application = StartForm(), application_of(id)
    if not form.validate_on_submit():
        return checklist(application, 422, start=form)
    try:
        contract = applying.accept(
            application, form.start_date.data, form.slug.data or "", form.owner_email.data or "", by=me()
        )
        consenting.take_over(application)
        first_payments.hand_over(application)
    except SlugTaken:
        db.session.rollback()
        form.slug.errors = [gettext("Another customer has this name. Please choose another one.")]
        return checklist(db.session.get_one(Application, id), 422, start=form)
    except NotReady as error:
        return refused(application, "start", missing=error.missing)
    except Illegal:
        return refused(application, "start")
    text = gettext(
        "Contract %(number)s is made, and the start guide is issued. Where it goes by letter, it waits to be printed.",
        number=contract.number,
    )
    return done(application, text)


@blueprint.post("/<int:id>/start-date")
def start_date(id: int) -> Answer:
    """Correct the start date by a new guide, while the service has not begun (4-4)."""
    form = StartDateForm()

    def do(application: Application) -> str:
        applying.correct_start(application, form.new_date.data, by=me().id)
        return str(gettext("The start date is corrected, and the customer is told."))

    return _act(id, "start-date", "start_again", form, do)


def keep_scan(application: Application, file: FileStorage | None) -> None:
    """Keep the scan of a form, or say why not."""
    content = file.read(scans.MOST_BYTES + 1) if file else b""
    if content and not application_papers.keep_scan(application, content, by=me().id):
        flash(gettext("The scan was not kept: a PDF, JPEG or PNG of at most 10 MB is."), "warning")
