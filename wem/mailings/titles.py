"""What a customer's mailings are called on screens: the internal name, and the subject with invented values."""

from __future__ import annotations

from flask_babel import gettext

from wem import clock
from wem.accounts.models import Customer
from wem.db import db
from wem.delivery.personalising import compile_template
from wem.delivery.rendering import SYSTEM_NAMES, day, values_of
from wem.delivery.template_nodes import TemplateProblem
from wem.mailings.models import Mailing
from wem.mailings.previewing import samples_of
from wem.mailings.samples import Sample


class Titles:
    """Reads the customer's fields once, for as many mailings as a page shows."""

    def __init__(self, customer_id: int) -> None:
        self.fields = next(each.fields for each in samples_of(customer_id) if each.sample is Sample.ordinary)
        self.customer = db.session.get_one(Customer, customer_id).name

    def of(self, mailing: Mailing) -> str:
        """Return the internal name; the subject of a mailing without one."""
        return mailing.name or self.subject(mailing)

    def subject(self, mailing: Mailing) -> str:
        """Return the subject filled in; as it was typed where it cannot be."""
        return self.filled(mailing.subject, mailing)

    def filled(self, subject: str, mailing: Mailing) -> str:
        """Return a subject of a mailing filled in, such as that of one of its variants when it was sent."""
        known, language = [*self.fields, *SYSTEM_NAMES], mailing.language
        values = values_of(self.fields, language) | {
            "list_name": next((row.name for row in mailing.main.lists), ""),
            "date": day(clock.today(), language),
            "sender_name": mailing.sender_name,
            "customer_name": self.customer,
        }
        try:
            filled = compile_template(subject, escape="header", known=known, language=language).render(values)
        except TemplateProblem:
            filled = subject
        return filled.strip() or str(gettext("(no subject)"))
