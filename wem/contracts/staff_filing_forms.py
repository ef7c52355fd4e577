"""What staff type of filings that came on paper, by mail or by telephone (Art. 16)."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from wem.contracts.account_forms import AccountForm
from wem.contracts.forms import NEEDED
from wem.contracts.request_forms import DetailsFields, NameFields
from wem.contracts.staff_entry_forms import ReceiptForm
from wem.web.days import Day


class PaperForm(ReceiptForm):
    planned = Day(_l("Changes on"), [NEEDED])


class DetailsOnPaperForm(DetailsFields, PaperForm):
    """New details, or the correction of an error."""


class NameOnPaperForm(NameFields, PaperForm):
    """A new name of the same person or company (20)."""


class BankOnPaperForm(AccountForm, PaperForm):
    """Another account for the debit, with or without its sealed form."""

    sealed = BooleanField(_l("The sealed request for direct debit came with it"))
