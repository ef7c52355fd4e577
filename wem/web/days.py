"""Days and times that people type: years of this business alone, so that no arithmetic leaves the calendar."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext
from wtforms import DateField, DateTimeLocalField
from wtforms.validators import StopValidation, ValidationError

from wem import clock

FIRST_YEAR = 2000
YEARS_AHEAD = 10


def within_reach(day: date, today: date) -> bool:
    """Return whether a day lies within the years that a contract, a notice or a price can speak of."""
    return FIRST_YEAR <= day.year <= today.year + YEARS_AHEAD


def _check(typed: Any) -> None:
    if isinstance(typed, date) and not within_reach(typed, clock.today()):
        raise StopValidation(gettext("Please look at the year."))


def past(form: Any, field: Any) -> None:
    """Refuse a day that lies ahead, of what has happened: a validator of forms."""
    if field.data and field.data > clock.today():
        raise ValidationError(gettext("This day lies ahead."))


def ahead(form: Any, field: Any) -> None:
    """Refuse today and what is over, of a day until which somebody has time: a validator of forms."""
    if field.data and field.data <= clock.today():
        raise ValidationError(gettext("This day does not lie ahead."))


class Day(DateField):
    """A day; one of the year 0001 or 9999, or with a slip in its year, is refused."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(gettext("Please enter a day that the calendar has, as 2026-04-01.")) from None

    def pre_validate(self, form: Any) -> None:
        _check(self.data)


class Moment(DateTimeLocalField):
    """A day and time of the clock in Japan, within the same years."""

    data: Any

    def pre_validate(self, form: Any) -> None:
        _check(self.data)
