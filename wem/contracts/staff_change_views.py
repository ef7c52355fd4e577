"""What staff change on contracts: 停止 and 再開, attested uploads, details, a new customer."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.billing import arrears, lifting
from wem.contracts import accepting, addressing, notifying, notifying_service
from wem.contracts.accepting import SlugTaken, Taken
from wem.contracts.forms import NewContractForm, ResumeForm, StaffDetailsForm, SuspendForm
from wem.contracts.models import DETAILS, Contract
from wem.contracts.rules import SuspensionGround
from wem.contracts.staff_views import CHANGERS, contract_to_change, denied
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.lists.models import MailingList
from wem.lists.states import UploadState
from wem.lists.upload_models import Upload
from wem.mailings.back_number_models import BackNumber
from wem.mailings.models import Mailing
from wem.mailings.states import HeldReason, MailingState
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.session import me

blueprint = StaffBlueprint("staff_contract_changes", __name__, roles=CHANGERS, url_prefix="/staff/contracts")
Answer = str | tuple[str, int] | Response
UNDER_WAY = (UploadState.received, UploadState.reading, UploadState.checked, UploadState.waiting, UploadState.applying)


def _shown(contract: Contract) -> Response:
    return see_other(url_for("staff_contracts.show", id=contract.id))


@dataclass(frozen=True)
class Reach:
    """What a switch touches, in numbers."""

    lists_open: int
    uploads: int
    scheduled: int
    sending: int
    held: int
    back_numbers: int


def reach(customer_id: int) -> Reach:
    """Return what stands still when this customer's service does, and what was held by it."""

    def mailings(*conditions: sa.ColumnElement[bool]) -> int:
        counted = sa.select(sa.func.count()).select_from(Mailing)
        return db.session.scalar(counted.where(Mailing.customer_id == customer_id, *conditions)) or 0

    lists = sa.select(sa.func.count()).select_from(MailingList)
    uploads = sa.select(sa.func.count()).select_from(Upload)
    return Reach(
        lists_open=db.session.scalar(
            lists.where(
                MailingList.customer_id == customer_id, MailingList.sign_up_open, MailingList.archived_at.is_(None)
            )
        )
        or 0,
        uploads=db.session.scalar(uploads.where(Upload.customer_id == customer_id, Upload.state.in_(UNDER_WAY))) or 0,
        scheduled=mailings(Mailing.state == MailingState.scheduled),
        sending=mailings(Mailing.state.in_((MailingState.sending, MailingState.paused))),
        held=mailings(Mailing.state == MailingState.held, Mailing.held_reason == HeldReason.contract.value),
        back_numbers=db.session.scalar(
            sa.select(sa.func.count())
            .select_from(BackNumber)
            .where(
                BackNumber.customer_id == customer_id,
                BackNumber.published_at.is_not(None),
                BackNumber.withdrawn_at.is_(None),
            )
        )
        or 0,
    )


@blueprint.route("/<int:id>/suspend", methods=["GET", "POST"])
def suspend(id: int) -> Answer:
    contract = contract_to_change(id)
    if contract.suspended:
        return _shown(contract)
    form = SuspendForm()
    if not form.validate_on_submit():
        return _suspending(contract, form), 422 if form.is_submitted() else 200
    note = (form.note.data or "").strip()
    try:
        if form.chosen is SuspensionGround.nonpayment:
            lifting.suspend(contract, note, by=me().id)
        else:
            contract.suspend(form.chosen, note, by=me().id)
            notifying_service.suspended(contract, [])
    except Illegal:
        db.session.rollback()
        audit.record(
            "contract.denied_suspension", by=me().id, customer_id=contract.customer_id, subject=contract, note=note
        )
        db.session.commit()
        form.ground.errors = [gettext("Nothing is overdue. Enter what is owed first.")]
        return _suspending(contract, form), 422
    db.session.commit()
    flash(gettext("%(name)s is suspended. Nothing more is sent.", name=contract.customer.name), "success")
    return _shown(contract)


