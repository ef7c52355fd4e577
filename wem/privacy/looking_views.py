"""The one place that knows which of staff's pages show personal data of a customer, and writes each look down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask, request
from werkzeug.wrappers import Response

from wem.accounts.order_models import OperationOrder
from wem.billing.debit_models import DebitEntry
from wem.billing.invoice_models import Invoice
from wem.billing.models import Receivable
from wem.billing.payment_models import Payment
from wem.cases.models import Case, CaseEntry, Deletion, Report
from wem.contracts.application_models import Application
from wem.contracts.emergency_models import EmergencyStop
from wem.contracts.mandate_models import Mandate
from wem.contracts.models import Contract
from wem.contracts.request_models import ContractRequest, Correction, Revocation, Termination
from wem.db import db
from wem.inquiries.models import Inquiry
from wem.lists.upload_models import Upload
from wem.notices.models import Notice
from wem.privacy import looking
from wem.privacy.models import Disclosure
from wem.privacy.rules import What
from wem.sender_names.models import SenderName
from wem.web.session import current_account

Whose = Callable[[int], int | None]


@dataclass(frozen=True)
class Shows:
    """What a page shows, and whose it is by the number in its address."""

    what: What
    whose: Whose
    argument: str = "id"


def own(model: Any) -> Whose:
    """Find the customer of a row that names one."""
    return lambda number: db.session.scalar(sa.select(model.customer_id).where(model.id == number))


def by_contract(model: Any) -> Whose:
    """Find the customer of a row that names a contract."""
    return lambda number: db.session.scalar(
        sa.select(Contract.customer_id).join(model, model.contract_id == Contract.id).where(model.id == number)
    )


def by_case(model: Any) -> Whose:
    return lambda number: db.session.scalar(
        sa.select(Case.customer_id).join(model, model.case_id == Case.id).where(model.id == number)
    )


CONTRACT, DETAILS = Shows(What.contract, own(Contract)), Shows(What.details, own(Contract))
INVOICE = Shows(What.sums, own(Invoice))
SUMS, CASE = Shows(What.sums, own(Contract)), Shows(What.case, own(Case))
NOTICE = Shows(What.notice, own(Notice))
TERMINATION = Shows(What.termination, by_contract(Termination))
APPLICATION = Shows(What.application, by_contract(Application))
SHOWN: dict[str, Shows] = {
    "staff_contracts.show": CONTRACT,
    "staff_contract_changes.details": DETAILS,
    "staff_contract_changes.suspend": CONTRACT,
    "staff_contract_changes.resume": CONTRACT,
    "staff_request_acts.enter": CONTRACT,
    "staff_filings.details": DETAILS,
    "staff_sender_names.show": Shows(What.details, own(SenderName)),
    "staff_filings.name": DETAILS,
    "staff_filings.bank": CONTRACT,
    "staff_endings.correct": CONTRACT,
    "staff_endings.refuse_renewal": CONTRACT,
    "staff_endings.refusal_arrived": CONTRACT,
    "staff_endings.restrict": CONTRACT,
    "staff_endings.release": CONTRACT,
    "staff_endings.close_correction": Shows(What.contract, by_contract(Correction)),
    "staff_terminations.propose_termination": CONTRACT,
    "staff_terminations.show": TERMINATION,
    "staff_terminations.evidence": TERMINATION,
    "staff_revocations.propose": CONTRACT,
    "staff_revocations.show": Shows(What.termination, by_contract(Revocation)),
    "staff_voids.void": CONTRACT,
    "staff_erasures.show": CONTRACT,
    "staff_erasures.consent_record": CONTRACT,
    "staff_arrears.owed": SUMS,
    "staff_prices.show": SUMS,
    "staff_arrears.lift": SUMS,
    "staff_methods.choose": SUMS,
    "staff_write_offs.show": Shows(What.sums, own(Receivable)),
    "staff_debits.entry": Shows(What.sums, own(DebitEntry)),
    "staff_payments.show": Shows(What.sums, by_contract(Payment)),
    "staff_receipts.show": Shows(What.sums, by_contract(Payment)),
    "staff_invoices.show": INVOICE,
    "staff_invoices.pdf": INVOICE,
    "staff_corrections.correct": INVOICE,
    "staff_invoice_acts.new": SUMS,
    "staff_invoice_acts.costs": SUMS,
    "staff_invoice_acts.first": SUMS,
    "staff_applications.show": APPLICATION,
    "staff_application_papers.form": APPLICATION,
    "staff_application_papers.scan": APPLICATION,
    "staff_mandates.show": Shows(What.mandate, by_contract(Mandate)),
    "staff_requests.show": Shows(What.request, own(ContractRequest)),
    "staff_notices.show": NOTICE,
    "staff_notices.pdf": NOTICE,
    "staff_uploads.show": Shows(What.upload, own(Upload), "upload_id"),
    "staff_uploads.evidence": Shows(What.upload, own(Upload), "upload_id"),
    "staff_cases.show": CASE,
    "staff_cases.edit": CASE,
    "staff_cases.write": CASE,
    "staff_claims.add_claim": CASE,
    "staff_claims.add_talk": CASE,
    "staff_reports.show": Shows(What.case, own(Report)),
    "staff_reports.file": Shows(What.case, own(Report)),
    "staff_cases.entry_file": Shows(What.case, by_case(CaseEntry)),
    "staff_case_acts.warn": CASE,
    "staff_case_acts.demand": CASE,
    "staff_case_acts.restrict": CASE,
    "staff_case_acts.terminate": CASE,
    "staff_case_acts.take_down": CASE,
    "staff_case_acts.delete": CASE,
    "staff_case_acts.deletion": Shows(What.case, own(Deletion)),
    "staff_disclosures.show": Shows(What.disclosure, own(Disclosure)),
    "staff_contracts.history": CONTRACT,
    "staff_contracts.document": CONTRACT,
    "staff_inquiries.show": Shows(What.inquiry, own(Inquiry)),
    "staff_inquiries.file": Shows(What.inquiry, own(Inquiry)),
    "staff_emergency.show": Shows(What.contract, own(EmergencyStop)),
    "staff_emergency.enter": CONTRACT,
    "staff_page_reissue.reissue": CONTRACT,
    "staff_operations.show": Shows(What.order, own(OperationOrder)),
    "staff_disclosures.paper": Shows(What.disclosure, own(Disclosure)),
}


def set_up_looking(app: Flask) -> None:
    """Have every page of `SHOWN` that was answered write its look down."""

    @app.after_request
    def _looked(response: Response) -> Response:
        shows = SHOWN.get(request.endpoint or "")
        account = current_account() if shows else None
        if shows and account and request.method == "GET" and response.status_code == 200:
            person, whose = account.id, shows.whose((request.view_args or {})[shows.argument])
            # The page only read; its transaction is over before another one writes.
            db.session.rollback()
            looking.note(person, whose, shows.what, request.path, request.remote_addr or "")
        return response
