"""The papers of an application as PDF: the form (申込書) and the request for direct debit (口座振替依頼書)."""

from __future__ import annotations

from typing import Any

from flask_babel import force_locale

from wem import audit, documents
from wem.contracts.application_models import Application
from wem.contracts.application_rules import Applicant
from wem.contracts.application_wording import ACCOUNT_TYPES, APPLICANTS
from wem.contracts.application_words import day, yen
from wem.settings import settings


def application_form(application: Application) -> bytes:
    """Return the filled application form. Raises documents.NotMade."""
    entries = application.entries
    fee = application.fee
    with force_locale("ja"):
        kind = str(APPLICANTS[application.kind])
    return documents.pdf(
        "contracts/application.typ",
        {
            **_common(application),
            "kind": kind,
            "company": application.kind is Applicant.company,
            **{name: entries[name] or "" for name in PRINTED},
            "course": entries["course_name"],
            "fee": {
                "initial": yen(fee.initial),
                "monthly": yen(fee.monthly),
                "tax": yen(fee.tax),
                "total": yen(application.fee_total),
            },
            "terms": application.terms_version,
            "consent": application.consent_version,
        },
    )


PRINTED = (
    "name", "kana", "corporate_number", "representative", "person", "postal_code", "address", "phone", "email",
    "partner_code",
)  # fmt: skip


def debit_request(application: Application) -> bytes:
    """Return the request for direct debit, to be sealed by hand. Raises documents.NotMade."""
    entries = application.entries
    with force_locale("ja"):
        account_type = str(ACCOUNT_TYPES[entries["account_type"]])
    names = ("bank", "bank_code", "branch", "branch_code", "account_number", "account_holder")
    return documents.pdf(
        "contracts/debit_request.typ",
        {
            **_common(application),
            **{name: entries[name] for name in names},
            "account_type": account_type,
            "name": application.name,
            "postal_code": entries["postal_code"],
            "address": entries["address"],
            "phone": entries["phone"],
        },
    )


def _common(application: Application) -> dict[str, Any]:
    given = settings()
    return {
        "number": application.number,
        "printed": day(application.filled_at.date() if application.filled_at else application.created_at.date()),
        "provider": {
            "name": given.PROVIDER_NAME,
            "postal_code": given.PROVIDER_POSTAL_CODE,
            "address": given.PROVIDER_ADDRESS,
            "account": given.PROVIDER_ACCOUNT,
        },
    }


SCANS = {b"%PDF": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
MOST_SCAN_BYTES = 10_000_000


def keep_scan(application: Application, content: bytes, *, by: int) -> bool:
    """Keep the scan of a signed form; False when it is no PDF or picture, or too large."""
    media_type = next((kind for magic, kind in SCANS.items() if content.startswith(magic)), None)
    if media_type is None or len(content) > MOST_SCAN_BYTES:
        return False
    name = f"{application.number}-scan.{media_type.rpartition('/')[2]}"
    application.scan = documents.keep(content, name, about=application.about, customer_id=None, media_type=media_type)
    audit.record("application.scan", by=by, subject=application)
    return True
