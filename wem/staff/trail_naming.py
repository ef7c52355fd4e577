"""What people call the subjects of events: by the numbers and names that stand on papers and pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from wem.accounts.models import Account, Customer, Partner
from wem.billing.invoice_models import Invoice
from wem.cases.models import Case, Report
from wem.contracts.application_models import Application
from wem.contracts.catalogue_models import Campaign, Course, Option, PriceList
from wem.contracts.mandate_models import Mandate
from wem.contracts.models import Contract
from wem.contracts.request_models import ContractRequest
from wem.contracts.wording import REQUESTS
from wem.db import db
from wem.domains.models import SenderDomain
from wem.inquiries.models import Inquiry
from wem.lists.models import MailingList
from wem.sender_names.models import SenderName
from wem.staff.trail_wording import SUBJECTS

Key = tuple[str, str]  # the model's name, and the row's number as it stands in the event

NAMED: dict[type[Any], Callable[[Any], str]] = {
    Account: lambda row: gettext("Account of %(name)s", name=row.name),
    Application: lambda row: gettext("Application %(number)s", number=row.number),
    Campaign: lambda row: gettext("Campaign %(name)s", name=row.name),
    Case: lambda row: gettext("Case %(number)s", number=row.number),
    Contract: lambda row: gettext("Contract %(name)s", name=row.number),
    ContractRequest: lambda row: gettext("Request (%(kind)s)", kind=REQUESTS[row.kind]),
    Course: lambda row: gettext("Course %(name)s", name=row.name),
    Customer: lambda row: gettext("Customer %(name)s", name=row.name),
    Inquiry: lambda row: gettext("Inquiry %(number)s", number=row.number),
    Invoice: lambda row: gettext("Invoice no. %(number)s", number=row.number),
    MailingList: lambda row: gettext("List %(name)s", name=row.name),
    Mandate: lambda row: gettext("Mandate (%(place)s)", place=row.place) if row.bank else "",
    Option: lambda row: gettext("Option %(name)s", name=row.name),
    Partner: lambda row: gettext("Partner %(name)s", name=row.name),
    PriceList: lambda row: gettext("Price list, version %(version)s", version=row.version),
    Report: lambda row: gettext("Report of abuse %(number)s", number=row.number),
    SenderName: lambda row: gettext("Sender name “%(name)s”", name=row.name),
    SenderDomain: lambda row: gettext("Sender domain %(name)s", name=row.shown),
}


def names(keys: Iterable[Key]) -> dict[Key, str]:
    """Return what these rows are called; one query for each kind. What is gone is called by its number in the table."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for model, number in keys:
        wanted[model].add(number)
    found = {(model, number): _numbered(model, number) for model, numbers in wanted.items() for number in numbers}
    for kind, name in NAMED.items():
        ids = [int(number) for number in wanted.get(kind.__name__, ()) if number.isascii() and number.isdigit()]
        for row in db.session.scalars(sa.select(kind).where(kind.id.in_(ids))) if ids else ():
            called = name(row)
            if called:
                found[kind.__name__, str(row.id)] = str(called)
    return found


def _numbered(model: str, number: str) -> str:
    return str(SUBJECTS[model]) % {"id": number} if model in SUBJECTS else f"{model} {number}".strip()
