"""Requests as staff see them: what waits for an answer, the answer, and what came on paper."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.accounts.rules import StaffRole
from wem.billing import arrears
from wem.contracts import date_rules, deciding, describing, requesting, scans, withdrawing
from wem.contracts.mandate_models import of_request, serving
from wem.contracts.models import Contract
from wem.contracts.request_models import Channel, ContractRequest, RequestKind
from wem.contracts.requesting import NotPossible, Way
from wem.contracts.staff_entry_forms import EntryForm
from wem.contracts.staff_forms import AcceptForm, ReasonForm
from wem.contracts.staff_views import CHANGERS, LOOKERS, contract_to_change, may_change
from wem.contracts.state_rules import UNDECIDED, Illegal
from wem.contracts.wording import CHANNELS, MANDATES, MEANWHILE, REFUSALS, REQUESTS, state_of
from wem.db import db
from wem.documents import Document
from wem.inquiries import answering
from wem.inquiries.models import EntryKind, InquiryEntry
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.numbers import row_number
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

blueprint = StaffBlueprint("staff_requests", __name__, roles=LOOKERS | {StaffRole.contracts})
act_blueprint = StaffBlueprint("staff_request_acts", __name__, roles=CHANGERS)
Answer = str | tuple[str, int] | Response


@blueprint.get("/staff/requests")
def index() -> Answer:
    undecided = db.session.scalars(
        sa.select(ContractRequest)
        .where(ContractRequest.state.in_(UNDECIDED))
        .order_by(ContractRequest.received_at)
        .limit(200)
    ).all()
    page = page_of(sa.select(ContractRequest).where(ContractRequest.state.not_in(UNDECIDED)), ContractRequest.id)
    return render_template(
        "contracts/staff/requests.html", undecided=undecided, page=page, names=REQUESTS, state_of=state_of
    )


@blueprint.get("/staff/requests/<int:id>")
def show(id: int) -> Answer:
    return _page(found_or_404(ContractRequest, id), AcceptForm(), ReasonForm())


def _page(
    row: ContractRequest,
    accept_form: AcceptForm,
    reason_form: ReasonForm,
    status: int = 200,
    undo_form: ReasonForm | None = None,
) -> Answer:
    decidable = row.undecided and row.kind is not RequestKind.resume and may_change()
    mandate = of_request(row.id) if row.kind is RequestKind.bank else None
    if not accept_form.is_submitted():
        accept_form.effective.data = deciding.earliest(row)
    granted = deciding.by_sending(row) if row.undecided else None
    page = render_template(
        "contracts/staff/request.html",
        row=row,
        name=REQUESTS[row.kind],
        state=state_of(row),
        channel=CHANNELS[row.channel],
        facts=describing.facts(row, for_staff=True),
        decidable=decidable,
        accept_form=accept_form,
        reason_form=reason_form,
        undo_form=undo_form or ReasonForm(formdata=None, prefix="undo"),
        undoable=withdrawing.may_undo(row) and may_change(),
        papers=db.session.scalars(sa.select(Document).where(Document.about == row.about)).all(),
        mandate=mandate,
        mandate_states=MANDATES,
        meanwhile=MEANWHILE[serving(row.contract_id) is not None],
        overdue=arrears.outstanding(row.contract_id, clock.today()),
        earlier=granted if granted and row.effective_on and granted < row.effective_on else None,
        resumes=row.kind is RequestKind.resume and row.undecided and may_change(),
    )
    return page, status


def _held(id: int) -> ContractRequest:
    """Return the request with its contract's row held; 404."""
    row = found_or_404(ContractRequest, id)
    db.session.get(Contract, row.contract_id, with_for_update=True, populate_existing=True)
    db.session.refresh(row)
    return row


def _shown(row_id: int, said: str, kind: str = "success") -> Response:
    flash(said, kind)
    return see_other(url_for("staff_requests.show", id=row_id))


def _not_possible(row_id: int, customer_id: int, act: str) -> Response:
    """Say that the table has no such line, and write down that it was tried."""
    db.session.rollback()
    audit.record(
        f"request.denied_{act}", by=me().id, customer_id=customer_id, subject=db.session.get(ContractRequest, row_id)
    )
    db.session.commit()
    return _shown(row_id, gettext("This is not possible any more, or not allowed."), "error")


@act_blueprint.post("/staff/requests/<int:id>/check")
def check(id: int) -> Answer:
    row = _held(id)
    try:
        deciding.check(row, by=me().id)
    except Illegal:
        return _not_possible(id, row.customer_id, "check")
    db.session.commit()
    return _shown(id, gettext("It is marked as being looked into."))


@act_blueprint.post("/staff/requests/<int:id>/accept")
def accept(id: int) -> Answer:
    row, form = _held(id), AcceptForm()
    if not form.validate():
        return _page(row, form, ReasonForm(formdata=None), 422)
    try:
        deciding.accept(row, by=me().id, on=form.effective.data)
    except Illegal:
        return _not_possible(id, row.customer_id, "accept")
    db.session.commit()
    return _shown(id, gettext("It is accepted, and the customer is told."))


@act_blueprint.post("/staff/requests/<int:id>/refuse")
def refuse(id: int) -> Answer:
    row, form = _held(id), ReasonForm()
    if not form.validate():
        return _page(row, AcceptForm(formdata=None), form, 422)
    try:
        deciding.refuse(row, (form.reason.data or "").strip(), by=me().id)
    except Illegal:
        return _not_possible(id, row.customer_id, "refuse")
    db.session.commit()
    return _shown(id, gettext("It is refused, and the customer is told the reason."))


