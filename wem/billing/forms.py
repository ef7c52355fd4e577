"""What staff type about money that is owed."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from wem import clock
from wem.web.days import Day, past

NEEDED = DataRequired(_l("This field is required."))


class ReceivableForm(FlaskForm):
    label = StringField(_l("For what"), [NEEDED, Length(max=100)])
    amount = IntegerField(
        _l("Amount in yen, tax included"),
        [InputRequired(_l("This field is required.")), NumberRange(1, 100_000_000)],
    )
    due_on = Day(_l("Due on"), [NEEDED])


class SettleForm(FlaskForm):
    settled_on = Day(_l("Came in on"), [NEEDED, past], default=clock.today)


class SuspendForm(FlaskForm):
    note = TextAreaField(_l("Note for the record"), [NEEDED, Length(max=500)])


class RemindForm(FlaskForm):
    pay_by = Day(_l("Please pay by"), [NEEDED])
    by_letter = BooleanField(_l("By letter, also where a mail address is declared"))

    def validate_pay_by(self, field: Day) -> None:
        if field.data <= clock.today():
            raise ValidationError(gettext("This day does not lie ahead."))


class LiftForm(FlaskForm):
    note = TextAreaField(_l("Note for the record, or the reason of a refusal"), [NEEDED, Length(max=500)])
