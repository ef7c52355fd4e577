"""Uploads with attested consent, for staff: what the customer states, what is in the file, yes or no."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import storage
from wem.accounts.models import Account, Customer
from wem.accounts.rules import StaffRole
from wem.contracts.models import contract_in_force
from wem.db import db
from wem.domain_rules import DOMAIN_GROUP_TEXTS, DomainGroup
from wem.lists import uploading
from wem.lists.rules import mask_address
from wem.lists.states import DECIDED, RowState, UploadKind, UploadState
from wem.lists.upload_effect import effect_of
from wem.lists.upload_forms import DecisionForm, RefusalForm
from wem.lists.upload_models import Upload, UploadRow
from wem.lists.upload_statement import told_text
from wem.lists.upload_texts import STATES
from wem.web.blueprints import StaffBlueprint
from wem.web.files import stored_file_answer
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_uploads", __name__, roles=frozenset({StaffRole.contracts, StaffRole.support}), url_prefix="/staff/uploads"
)
Answer = str | tuple[str, int] | Response
SAMPLES = 20


@blueprint.get("")
def index() -> Answer:
    named = sa.select(Upload, Customer.name).join(Customer, Customer.id == Upload.customer_id)
    attested = Upload.kind == UploadKind.attested
    waiting = db.session.execute(
        named.where(attested, Upload.state == UploadState.waiting).order_by(Upload.id).limit(200)
    ).all()
    page = page_of(sa.select(Upload).where(attested, Upload.state.in_(DECIDED)), Upload.id)
    owners = {row.customer_id for row in page.rows}
    names = dict(db.session.execute(sa.select(Customer.id, Customer.name).where(Customer.id.in_(owners))).all())
    return render_template("lists/staff/uploads.html", waiting=waiting, page=page, names=names, states=STATES)


@blueprint.get("/<int:upload_id>")
def show(upload_id: int) -> Answer:
    return _page(_attested(upload_id), DecisionForm(), RefusalForm(), 200)


def _attested(upload_id: int) -> Upload:
    upload = found_or_404(Upload, upload_id)
    # Before it is handed in it is the customer's own affair.
    if upload.kind is not UploadKind.attested or upload.state not in (UploadState.waiting, *DECIDED):
        abort(404)
    return upload


def _page(upload: Upload, approval: DecisionForm, refusal: RefusalForm, status: int) -> Answer:
    return render_template(
        "lists/staff/upload.html",
        upload=upload,
        customer=db.session.get(Customer, upload.customer_id),
        contract=contract_in_force(upload.customer_id),
        by=db.session.get(Account, upload.created_by) if upload.created_by else None,
        decided_by=db.session.get(Account, upload.decided_by) if upload.decided_by else None,
        state=STATES[upload.state],
        effect=effect_of(upload) if upload.state is UploadState.waiting else None,
        samples=_samples(upload) if upload.state is UploadState.waiting else [],
        told_text=told_text(),
        approval=approval,
        refusal=refusal,
    ), status


def _samples(upload: Upload) -> list[tuple[int, str, str]]:
    """Return record, masked address and domain group of some good rows; no values of fields."""
    rows = db.session.scalars(
        sa.select(UploadRow)
        .where(UploadRow.upload_id == upload.id, UploadRow.state == RowState.good)
        .order_by(UploadRow.record)
        .limit(SAMPLES)
    )
    return [
        (
            row.record,
            mask_address(row.address or ""),
            gettext(DOMAIN_GROUP_TEXTS[DomainGroup(row.domain_group or "other")]),
        )
        for row in rows
    ]


@blueprint.post("/<int:upload_id>/approve")
def approve(upload_id: int) -> Answer:
    upload, form = _attested(upload_id), DecisionForm()
    if not form.validate_on_submit():
        return _page(upload, form, RefusalForm(formdata=None), 422)
    said = gettext("The upload is approved. Its addresses are being registered.")
    return _decide(upload, lambda: uploading.approve(upload, (form.note.data or "").strip(), by=me().id), said)


@blueprint.post("/<int:upload_id>/refuse")
def refuse(upload_id: int) -> Answer:
    upload, form = _attested(upload_id), RefusalForm()
    if not form.validate_on_submit():
        return _page(upload, DecisionForm(formdata=None), form, 422)
    said = gettext("The upload is refused. Its file and rows are erased.")
    return _decide(upload, lambda: uploading.refuse(upload, (form.note.data or "").strip(), by=me().id), said)


def _decide(upload: Upload, act: object, said: str) -> Answer:
    upload_id = upload.id
    assert callable(act)
    try:
        act()
        db.session.commit()
        flash(said, "success")
    except uploading.Refused:
        db.session.rollback()
        flash(
            gettext("This is not possible: it is decided already, or the contract does not permit it at present."),
            "warning",
        )
    return see_other(url_for("staff_uploads.show", upload_id=upload_id))


@blueprint.get("/<int:upload_id>/evidence")
def evidence(upload_id: int) -> Answer:
    """The evidence that the customer attached, as a file to save; never opened on our pages."""
    upload = _attested(upload_id)
    key = upload.statement.get("evidence")
    if not key or not storage.path_of(key).exists():
        abort(404)
    return stored_file_answer(storage.path_of(key), upload.statement.get("evidence_name") or "evidence")
