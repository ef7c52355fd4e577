"""Erasure on staff's screens: what is due and what holds it, the record of what went, how long everything is kept."""

from __future__ import annotations

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.accounts.rules import StaffRole
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db
from wem.erasure import holding, planning, showing
from wem.erasure.forms import HoldForm, KeepingForm
from wem.erasure.models import ConsentKeeping, Erasure, erasures_of, open_hold
from wem.erasure.rules import ErasureState, Phase
from wem.erasure.wording import EVIDENCE, HELD, KINDS, PHASES, STATES
from wem.web.blueprints import StaffBlueprint
from wem.web.files import file_answer
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_erasures",
    __name__,
    roles=frozenset({StaffRole.contracts, StaffRole.operations}),
    url_prefix="/staff/erasures",
)
act_blueprint = StaffBlueprint(
    "staff_erasure_acts", __name__, roles=frozenset({StaffRole.contracts}), url_prefix="/staff/erasures"
)
Answer = str | tuple[str, int] | Response


@blueprint.get("")
def index() -> Answer:
    """Show what is erased next, what was erased, and for how long which data are kept."""
    page = page_of(showing.records(), Erasure.id)
    return render_template(
        "erasure/staff/erasures.html", waiting=showing.waiting(), page=page, phases=PHASES, states=STATES, held=HELD,
        names=showing.names(row.customer_id for row in page.rows), retention=showing.retention(),
        backups=showing.backups(),
        on_hold=showing.held(row.customer_id for row in page.rows if row.state is ErasureState.running),
    )  # fmt: skip


@blueprint.get("/contracts/<int:id>")
def show(id: int) -> Answer:
    """Show one contract's erasure: its phases, their days and counts, what holds them."""
    contract = found_or_404(Contract, id)
    over = contract.state is ContractState.ended and contract.ended_on is not None
    own = db.session.get(ConsentKeeping, contract.customer_id)
    form = KeepingForm(formdata=None, months=str(own.months if own else planning.evidence_months()))
    return render_template(
        "erasure/staff/erasure.html", contract=contract, over=over, phases=PHASES, states=STATES, held=HELD,
        kinds=KINDS, evidence=EVIDENCE, own=own, keeping_form=form, hold_form=HoldForm(formdata=None),
        hold=open_hold(contract.customer_id), done=list(erasures_of(id).values()),
        people=showing.people(erasures_of(id).values()),
        left=planning.next_phases(contract) if over else [], found=showing.found(contract.customer_id),
    )  # fmt: skip


@blueprint.get("/contracts/<int:id>/consent-record")
def consent_record(id: int) -> Answer:
    """Give out a part of the fixed part of the record of consent, as the customer got it."""
    found_or_404(Contract, id)
    row, number = erasures_of(id).get(Phase.readers), row_number(request.args.get("part", "1")) or 0
    kept = row.documents if row else []
    if not 1 <= number <= len(kept):
        abort(404)
    part = kept[number - 1]
    return file_answer(part.content(), part.name, part.media_type)


@act_blueprint.post("/contracts/<int:id>/hold")
def hold(id: int) -> Answer:
    contract, form = found_or_404(Contract, id), HoldForm()
    if not form.validate():
        flash(gettext("Please say why it is held."), "error")
    else:
        holding.hold(contract, (form.reason.data or "").strip(), by=me().id)
        db.session.commit()
        flash(gettext("Nothing more is erased until somebody lets it go on."), "success")
    return see_other(url_for("staff_erasures.show", id=id))


@act_blueprint.post("/contracts/<int:id>/release")
def release(id: int) -> Answer:
    contract = found_or_404(Contract, id)
    if holding.release(contract, by=me().id):
        db.session.commit()
        flash(gettext("The erasure goes on."), "success")
    return see_other(url_for("staff_erasures.show", id=id))


@act_blueprint.post("/contracts/<int:id>/record-seen")
def see_record(id: int) -> Answer:
    """Note that staff have seen that a part of the record of consent stands as plain text."""
    contract = found_or_404(Contract, id)
    row = erasures_of(id).get(Phase.readers)
    if row is not None and row.fault_at is not None:
        row.fault_at = None
        audit.record("erasure.see_record", by=me().id, customer_id=contract.customer_id, subject=row)
        db.session.commit()
        flash(gettext("It is noted."), "success")
    return see_other(url_for("staff_erasures.show", id=id))


@act_blueprint.post("/contracts/<int:id>/keeping")
def keep(id: int) -> Answer:
    """Set for how long a customer's proof of consent is kept (規則 4条, 特商法)."""
    contract, form = found_or_404(Contract, id), KeepingForm()
    if not form.validate():
        flash(gettext("Please choose for how long, and say why."), "error")
        return see_other(url_for("staff_erasures.show", id=id))
    row = db.session.get(ConsentKeeping, contract.customer_id) or ConsentKeeping(customer_id=contract.customer_id)
    row.months, row.reason = int(form.months.data), (form.why.data or "").strip()
    row.set_at, row.set_by = clock.now(), me().id
    db.session.add(row)
    audit.record("erasure.keeping", by=me().id, customer_id=contract.customer_id, subject=contract, months=row.months)
    db.session.commit()
    flash(gettext("It is set."), "success")
    return see_other(url_for("staff_erasures.show", id=id))
