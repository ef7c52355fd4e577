"""The request for direct debit of a contract as PDF (6-1, 16)."""

from __future__ import annotations

from wem.clock import JAPAN
from wem.contracts import debit_paper
from wem.contracts.application_words import day
from wem.contracts.debit_paper import Debtor
from wem.contracts.mandate_models import Mandate


def debit_request(row: Mandate) -> bytes:
    """Return the paper, to be sealed by hand. Raises documents.NotMade."""
    contract = row.contract
    debtor = Debtor(
        "契約番号",
        contract.number,
        contract.customer.name,
        contract.postal_code,
        contract.postal_address,
        contract.phone,
    )
    account = {name: getattr(row, name) for name in debit_paper.ACCOUNT}
    return debit_paper.request(debtor, account, row.number, day(row.created_at.astimezone(JAPAN).date()))
