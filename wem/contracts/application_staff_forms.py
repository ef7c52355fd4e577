"""What staff note on the checklist of an application: the form, the money, the start (Art. 4)."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, EmailField, Field, HiddenField, RadioField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from wem import clock
from wem.contracts import application_rules, rules
from wem.contracts.application_forms import StaffApplicationForm, not_to_come
from wem.contracts.application_wording import REASONS
from wem.contracts.describing import as_read
from wem.contracts.forms import CHOSEN, NEEDED, OneLine, mail_address
from wem.lists import blank_addresses
from wem.web.amounts import Between, Whole
from wem.web.days import Day


class AfterPrint(FlaskForm):
    """A form whose day cannot lie before the one on which /apply printed the paper."""

    printed_on: date | None = None

    def not_before_print(self, day: date) -> None:
        if self.printed_on is not None and day < self.printed_on:
            raise ValidationError(
                gettext(
                    "The form was printed on %(day)s by the page of applications: it cannot be before that day.",
                    day=as_read(self.printed_on),
                )
            )


class ArrivalForm(AfterPrint):
    handed_on = Day(_l("Handed over or posted on"), [NEEDED], default=clock.today)
    arrived_on = Day(_l("Received by us on"), [NEEDED], default=clock.today)
    scan = FileField(_l("Scan of the form"))
    debit_form = BooleanField(_l("The sealed request for direct debit came with it"))

    def validate_handed_on(self, field: Field) -> None:
        not_to_come(field.data)
        self.not_before_print(field.data)

    validate_arrived_on = StaffApplicationForm.validate_arrived_on


class PaymentForm(AfterPrint):
    paid_on = Day(_l("Credited on"), [NEEDED], default=clock.today)
    amount = Whole(_l("Amount in yen"), [NEEDED, Between(1, 100_000_000)])
    known = HiddenField(default="")  # what had come in when the page was shown

    def validate_paid_on(self, field: Field) -> None:
        not_to_come(field.data)
        self.not_before_print(field.data)


class ScanForm(FlaskForm):
    scan = FileField(_l("Scan of the form"), [FileRequired(_l("Please choose a file."))])


class SupplementForm(FlaskForm):
    lacking = TextAreaField(_l("What is missing, as the applicant reads it"), [NEEDED, Length(max=1000)])


class RefusalForm(FlaskForm):
    reason = RadioField(_l("Reason (Art. 4-3)"), [CHOSEN], coerce=int)
    note = TextAreaField(_l("Note for the applicant"), [Length(max=1000)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reason.choices = [SelectChoice(each.value, f"({each.value}) {text}") for each, text in REASONS.items()]


class StartDateForm(FlaskForm):
    """Another start date than the guide said, by a new guide (Art. 4-4)."""

    new_date = Day(_l("Start date"), [NEEDED])

    def validate_new_date(self, field: Field) -> None:
        if field.data < clock.today():
            raise ValidationError(gettext("The service cannot start on a day that has passed."))


class StartForm(FlaskForm):
    """The start date and what is lent (Art. 4-4, 8-1)."""

    start_date = Day(_l("Start date"), [NEEDED], default=clock.today)
    slug = OneLine(_l("Name in addresses"), [NEEDED])
    owner_email = EmailField(_l("Owner's e-mail address"), [NEEDED, mail_address])

    def validate_start_date(self, field: Field) -> None:
        if field.data < clock.today():
            raise ValidationError(gettext("The service cannot start on a day that has passed."))

    def validate_slug(self, field: Field) -> None:
        field.data = application_rules.plain(field.data).lower()
        problem = rules.slug_problem(field.data)
        if problem == "form":
            raise ValidationError(gettext("Use 3 to 40 letters a–z, digits and hyphens."))
        if problem or blank_addresses.taken(field.data):
            raise ValidationError(gettext("The service itself uses this name. Please choose another one."))
