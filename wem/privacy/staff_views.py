"""The register of disclosures, and for administrators who looked at whose data."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, documents, storage
from wem.accounts.models import Account, Customer
from wem.accounts.rules import StaffRole
from wem.contracts.models import Contract
from wem.contracts.state_rules import Illegal, OwnProposal
from wem.contracts.wording import ASKED
from wem.db import db
from wem.documents import Document
from wem.privacy import disclosing
from wem.privacy.forms import DisclosureForm, GivenForm, NoteForm, PaperForm
from wem.privacy.models import Disclosure, Look
from wem.privacy.rules import Basis, DataClass, DisclosureAction, DisclosureState
from wem.privacy.wording import BASES, DATA, DISCLOSURES, PURPOSES, WHATS
from wem.web.blueprints import StaffBlueprint
from wem.web.files import stored_file_answer
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

KEEPERS = frozenset({StaffRole.contracts})
blueprint = StaffBlueprint("staff_disclosures", __name__, roles=KEEPERS, url_prefix="/staff/disclosures")
# Nobody but administrators.
look_blueprint = StaffBlueprint("staff_looks", __name__, roles=frozenset())
Answer = str | tuple[str, int] | Response


def _shown(row: Disclosure, said: str) -> Response:
    db.session.commit()
    flash(said, "success")
    return see_other(url_for("staff_disclosures.show", id=row.id))


def _denied(row: Disclosure, act: str) -> Response:
    """What the table does not allow was asked for: nothing happens, and it is written down."""
    number, customer_id = row.id, row.customer_id
    db.session.rollback()
    audit.record(f"disclosure.denied_{act}", by=me().id, customer_id=customer_id, subject=row)
    db.session.commit()
    flash(gettext("This is not possible any more, or not allowed."), "error")
    return see_other(url_for("staff_disclosures.show", id=number))


def _paper() -> tuple[bytes, str] | None:
    upload = request.files.get("paper")
    if not upload or not upload.filename:
        return None
    content = upload.stream.read(documents.MOST_BYTES + 1)
    if len(content) > documents.MOST_BYTES:
        raise storage.TooLarge
    return content, upload.filename[:200]


@blueprint.get("")
def index() -> Answer:
    page = page_of(sa.select(Disclosure), Disclosure.id)
    return render_template("privacy/staff/disclosures.html", page=page, states=DISCLOSURES, bases=BASES, data=DATA)


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Answer:
    form = DisclosureForm()
    if not form.is_submitted():
        form.contract.data = request.args.get("contract", "")[:20]
    if form.validate_on_submit() and form.found is not None:
        try:
            paper = _paper()
        except storage.TooLarge:
            form.paper.errors = [gettext("The file is too large. Up to 30 MB can be kept.")]
            return render_template("privacy/staff/disclosure_new.html", form=form), 422
        row = disclosing.propose(
            form.found.customer,
            Basis(form.basis.data),
            DataClass(form.whose.data),
            form.requester.data or "",
            form.items.data or "",
            form.reason.data or "",
            by=me().id,
            reference=form.reference.data or "",
        )
        if paper:
            disclosing.attach(row, *paper, by=me().id)
        return _shown(row, str(ASKED))
    page = render_template("privacy/staff/disclosure_new.html", form=form)
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    row = found_or_404(Disclosure, id)
    wanted = [number for number in (row.proposed_by, row.decided_by, row.withdrawn_by, row.given_by) if number]
    people = db.session.scalars(sa.select(Account).where(Account.id.in_(wanted)))
    return render_template(
        "privacy/staff/disclosure.html",
        row=row,
        state=DISCLOSURES[row.state],
        basis=BASES[row.basis],
        data=DATA[row.data],
        papers=disclosing.papers(row),
        people={account.id: account.name for account in people},
        waits=row.state is DisclosureState.proposed,
        approved=row.state is DisclosureState.approved,
        mine=row.proposed_by == me().id,
        note_form=NoteForm(),
        given_form=GivenForm(),
        paper_form=PaperForm(),
    )


@blueprint.get("/<int:id>/papers/<int:document_id>")
def paper(id: int, document_id: int) -> Answer:
    row, document = found_or_404(Disclosure, id), found_or_404(Document, document_id)
    if document.about != row.about:
        abort(404)
    return stored_file_answer(storage.path_of(document.storage_key), document.name)


@blueprint.post("/<int:id>/papers")
def attach(id: int) -> Answer:
    row, form = found_or_404(Disclosure, id), PaperForm()
    try:
        found = _paper() if form.validate() else None
    except storage.TooLarge:
        found = None
    if found is None:
        flash(gettext("Please choose a file of up to 30 MB."), "error")
        return see_other(url_for("staff_disclosures.show", id=id))
    disclosing.attach(row, *found, by=me().id)
    return _shown(row, gettext("The paper is kept."))


@blueprint.post("/<int:id>")
def decide(id: int) -> Answer:
    found_or_404(Disclosure, id)
    form, chosen = NoteForm(), request.form.get("decision", "")
    if chosen not in DisclosureAction.__members__ or not form.validate():
        flash(gettext("Please write a note for the record."), "error")
        return see_other(url_for("staff_disclosures.show", id=id))
    row = db.session.get_one(Disclosure, id, with_for_update=True, populate_existing=True)
    try:
        disclosing.decide(row, DisclosureAction[chosen], form.note.data or "", by=me().id)
    except OwnProposal:
        return _denied(row, "own_approval")
    except Illegal:
        return _denied(row, "decision")
    return _shown(row, gettext("It is decided."))


@blueprint.post("/<int:id>/giving")
def give(id: int) -> Answer:
    found_or_404(Disclosure, id)
    form = GivenForm()
    if not form.validate() or form.given_on.data is None:
        flash(gettext("Please say on which day and how it was given."), "error")
        return see_other(url_for("staff_disclosures.show", id=id))
    row = db.session.get_one(Disclosure, id, with_for_update=True, populate_existing=True)
    try:
        disclosing.give(row, form.given_on.data, form.how.data or "", by=me().id)
    except Illegal:
        return _denied(row, "giving")
    return _shown(row, gettext("It is noted as given."))


@look_blueprint.get("/staff/access")
def looks() -> Answer:
    words = request.args.get("customer", "").strip()[:100]
    found = sa.select(Look)
    if words:
        by_number = sa.select(Contract.customer_id).where(Contract.number == words.upper())
        found = found.where(
            Look.customer_id.in_(
                sa.select(Customer.id).where(
                    sa.or_(Customer.id.in_(by_number), Customer.name.icontains(words, autoescape=True))
                )
            )
        )
    page = page_of(found, Look.id)
    return render_template(
        "privacy/staff/looks.html",
        page=page,
        words=words,
        people=_names(Account, {row.account_id for row in page.rows}),
        customers=_names(Customer, {row.customer_id for row in page.rows if row.customer_id}),
        whats=WHATS,
        purposes=PURPOSES,
    )


def _names(model: type[Account] | type[Customer], ids: set[int]) -> dict[int, str]:
    rows = db.session.execute(sa.select(model.id, model.name).where(model.id.in_(ids)))
    return {row.id: row.name for row in rows}
