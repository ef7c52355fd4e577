"""The request for direct debit (口座振替依頼書) as PDF: of an application, or of a change of account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import force_locale

from wem import documents
from wem.contracts.application_wording import ACCOUNT_TYPES
from wem.contracts.name_rules import bank_in_full, branch_in_full
from wem.settings import settings

ACCOUNT = ("bank", "bank_code", "branch", "branch_code", "account_type", "account_holder")


@dataclass(frozen=True)
class Debtor:
    """Who pays, and under which number the paper is filed."""

    label: str  # what kind of number it is: 申込番号, 契約番号
    number: str
    name: str
    postal_code: str
    address: str
    phone: str


def request(debtor: Debtor, account: Mapping[str, str], number: str, printed: str) -> bytes:
    """Return the paper with the account number whole and a field for the bank's seal. Raises documents.NotMade."""
    with force_locale("ja"):
        account_type = str(ACCOUNT_TYPES[account["account_type"]])
    return documents.pdf(
        "contracts/debit_request.typ",
        {
            "number": debtor.number,
            "label": debtor.label,
            "printed": printed,
            "provider": provider(),
            **{name: account[name] for name in ACCOUNT},
            "bank": bank_in_full(account["bank"], account["bank_code"]),
            "branch": branch_in_full(account["branch"], account["bank_code"]),
            "account_type": account_type,
            "account_number": number,
            "name": debtor.name,
            "postal_code": debtor.postal_code,
            "address": debtor.address,
            "phone": debtor.phone,
        },
    )


def provider() -> dict[str, str]:
    """Return who we are, as papers name us."""
    given = settings()
    return {
        "name": given.PROVIDER_NAME,
        "postal_code": given.PROVIDER_POSTAL_CODE,
        "address": given.PROVIDER_ADDRESS,
    }
