"""What customers type when they ask for something about their contract."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from wem import clock
from wem.contracts import catalogue, fee_table, parting, rules
from wem.contracts.account_forms import AccountForm
from wem.contracts.catalogue_models import samples_on
from wem.contracts.date_rules import month_start
from wem.contracts.describing import exit_as_read, month_as_read
from wem.contracts.forms import CHOSEN, NEEDED, DetailsForm, OneLine
from wem.contracts.models import Contract
from wem.contracts.wording import DETAILS
from wem.web.days import Day

MONTHS_AHEAD = 13


class SteppedForm(FlaskForm):
    """A form in three steps; the token makes one request of a button pressed twice."""

    token = HiddenField()


def _closed_before(first: str) -> list[str]:
    """Return the months just before the first that is offered: a page may stand open over a 10th and the end of one."""
    return [str(month_start(date.fromisoformat(first), -earlier)) for earlier in (1, 2)]


class WantedForm(SteppedForm):
    wanted = SelectField(_l("From which month"), [CHOSEN], validate_choice=False)

    def validate_wanted(self, field: SelectField) -> None:
        """Say which month is the first when the one that was shown has closed since: on an 11th, or a 1st (11-1)."""
        offered = [choice.value for choice in field.choices]
        if field.data in offered:
            return
        if offered and field.data in _closed_before(offered[0]):
            raise ValidationError(
                gettext(
                    "%(month)s was possible when you opened the page, and is closed by now. The first month possible "
                    "is %(first)s.",
                    month=self.said(date.fromisoformat(field.data)),
                    first=self.said(date.fromisoformat(offered[0])),
                )
            )
        raise ValidationError(gettext("Please choose a month from the list."))

    def offer_months(self, first: date, before: date | None = None) -> None:
        """Offer the months from the first that is possible, and before the contract is over."""
        months = [month_start(first, later) for later in range(MONTHS_AHEAD)]
        # Where none is left, the request itself is refused and says why.
        self._offer([month for month in months if before is None or month < before] or months)

    def _offer(self, months: list[date]) -> None:
        self.wanted.choices = [SelectChoice(str(month), self.said(month)) for month in months]

    def said(self, month: date) -> str:
        return month_as_read(month)

    @property
    def month(self) -> date:
        return date.fromisoformat(self.wanted.data)


class ExitForm(WantedForm):
    """Months from which there is no contract, each with the last day of service."""

    def said(self, month: date) -> str:
        return exit_as_read(month)


class CancelForm(ExitForm):
    note = TextAreaField(_l("What could we have done better?"), [Optional(), Length(max=500)])


class EarlyExitForm(ExitForm):
    note = TextAreaField(_l("Why you wish to leave earlier"), [NEEDED, Length(max=500)])

    def offer(self, months: list[date]) -> None:
        """Offer these months alone."""
        self._offer(months)


class CourseForm(WantedForm):
    course = RadioField(_l("New course"), [CHOSEN])

    def offer(self, contract: Contract, first: date) -> None:
        """Offer the other courses, with their fees on the first day from which a change can hold."""
        others = [course for course, _ in catalogue.offered(clock.today()) if course.code != contract.course.code]
        self.course.choices = [SelectChoice(course.code, course.name) for course in others]
        found = ((course.code, fee_table.fees_of(course.code, first)) for course in others)
        self.fees = {code: fees for code, fees in found if fees is not None}
        self.hints = {code: fees.least for code, fees in self.fees.items()}
        self.samples = samples_on(first)


class OptionsForm(WantedForm):
    options = SelectMultipleField(
        _l("Options from then on"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )

    def offer(self, contract: Contract) -> None:
        found = {option.code: (option, monthly) for option, monthly in catalogue.offered_options(clock.today())}
        for option in contract.options_on(clock.today()):
            found.setdefault(option.code, (option, 0))
        for code in parting.ended_options(contract.id):
            found.pop(code, None)
        self.options.choices = [
            SelectChoice(
                code,
                gettext(
                    "%(name)s: %(fee)s yen a month (tax included)", name=option.name, fee=f"{rules.with_tax(fee):,}"
                ),
            )
            for code, (option, fee) in found.items()
        ]


class FilingForm(SteppedForm):
    planned = Day(_l("Changes on"), [NEEDED], default=clock.today)


class DetailsFields(DetailsForm):
    """The details that customers file; the sender's name is the registered one."""

    person = OneLine(DETAILS["person"], [Optional(), Length(max=100)])
    phone = StringField(DETAILS["phone"], [Optional()])
    correction = BooleanField(_l("It corrects an error; nothing has changed"))

    def validate_phone(self, field: StringField) -> None:
        number = rules.phone(field.data or "")
        if number is None:
            raise ValidationError(gettext("Please enter a telephone number with its area code, like 042-123-4567."))
        field.data = number


class ChangeDetailsForm(DetailsFields, FilingForm):
    """Details as the customer files them in three steps."""


class NameFields(FlaskForm):
    name = OneLine(_l("New name of the contract holder"), [NEEDED, Length(max=100)])
    kana = OneLine(_l("New name in kana"), [NEEDED, Length(max=100)])
    evidence = TextAreaField(_l("What shows the change"), [NEEDED, Length(max=500)])

    def validate_kana(self, field: StringField) -> None:
        kana = rules.kana(field.data or "")
        if kana is None:
            raise ValidationError(gettext("Please enter the reading in katakana."))
        field.data = kana


class NameForm(NameFields, FilingForm):
    """A new name as the customer files it in three steps."""


class BankForm(AccountForm, FilingForm):
    """Another account for the debit; the paper that the page makes of it needs the bank's seal."""


class ApplyToResumeForm(SteppedForm):
    note = TextAreaField(_l("Note for us"), [Optional(), Length(max=500)])


def typed(form: FlaskForm) -> dict[str, Any]:
    """Return (label, value) of what was typed, for the confirm page."""
    return {str(field.label.text): field.data for field in form if field.name not in ("csrf_token", "token")}
