"""What customers file on paper, by mail or by telephone (Art. 16), entered by staff as they would have done it."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock
from wem.contracts import addressing, requesting
from wem.contracts.mandate_models import serving
from wem.contracts.models import DETAILS, Contract
from wem.contracts.request_models import Channel, ContractRequest
from wem.contracts.requesting import NotPossible, Way
from wem.contracts.staff_filing_forms import BankOnPaperForm, DetailsOnPaperForm, NameOnPaperForm, PaperForm
from wem.contracts.staff_request_views import entered, letter_named, receipt_notes, typed_from
from wem.contracts.staff_views import CHANGERS, contract_to_change
from wem.contracts.wording import MEANWHILE, REFUSALS
from wem.db import db
from wem.inquiries import answering
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.session import me

blueprint = StaffBlueprint("staff_filings", __name__, roles=CHANGERS, url_prefix="/staff/contracts")
Answer = str | tuple[str, int] | Response


@blueprint.route("/<int:id>/entry/details", methods=["GET", "POST"])
def details(id: int) -> Answer:
    contract = contract_to_change(id)
    form = DetailsOnPaperForm(obj=contract, **typed_from(letter_named(contract)))
    if not addressing.by_mail(contract):
        form.without_mail()

    def file(way: Way) -> ContractRequest | None:
        new = {name: form[name].data or "" for name in DETAILS if name in form}
        return requesting.change_details(
            contract, new, form.planned.data or clock.today(), way, correction=form.correction.data
        )

    return _filed(contract, form, gettext("Enter a change of details of %(name)s", name=contract.customer.name), file)


@blueprint.route("/<int:id>/entry/name", methods=["GET", "POST"])
def name(id: int) -> Answer:
    contract = contract_to_change(id)
    customer = contract.customer
    form = NameOnPaperForm(name=customer.name, kana=customer.kana, **typed_from(letter_named(contract)))

    def file(way: Way) -> ContractRequest | None:
        return requesting.change_name(
            contract,
            form.name.data or "",
            form.kana.data or "",
            form.evidence.data or "",
            form.planned.data or clock.today(),
            way,
        )

    return _filed(
        contract,
        form,
        gettext("Enter a change of name of %(name)s", name=customer.name),
        file,
        gettext("Only the same person or company under another name; a contract cannot be passed on (Art. 20)."),
        gettext("It waits for an answer; then the name changes on its day."),
    )


@blueprint.route("/<int:id>/entry/bank", methods=["GET", "POST"])
def bank(id: int) -> Answer:
    contract = contract_to_change(id)
    form = BankOnPaperForm(**typed_from(letter_named(contract)))

    def file(way: Way) -> ContractRequest:
        return requesting.change_bank(
            contract,
            form.account(),
            form.account_number.data or "",
            form.planned.data or clock.today(),
            way,
            sealed=form.sealed.data,
        )

    return _filed(
        contract,
        form,
        gettext("Enter a change of bank account of %(name)s", name=contract.customer.name),
        file,
        str(MEANWHILE[serving(id) is not None]),
    )


def _filed(
    contract: Contract, form: PaperForm, title: str, file: Callable[[Way], ContractRequest | None], *notes: str
) -> Answer:
    """Take in what was typed, with its day and way of receipt, and answer with the request or with the form."""
    letter, status = letter_named(contract), 200
    if form.is_submitted():
        if form.validate():
            # To the second: midnight decides.
            received_at = letter.at if letter is not None else form.received_at
            try:
                row = file(Way(me().id, received_at, Channel(form.channel.data), form.sent_at))
            except NotPossible as error:
                db.session.rollback()
                form.form_errors.append(str(REFUSALS[error.reason]))
            else:
                if row is None:
                    flash(gettext("Nothing was different."), "info")
                    return see_other(url_for("staff_contracts.show", id=contract.id))
                if letter is not None:
                    answering.note_request(letter, row.id, by=me().id)
                return entered(row)
        status = 422
    page = render_template(
        "contracts/staff/act.html",
        title=title,
        back_url=url_for("staff_contracts.show", id=contract.id),
        back_label=contract.customer.name,
        form=form,
        label=gettext("Enter"),
        notes=[
            *receipt_notes(letter),
            gettext(
                "What is filed later than ten days after the change is taken in all the same, with a mark (Art. 16)."
            ),
            *notes,
        ],
    )
    return page, status
