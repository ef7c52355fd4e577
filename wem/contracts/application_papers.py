"""The papers of an application as PDF: the form (申込書) and the request for direct debit (口座振替依頼書)."""

from __future__ import annotations

from typing import Any

from flask_babel import force_locale

from wem import audit, documents
from wem.contracts import debit_paper, scans
from wem.contracts.application_models import Application
from wem.contracts.application_rules import Applicant
from wem.contracts.application_wording import APPLICANTS
from wem.contracts.application_words import day, yen
from wem.contracts.catalogue_models import samples_on
from wem.contracts.debit_paper import Debtor
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
            # A code that nobody has is no partner's: what stands on a paper is true.
            "partner_code": application.partner.code if application.partner else "",
            "course": entries["course_name"],
            "options": "、".join(entries.get("option_names", ())),
            "campaign": entries.get("campaign_name", ""),
            "own_price": _own_price(entries.get("own_price")),
            "sample": not entries.get("own_price") and samples_on(application.created_at.date()),
            "fee": {
                "initial": yen(fee.initial),
                "monthly": yen(fee.monthly),
                "options": yen(fee.options) if fee.options else "",
                "tax": yen(fee.tax),
                "total": yen(application.fee_total),
            },
            "terms": application.terms_version,
            "consent": application.consent_version,
            "uses": entries.get("use_titles", ()),
            "no_news": bool(entries.get("no_news")),
        },
    )


PRINTED = (
    "name", "kana", "corporate_number", "representative", "person", "postal_code", "address", "phone", "email",
)  # fmt: skip


def _own_price(own: dict[str, Any] | None) -> str:
    """Return the price written on the application, one tier a line (7-1)."""
    if not own:
        return ""
    lines = [f"{up_to:,}件まで　月額{yen(fee)}（税抜）" for up_to, fee in own["tiers"]]
    return "\n".join([f"初期費用　{yen(own['initial'])}（税抜）", *lines])


def debit_request(application: Application) -> bytes:
    """Return the request for direct debit, to be sealed by hand. Raises documents.NotMade."""
    entries = application.entries
    printed = day(application.filled_at.date() if application.filled_at else application.created_at.date())
    return debit_paper.request(
        Debtor(
            "申込番号",
            application.number,
            application.name,
            entries["postal_code"],
            entries["address"],
            entries["phone"],
        ),
        {name: entries[name] for name in debit_paper.ACCOUNT},
        application.account_number,
        printed,
    )


def _common(application: Application) -> dict[str, Any]:
    return {
        "number": application.number,
        "printed": day(application.filled_at.date() if application.filled_at else application.created_at.date()),
        "provider": debit_paper.provider() | {"account": settings().PROVIDER_ACCOUNT},
    }


def keep_scan(application: Application, content: bytes, *, by: int) -> bool:
    """Keep the scan of a signed form; False when it is no PDF or picture, or too large."""
    kept = scans.keep(content, f"{application.number}-scan", about=application.about, customer_id=None)
    if kept is None:
        return False
    application.scan = kept
    audit.record("application.scan", by=by, subject=application)
    return True
