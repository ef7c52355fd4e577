"""What staff type when a sum is written off or was typed in by mistake."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from wem import clock
from wem.billing.rules import NotPaid
from wem.billing.wording import NOT_PAID
from wem.billing.write_off_rules import KINDS
from wem.web.days import Day, past

NEEDED = DataRequired(_l("This field is required."))


class WriteOffForm(FlaskForm):
    kind = RadioField(
        _l("What is done"),
        [DataRequired(_l("Please choose one."))],
        choices=[SelectChoice(each.value, NOT_PAID[each]) for each in KINDS],
        default=NotPaid.bad_debt.value,
    )
    on_day = Day(_l("Day of the write-off"), [NEEDED, past], default=clock.today)
    reason = TextAreaField(_l("Reason, and what it rests on"), [NEEDED, Length(max=500)])

    @property
    def chosen(self) -> NotPaid:
        return NotPaid(self.kind.data)


class CancelForm(FlaskForm):
    mistake = TextAreaField(_l("Why it was typed in by mistake"), [NEEDED, Length(max=500)])


class DecisionForm(FlaskForm):
    note = TextAreaField(_l("Note for the record"), [Length(max=500)])
