"""What staff type about contracts: requests on paper, our own notices, the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from wem import clock
from wem.contracts import catalogue, rules
from wem.contracts.date_rules import DAY
from wem.contracts.forms import CHOSEN, NEEDED, OneLine
from wem.contracts.models import Contract
from wem.contracts.request_models import TerminationGround, TerminationScope
from wem.contracts.rules import Conditions, Restriction, ServicePart, Standing
from wem.contracts.wording import RESTRICTIONS, SCOPES, SERVICE_PARTS, TERMINATION_GROUNDS
from wem.web.amounts import Between, Whole
from wem.web.days import Day

WORDS = [NEEDED, Length(max=500)]
LONG = [NEEDED, Length(max=4000)]


class NoteForm(FlaskForm):
    note = TextAreaField(_l("Note for the record"), WORDS)


class GiveBackForm(FlaskForm):
    note = TextAreaField(_l("What is wrong with the form, as the customer reads it"), WORDS)


class ReasonForm(FlaskForm):
    reason = TextAreaField(_l("Reason, as the customer reads it"), WORDS)


class RevocationForm(FlaskForm):
    which = RadioField(_l("What is lifted"), [CHOSEN])
    reason = TextAreaField(_l("Why it is lifted, for the record"), WORDS)

    def offer(self, parts: Mapping[int, str]) -> None:
        """Offer what can be lifted; the only one is chosen already."""
        self.which.choices = [SelectChoice(str(number), part) for number, part in parts.items()]
        if len(parts) == 1 and not self.is_submitted():
            self.which.data = self.which.choices[0].value

    @property
    def chosen(self) -> int:
        return int(self.which.data)


class AcceptForm(FlaskForm):
    effective = Day(_l("Holds from"), [Optional()])


class ArrivedForm(FlaskForm):
    arrived = Day(_l("It reached the customer on"), [NEEDED], default=clock.today)


class CorrectionForm(FlaskForm):
    breach = TextAreaField(_l("What is wrong, and by which clause"), LONG)
    demand = TextAreaField(_l("What is to be done"), LONG)
    deadline = Day(_l("Deadline"), [NEEDED])

    def validate_deadline(self, field: Day) -> None:
        if field.data <= clock.today():
            raise ValidationError(gettext("The deadline must lie ahead."))
        if field.data == clock.today() + DAY:
            # Within a day nobody reads, corrects and answers, least of all by letter: 14-2 wants a fair period.
            raise ValidationError(gettext("One day is too short for a correction. Choose a later day."))


class TerminationForm(FlaskForm):
    ground = RadioField(
        _l("Ground"),
        [CHOSEN],
        choices=[SelectChoice(ground.value, text) for ground, text in TERMINATION_GROUNDS.items()],
    )
    scope = RadioField(
        _l("Scope"), [CHOSEN], choices=[SelectChoice(scope.value, text) for scope, text in SCOPES.items()]
    )
    option = SelectField(_l("Option that is terminated"), [Optional()])
    parts = SelectMultipleField(
        _l("Parts of the service that are closed"),
        choices=[SelectChoice(part.value, text) for part, text in SERVICE_PARTS.items()],
        description=_l("For a part of the contract: an option, parts of the service, or both. Only they can end."),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    part = OneLine(
        _l("More about the part in words"),
        [Length(max=200)],
        description=_l("As the customer reads it, beside what is chosen above. Words alone end nothing."),
    )
    evidence = TextAreaField(_l("Facts and evidence"), LONG)
    file = FileField(_l("A file of evidence"))

    def offer(self, contract: Contract) -> None:
        """Offer the parts that the contract has today; before its start it can end as a whole alone."""
        self.held = {str(row.id): row for row in contract.options if row.holding.held(clock.today())}
        self.option.choices = [
            SelectChoice("", _l("No option")),
            *(SelectChoice(number, row.option.name) for number, row in self.held.items()),
        ]
        self.parts.choices = [
            SelectChoice(part.value, text)
            for part, text in SERVICE_PARTS.items()
            if part.value not in contract.terminated_parts
        ]
        if contract.standing is Standing.not_begun:
            whole = TerminationScope.whole
            self.scope.choices = [SelectChoice(whole.value, SCOPES[whole])]
            del self.option, self.parts, self.part

    def validate_parts(self, field: SelectMultipleField) -> None:
        if self.scope.data == TerminationScope.part.value and not (self.option.data or field.data):
            raise ValidationError(gettext("Please choose an option above, or a part of the service here."))

    def chosen_part(self) -> dict[str, Any]:
        """Return what ends and the words about it, as a proposal takes them; empty for the whole contract."""
        if self.scope.data != TerminationScope.part.value:
            return {}
        return {
            "option": self.held.get(self.option.data or ""),
            "parts": [ServicePart(part) for part in self.parts.data or []],
            "part": (self.part.data or "").strip(),
        }

    @property
    def chosen(self) -> TerminationGround:
        return TerminationGround(self.ground.data)


class RestrictForm(FlaskForm):
    restriction = RadioField(
        _l("What is closed"), [CHOSEN], choices=[SelectChoice(each.value, text) for each, text in RESTRICTIONS.items()]
    )
    note = TextAreaField(_l("Reason, as the customer reads it"), WORDS)

    @property
    def chosen(self) -> Restriction:
        return Restriction(self.restriction.data)


# -- the catalogue

CODE = Regexp("^[a-z0-9][a-z0-9-]{1,30}$", message=_l("Use small letters a–z, digits and hyphens."))
MONTHS = [Optional(), Between(0, 60)]
YEN = [InputRequired(_l("This field is required.")), Between(0, 100_000_000)]
YES_NO = [
    SelectChoice("", _l("As the next in rank says")),
    SelectChoice("yes", _l("Yes")),
    SelectChoice("no", _l("No")),
]


class ConditionsForm(FlaskForm):
    """What a course or campaign says otherwise than the terms; empty leaves it to the next in rank (5-4)."""

    min_term = Whole(_l("Minimum term in months"), MONTHS)
    renewal = Whole(_l("Renewed by so many months"), [Optional(), Between(1, 60)])
    notice = Whole(_l("Our notice: months before the month of expiry"), [Optional(), Between(1, 12)])
    refund = SelectField(_l("Fees that were paid may be returned"), [Optional()], choices=YES_NO)
    rest_owed = SelectField(_l("Who leaves early owes the rest of the minimum term"), [Optional()], choices=YES_NO)

    def show(self, conditions: dict[str, Any]) -> None:
        for name in ("min_term", "renewal", "notice"):
            self[name].data = conditions.get(name)
        for name in ("refund", "rest_owed"):
            self[name].data = {True: "yes", False: "no", None: ""}[conditions.get(name)]

    def conditions(self) -> dict[str, Any]:
        answer = {"yes": True, "no": False}
        return catalogue.said(
            Conditions(
                self.min_term.data,
                self.renewal.data,
                self.notice.data,
                answer.get(self.refund.data),
                answer.get(self.rest_owed.data),
            )
        )


class CourseForm(ConditionsForm):
    name = OneLine(_l("Name"), [NEEDED, Length(max=100)])
    offered = BooleanField(_l("On offer to new customers and for changes"), default=True)


class NewCourseForm(CourseForm):
    code = StringField(_l("Code"), [NEEDED, CODE])


class OptionForm(FlaskForm):
    code = StringField(_l("Code"), [NEEDED, CODE])
    name = OneLine(_l("Name"), [NEEDED, Length(max=100)])


class EditOptionForm(FlaskForm):
    name = OneLine(_l("Name"), [NEEDED, Length(max=100)])
    offered = BooleanField(_l("On offer to new customers and for changes"), default=True)


class OptionEndForm(FlaskForm):
    """The first day on which nobody has an option any more."""

    ends_on = Day(_l("First day without it"), [NEEDED])

    def validate_ends_on(self, field: Day) -> None:
        if field.data.day != 1:
            raise ValidationError(gettext("An option ends with a month: choose a 1st."))


class LastDayForm(FlaskForm):
    last_day = Day(_l("Last day of application"), [NEEDED])


class CampaignForm(ConditionsForm):
    code = StringField(_l("Code"), [NEEDED, CODE])
    name = OneLine(_l("Name"), [NEEDED, Length(max=100)])
    course = SelectField(_l("For which course"), [Optional()])
    first_day = Day(_l("First day of application"), [NEEDED])
    last_day = Day(_l("Last day of application"), [NEEDED])
    free_months = Whole(
        _l("Months free of charge"),
        [Optional(), Between(0, 24)],
        default=0,
        description=_l("The fee of the course; options are paid for."),
    )
    initial_free = BooleanField(_l("No initial fee"))
    refund_rule = TextAreaField(_l("Rule for refunds, as the customer reads it"), [Optional(), Length(max=500)])

    def validate_last_day(self, field: Day) -> None:
        if self.first_day.data and field.data < self.first_day.data:
            raise ValidationError(gettext("The last day lies before the first."))


class PriceListForm(FlaskForm):
    effective_from = Day(_l("Holds from"), [NEEDED])
    adverse = BooleanField(_l("Something in it is worse for customers"), default=True)
    sample = BooleanField(_l("Its prices are samples: they are marked as such wherever they are shown"))
    note = TextAreaField(_l("What changes, as customers read it"), [Optional(), Length(max=500)])

    def validate_effective_from(self, field: Day) -> None:
        if field.data.day != 1:
            raise ValidationError(gettext("Prices change on the 1st of a month: months are billed as a whole."))


class CoursePriceForm(FlaskForm):
    """A course's price: one tier a line, `1000 3000` for up to 1,000 addresses at 3,000 yen."""

    initial = Whole(_l("Initial fee in yen, net"), YEN)
    tiers = TextAreaField(_l("Tiers"), [NEEDED])

    def validate_tiers(self, field: TextAreaField) -> None:
        pairs = rules.tiers_of(field.data or "")
        if pairs is None:
            raise ValidationError(
                gettext("Write one tier a line: addresses, a space, yen a month. The addresses rise from line to line.")
            )
        self.pairs = pairs


class OptionPriceForm(FlaskForm):
    monthly = Whole(_l("Yen a month, net"), YEN)
