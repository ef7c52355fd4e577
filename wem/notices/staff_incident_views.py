"""Faults and maintenance as staff announce and close them (Art. 13-1)."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.accounts.models import Customer
from wem.accounts.rules import StaffRole
from wem.contracts.models import Contract
from wem.db import db
from wem.notices import incident_rules
from wem.notices.forms import ClosingForm, IncidentForm, TimesForm, in_japan
from wem.notices.incident_rules import Part
from wem.notices.models import Incident
from wem.notices.wording import PARTS, PHASES, REASONS
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_incidents",
    __name__,
    roles=frozenset({StaffRole.support, StaffRole.operations}),
    url_prefix="/staff/incidents",
)
Answer = str | tuple[str, int] | Response


@blueprint.get("")
def index() -> Answer:
    at = clock.now()
    rows = db.session.scalars(sa.select(Incident).order_by(Incident.id.desc()).limit(100)).all()
    return render_template(
        "notices/staff/incidents.html",
        rows=[(row, PHASES[incident_rules.phase(row.begins_at, row.closed_at, at)]) for row in rows],
        parts=PARTS,
        reasons=REASONS,
    )


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Answer:
    form = IncidentForm()
    good = form.validate_on_submit()
    contract = None
    typed = (form.contract.data or "").strip()
    if good and typed:
        contract = db.session.scalar(sa.select(Contract).where(Contract.number == typed.upper()))
        if contract is None:
            form.contract.errors = [gettext("There is no contract of this number.")]
            good = False
    if not good:
        return render_template("notices/staff/incident_new.html", form=form), 422 if form.is_submitted() else 200
    assert form.begins_at.data is not None
    row = Incident(
        title=(form.title.data or "").strip(),
        body=(form.body.data or "").strip(),
        reason=form.reason.data,
        planned=bool(form.planned.data),
        part=Part(form.part.data),
        customer_id=contract.customer_id if contract else None,
        begins_at=in_japan(form.begins_at.data),
        ends_at=in_japan(form.ends_at.data) if form.ends_at.data else None,
        created_at=clock.now(),
        created_by=me().id,
    )
    db.session.add(row)
    db.session.flush()
    audit.record("incident.open", by=me().id, customer_id=row.customer_id, subject=row, planned=row.planned)
    db.session.commit()
    flash(gettext("Announced. It stands on the status page and as a banner."), "success")
    return see_other(url_for("staff_incidents.show", id=row.id))


@blueprint.post("/<int:id>/times")
def move(id: int) -> Answer:
    """Extend, shorten or move maintenance; what falls into it follows within seconds, and customers are told anew."""
    row, form = found_or_404(Incident, id), TimesForm()
    if row.closed_at is not None or not row.planned:
        abort(404)
    if not form.validate_on_submit() or form.begins_at.data is None or form.ends_at.data is None:
        return _page(row, ClosingForm(formdata=None), form), 422
    begins, ends = in_japan(form.begins_at.data), in_japan(form.ends_at.data)
    if begins != row.begins_at and min(begins, row.begins_at) <= clock.now():
        form.begins_at.errors = [gettext("It has begun, or this time has passed: the beginning stays.")]
        return _page(row, ClosingForm(formdata=None), form), 422
    row.begins_at, row.ends_at = begins, ends
    audit.record(
        "incident.move",
        by=me().id,
        customer_id=row.customer_id,
        subject=row,
        begins=begins.isoformat(),
        ends_at=ends.isoformat(),
    )
    db.session.commit()
    flash(gettext("The times are changed. Customers with mailings in it are told."), "success")
    return see_other(url_for("staff_incidents.show", id=id))


@blueprint.route("/<int:id>", methods=["GET", "POST"])
def show(id: int) -> Answer:
    row, form = found_or_404(Incident, id), ClosingForm()
    if row.closed_at is None and form.validate_on_submit():
        row.closed_at = row.ends_at = clock.now()
        row.closing_words = (form.words.data or "").strip()
        audit.record("incident.close", by=me().id, customer_id=row.customer_id, subject=row)
        db.session.commit()
        flash(gettext("Closed. The status page says what was done."), "success")
        return see_other(url_for("staff_incidents.show", id=id))
    return _page(row, form), 422 if form.is_submitted() and row.closed_at is None else 200


def _page(row: Incident, form: ClosingForm, times: TimesForm | None = None) -> str:
    times = times or TimesForm(
        formdata=None,
        begins_at=row.begins_at.astimezone(clock.JAPAN),
        ends_at=row.ends_at.astimezone(clock.JAPAN) if row.ends_at else None,
    )
    return render_template(
        "notices/staff/incident.html",
        incident=row,
        form=form,
        times=times if row.planned and row.closed_at is None else None,
        phase=PHASES[incident_rules.phase(row.begins_at, row.closed_at, clock.now())],
        customer=db.session.get(Customer, row.customer_id) if row.customer_id else None,
        parts=PARTS,
        reasons=REASONS,
    )
