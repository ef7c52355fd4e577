"""What an application says, as its pages show it: to who confirms it, and to staff."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext

from wem import clock
from wem.contracts import fee_table
from wem.contracts.application_models import Application
from wem.contracts.application_rules import ApplicationState
from wem.contracts.application_wording import ACCOUNT_TYPES, APPLICANTS
from wem.contracts.catalogue_models import samples_on
from wem.contracts.name_rules import bank_in_full, branch_in_full


def shown(application: Application) -> dict[str, Any]:
    """Return what the template of an application's entries wants, but the account number."""
    entries, day = application.entries, _priced_on(application)
    return {
        "application": application,
        "entries": entries,
        "kinds": APPLICANTS,
        "account_types": ACCOUNT_TYPES,
        "fee": application.fee,
        "course_fees": None if entries.get("own_price") else fee_table.fees_of(entries["course"], day),
        "samples": samples_on(day),
        "bank": f"{bank_in_full(entries['bank'], entries['bank_code'])} {entries['bank_code']}",
        "branch": f"{branch_in_full(entries['branch'], entries['bank_code'])} {entries['branch_code']}",
        "partner": partner(application),
    }


def _priced_on(application: Application) -> date:
    """Return the day whose prices were told, or are about to be."""
    if application.state is ApplicationState.draft:
        return clock.today()
    return application.fee_told_on or application.created_at.date()


def partner(application: Application) -> str:
    """Return the partner by name and code, a code that we do not know by itself, an empty text without one."""
    code = str(application.entries.get("partner_code") or "")
    if application.partner is None:
        return code
    return str(gettext("%(name)s (%(code)s)", name=application.partner.name, code=application.partner.code))
