"""What staff type about money that is owed."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from wem import clock
from wem.web.amounts import Between, Whole
from wem.web.days import Day, ahead, past

NEEDED = DataRequired(_l("This field is required."))


class ReceivableForm(FlaskForm):
    label = StringField(_l("For what"), [NEEDED, Length(max=100)])
    amount = Whole(
        _l("Amount in yen, tax included"),
        [InputRequired(_l("This field is required.")), Between(1, 100_000_000)],
    )
    due_on = Day(_l("Due on"), [NEEDED])


class SettleForm(FlaskForm):
    settled_on = Day(_l("Came in on"), [NEEDED, past], default=clock.today)


class SuspendForm(FlaskForm):
    note = TextAreaField(_l("Note for the record"), [NEEDED, Length(max=500)])


class RemindForm(FlaskForm):
    pay_by = Day(_l("Please pay by"), [NEEDED, ahead])
    by_letter = BooleanField(_l("By letter, also where a mail address is declared"))


class LiftForm(FlaskForm):
    note = TextAreaField(_l("Note for the record, or the reason of a refusal"), [NEEDED, Length(max=500)])
