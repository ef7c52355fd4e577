"""What staff type about notices: announcements, incidents, and what became of a letter."""

from __future__ import annotations

from datetime import date, datetime

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from wem import clock
from wem.notices.wording import PARTS, REASONS
from wem.web.days import Day, Moment

NEEDED = DataRequired(_l("This field is required."))
CHOSEN = DataRequired(_l("Please choose one."))


class AnnouncementForm(FlaskForm):
    title = StringField(_l("Title"), [NEEDED, Length(max=200)])
    body = TextAreaField(_l("Text of the announcement"), [NEEDED, Length(max=10_000)])
    until = Day(_l("On the start pages until"), [Optional()])

    def validate_until(self, field: Field) -> None:
        if field.data and field.data < clock.today():
            raise ValidationError(gettext("This day has passed."))


class IncidentForm(FlaskForm):
    title = StringField(_l("Title"), [NEEDED, Length(max=200)])
    body = TextAreaField(_l("What users notice, and what they can do"), [NEEDED, Length(max=5_000)])
    reason = SelectField(_l("Reason (Art. 13-1)"), [CHOSEN], coerce=int)
    part = RadioField(_l("What it concerns"), [CHOSEN], choices=[SelectChoice(p.value, t) for p, t in PARTS.items()])
    contract = StringField(_l("Only this contract"), [Length(max=20)])
    planned = BooleanField(_l("Planned maintenance"))
    begins_at = Moment(_l("Begins at"), [NEEDED], format="%Y-%m-%dT%H:%M")
    ends_at = Moment(_l("Expected until"), [Optional()], format="%Y-%m-%dT%H:%M")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.reason.choices = [SelectChoice(number, f"({number}) {text}") for number, text in REASONS.items()]

    def validate_ends_at(self, field: Field) -> None:
        if field.data and self.begins_at.data and field.data <= self.begins_at.data:
            raise ValidationError(gettext("The end must be later than the beginning."))

    def validate_planned(self, field: Field) -> None:
        if field.data and not self.ends_at.data:
            raise ValidationError(gettext("Maintenance needs its end: customers choose for mailings in this time."))

    def validate_begins_at(self, field: Field) -> None:
        if self.planned.data and field.data and in_japan(field.data) <= clock.now():
            raise ValidationError(gettext("Maintenance is announced before it begins."))


class TimesForm(FlaskForm):
    """Other times for maintenance that was announced: extended, shortened, moved."""

    begins_at = Moment(_l("Begins at"), [NEEDED], format="%Y-%m-%dT%H:%M")
    ends_at = Moment(_l("Expected until"), [NEEDED], format="%Y-%m-%dT%H:%M")

    def validate_ends_at(self, field: Field) -> None:
        if field.data and self.begins_at.data and field.data <= self.begins_at.data:
            raise ValidationError(gettext("The end must be later than the beginning."))


class ClosingForm(FlaskForm):
    words = TextAreaField(_l("How it was mended"), [NEEDED, Length(max=500)])


class LetterDayForm(FlaskForm):
    """The day on which a letter was posted, was there, or came back."""

    on = Day(_l("Day"), [NEEDED], default=clock.today)

    def validate_on(self, field: Field) -> None:
        if field.data > clock.today():
            raise ValidationError(gettext("This day has not come yet."))

    @property
    def day(self) -> date:
        chosen: date | None = self.on.data
        assert chosen is not None
        return chosen


def in_japan(typed: datetime) -> datetime:
    """Return a moment typed without a time zone: it is Japan's."""
    return typed.replace(tzinfo=clock.JAPAN)