def _suspending(contract: Contract, form: SuspendForm) -> str:
    doubted = [row for row in arrears.debtors(clock.today(), contract_id=contract.id) if row.doubt]
    return render_template(
        "contracts/staff/suspend.html", contract=contract, form=form, reach=reach(contract.customer_id), doubted=doubted
    )


@blueprint.route("/<int:id>/resume", methods=["GET", "POST"])
def resume(id: int) -> Answer:
    contract = contract_to_change(id)
    if not contract.suspended:
        return _shown(contract)
    elsewhere = {
        SuspensionGround.nonpayment: "staff_arrears.lift",  # 13-2 has its own page, which shows each condition
        SuspensionGround.partial_termination: "staff_revocations.propose",  # which takes two
    }
    if contract.suspension_ground in elsewhere:
        if request.method == "POST":
            return denied(contract, "lifting")
        return see_other(url_for(elsewhere[contract.suspension_ground], id=id))
    form = ResumeForm()
    if not form.validate_on_submit():
        page = render_template(
            "contracts/staff/resume.html", contract=contract, form=form, reach=reach(contract.customer_id)
        )
        return page, 422 if form.is_submitted() else 200
    contract.resume((form.note.data or "").strip(), by=me().id)
    notifying_service.resumed(contract)
    db.session.commit()
    flash(gettext("%(name)s can use the service again.", name=contract.customer.name), "success")
    if contract.restriction:
        flash(gettext("The restriction of use (Art. 18) holds again."), "warning")
    return _shown(contract)


@blueprint.post("/<int:id>/attested-uploads")
def attested_uploads(id: int) -> Answer:
    contract = contract_to_change(id)
    on = request.form.get("on") == "1"
    if on is not contract.attested_uploads:
        contract.switch_attested_uploads(on, by=me().id)
        db.session.commit()
    flash(gettext("Uploads with consent are on.") if on else gettext("Uploads with consent are off."), "success")
    return _shown(contract)


@blueprint.route("/<int:id>/details", methods=["GET", "POST"])
def details(id: int) -> Answer:
    """Mend what we typed wrongly ourselves; what the customer files is entered as a request (16)."""
    contract = contract_to_change(id)
    form = StaffDetailsForm(obj=contract)
    if not addressing.by_mail(contract):
        form.without_mail()
    if not form.validate_on_submit():
        page = render_template("contracts/staff/details.html", contract=contract, form=form)
        return page, 422 if form.is_submitted() else 200
    before = {name: getattr(contract, name) for name in DETAILS}
    changed = contract.change_details(form.details(), by=me().id)
    if changed:
        notifying.details_mended(contract, {name: [before[name], getattr(contract, name)] for name in changed})
    db.session.commit()
    said = gettext("Corrected. Mails show it from now on, and the customer is told.")
    flash(said if changed else gettext("Nothing was different."), "success")
    return _shown(contract)


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Answer:
    form = NewContractForm()
    good = form.validate_on_submit()
    if good:
        try:
            contract = accepting.take_on(_taken(form), by=me())
        except SlugTaken:
            form.slug.errors = [gettext("Another customer has this name. Please choose another one.")]
            good = False
    if not good:
        return render_template("contracts/staff/new.html", form=form), 422 if form.is_submitted() else 200
    accepting.invite_owner(contract, form.owner_name.data or "", form.owner_email.data or "", by=me())
    db.session.commit()
    flash(
        gettext(
            "Contract %(number)s is made. The invitation is on its way to %(email)s.",
            number=contract.number,
            email=form.owner_email.data,
        ),
        "success",
    )
    return _shown(contract)


def _taken(form: NewContractForm) -> Taken:
    start = form.start_date.data
    assert start is not None
    return Taken(
        name=form.name.data or "",
        kana=form.kana.data or "",
        slug=form.slug.data or "",
        course=form.course.data,
        start_date=start,
        # A sender is named as it is registered; staff may change it afterwards.
        details={**form.details(), "sender_name": form.name.data or ""},
    )
