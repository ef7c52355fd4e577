"""Correcting an invoice on staff's screens: what is typed, what would be issued, and then its issue (消法 57条の4)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.rules import StaffRole
from wem.billing import correcting, invoice_rules, issuing
from wem.billing.invoice_forms import CorrectionForm
from wem.billing.invoice_models import Invoice
from wem.billing.invoice_rules import Line, TaxSum
from wem.billing.invoice_wording import DOCUMENTS, NOT_READY
from wem.billing.papers import rate_text
from wem.billing.rules import InvoiceKind
from wem.contracts.models import Contract
from wem.contracts.name_rules import honorific
from wem.db import db
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint(
    "staff_corrections", __name__, roles=frozenset({StaffRole.billing}), url_prefix="/staff/invoices"
)
Answer = str | tuple[str, int] | Response
PART = "give_back"


@dataclass(frozen=True)
class Shown:
    """A document that would be issued: yen as it says them, of a return without a minus."""

    kind: InvoiceKind
    to: str
    lines: Sequence[Line]
    taxes: Sequence[TaxSum]

    @property
    def total(self) -> int:
        return invoice_rules.total(self.taxes)


@blueprint.errorhandler(issuing.NotReady)
def not_ready(_: issuing.NotReady) -> Answer:
    db.session.rollback()
    flash(NOT_READY, "error")
    return see_other(url_for("staff_invoices.index"))


@blueprint.route("/<int:id>/correction", methods=["GET", "POST"])
def correct(id: int) -> Answer:
    """Show what a correction would issue; issue it when that was seen."""
    row = found_or_404(Invoice, id)
    if not correcting.may_correct(row):
        flash(gettext("This document cannot be corrected: correct the one that took its place."), "error")
        return see_other(url_for("staff_invoices.show", id=id))
    form = _form(row)
    if not form.validate_on_submit():
        return _page(row, form, 422 if form.is_submitted() else 200)
    step = request.form.get("step", "look")
    if step == "back":
        return _page(row, form)
    try:
        correcting.check(row, form.typed(), part=form.way.data == PART)
        if step == "issue":
            return _issued(row, form)
    except correcting.NotCorrectable:
        db.session.rollback()
        form.form_errors.append(gettext("It cannot be given back: more than is left of the invoice, or nothing."))
        if row.third_party and row.settled_on:
            said = gettext("What was paid cannot be followed by a higher claim: issue another one.")
            form.form_errors.append(said)
        return _page(row, form, 422)
    return render_template(
        "billing/staff/correction_look.html", row=row, form=form, documents=DOCUMENTS, shown=_shown(row, form),
        rate_text=rate_text,
    )  # fmt: skip


def _form(row: Invoice) -> CorrectionForm:
    """Return the form: filled with the whole invoice where another takes its place, empty where a part goes back."""
    part, to = request.values.get("way") == PART, row.recipient
    given = [{"label": each["label"], "amount": each["amount"], "rate": str(each["rate"])} for each in row.lines]
    form = CorrectionForm(
        lines=[] if part else given, way=PART if part else "replace", name=to["name"], postal_code=to["postal_code"],
        address=to["address"], token=secrets.token_urlsafe(16),
    )  # fmt: skip
    while not part and len(form.lines) < len(given) + 2:
        form.lines.append_entry()
    return form


def _page(row: Invoice, form: CorrectionForm, status: int = 200) -> tuple[str, int]:
    left = correcting.left_by_rate(row)
    page = render_template(
        "billing/staff/correction.html", row=row, form=form, part=form.way.data == PART, rate_text=rate_text,
        left=[(rate, net) for rate, net in left.items() if net],
    )  # fmt: skip
    return page, status


def _shown(row: Invoice, form: CorrectionForm) -> list[Shown]:
    lines, to = form.typed(), row.recipient_name
    if form.way.data == PART:
        return [Shown(InvoiceKind.give_back, to, lines, invoice_rules.taxes(lines))]
    before = correcting.lines_of(row)
    return [
        Shown(InvoiceKind.give_back, to, before, [each.sums for each in row.taxes]),
        Shown(InvoiceKind.invoice, _name(form), lines, invoice_rules.taxes(lines)),
    ]


def _name(form: CorrectionForm) -> str:
    return " ".join((form.name.data or "").split())


def _issued(row: Invoice, form: CorrectionForm) -> Response:
    # Read anew while it is held: the same form sent twice at once is one correction.
    db.session.get(Contract, row.contract_id, with_for_update=True, populate_existing=True)
    note, token = (form.note.data or "").strip(), (form.token.data or "")[:40] or secrets.token_urlsafe(16)
    if form.way.data == PART:
        found = correcting.give_back(row, form.typed(), note, by=me().id, token=token)
    else:
        recipient = {**row.recipient, "name": _name(form), "honorific": honorific(_name(form))}
        if row.third_party:
            recipient["postal_code"] = (form.postal_code.data or "").strip()
            recipient["address"] = " ".join((form.address.data or "").split())
        _, found = correcting.replace_by(row, form.typed(), note, by=me().id, recipient=recipient)
    db.session.commit()
    said = gettext("%(number)s is issued, and the customer is told.", number=found.number)
    flash(gettext("%(number)s is issued.", number=found.number) if row.third_party else said, "success")
    return see_other(url_for("staff_invoices.show", id=found.id))
