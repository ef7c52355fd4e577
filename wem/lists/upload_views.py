"""Uploads of a list: the file, its columns, what checking found, and what is done with it."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import sqlalchemy as sa
from flask import Response as FlaskResponse
from flask import flash, request, stream_with_context, url_for
from flask import render_template as render
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import storage
from wem.contracts.rules import Use
from wem.db import db
from wem.lists import forgetting, upload_columns, upload_files, upload_reporting, uploading
from wem.lists.forms import KINDS as FIELD_KINDS
from wem.lists.models import MailingList
from wem.lists.problems import PROBLEM_TEXTS, UnreadableFile
from wem.lists.reading import FileShape
from wem.lists.states import UploadKind, UploadState
from wem.lists.upload_columns import ColumnChoices
from wem.lists.upload_effect import effect_of
from wem.lists.upload_forms import KIND_HINTS, KINDS, NewUploadForm, ShapeForm, StatementForm, asks_fields
from wem.lists.upload_models import Upload
from wem.lists.upload_statement import keep_evidence
from wem.lists.upload_texts import BROKE_OFF_TEXTS, STATES, problem_of, reason_of
from wem.web.blueprints import CustomerBlueprint
from wem.web.htmx import page_or_fragment, see_other
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404
from wem.web.paging import page_of
from wem.web.session import me

blueprint = CustomerBlueprint("uploads", __name__, use=Use.upload, url_prefix="/lists/<int:list_id>/imports")
Answer = str | tuple[str, int] | Response
OPEN = (UploadState.received, UploadState.checked)
MOVING = (UploadState.reading, UploadState.applying, UploadState.undoing)


def _list(list_id: int) -> MailingList:
    return owned_or_404(MailingList, list_id, MailingList.archived_at.is_(None))


def _upload(list_id: int, upload_id: int) -> Upload:
    return owned_or_404(Upload, upload_id, Upload.list_id == list_id)


@blueprint.get("")
def index(list_id: int) -> Answer:
    mailing_list = _list(list_id)
    page = page_of(sa.select(Upload).where(Upload.list_id == mailing_list.id), Upload.id)
    return render(
        "lists/imports/uploads.html",
        list=mailing_list,
        page=page,
        kinds=KINDS,
        states=STATES,
        offer_stop_list=uploading.stop_list_is_due(mailing_list.customer_id),
    )


@blueprint.route("/new", methods=["GET", "POST"])
@limiter.limit("60/hour", methods=["POST"])
def new(list_id: int) -> Answer:
    mailing_list = _list(list_id)
    customer_id, account_id = mailing_list.customer_id, me().id
    form = NewUploadForm(uploading.attested_allowed(customer_id))
    offer = uploading.stop_list_is_due(customer_id)
    if not form.is_submitted():
        form.kind.data = request.args.get("kind") if request.args.get("kind") in set(UploadKind) else "invitation"
    if form.validate_on_submit():
        # Keeping and looking through 200 MB takes its time: not inside a transaction.
        db.session.commit()
        try:
            with closing(form.file.data):
                key, size, shape = uploading.store(form.file.data.stream)
        except UnreadableFile as problem:
            form.file.errors = [gettext(PROBLEM_TEXTS[problem.problem.value])]
        else:
            kind, name = UploadKind(form.kind.data), form.file.data.filename or ""
            try:
                upload = uploading.receive(_list(list_id), kind, name, key, size, shape, by=account_id)
                db.session.commit()
            except BaseException as error:
                # No row names the file: nobody would ever erase its addresses.
                storage.erase(key)
                if not isinstance(error, uploading.Refused):
                    raise
                db.session.rollback()
                flash(gettext("This is not possible any more. Please look at the present state."), "warning")
                return see_other(url_for("uploads.index", list_id=list_id))
            return see_other(url_for("uploads.columns", list_id=list_id, upload_id=upload.id))
    status = 422 if form.is_submitted() else 200
    return render(
        "lists/imports/new.html", list=_list(list_id), form=form, kind_hints=KIND_HINTS, offer_stop_list=offer
    ), status


@blueprint.route("/<int:upload_id>/columns", methods=["GET", "POST"])
def columns(list_id: int, upload_id: int) -> Answer:
    mailing_list, upload = _list(list_id), _upload(list_id, upload_id)
    if upload.state not in OPEN:
        return see_other(url_for("uploads.show", list_id=list_id, upload_id=upload_id))
    form = StatementForm(upload)
    choices = _choices(upload, posted=form.is_submitted())
    # Both are asked, so that all that is wrong is said at once.
    if not (form.validate_on_submit() and not choices.errors):
        if form.is_submitted():
            form.form_errors = [*form.form_errors, *map(gettext, choices.errors)]
        return _columns_page(mailing_list, upload, form, choices, 422 if form.is_submitted() else 200)
    path, shape = storage.path_of(upload.storage_key or ""), FileShape.from_dict(upload.shape)
    evidence_before = upload.statement.get("evidence")
    taken, said, account_id = forgetting.taken_keys(upload.customer_id), _said(form), me().id
    # Looking for choices and keeping evidence take their time: not inside a transaction.
    db.session.rollback()
    mapping = upload_columns.mapping_of(choices, path, shape, taken)
    if "update_known" in form:
        mapping["update_known"] = bool(form.update_known.data)
    if "everywhere" in form:
        mapping["everywhere"] = form.everywhere.data == "all"
    if "evidence" in form and form.evidence.data:
        try:
            with closing(form.evidence.data):
                said |= keep_evidence(form.evidence.data.stream, form.evidence.data.filename or "")
        except storage.TooLarge:
            form.evidence.errors = [gettext("The evidence is larger than 10 MB. Please make it smaller.")]
            return _columns_page(_list(list_id), _upload(list_id, upload_id), form, choices, 422)

    def check(upload: Upload) -> None:
        # Evidence that was attached before stays: what is named now, for another page may have replaced it meanwhile.
        uploading.check(upload, mapping, {**upload.statement, **said}, by=account_id)

    answer = _act(list_id, upload_id, check)
    upload_files.erase_evidence_but_named(upload_id, {evidence_before, said.get("evidence")})
    return answer


def _choices(upload: Upload, *, posted: bool) -> ColumnChoices:
    path, shape = storage.path_of(upload.storage_key or ""), FileShape.from_dict(upload.shape)
    labels = uploading.field_labels(upload.customer_id)
    address_only = not asks_fields(upload.kind)
    if posted:
        return upload_columns.chosen(path, shape, labels, request.form, address_only=address_only)
    if upload.mapping:
        stored = upload_columns.stored(upload.mapping)
        return upload_columns.chosen(path, shape, labels, stored, address_only=address_only)
    return upload_columns.guessed(path, shape, labels, address_only=address_only)


def _said(form: StatementForm) -> dict[str, Any]:
    said = {name: (form[name].data or "").strip() for name in ("how", "when", "wording") if name in form}
    if "told" in form:
        said["told"] = bool(form.told.data)
    return said


def _columns_page(
    mailing_list: MailingList, upload: Upload, form: StatementForm, choices: ColumnChoices, status: int
) -> Answer:
    shape = FileShape.from_dict(upload.shape)
    page = render(
        "lists/imports/columns.html",
        list=mailing_list,
        upload=upload,
        form=form,
        shape=shape,
        shape_form=ShapeForm(shape, formdata=None),
        choices=choices,
        fields=uploading.field_labels(upload.customer_id),
        with_fields=asks_fields(upload.kind),
        kinds=KINDS,
        field_kinds=FIELD_KINDS,
    )
    return page, status


@blueprint.post("/<int:upload_id>/shape")
def shape(list_id: int, upload_id: int) -> Answer:
    """Read the file again as the person says: character set, separator, headings."""
    upload = _upload(list_id, upload_id)
    before, key = FileShape.from_dict(upload.shape), upload.storage_key
    form = ShapeForm(before)
    back = url_for("uploads.columns", list_id=list_id, upload_id=upload_id)
    if upload.state not in OPEN or key is None or not form.validate_on_submit():
        return see_other(back)
    encoding = form.encoding.data if "encoding" in form else before.encoding
    delimiter = form.delimiter.data if "delimiter" in form else before.delimiter
    db.session.rollback()
    try:
        after = uploading.shape_again(
            key, before, encoding=encoding, delimiter=delimiter, has_header=form.header.data == "yes"
        )
    except UnreadableFile as problem:
        flash(gettext(PROBLEM_TEXTS[problem.problem.value]), "error")
        return see_other(back)
    try:
        uploading.correct(_upload(list_id, upload_id), after)
    except uploading.Refused:
        db.session.rollback()
    db.session.commit()
    return see_other(back)


@blueprint.get("/<int:upload_id>")
def show(list_id: int, upload_id: int) -> Answer:
    mailing_list, upload = _list(list_id), _upload(list_id, upload_id)
    if upload.state is UploadState.received:
        return see_other(url_for("uploads.columns", list_id=list_id, upload_id=upload_id))
    after = request.args.get("after", default=0, type=int)
    # Only what stands still can be counted.
    refused, more = ([], None) if upload.state in MOVING else upload_reporting.page_after(upload.id, after)
    return page_or_fragment(
        "lists/imports/upload.html",
        "lists/imports/_upload.html",
        list=mailing_list,
        upload=upload,
        kind=KINDS[upload.kind],
        # Reading takes about four times as long as looking up what the rows meet.
        checked_so_far=(4 * upload.read + max(upload.cursor, 0)) // 5,
        state=STATES[upload.state],
        effect=effect_of(upload) if upload.state in (UploadState.checked, UploadState.waiting) else None,
        applicable=uploading.applicable(upload),
        refused=refused,
        more=more,
        after=after,
        reason_of=reason_of,
        said_in=upload_reporting.said_in,
        reasons=upload_reporting.reasons(upload.id) if refused and not after else [],
        looked_at=upload_reporting.LOOKED_AT,
        problem=problem_of(upload),
        broke_off=upload.problem in BROKE_OFF_TEXTS,
        undoable=uploading.undoable(upload),
        fields=_mapped_labels(upload),
    )


def _mapped_labels(upload: Upload) -> list[str]:
    labels = uploading.field_labels(upload.customer_id)
    mapped = [labels[key] for key in upload.mapping.get("fields", {}).values() if key in labels]
    return [*mapped, *(new["label"] for new in upload.mapping.get("new", []))]


@blueprint.get("/<int:upload_id>/refused.csv")
def refused(list_id: int, upload_id: int) -> Answer:
    """The report of refused rows as a file; addresses stand in it masked."""
    upload = _upload(list_id, upload_id)
    head = [gettext("Row"), gettext("Address (masked)"), gettext("Column"), gettext("Value"), gettext("Reason")]
    return FlaskResponse(
        stream_with_context(upload_reporting.report_lines(upload.id, head)),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename=refused-{upload.id}.csv"},
    )


@blueprint.post("/<int:upload_id>/apply")
def apply(list_id: int, upload_id: int) -> Answer:
    return _act(list_id, upload_id, lambda upload: uploading.apply(upload, by=me().id))


@blueprint.post("/<int:upload_id>/discard")
def discard(list_id: int, upload_id: int) -> Answer:
    said = gettext("The file is discarded. Nothing has been changed.")
    return _act(list_id, upload_id, lambda upload: uploading.discard(upload, by=me().id), said)


@blueprint.post("/<int:upload_id>/undo")
def undo(list_id: int, upload_id: int) -> Answer:
    return _act(list_id, upload_id, lambda upload: uploading.undo(upload, by=me().id))


def _act(list_id: int, upload_id: int, act: Any, said: str = "") -> Answer:
    _list(list_id)
    try:
        act(_upload(list_id, upload_id))
        db.session.commit()
        if said:
            flash(said, "success")
    except uploading.FieldTaken:
        db.session.rollback()
        flash(gettext("A field of the same name was made meanwhile. Please choose the columns again."), "warning")
        return see_other(url_for("uploads.columns", list_id=list_id, upload_id=upload_id))
    except uploading.Refused:
        db.session.rollback()
        flash(gettext("This is not possible any more. Please look at the present state."), "warning")
    return see_other(url_for("uploads.show", list_id=list_id, upload_id=upload_id))
