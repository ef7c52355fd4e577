"""What staff keep and print of applications: entering one from paper, its papers, its scan (Art. 4-1)."""

from __future__ import annotations

from flask import abort, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit
from wem.accounts.rules import StaffRole
from wem.contracts import application_papers, applying
from wem.contracts.application_forms import StaffApplicationForm
from wem.contracts.application_rules import Way
from wem.contracts.application_staff_forms import ScanForm
from wem.contracts.application_staff_views import application_of, checklist, done, keep_scan
from wem.contracts.applying import Typed
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.files import file_answer
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_application_papers", __name__, roles=frozenset({StaffRole.contracts}), url_prefix="/staff/applications"
)
Answer = str | tuple[str, int] | Response


@blueprint.post("/<int:id>/scans")
def add_scan(id: int) -> Answer:
    """Keep a scan that was made later, or a better one."""
    form, application = ScanForm(), application_of(id)
    if not form.validate_on_submit():
        return checklist(application, 422, scanning=form)
    keep_scan(application, form.scan.data)
    return done(application, gettext("Saved."))


@blueprint.get("/<int:id>/application.pdf")
def form(id: int) -> Answer:
    application = application_of(id)
    return file_answer(application_papers.application_form(application), f"{application.number}-application.pdf")


@blueprint.post("/<int:id>/debit-paper")
def debit(id: int) -> Answer:
    """Return the request for direct debit; it shows the account number whole: who looked at it is on record."""
    application = application_of(id)
    audit.record("application.paper", by=me().id, subject=application)
    db.session.commit()
    return file_answer(application_papers.debit_request(application), f"{application.number}-debit.pdf")


@blueprint.get("/<int:id>/scan")
def scan(id: int) -> Answer:
    application = application_of(id)
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
    by = me().id
    typed = Typed(form.entries(), Way.staff, form.only_phone_mail, form.applied)
    application = applying.write_down(typed, by=by)
    applying.fill(application, by=by)
    applying.note_arrival(application, form.handed_on.data, form.arrived_on.data, by=by)
    if form.debit_form.data:
        applying.note_debit_form(application, by=by)
    keep_scan(application, form.scan.data)
    return done(application, gettext("The application is entered."))