@act_blueprint.post("/staff/requests/<int:id>/undo")
def undo(id: int) -> Answer:
    """Take back what was entered by mistake; a customer's own request is the customer's to withdraw."""
    row, form = _held(id), ReasonForm(prefix="undo")
    if not form.validate():
        return _page(row, AcceptForm(formdata=None), ReasonForm(formdata=None), 422, form)
    try:
        withdrawing.undo(row, (form.reason.data or "").strip(), by=me().id)
    except Illegal:
        return _not_possible(id, row.customer_id, "undo")
    db.session.commit()
    return _shown(id, gettext("It is taken back, and the customer is told."))


@act_blueprint.route("/staff/contracts/<int:id>/entry", methods=["GET", "POST"])
def enter(id: int) -> Answer:
    """Type in what came by letter, mail or telephone."""
    contract = contract_to_change(id)
    letter = letter_named(contract)
    form = EntryForm(contract, **typed_from(letter))
    status = 200
    if form.is_submitted():
        if form.validate():
            try:
                row = _entered(contract, form, letter)
                _keep_scan(row, form)
                if letter is not None:
                    answering.note_request(letter, row.id, by=me().id)
            except NotPossible as error:
                db.session.rollback()
                form.form_errors.append(str(REFUSALS[error.reason]))
            else:
                return entered(row)
        status = 422
    page = render_template(
        "contracts/staff/act.html",
        title=gettext("Enter a request of %(name)s", name=contract.customer.name),
        back_url=url_for("staff_contracts.show", id=id),
        back_label=contract.customer.name,
        form=form,
        label=gettext("Enter"),
        upload=True,
        notes=[
            *receipt_notes(letter),
            gettext("Not to renew is a cancellation for the customer too: Art. 15-1 holds, within the term as well."),
        ],
        links=[
            (label, url_for(page, id=id, entry=request.args.get("entry")))
            for label, page in (
                (gettext("Change or correction of details"), "staff_filings.details"),
                (gettext("Change of name"), "staff_filings.name"),
                (gettext("Change of bank account"), "staff_filings.bank"),
            )
        ],
    )
    return page, status


def entered(row: ContractRequest) -> Response:
    """Answer with a request that was entered just now."""
    db.session.commit()
    return _shown(row.id, gettext("It is entered, and the customer has a receipt."))


def letter_named(contract: Contract) -> InquiryEntry | None:
    """Return the message to the help desk from which a request is entered, if there is one of this customer; 404."""
    if not request.args.get("entry"):
        return None
    number = row_number(request.args.get("entry"))
    entry = db.session.get(InquiryEntry, number) if number is not None else None
    if entry is None or entry.kind is not EntryKind.asked or entry.inquiry.customer_id != contract.customer_id:
        abort(404)
    return entry


def typed_from(letter: InquiryEntry | None) -> dict[str, Any]:
    """Return what the form of a request begins with, by its fields."""
    if letter is None:
        return {}
    by_mail = letter.inbound_id is not None
    received = letter.at.astimezone(clock.JAPAN).replace(tzinfo=None, second=0, microsecond=0)
    channel = Channel.mail.value if by_mail else ""
    return {"received": received, "channel": channel, "note": letter.text[:500]}


def receipt_notes(letter: InquiryEntry | None) -> list[str]:
    """Return what is to be known about the time of receipt."""
    if letter is None:
        return [gettext("What counts is when it reached us: of a letter the stamp of its arrival.")]
    inquiry = letter.inquiry
    received = gettext("From inquiry %(number)s: what counts is when the mail came.", number=inquiry.number)
    if inquiry.confirmed_at or letter.inbound_id is None:
        return [received]
    return [received, gettext("The registered address has not confirmed the order yet.")]


def _entered(contract: Contract, form: EntryForm, letter: InquiryEntry | None) -> ContractRequest:
    """Take in what came. Nobody was shown a sentence about fees: the customer's words and the scan are the evidence."""
    # To the second: midnight decides.
    received_at = letter.at if letter is not None else form.received_at
    way = Way(me().id, received_at, Channel(form.channel.data), form.sent_at)
    wanted = form.wanted.data
    match RequestKind(form.kind.data):
        case RequestKind.cancel:
            return requesting.cancel(contract, way, wanted, form.note.data or "")
        case RequestKind.early_exit:
            month = date_rules.month_start(wanted or form.received_at.date(), 0 if wanted else 1)
            return requesting.leave_early(contract, month, way, note=form.note.data or "")
        case RequestKind.resume:
            return requesting.ask_to_resume(contract, way, form.note.data or "")
        case RequestKind.options:
            wished = form.options.data or []
            return requesting.change_options(
                contract,
                [code for code in wished if code not in form.has],
                [code for code in form.has if code not in wished],
                way,
                overdue=arrears.before_change(contract.id, clock.today()),
                wanted=wanted,
                note=form.note.data or "",
            )
        case _:
            code = form.course.data or contract.course.code
            overdue = arrears.before_change(contract.id, clock.today())
            return requesting.change_course(
                contract, code, way, overdue=overdue, wanted=wanted, note=form.note.data or ""
            )


def _keep_scan(row: ContractRequest, form: EntryForm) -> None:
    """Keep the scan of what came, with the request; or say why it was not."""
    file = form.scan.data
    content = file.read(scans.MOST_BYTES + 1) if file else b""
    if content and not scans.keep(content, f"request-{row.id}", about=row.about, customer_id=row.customer_id):
        flash(gettext("The scan was not kept: a PDF, JPEG or PNG of at most 10 MB is."), "warning")
