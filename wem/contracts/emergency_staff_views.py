"""Emergency stops as staff see them: entered after a call, what is lent anew, lifted."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit
from wem.accounts import inviting
from wem.accounts.inviting import AlreadyThere
from wem.accounts.models import Account
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.contracts import emergency
from wem.contracts.credential_wording import VIAS
from wem.contracts.emergency_forms import LiftForm, StaffStopForm
from wem.contracts.emergency_models import EmergencyStop, StopVia
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db
from wem.inquiries.models import EntryKind, InquiryEntry
from wem.lists import blank_addresses
from wem.lists.blank_mail_models import LentAddress
from wem.lists.models import MailingList
from wem.staff import trail
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.origins import public_url
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

ROLES = frozenset({StaffRole.contracts, StaffRole.support, StaffRole.operations})
blueprint = StaffBlueprint("staff_emergency", __name__, roles=ROLES)
Answer = str | tuple[str, int] | Response


@blueprint.get("/staff/emergency-stops")
def index() -> Answer:
    pulled = sa.select(EmergencyStop).where(EmergencyStop.pulled_at.is_not(None))
    return render_template("contracts/staff/emergency_stops.html", page=page_of(pulled, EmergencyStop.id), vias=VIAS)


@blueprint.route("/staff/contracts/<int:id>/emergency-stop", methods=["GET", "POST"])
def enter(id: int) -> Answer:
    """Pull the stop for somebody who reported it by telephone or mail."""
    contract = found_or_404(Contract, id)
    if contract.state is ContractState.ended:
        abort(404)
    letter = _letter(contract)
    form = StaffStopForm(note=letter.text[:300] if letter else "")
    if form.validate_on_submit():
        stop = emergency.report(
            contract,
            StopVia.staff,
            by=me().id,
            ip=request.remote_addr or "",
            note=form.note.data or "",
            received_at=letter.at if letter else form.received_at,
        )
        db.session.commit()
        flash(gettext("The stop is pulled: sign-ins have ended, and nothing is sent."), "success")
        return see_other(url_for("staff_emergency.show", id=stop.id))
    page = render_template(
        "contracts/staff/act.html",
        title=gettext("Emergency stop of %(name)s", name=contract.customer.name),
        back_url=url_for("staff_contracts.show", id=id),
        back_label=contract.customer.name,
        form=form,
        label=gettext("Pull the emergency stop"),
        kind="danger",
        notes=[
            gettext("Be sure who calls: ask for what only the customer knows, or call back the registered number."),
            gettext(
                "At once: all sign-ins of the customer end, passwords no longer work, open invitations are withdrawn, "
                "mailings stop."
            ),
            gettext("Each person gets a mail with a link for a new password. Readers' links go on working."),
        ],
    )
    return page, 422 if form.is_submitted() else 200


def _letter(contract: Contract) -> InquiryEntry | None:
    """Return the message to the help desk that reports it, if there is one of this customer; 404."""
    if not request.args.get("entry"):
        return None
    number = row_number(request.args.get("entry"))
    entry = db.session.get(InquiryEntry, number) if number is not None else None
    if entry is None or entry.kind is not EntryKind.asked or entry.inquiry.customer_id != contract.customer_id:
        abort(404)
    return entry


@blueprint.get("/staff/emergency-stops/<int:id>")
def show(id: int) -> Answer:
    return _page(_pulled(id), LiftForm(formdata=None))


def _pulled(id: int) -> EmergencyStop:
    stop = found_or_404(EmergencyStop, id)
    if stop.pulled_at is None:
        abort(404)
    return stop


def _page(stop: EmergencyStop, form: LiftForm, status: int = 200) -> Answer:
    people = db.session.scalars(sa.select(Account).where(Account.id.in_(stop.people)).order_by(Account.id)).all()
    addresses = db.session.execute(
        sa.select(LentAddress, MailingList)
        .join(MailingList, MailingList.id == LentAddress.list_id)
        .where(LentAddress.customer_id == stop.customer_id, LentAddress.returned_at.is_(None))
        .order_by(LentAddress.id)
    ).all()
    events = db.session.scalars(
        sa.select(AuditEvent).where(AuditEvent.subject == f"EmergencyStop {stop.id}").order_by(AuditEvent.id.desc())
    ).all()
    page = render_template(
        "contracts/staff/emergency_stop.html",
        stop=stop,
        contract=stop.contract,
        home_url=public_url(f"/h/{stop.contract.customer.slug}/"),
        via=VIAS[stop.via],
        people=people,
        without={account.id for account in emergency.still_without_password(stop)},
        invitations=emergency.withdrawn_by(stop),
        addresses=[(mailing_list, blank_addresses.address_of(row.code), row) for row, mailing_list in addresses],
        lines=trail.lines(events),
        form=form,
    )
    return page, status


def _shown(stop: EmergencyStop, said: str, kind: str = "success") -> Response:
    flash(said, kind)
    return see_other(url_for("staff_emergency.show", id=stop.id))


def _named(name: str) -> int:
    return row_number(request.form.get(name)) or 0


@blueprint.post("/staff/emergency-stops/<int:id>/address")
def relend(id: int) -> Answer:
    """Lend a list another dedicated address; mail to the old one is answered by nobody any more."""
    stop = _pulled(id)
    mailing_list = db.session.scalar(
        sa.select(MailingList).where(MailingList.id == _named("list_id"), MailingList.customer_id == stop.customer_id)
    )
    if mailing_list is None:
        abort(404)
    row = blank_addresses.lend(mailing_list, blank_addresses.made_code(), by=me().id)
    audit.record(
        "emergency.address", by=me().id, customer_id=stop.customer_id, subject=stop, list=mailing_list.id,
        address=row.code,
    )  # fmt: skip
    db.session.commit()
    said = gettext("%(address)s is lent to the list now.", address=blank_addresses.address_of(row.code))
    return _shown(stop, said)


@blueprint.post("/staff/emergency-stops/<int:id>/invitation")
def invite_anew(id: int) -> Answer:
    """Send an invitation that the stop took back once more, with a new link."""
    stop = _pulled(id)
    row = next((each for each in emergency.withdrawn_by(stop) if each.id == _named("invitation_id")), None)
    if row is None or row.role is None or row.customer is None:
        abort(404)
    try:
        inviting.invite_member(row.customer, row.email, row.name, row.role, by=me())
    except AlreadyThere:
        db.session.rollback()
        return _shown(stop, gettext("This person works there already."), "warning")
    audit.record("emergency.invitation", by=me().id, customer_id=stop.customer_id, subject=stop)
    db.session.commit()
    return _shown(stop, gettext("The invitation is on its way with a new link."))


@blueprint.post("/staff/emergency-stops/<int:id>/password")
def mail_password(id: int) -> Answer:
    """Mail a person the link for a new password once more: it is good for one hour."""
    stop = _pulled(id)
    account = next((each for each in emergency.still_without_password(stop) if each.id == _named("account_id")), None)
    if account is None:
        abort(404)
    emergency.mail_new_password(stop.contract.customer, account)
    audit.record("emergency.password", by=me().id, customer_id=stop.customer_id, subject=stop, person=account.id)
    db.session.commit()
    return _shown(stop, gettext("The mail with the link is on its way."))


@blueprint.post("/staff/emergency-stops/<int:id>/lift")
def lift(id: int) -> Answer:
    stop, form = _pulled(id), LiftForm()
    if not form.validate_on_submit():
        return _page(stop, form, 422)
    contract = db.session.get_one(Contract, stop.contract_id, with_for_update=True, populate_existing=True)
    if not emergency.lift(contract, form.note.data or "", by=me().id):
        db.session.rollback()
        return _shown(stop, gettext("It is lifted already."), "warning")
    db.session.commit()
    return _shown(stop, gettext("The stop is lifted. The customer can send again, and is told."))
