"""What a customer types about sequences and their steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from wem.sequences import rules
from wem.sequences.rules import SequenceKind
from wem.sequences.wording import KINDS
from wem.web.amounts import Between, Whole
from wem.web.filters import number

NEEDED = DataRequired(_l("This field is required."))
NO_SEGMENT = 0
HOURS = [SelectChoice(hour, f"{hour}:00") for hour in range(rules.HOURS)]


class Name(StringField):
    """A name in one line, without the white space around it."""

    data: str | None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = " ".join((self.data or "").split())


class SettingsForm(FlaskForm):
    """What can be changed at any time."""

    version = HiddenField()
    name = Name(_l("Sequence name"), [NEEDED, Length(max=60)])
    leave_on_click = BooleanField(_l("Exit when a reader clicks a link in one of its emails"))
    leave_segment = SelectField(_l("Exit when a reader matches a segment"), coerce=int, default=NO_SEGMENT)
    tolerance = SelectField(_l("Skip steps overdue by more than"), coerce=int, default=2)
    late_an_hour = SelectField(_l("Maximum rate for overdue emails"), coerce=int, default=1_000)

    def offer(self, segments: Iterable[Any]) -> None:
        """Offer these segments."""
        self.leave_segment.choices = [
            SelectChoice(NO_SEGMENT, gettext("None")),
            *(SelectChoice(row.id, row.name) for row in segments),
        ]
        self.tolerance.choices = [
            SelectChoice(days, gettext("%(count)s days", count=days) if days else gettext("0 days (the same day only)"))
            for days in rules.TOLERANCES
        ]
        self.late_an_hour.choices = [
            SelectChoice(each, gettext("%(count)s per hour", count=number(each))) for each in rules.PACES
        ]


class SequenceForm(SettingsForm):
    """A new sequence: its list and the day from which days are counted."""

    mailing_list = SelectField(_l("List"), coerce=int)
    kind = RadioField(
        _l("Count days from"),
        choices=[SelectChoice(kind.value, text) for kind, text in KINDS.items()],
        default=SequenceKind.sign_up.value,
    )
    date_field = SelectField(_l("Date field"), coerce=int)
    every_year = BooleanField(_l("Repeat every year (birthdays, anniversaries)"))

    def offer_places(self, lists: Iterable[Any], fields: Iterable[Any]) -> None:
        """Offer these lists, each with the number of its readers, and these date fields."""
        self.mailing_list.choices = [
            SelectChoice(row.id, gettext("%(name)s (%(count)s readers)", name=row.name, count=number(row.active_count)))
            for row in lists
        ]
        self.date_field.choices = [
            SelectChoice(NO_SEGMENT, gettext("None")),
            *(SelectChoice(row.id, row.label) for row in fields),
        ]

    def validate_date_field(self, field: SelectField) -> None:
        if self.kind.data == SequenceKind.date.value and not field.data:
            raise ValidationError(gettext("Please choose the date field to count days from."))


BEFORE, AFTER = "before", "after"


class StepForm(FlaskForm):
    """The day of a step."""

    days = Whole(_l("Days"), [InputRequired(_l("This field is required.")), Between(0, 1_000)])
    side = RadioField(
        _l("Before or after"),
        choices=[SelectChoice(BEFORE, _l("before")), SelectChoice(AFTER, _l("on the day or after"))],
        default=AFTER,
    )
    hour = SelectField(_l("Time of day"), coerce=int, choices=HOURS, default=10)

    @property
    def signed(self) -> int:
        """Days from the reader's day, below 0 before it."""
        days = self.days.data or 0
        return -days if self.side.data == BEFORE else days

    def show(self, days: int, hour: int) -> None:
        """Show where a step stands."""
        self.days.data, self.hour.data = abs(days), hour
        self.side.data = BEFORE if days < 0 else AFTER


class NewStepForm(StepForm):
    """A new step, whose kind of mail is chosen before."""

    name = Name(_l("Internal name"), [Optional(), Length(max=60)])


class StartForm(FlaskForm):
    """Whether those who are on the list already go through it too."""

    with_present = BooleanField(_l("Also include readers already on the list, starting today"))
